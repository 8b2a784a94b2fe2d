import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { systemRuntime } from '../runtime.ts';
import { formatCookie, parseCookies } from './cookie.ts';

const path = new URL('../../../../vectors/cookies.json', import.meta.url);
const { cases }: { cases: { name: string; header: string[]; cookies: Record<string, string> }[] } = JSON.parse(
  readFileSync(path, 'utf8'),
);

for (const { name, header, cookies } of cases) {
  test(`R-208[protocol] cookies are read: ${name}`, () => {
    assert.deepEqual(Object.entries(cookies), [...parseCookies(header)]);
  });
}

test('R-208[protocol] a cookie that is not sent is absent', () => {
  assert.equal(parseCookies(undefined).size, 0);
});

test('R-208[protocol] whatever stands around it, a name sent twice is absent, and nothing is thrown', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'ab=;", \t\u2000\u0000') });
  fc.assert(
    fc.property(noise, noise, noise, (before, between, after) => {
      const header = `${before};session=1;${between};session=2;${after}`;
      assert.equal(parseCookies([header]).get('session'), undefined);
    }),
  );
});

test('R-208[protocol] I-11 a header full of blanks is read in no time', () => {
  const started = systemRuntime.monotonic();
  for (let round = 0; round < 20; round += 1) {
    assert.equal(parseCookies([`a=b${' '.repeat(16_000)}c`]).size, 0);
    assert.equal(parseCookies([`${' \t'.repeat(8000)}a=b`]).get('a'), 'b');
  }
  assert.ok(systemRuntime.monotonic() - started < 500);
});

test('R-204[protocol] what is written is read back, with HttpOnly and Path=/ and never a domain', () => {
  const names = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1 });
  const values = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.~%=') });
  fc.assert(
    fc.property(names, values, fc.constantFrom<'Lax' | 'Strict'>('Lax', 'Strict'), (name, value, sameSite) => {
      const cookie = formatCookie(name, value, { sameSite, secure: true });
      assert.equal(parseCookies([cookie.split('; ')[0] ?? '']).get(name), value);
      assert.equal(cookie, `${name}=${value}; Path=/; HttpOnly; SameSite=${sameSite}; Secure`);
    }),
  );
});

test('R-204[protocol] ages are whole seconds; zero erases', () => {
  const options = { sameSite: 'Lax', secure: true } as const;
  assert.match(formatCookie('a', 'b', { ...options, maxAge: 60 }), /; Max-Age=60$/);
  assert.match(formatCookie('a', '', { ...options, maxAge: 0 }), /^a=; .*; Max-Age=0$/);
  for (const maxAge of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => formatCookie('a', 'b', { ...options, maxAge }), TypeError);
  }
});

test('R-204[protocol] a cookie that a browser would not protect or not keep cannot be written', () => {
  const secure = { sameSite: 'Strict', secure: true } as const;
  assert.throws(() => formatCookie('__Host-a', 'b', { ...secure, secure: false }), TypeError);
  assert.throws(() => formatCookie('__host-a', 'b', { ...secure, secure: false }), TypeError);
  assert.throws(() => formatCookie('__Secure-a', 'b', { ...secure, secure: false }), TypeError);
  assert.throws(() => formatCookie('a', 'b'.repeat(4096), secure), TypeError);
  for (const [name, value] of [
    ['', 'b'],
    ['a b', 'c'],
    ['a=b', 'c'],
    ['a', 'b; Domain=evil.example'],
    ['a', 'b\r\nSet-Cookie: c=d'],
    ['a', 'b c'],
    ['a', '"b"'],
    ['a', 'ä'],
  ] as const) {
    assert.throws(() => formatCookie(name, value, secure), TypeError);
  }
  assert.doesNotMatch(formatCookie('plain', 'b', { sameSite: 'Lax', secure: false }), /Secure/);
});
