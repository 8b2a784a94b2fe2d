import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import { assertDiscreet, headerValue } from '@castellan/testkit';
import { createBff } from './bff.ts';
import { type BffConfig, BffConfigError } from './config.ts';
import { appUrl, clientSecret, createBffWorld, sessionCookie } from './testing/bff-world.ts';

test('I-7[bff] R-223 R-225 R-203 every request has exactly one outcome event, and no event holds a token, a code, a cookie or a secret', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const cookie = sessionCookie(browser) ?? '';
  await world.script(browser, '/api/orders?card=4111111111111111');
  await world.send('POST', '/api/orders', { cookie: `__Host-shop-session=${cookie}` });
  await world.script(browser, '/logout', { method: 'POST' });
  await world.bff.close();
  const requests = browser.trail.filter(({ request }) => request.url.origin === appUrl).length + 1;
  const outcomes = world.events.filter((event) => event.type === 'request.answered');
  assert.equal(outcomes.length, requests);
  assert.deepEqual(
    outcomes.map(({ endpoint, outcome, reason }) => [endpoint, outcome, reason]),
    [
      ['login', 'success', undefined],
      ['callback', 'success', undefined],
      ['app', 'success', undefined],
      ['proxy', 'success', undefined],
      ['proxy', 'refusal', 'csrf_rejected'],
      ['logout', 'success', undefined],
    ],
  );
  assert.deepEqual(
    world.events.filter((event) => event.type.startsWith('session.')).map(({ type }) => type),
    ['session.started', 'session.ended'],
  );
  const text = JSON.stringify(world.events);
  for (const secret of [...world.issuer.secrets, cookie, clientSecret, '4111']) assert.ok(!text.includes(secret));
});

test('R-224[bff] S-109 the events of a session share the correlation of the request that made them', async () => {
  const world = await createBffWorld();
  await world.signedIn();
  await world.bff.close();
  const started = world.events.find((event) => event.type === 'session.started');
  const callback = world.events.find((event) => event.type === 'request.answered' && event.endpoint === 'callback');
  assert.equal(started?.correlation, callback?.correlation);
  assert.equal(started?.source, 'shop');
  const { time, address, person, method, status, outcome } = callback as unknown as Record<string, unknown>;
  assert.deepEqual(
    { time, address, person, method, status, outcome },
    {
      time: new Date(world.clock.now()).toISOString(),
      address: '203.0.113.7',
      person: 'person-1',
      method: 'GET',
      status: 200,
      outcome: 'success',
    },
  );
});

test('R-223[bff] a sink that fails gets the events again, and requests do not wait for it', async () => {
  const delivered: RecordedEvent[] = [];
  let failing = true;
  const sink = {
    deliver: async (events: readonly RecordedEvent[]) => {
      if (failing) throw new Error('the disk is full');
      delivered.push(...events);
    },
    close: async () => undefined,
  };
  let config: BffConfig | undefined;
  const world = await createBffWorld((base) => {
    config = base;
    return base;
  });
  assert.ok(config);
  await world.bff.close();
  const bff = createBff(config, world.runtime, [sink]);
  world.network.mount(appUrl, bff.handle);
  await world.signedIn();
  await world.clock.advance(2);
  assert.equal(delivered.length, 0);
  failing = false;
  await world.clock.advance(2);
  assert.deepEqual(
    delivered.map(({ type }) => type),
    ['session.started', 'request.answered', 'request.answered', 'request.answered'],
  );
  failing = true;
  await world.send('GET', '/', {});
  await world.clock.advance(2);
  failing = false;
  await world.clock.advance(2);
  assert.equal(delivered.length, 5);
  await bff.close();
});

test('R-188[bff] R-192 sign-ins stay limited while the shared store is away, and the events say so once', async () => {
  const store = { reach: 'shared' as const, take: () => Promise.reject(new Error('redis://:secret@10.0.0.1')) };
  const world = await createBffWorld((config) => ({ ...config, limit: { store, count: 3, period: 60 } }));
  const begin = () => world.send('GET', '/login', { 'sec-fetch-site': 'none' });
  for (const status of [303, 303, 303, 429]) assert.equal((await begin()).status, status);
  await world.bff.close();
  const lost = world.events.filter(({ type }) => type.startsWith('limit_store'));
  assert.deepEqual(
    lost.map(({ type }) => type),
    ['limit_store.lost'],
  );
  assert.doesNotMatch(JSON.stringify(lost), /secret/);
});

test('R-189[bff] R-188 the address that is limited and recorded comes from configured proxies only', async () => {
  for (const [trustedProxies, expected] of [
    [[], '203.0.113.66'],
    [['203.0.113.0/24'], '198.51.100.1'],
  ] as const) {
    const world = await createBffWorld((config) => ({ ...config, trustedProxies, limit: { count: 1, period: 60 } }));
    const begin = (from: string) =>
      world.send('GET', '/login', { 'sec-fetch-site': 'none', 'x-forwarded-for': from }).then(({ status }) => status);
    assert.equal(await begin('198.51.100.1'), 303);
    assert.equal(await begin('198.51.100.2'), trustedProxies.length === 0 ? 429 : 303);
    await world.bff.close();
    const [first] = world.events.filter((event) => event.type === 'request.answered');
    assert.equal(first?.address, expected);
  }
});

test('S-88[bff] R-213 an app on https tells browsers to stay there; one on http, on this machine, does not', async () => {
  const secure = await createBffWorld();
  const plain = await createBffWorld((config) => ({ ...config, url: 'http://127.0.0.1:4002' }));
  const policy = async (world: typeof secure) =>
    headerValue(await world.send('GET', '/', {}), 'strict-transport-security');
  assert.equal(await policy(secure), 'max-age=31536000; includeSubDomains');
  assert.equal(await policy(plain), undefined);
});

test('R-183[bff] R-184 an app that throws is answered with a page that shows nothing of it', async () => {
  const world = await createBffWorld((config) => ({
    ...config,
    app: () => {
      throw new Error('password hunter2 in /srv/app.ts:12');
    },
  }));
  const answer = await world.send('GET', '/', {});
  assert.equal(answer.status, 500);
  assertDiscreet(answer, 'hunter2', '/srv');
  await world.bff.close();
  assert.doesNotMatch(JSON.stringify(world.events), /hunter2/);
  assert.equal(world.events.find((event) => event.type === 'request.answered')?.outcome, 'failure');
});

test('R-218[bff] S-100 a configuration that cannot be used names everything that is wrong with it, and no secret', async () => {
  const world = await createBffWorld();
  const bad = {
    name: 'Shop!',
    url: 'http://app.example/path',
    issuer: 'http://login.example',
    client: { id: '', secret: 'hunter2', idTokenAlgorithm: 'HS256' as 'RS256' },
    scopes: ['profile'],
    resource: 'not a URI',
    sessions: world.sessions,
    proxy: [
      { path: '/login', target: 'https://api.example', methods: ['GET'] },
      { path: '/api/', target: 'http://api.example', methods: ['CONNECT'] },
    ],
    app: () => ({ status: 200, headers: {}, body: '' }),
    lifetimes: { sessionIdle: 5, sessionAbsolute: 1e9, login: Number.NaN },
    signedOutPath: '//evil.example',
    trustedProxies: ['everybody'],
  };
  const problems = (): readonly string[] => {
    try {
      createBff(bad, world.runtime, []);
    } catch (error) {
      assert.ok(error instanceof BffConfigError);
      assert.doesNotMatch(error.message, /hunter2/);
      return error.problems.map(({ key }) => key);
    }
    return [];
  };
  assert.deepEqual(problems(), [
    'name',
    'scopes',
    'url',
    'issuer',
    'resource',
    'client.id',
    'client.secret',
    'client.idTokenAlgorithm',
    'lifetimes.sessionIdle',
    'lifetimes.sessionAbsolute',
    'lifetimes.login',
    'proxy path',
    'proxy path',
    'proxy /api/',
    'proxy /api/',
    'signedOutPath',
    'trustedProxies',
  ]);
});

test('R-219[bff] S-107 production takes https only, even on this machine', async () => {
  const world = await createBffWorld();
  const local = { url: 'http://127.0.0.1:4002', issuer: 'http://localhost:4000' };
  const config = (production: boolean): BffConfig => ({
    ...local,
    production,
    name: 'shop',
    client: { id: 'shop-web', secret: clientSecret },
    scopes: ['openid'],
    sessions: world.sessions,
    proxy: [],
    app: () => ({ status: 200, headers: {}, body: '' }),
  });
  assert.doesNotThrow(() => createBff(config(false), world.runtime, []));
  assert.throws(() => createBff(config(true), world.runtime, []), /url: .*https in production\nissuer: .*https/s);
});
