import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CookieJar, createCookieJar, siteOf } from './cookie-jar.ts';

const navigation = { sameSite: true, topLevel: true, method: 'GET' } as const;
const crossSite = { ...navigation, sameSite: false } as const;

function jarAt(time: { now: number }, secureOnLoopback = true): CookieJar {
  return createCookieJar({ now: () => time.now, secureOnLoopback });
}

test('a Strict cookie stays at home on a cross-site navigation, a Lax one comes along unless the method changes things', () => {
  const jar = jarAt({ now: 0 });
  const url = new URL('https://app.example/');
  jar.store(url, ['a=1; SameSite=Strict', 'b=2; SameSite=Lax', 'c=3; SameSite=None; Secure'], navigation);
  assert.equal(jar.header(url, navigation), 'a=1; b=2; c=3');
  assert.equal(jar.header(url, crossSite), 'b=2; c=3');
  assert.equal(jar.header(url, { ...crossSite, method: 'POST' }), 'c=3');
  assert.equal(jar.header(url, { ...crossSite, topLevel: false }), 'c=3');
});

test('prefixes hold: a __Host- cookie must be Secure, host-only and for the whole host', () => {
  const jar = jarAt({ now: 0 });
  const url = new URL('https://app.example/in/');
  const refused = [
    '__Host-a=1; Path=/',
    '__Host-b=1; Secure; Path=/in',
    '__Host-c=1; Secure; Path=/; Domain=app.example',
    '__Secure-d=1; Path=/',
  ];
  jar.store(url, [...refused, '__Host-e=1; Secure; Path=/'], navigation);
  assert.equal(jar.header(url, navigation), '__Host-e=1');
});

test('Secure cookies are kept on loopback http, unless the browser is one that drops them; never on other http', () => {
  const cookie = ['__Host-a=1; Secure; Path=/'];
  const local = new URL('http://localhost:4000/');
  const remote = new URL('http://app.example/');
  const [kept, dropped] = [jarAt({ now: 0 }), jarAt({ now: 0 }, false)];
  for (const jar of [kept, dropped]) {
    jar.store(local, cookie, navigation);
    jar.store(remote, cookie, navigation);
    assert.equal(jar.header(remote, navigation), undefined);
  }
  assert.equal(kept.header(new URL('http://localhost:4002/x'), navigation), '__Host-a=1', 'ports share cookies');
  assert.equal(dropped.header(local, navigation), undefined);
});

test('scripts do not see HttpOnly cookies, and lifetimes end', () => {
  const time = { now: 0 };
  const jar = jarAt(time);
  const url = new URL('https://app.example/');
  jar.store(url, ['a=1; HttpOnly', 'b=2; Max-Age=10'], navigation);
  assert.equal(jar.script(url), 'b=2');
  time.now = 10_000;
  assert.equal(jar.header(url, navigation), 'a=1');
  jar.store(url, ['a=; Max-Age=0'], navigation);
  assert.deepEqual(
    jar.all().map(({ name }) => name),
    ['b'],
  );
});

test('a site is scheme and registrable domain; addresses and localhost are their own', () => {
  assert.equal(siteOf(new URL('https://a.b.example:8443')), 'https://b.example');
  assert.equal(siteOf(new URL('http://127.0.0.1:4001')), 'http://127.0.0.1');
  assert.notEqual(siteOf(new URL('http://localhost:1')), siteOf(new URL('http://127.0.0.1:1')));
});
