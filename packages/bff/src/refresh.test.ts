import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turn, until } from '@castellan/testkit';
import { createBff } from './bff.ts';
import { appUrl, createBffWorld, sessionCookie, sessionOf } from './testing/bff-world.ts';
import { json } from './testing/stub-issuer.ts';

const refreshes = (world: Awaited<ReturnType<typeof createBffWorld>>): number =>
  world.issuer
    .asked('/token')
    .filter((form) => form.get('resource') === 'https://api.example' && form.has('refresh_token')).length;

test('R-211[bff] a token is replaced shortly before it ends', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(269);
  await world.script(browser, '/api/orders');
  assert.equal(refreshes(world), 0);
  await world.clock.advance(2);
  await world.script(browser, '/api/orders');
  assert.equal(refreshes(world), 1);
});

test('R-211[bff] one refresh serves all requests that wait for a token', { timeout: 20_000 }, async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(300);
  const answers = await Promise.all(Array.from({ length: 20 }, () => world.script(browser, '/api/orders')));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(refreshes(world), 1);
  const used = world.calls.map(({ headers }) => headers['authorization']?.[0]);
  assert.equal(new Set(used).size, 1);
});

test('R-211[bff] two nodes that share the sessions refresh once between them', async () => {
  let config: Parameters<typeof createBff>[0] | undefined;
  const world = await createBffWorld((base) => {
    config = base;
    return base;
  });
  assert.ok(config);
  const second = createBff(config, world.runtime, []);
  const cookie = `__Host-shop-session=${sessionCookie(await world.signedIn())}`;
  await world.clock.advance(296);
  let release: (() => void) | undefined;
  world.issuer.hooks.token = async (answer) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return answer;
  };
  const request = (bff: typeof second): Promise<{ status: number }> =>
    bff.handle({
      method: 'GET',
      path: '/api/orders',
      query: '',
      headers: { cookie: [cookie], 'sec-fetch-site': ['same-origin'] },
      body: '',
      peer: { address: '203.0.113.7' },
    });
  // The token is still good for 4 s: the node that finds the claim taken uses it meanwhile.
  const [first, other] = [request(world.bff), request(second)];
  assert.equal((await other).status, 200);
  await until(() => release !== undefined);
  await world.clock.advance(5);
  // Now it is over: a node waits for the other one's result.
  const waiting = request(second);
  for (let count = 0; count < 5; count += 1) await turn();
  release?.();
  assert.equal((await first).status, 200);
  await world.clock.advance(1);
  assert.equal((await waiting).status, 200);
  assert.equal(refreshes(world), 1);
});

test('R-211[bff] an issuer that says invalid_grant ends the session with a clear 401, and the API sees nothing', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(300);
  world.issuer.hooks.token = () => json(400, { error: 'invalid_grant' });
  const answer = await world.script(browser, '/api/orders');
  assert.equal(answer.status, 401);
  assert.equal(JSON.parse(answer.body).reason, 'session_ended');
  assert.equal(world.calls.length, 0);
  assert.equal((await sessionOf(world, browser))['signedIn'], false);
  await world.bff.close();
  assert.deepEqual(
    world.events.filter((event) => event.type === 'session.ended').map(({ reason }) => reason),
    ['refresh_refused'],
  );
});

for (const [what, fail] of [
  ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
  ['answers 503', async () => json(503, {})],
  ['answers 429', async () => json(429, { error: 'temporarily_unavailable' })],
  [
    'answers something that is not JSON',
    async () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }),
  ],
  ['does not know the client any more', async () => json(401, { error: 'invalid_client' })],
] as const) {
  test(`R-211[bff] an issuer that ${what} keeps the session, and a token that is still good is used`, async () => {
    const world = await createBffWorld();
    const browser = await world.signedIn();
    await world.clock.advance(280);
    world.issuer.hooks.token = fail;
    assert.equal((await world.script(browser, '/api/orders')).status, 200);
    await world.clock.advance(21);
    const answer = await world.script(browser, '/api/orders');
    assert.equal(answer.status, 503, answer.body);
    assert.equal(JSON.parse(answer.body).reason, 'issuer_unavailable');
    assert.equal((await sessionOf(world, browser))['signedIn'], true);
    delete world.issuer.hooks.token;
    assert.equal((await world.script(browser, '/api/orders')).status, 200);
  });
}

test('R-211[bff] an answer that gets lost is asked for again at once, while the issuer still takes the predecessor', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(300);
  let lost = 0;
  world.issuer.hooks.any = (request) => {
    if (request.path !== '/token' || lost > 0) return;
    lost += 1;
    throw new TypeError('socket hang up');
  };
  assert.equal((await world.script(browser, '/api/orders')).status, 200);
  assert.equal(lost, 1);
});

test('R-211[bff] tokens that arrive after the person signed out belong to nobody and are given back', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(300);
  let release: (() => void) | undefined;
  world.issuer.hooks.token = async (answer) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return answer;
  };
  const pending = world.script(browser, '/api/orders');
  await until(() => release !== undefined);
  await world.script(browser, '/logout', { method: 'POST' });
  release?.();
  assert.equal((await pending).status, 401);
  assert.equal(world.calls.length, 0);
  assert.equal(world.issuer.asked('/revoke').length, 2);
});

test('R-095[bff] a refresh that brings another person’s ID token ends the session', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.clock.advance(300);
  const now = Math.floor(world.clock.now() / 1000);
  const claims = { iss: world.issuer.issuer, aud: 'shop-web', sub: 'person-2', iat: now, exp: now + 60 };
  world.issuer.hooks.token = async (answer) => ({ ...answer, id_token: await world.issuer.sign(claims) });
  assert.equal((await world.script(browser, '/api/orders')).status, 401);
  assert.equal((await sessionOf(world, browser))['signedIn'], false);
});

test('R-211[bff] a token the API refuses before its time is replaced once and the request repeated', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const revoked = new Set<string>();
  world.api = ({ headers }) => {
    const token = headers['authorization']?.[0] ?? '';
    if (world.calls.length === 1) revoked.add(token);
    return revoked.has(token) ? json(401, { error: 'invalid_token' }) : json(200, { ok: true });
  };
  assert.equal((await world.script(browser, '/api/orders')).status, 200);
  assert.equal(refreshes(world), 1);
  world.api = () => json(401, { error: 'invalid_token' });
  const answer = await world.script(browser, '/api/orders');
  assert.equal(answer.status, 502);
  assert.equal(world.calls.length, 4);
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
});

test('R-211[bff] without a refresh token the session lasts as long as its access token', async () => {
  const world = await createBffWorld((config) => {
    const { resource: _, ...rest } = config;
    return rest;
  });
  world.issuer.hooks.token = (answer) => ({ ...answer, refresh_token: undefined });
  const browser = await world.signedIn();
  assert.equal((await sessionOf(world, browser))['name'], 'Nora Lindqvist');
  await world.clock.advance(290);
  assert.equal((await world.script(browser, '/api/orders')).status, 200);
  await world.clock.advance(10);
  assert.equal((await world.script(browser, '/api/orders')).status, 401);
  assert.equal(browser.page().url.origin, appUrl);
});
