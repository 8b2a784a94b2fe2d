import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '@castellan/protocol';
import { seededRandom } from '../../../testkit/src/random.ts';
import { createServerCookies, rememberBrowser } from './cookies.ts';

function withCookie(...cookie: readonly string[]): HttpRequest {
  return { method: 'GET', path: '/', query: '', headers: { cookie }, body: '', peer: { address: '' } };
}

test('R-204[login] cookies are __Host-, Secure, HttpOnly, Lax and gone with the browser; no Domain', () => {
  const { session } = createServerCookies('https://id.example');
  assert.deepEqual(session.set('value'), ['__Host-castellan-session=value; Path=/; HttpOnly; SameSite=Lax; Secure']);
  assert.deepEqual(session.clear(), ['__Host-castellan-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0']);
});

test('R-204[login] R-208 on https only the protected name is read, and a doubled one not at all', () => {
  const { session } = createServerCookies('https://id.example');
  assert.equal(session.read(withCookie('a=1; __Host-castellan-session=value')), 'value');
  for (const cookie of [
    'castellan-session=value',
    '__host-castellan-session=value',
    '__Host-castellan-session=value; __Host-castellan-session=other',
  ]) {
    assert.equal(session.read(withCookie(cookie)), undefined, cookie);
  }
});

test('R-204[login] on a loopback http issuer a twin stands in where a browser keeps no Secure cookie', () => {
  const { session } = createServerCookies('http://localhost:4000');
  assert.deepEqual(session.set('v'), [
    '__Host-castellan-session=v; Path=/; HttpOnly; SameSite=Lax; Secure',
    'castellan-session=v; Path=/; HttpOnly; SameSite=Lax',
  ]);
  assert.equal(session.read(withCookie('castellan-session=twin')), 'twin');
  assert.equal(session.read(withCookie('castellan-session=twin; __Host-castellan-session=real')), 'real');
});

test('R-204[login] issuers that share a host do not share cookies', () => {
  const names = ['https://id.example', 'https://id.example/a', 'https://id.example/b'].map(
    (issuer) => createServerCookies(issuer).session.set('v')[0]?.split('=')[0],
  );
  assert.equal(new Set(names).size, 3);
});

test('R-013[authorize] a browser keeps its cookie, and one without gets 256 random bits', () => {
  const cookies = createServerCookies('https://id.example');
  const deps = { cookies, runtime: { randomBytes: seededRandom('browser') } };
  const fresh = rememberBrowser(withCookie(), deps);
  assert.match(fresh.browser, /^castellan_br_[\w-]{43}_\w{6}$/);
  const again = rememberBrowser(withCookie(`__Host-castellan-browser=${fresh.browser}`), deps);
  assert.deepEqual(again, { browser: fresh.browser, setCookie: [] });
});
