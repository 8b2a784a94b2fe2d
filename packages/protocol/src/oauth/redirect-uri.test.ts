import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { appendQuery, matchRedirectUri, type RedirectUriKind, redirectUriProblem } from './redirect-uri.ts';

interface Vectors {
  readonly registration: readonly { name: string; uri: string; kind: RedirectUriKind; accepted: boolean }[];
  readonly matching: readonly {
    name: string;
    registered: readonly string[];
    sent: string;
    kind: RedirectUriKind;
    accepted: boolean;
  }[];
  readonly answers: readonly { name: string; uri: string; parameters: Record<string, string>; expected: string }[];
}

const path = new URL('../../../../vectors/redirect-uris.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(path, 'utf8'));

describe('registering', () => {
  for (const { name, uri, kind, accepted } of vectors.registration) {
    test(`R-067[protocol] ${accepted ? 'may be registered' : 'may not'} (${kind}): ${name}`, () => {
      const problem = redirectUriProblem(uri, kind);
      assert.equal(problem === undefined, accepted, problem ?? 'no problem');
    });
  }

  test('R-067[protocol] no script or document scheme gets in, in any letter case, for any kind of client', () => {
    const scheme = fc
      .constantFrom('javascript', 'data', 'vbscript', 'blob', 'file', 'about', 'filesystem', 'view-source', 'ws')
      .chain((word) => fc.mixedCase(fc.constant(word)));
    const rest = fc.constantFrom(':alert(1)', '://app.example/callback', ':/callback', ':app.example', ':,x');
    fc.assert(
      fc.property(scheme, rest, fc.constantFrom<RedirectUriKind>('web', 'spa', 'native'), (name, tail, kind) => {
        assert.notEqual(redirectUriProblem(name + tail, kind), undefined);
      }),
    );
  });

  test('R-067[protocol] whatever may be registered is one URL to every parser: its href is itself', () => {
    const piece = fc.constantFrom(
      'https://',
      'http://',
      '127.0.0.1',
      'app.example',
      '/',
      '//',
      '\\',
      '@',
      ':',
      '?',
      '..',
    );
    const more = fc.constantFrom(
      '%2e',
      '%2F',
      '.',
      '#',
      '*',
      ' ',
      '\t',
      'a',
      'A',
      '[::1]',
      ':443',
      'localhost',
      '\u0430',
    );
    const uri = fc.array(fc.oneof(piece, more), { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(uri, (text) => {
        if (redirectUriProblem(text, 'web') !== undefined) return;
        const { href, protocol, hostname } = new URL(text);
        assert.ok(href === text || href === `${text}/`);
        assert.ok(protocol === 'https:' || ['localhost', '[::1]'].includes(hostname) || hostname.startsWith('127.'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('matching', () => {
  for (const { name, registered, sent, kind, accepted } of vectors.matching) {
    test(`R-001[protocol] ${accepted ? 'is' : 'is not'} the registered one (${kind}): ${name}`, () => {
      assert.equal(matchRedirectUri(sent, registered, kind), accepted ? sent : undefined);
    });
  }

  test('R-001[protocol] every registrable URI of the corpus matches itself and nothing one character away', () => {
    const registrable = vectors.registration.filter((vector) => vector.accepted);
    fc.assert(
      fc.property(fc.constantFrom(...registrable), fc.nat(), fc.string({ maxLength: 3 }), ({ uri, kind }, at, text) => {
        assert.equal(matchRedirectUri(uri, [uri], kind), uri);
        const place = at % (uri.length + 1);
        const changed = uri.slice(0, place) + text + uri.slice(place + 1);
        if (changed === uri || /^http:\/\/(?:127\.0\.0\.1|\[::1\])/.test(changed)) return;
        assert.equal(matchRedirectUri(changed, [uri], kind), undefined);
      }),
    );
  });
});

describe('answering', () => {
  for (const { name, uri, parameters, expected } of vectors.answers) {
    test(`R-005[protocol] an answer is added to ${name}`, () => {
      assert.equal(appendQuery(uri, parameters), expected);
    });
  }

  test('R-005[protocol] parameters that are undefined are left out', () => {
    const added = appendQuery('https://app.example/', { code: 'a', state: undefined, iss: 'https://login.example' });
    assert.equal(added, 'https://app.example/?code=a&iss=https%3A%2F%2Flogin.example');
  });

  test('R-001[protocol] no value can change the place an answer goes to, and every one comes back unchanged', () => {
    const uri = 'https://app.example/callback?tenant=blue';
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (state) => {
        const url = new URL(appendQuery(uri, { state }));
        assert.equal(url.origin + url.pathname + url.hash, 'https://app.example/callback');
        assert.deepEqual(
          [...url.searchParams],
          [
            ['tenant', 'blue'],
            ['state', state],
          ],
        );
      }),
    );
  });

  test('R-005[protocol] half a surrogate does not throw', () => {
    assert.equal(appendQuery('https://app.example/', { state: '\ud800' }), 'https://app.example/?state=%EF%BF%BD');
  });
});
