import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import * as fc from 'fast-check';
import { findProxyRoute, upstreamUrl } from './proxy-path.ts';

const route = { path: '/api', target: 'https://api.example/v1', methods: ['GET', 'POST'] };
const get = (path: string, query = ''): string => upstreamUrl({ method: 'GET', path, query }, route).href;
const refused =
  (reason: string) =>
  (error: unknown): boolean =>
    error instanceof Refusal && error.reason === reason;

test('R-210[bff] a path below the prefix is appended to the target, its query and encoding untouched', () => {
  assert.equal(get('/api/orders/42'), 'https://api.example/v1/orders/42');
  assert.equal(get('/api/orders', 'q=a%20b&x=%2F'), 'https://api.example/v1/orders?q=a%20b&x=%2F');
  assert.equal(get('/api/orders/'), 'https://api.example/v1/orders/');
  assert.equal(get('/api'), 'https://api.example/v1');
  assert.equal(get('/api/caf%C3%A9/a:b@c;d=1'), 'https://api.example/v1/caf%C3%A9/a:b@c;d=1');
});

test('R-210[bff] only the literal prefix is a route: neighbours and other spellings are not', () => {
  const other = { path: '/api/admin', target: 'https://admin.example', methods: ['GET'] };
  assert.equal(findProxyRoute('/api/admin/x', [other, route]), other);
  for (const path of ['/apis', '/ap', '/API/x', '/%61pi/x', '/api%2fx', '//api/x', '/x/api'])
    assert.equal(findProxyRoute(path, [route]), undefined, path);
});

for (const path of [
  '/api/../admin',
  '/api/orders/..',
  '/api/./orders',
  '/api/%2e%2e/admin',
  '/api/%2E./admin',
  '/api/.%2e/admin',
  '/api/..;/admin',
  '/api/..;x=1/admin',
  '/api//admin',
  '/api/orders//x',
  '/api//evil.example/x',
  '/api/a%2fb',
  '/api/a%2Fb',
  '/api/a%5cb',
  '/api/a\\b',
  '/api/%252e%252e/admin',
  '/api/a%00b',
  '/api/a%0d%0ab',
  '/api/a%7f',
  '/api/%ff',
  '/api/%c0%af',
  '/api/a b',
  '/api/a\tb',
  '/api/%',
  '/api/%zz',
  '/api/é',
  '/api/<x>',
]) {
  test(`R-210[bff] ${JSON.stringify(path)} is refused: two parsers could read it differently`, () => {
    assert.throws(() => get(path), refused('malformed_request'));
  });
}

test('R-210[bff] a query with characters no URL has is refused', () => {
  for (const query of ['a b', 'a\r\nb', 'a"b', '%', 'a\\b'])
    assert.throws(() => get('/api/x', query), refused('malformed_request'));
});

test('R-210[bff] a method that is not in the map is refused with what is; HEAD goes with GET', () => {
  assert.equal(upstreamUrl({ method: 'HEAD', path: '/api/x', query: '' }, route).pathname, '/v1/x');
  for (const method of ['DELETE', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT', 'get', ''])
    assert.throws(
      () => upstreamUrl({ method, path: '/api/x', query: '' }, route),
      (error) => refused('method_not_allowed')(error) && (error as Refusal).context.allow === 'GET, POST, HEAD',
    );
});

test('R-210[bff] whatever is accepted stays on the target, below its base path', () => {
  const rest = fc.string({ unit: fc.constantFrom(...'/.%2eE5cfF;\\@:?#ab0'.split('')) });
  fc.assert(
    fc.property(rest, (text) => {
      let url: URL;
      try {
        url = upstreamUrl({ method: 'GET', path: `/api/${text}`, query: '' }, route);
      } catch {
        return;
      }
      assert.equal(url.origin, 'https://api.example');
      assert.ok(url.pathname.startsWith('/v1/'), url.pathname);
      assert.ok(!/\/\.{1,2}(?:\/|$)/.test(decodeURIComponent(url.pathname)), url.pathname);
    }),
    { numRuns: 500 },
  );
});
