import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpAnswer } from '@castellan/protocol';
import { headerValue, headerValues, turn } from '@castellan/testkit';
import { appUrl, type BffWorld, createBffWorld, sessionCookie } from './testing/bff-world.ts';
import { json } from './testing/stub-issuer.ts';

/** The headers of a script of the app, and the cookie of somebody who is signed in. */
async function insider(world: BffWorld): Promise<Readonly<Record<string, string>>> {
  return {
    cookie: `__Host-shop-session=${sessionCookie(await world.signedIn())}`,
    'sec-fetch-site': 'same-origin',
    'x-castellan-csrf': '1',
  };
}

const writing = { origin: appUrl, 'content-type': 'application/json' };

test('S-47 S-49 R-210[bff] a request of the page reaches the API with a token the page never has', async () => {
  const world = await createBffWorld();
  const answer = await world.send(
    'PATCH',
    '/api/orders/42?dry=1',
    { ...(await insider(world)), ...writing },
    '{"note":"é"}',
  );
  assert.equal(answer.status, 200);
  const [call] = world.calls;
  assert.equal(call?.method, 'PATCH');
  assert.equal(call?.path, '/v1/orders/42');
  assert.equal(call?.query, 'dry=1');
  assert.equal(call?.body, '{"note":"é"}');
  assert.match(call?.headers['authorization']?.[0] ?? '', /^Bearer access_/);
});

test('R-210[bff] R-189 identity, hop-by-hop and forwarding headers of the page stay behind; the API learns the real address', async () => {
  const world = await createBffWorld();
  await world.send('GET', '/api/orders', {
    ...(await insider(world)),
    accept: 'application/json',
    'if-none-match': '"1"',
    authorization: 'Bearer forged',
    'proxy-authorization': 'Basic eDp5',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-user': 'admin',
    forwarded: 'for=127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'x-user-id': 'admin',
    'x-http-method-override': 'DELETE',
    'x-original-url': '/admin',
    te: 'trailers',
    'keep-alive': '1',
  });
  const headers = world.calls[0]?.headers ?? {};
  assert.deepEqual(Object.keys(headers).toSorted(), [
    'accept',
    'authorization',
    'host',
    'if-none-match',
    'x-forwarded-for',
  ]);
  assert.deepEqual(headers['x-forwarded-for'], ['203.0.113.66']);
  assert.equal(headers['authorization']?.length, 1);
  assert.doesNotMatch(headers['authorization']?.[0] ?? '', /forged/);
  assert.equal(headers['host']?.[0], 'api.example');
});

test('R-210[bff] R-206[bff] R-213[bff] of the API’s headers only harmless ones reach the page; ours cannot be replaced', async () => {
  const world = await createBffWorld();
  world.api = () => ({
    status: 200,
    headers: {
      'content-type': 'text/html',
      etag: '"1"',
      'set-cookie': ['__Host-shop-session=forged; Path=/; Secure', 'shop-session=x'],
      'access-control-allow-origin': 'https://evil.example',
      'access-control-allow-credentials': 'true',
      'www-authenticate': 'Basic realm="give me your password"',
      'content-security-policy': "default-src * 'unsafe-inline'",
      'cache-control': 'public, max-age=31536000',
      'clear-site-data': '"*"',
      refresh: '0;url=https://evil.example',
      server: 'secret/1.0',
      'x-powered-by': 'secret',
      link: '<https://evil.example/x.css>; rel=stylesheet',
    },
    body: '<script>alert(1)</script>',
  });
  const answer = await world.send('GET', '/api/orders', await insider(world));
  const names = new Set(answer.headers.map(([name]) => name.toLowerCase()));
  for (const name of ['set-cookie', 'www-authenticate', 'clear-site-data', 'refresh', 'server', 'x-powered-by', 'link'])
    assert.ok(!names.has(name), name);
  assert.ok(![...names].some((name) => name.startsWith('access-control-')));
  assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  assert.equal(headerValue(answer, 'etag'), '"1"');
  assert.equal(headerValue(answer, 'x-content-type-options'), 'nosniff');
  assert.match(headerValue(answer, 'content-security-policy') ?? '', /^default-src 'none'.*sandbox$/);
  assert.equal(headerValues(answer, 'content-security-policy').length, 1);
});

for (const [what, headers] of [
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a sibling on the same site', { origin: 'https://blog.app.example', 'sec-fetch-site': 'same-site' }],
  ['the same host on another port', { origin: 'https://app.example:8443', 'sec-fetch-site': 'same-site' }],
  ['the same host without TLS', { origin: 'http://app.example', 'sec-fetch-site': 'cross-site' }],
  ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['an origin that begins like ours', { origin: 'https://app.example.evil.example' }],
  ['a page that lies about its origin in one of two headers', { origin: appUrl, 'sec-fetch-site': 'cross-site' }],
  ['nobody who says where from', {}],
] as const) {
  test(`R-205[bff] S-49 a write by ${what} is refused although the cookie and the header came along`, async () => {
    const world = await createBffWorld();
    const { cookie = '' } = await insider(world);
    for (const method of ['POST', 'PATCH']) {
      const message = { cookie, 'content-type': 'application/json', 'x-castellan-csrf': '1', ...headers };
      const answer = await world.send(method, '/api/orders', message, '{}');
      assert.equal(answer.status, 403);
      assert.equal(JSON.parse(answer.body).reason, 'csrf_rejected');
    }
    assert.equal(world.calls.length, 0);
  });
}

test('R-205[bff] a write of our own origin needs the header that no form can send', async () => {
  const world = await createBffWorld();
  const { 'x-castellan-csrf': _, ...headers } = await insider(world);
  for (const extra of [{}, { 'x-castellan-csrf': '' }, { 'x-castellan-csrf': '0' }])
    assert.equal((await world.send('POST', '/api/orders', { ...headers, ...writing, ...extra }, '{}')).status, 403);
  assert.equal(world.calls.length, 0);
  assert.equal(
    (await world.send('POST', '/api/orders', { ...headers, ...writing, 'x-castellan-csrf': '1' }, '{}')).status,
    200,
  );
});

test('R-205[bff] reads by other origins are refused too; the person’s own address bar is not', async () => {
  const world = await createBffWorld();
  const { cookie = '' } = await insider(world);
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', 'x-castellan-csrf': '1' },
    { origin: 'https://evil.example', 'x-castellan-csrf': '1' },
    {},
  ])
    assert.equal((await world.send('GET', '/api/orders', { cookie, ...headers })).status, 403, JSON.stringify(headers));
  assert.equal(world.calls.length, 0);
  assert.equal((await world.send('GET', '/api/orders', { cookie, 'sec-fetch-site': 'none' })).status, 200);
  assert.equal((await world.send('GET', '/api/orders', { cookie, 'x-castellan-csrf': '1' })).status, 200);
});

test('R-206[bff] a preflight gets no permission, from anybody', async () => {
  const world = await createBffWorld();
  for (const origin of [appUrl, 'https://evil.example', 'null']) {
    for (const path of ['/api/orders', '/session', '/logout', '/login', '/']) {
      const answer = await world.send('OPTIONS', path, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-castellan-csrf',
      });
      assert.ok(!answer.headers.some(([name]) => name.toLowerCase().startsWith('access-control-')), path);
    }
  }
});

test('R-210[bff] without a session nothing reaches the API', async () => {
  const world = await createBffWorld();
  const answer = await world.send('GET', '/api/orders', { 'sec-fetch-site': 'same-origin' });
  assert.equal(answer.status, 401);
  assert.deepEqual(
    { ...JSON.parse(answer.body), correlation: 'x' },
    { error: 'login_required', error_description: 'Sign in first.', reason: 'session_required', correlation: 'x' },
  );
  assert.equal(headerValue(answer, 'www-authenticate'), undefined);
  assert.equal(world.calls.length, 0);
});

test('R-210[bff] R-186 what is not in the map is not forwarded: other methods, other paths, other spellings', async () => {
  const world = await createBffWorld();
  const headers = { ...(await insider(world)), ...writing };
  const refused = await world.send('DELETE', '/api/orders/1', headers);
  assert.equal(refused.status, 405);
  assert.equal(headerValue(refused, 'allow'), 'GET, POST, PATCH, HEAD');
  const plain = (path: string): Promise<HttpAnswer> =>
    world.bff.handle({
      method: 'GET',
      path,
      query: '',
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      body: '',
      peer: { address: '203.0.113.7' },
    });
  for (const path of ['/api/../v2/admin', '/api/%2e%2e/admin', '/api//admin', '/api/a%2fb', '/api/x\\..\\y'])
    assert.equal((await plain(path)).status, 400, path);
  for (const path of ['/apiadmin', '/API/orders', '/v1/orders', '/%61pi/orders']) await plain(path);
  assert.equal(world.calls.length, 0);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`R-210[bff] R-185 a ${status} of the API is neither followed with the token nor passed on`, async () => {
    const world = await createBffWorld();
    let followed = 0;
    world.network.mount('https://evil.example', async () => {
      followed += 1;
      return json(200, {});
    });
    world.api = () => ({ status, headers: { location: 'https://evil.example/steal' }, body: '' });
    const answer = await world.send('GET', '/api/orders', await insider(world));
    assert.equal(answer.status, 502);
    assert.equal(headerValue(answer, 'location'), undefined);
    assert.equal(followed, 0);
  });
}

test('R-210[bff] where a created object lies is told in the page’s own terms, and nothing of the host behind', async () => {
  const world = await createBffWorld();
  const headers = { ...(await insider(world)), ...writing };
  const locationFor = async (location: string): Promise<string | undefined> => {
    world.api = () => ({ ...json(201, {}), headers: { location } });
    return headerValue(await world.send('POST', '/api/orders', headers, '{}'), 'location');
  };
  assert.equal(await locationFor('https://api.example/v1/orders/43?x=1'), '/api/orders/43?x=1');
  assert.equal(await locationFor('orders/43'), '/api/orders/43');
  for (const foreign of [
    'https://api.example/v2/x',
    'https://evil.example/v1/x',
    '//evil.example/',
    'https://api.example/v1/../admin',
  ])
    assert.equal(await locationFor(foreign), undefined, foreign);
});

test('R-210[bff] R-183 R-185 an API that is slow, away or endless is answered for, without telling where it is', async () => {
  const world = await createBffWorld();
  const headers = await insider(world);
  world.api = () => Promise.reject(new TypeError('connect ECONNREFUSED 10.1.2.3:443'));
  const away = await world.send('GET', '/api/orders', headers);
  assert.equal(away.status, 503);
  assert.doesNotMatch(away.body, /10\.1\.2\.3|ECONN|api\.example/);
  world.api = () => new Promise(() => undefined);
  const slow = world.send('GET', '/api/orders', headers);
  await turn();
  await world.clock.advance(30);
  assert.equal((await slow).status, 503);
  world.api = () => ({ status: 200, headers: {}, body: 'x'.repeat(16 * 1024 * 1024 + 1) });
  assert.equal((await world.send('GET', '/api/orders', headers)).status, 502);
});

test('R-210[bff] what the API answers passes with its status, bytes and type', async () => {
  const world = await createBffWorld();
  const headers = await insider(world);
  world.api = () => ({ ...json(404, { error: 'not_found' }), headers: { 'content-type': 'application/problem+json' } });
  const answer = await world.send('GET', '/api/orders/7', headers);
  assert.equal(answer.status, 404);
  assert.equal(headerValue(answer, 'content-type'), 'application/problem+json');
  assert.equal(answer.body, '{"error":"not_found"}');
  world.api = () => ({ status: 304, headers: { etag: '"1"' }, body: '' });
  assert.equal((await world.send('GET', '/api/orders/7', headers)).status, 304);
});

test('R-210[bff] a body without a type, and a read with a body, are refused', async () => {
  const world = await createBffWorld();
  const headers = await insider(world);
  assert.equal((await world.send('POST', '/api/orders', { ...headers, origin: appUrl }, '{}')).status, 415);
  const read = await world.bff.handle({
    method: 'GET',
    path: '/api/orders',
    query: '',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body: 'x',
    peer: { address: '203.0.113.7' },
  });
  assert.equal(read.status, 400);
  assert.equal(world.calls.length, 0);
});

test('R-184[bff] R-213[bff] every kind of answer says its type with charset, cannot be sniffed and cannot be framed', async () => {
  const world = await createBffWorld();
  const headers = await insider(world);
  for (const [method, path, more] of [
    ['GET', '/', {}],
    ['GET', '/session', {}],
    ['GET', '/api/orders', { cookie: '' }],
    ['GET', '/login', { 'sec-fetch-site': 'cross-site' }],
    ['GET', '/callback', {}],
    ['POST', '/logout', {}],
    ['POST', '/logout', { origin: appUrl }],
    ['PUT', '/session', {}],
  ] as const) {
    const answer = await world.send(method, path, { ...headers, ...more });
    assert.match(headerValue(answer, 'content-type') ?? '', /; charset=utf-8$/, path);
    assert.equal(headerValue(answer, 'x-content-type-options'), 'nosniff', path);
    assert.match(headerValue(answer, 'content-security-policy') ?? '', /frame-ancestors 'none'/, path);
    assert.equal(headerValue(answer, 'cross-origin-opener-policy'), 'same-origin', path);
    assert.equal(headerValue(answer, 'cross-origin-resource-policy'), 'same-origin', path);
    assert.equal(headerValue(answer, 'cache-control'), path === '/' ? 'no-cache' : 'no-store', path);
  }
});
