import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { createBffCookies } from './cookies.ts';
import { createSecret } from './seal.ts';

const lifetimes = { sessionIdle: 3600, sessionAbsolute: 7200, login: 600 };
const cookies = createBffCookies({ name: 'shop', secure: true, lifetimes });
const onLoopback = createBffCookies({ name: 'shop', secure: false, lifetimes });
const secret = createSecret(systemRuntime);
const other = createSecret(systemRuntime);
const withCookie = (...cookie: string[]) => ({ headers: { cookie } });

test('R-204[bff] S-48 S-77 the session cookie is __Host-, Secure, HttpOnly and Strict, for the whole host and no other', () => {
  assert.deepEqual(cookies.session.set(secret), [
    `__Host-shop-session=${secret}; Path=/; HttpOnly; SameSite=Strict; Secure`,
  ]);
});

test('R-204[bff] the login cookie is Lax because the issuer sends the browser back, and short-lived', () => {
  assert.deepEqual(cookies.login.set(secret), [
    `__Host-shop-login=${secret}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600`,
  ]);
});

test('R-208[bff] a cookie sent twice, with a look-alike name or malformed means that there is none', () => {
  const good = `__Host-shop-session=${secret}`;
  assert.equal(cookies.session.read(withCookie(good)), secret);
  for (const header of [
    [`${good}; ${good}`],
    [`${good}; __Host-shop-session=${other}`],
    [good, `__Host-shop-session=${other}`],
    [`__host-shop-session=${secret}`],
    [`shop-session=${secret}`],
    [`__Secure-shop-session=${secret}`],
    [`__Host-shop-session =${secret}`],
    [`\u00a0${good}`],
    [`__Host-shop-session=${secret}x`],
    [`__Host-shop-session="${secret}"`],
    ['__Host-shop-session='],
    ['__Host-shop-session'],
  ])
    assert.equal(cookies.session.read(withCookie(...header)), undefined, header.join(' | '));
});

test('R-208[bff] one cookie does not stand in for the other', () => {
  assert.equal(cookies.login.read(withCookie(`__Host-shop-session=${secret}`)), undefined);
});

test('R-204[bff] on an http loopback host a plain twin goes along, and is read when the other one is absent', () => {
  assert.deepEqual(onLoopback.session.set(secret), [
    `__Host-shop-session=${secret}; Path=/; HttpOnly; SameSite=Strict; Secure`,
    `shop-session=${secret}; Path=/; HttpOnly; SameSite=Strict`,
  ]);
  assert.equal(onLoopback.session.read(withCookie(`shop-session=${other}`)), other);
  assert.equal(onLoopback.session.read(withCookie(`shop-session=${other}; __Host-shop-session=${secret}`)), secret);
});
