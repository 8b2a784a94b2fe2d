import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';
import { assertTokens, basic, createWorld, openStores, type World } from '@castellan/testkit';

/** Everything one would not want to read in a log: what the requests brought and what the answers gave. */
function secretsOf(request: HttpRequest, answer: HttpAnswer): readonly string[] {
  const secret =
    /^(code|refresh_token|code_verifier|client_secret|password|state|nonce|id_token_hint|code_challenge|username)$/;
  const sent = [...new URLSearchParams(request.query), ...new URLSearchParams(request.body)]
    .filter(([name, value]) => secret.test(name) || value.length >= 32)
    .map(([, value]) => value);
  const headers = [...(request.headers['authorization'] ?? []), ...(request.headers['cookie'] ?? [])].flatMap((value) =>
    value.split(/[ ;=]+/),
  );
  const cookies = [answer.headers['set-cookie'] ?? []].flat().map((value) => value.split(/[=;]/)[1] ?? '');
  const location = [answer.headers['location'] ?? []]
    .flat()
    .flatMap((url) => [...new URL(url, 'https://x').searchParams.values()]);
  const body = String(answer.body).match(/[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+)*/g) ?? [];
  return [...sent, ...headers, ...cookies, ...location, ...body];
}

/** Public words that are long, or that the events must name. */
function isPublic(world: World, text: string): boolean {
  const known = [world.issuer, ...Object.values(world.people).map(({ id }) => id), 'invalid_request', 'login_required'];
  return (
    text.length < 12 ||
    known.some((one) => text.includes(one)) ||
    /^(https?:|openid\b|[a-z_]+$|application\/|S256)/.test(text)
  );
}

const { stores, close } = await openStores();
after(close);

for (const { store, skip } of stores) suite(`events on ${store}`, { skip }, () => events(store));

function events(store: 'sqlite' | 'postgres'): void {
  let world: World;
  let requests = 1; // the discovery of the world itself
  const secrets = new Set<string>();
  let recorded: readonly RecordedEvent[] = [];

  before(async () => {
    world = await createWorld({ store, seed: 'events' });
    world.network.mount(world.issuer, async (request) => {
      requests += 1;
      const answer = await world.server().handle(request);
      if (!/\.(css|svg)$|jwks|well-known/.test(request.path)) {
        for (const secret of secretsOf(request, answer)) if (!isPublic(world, secret)) secrets.add(secret);
      }
      return answer;
    });
    await liveThrough(world);
    await world.close();
    recorded = world.events;
  });

  test(`I-7[events,${store}] R-224 every request has exactly one outcome event`, () => {
    const outcomes = recorded.filter(({ type }) => type === 'request.answered');
    assert.equal(outcomes.length, requests);
    assert.equal(new Set(outcomes.map(({ correlation }) => correlation)).size, requests);
    assert.equal(new Set(recorded.map(({ id }) => id)).size, recorded.length, 'no event is delivered twice');
  });

  test(`I-7[events,${store}] every change of authority carries the correlation of its request`, () => {
    const requested = new Set(
      recorded.filter(({ type }) => type === 'request.answered').map(({ correlation }) => correlation),
    );
    const jobs = /^(server\.started|key\.|person\.created|failure|insecure)/;
    for (const event of recorded) {
      if (!jobs.test(event.type)) assert.ok(requested.has(event.correlation), `${event.type} belongs to no request`);
    }
  });

  test('R-223[events] S-91 what happened is told: sign-in, consent, issuance, refresh, reuse, replay, logout, failures', () => {
    const types = new Set(recorded.map(({ type }) => type));
    for (const type of [
      'session.started',
      'session.ended',
      'consent.given',
      'authorization.granted',
      'code.redeemed',
      'code.replayed',
      'token.issued',
      'refresh.rotated',
      'refresh.retried',
      'refresh.reused',
      'authorization.revoked',
      'sign_in.succeeded',
      'sign_in.failed',
    ] as const) {
      assert.ok(types.has(type), `${type} is missing`);
    }
    const failures = recorded.filter((event) => event.type === 'request.answered' && event.outcome === 'failure');
    assert.deepEqual(failures, []);
  });

  test('R-225[events] no code, token, cookie, password, state or typed name is in any event', () => {
    assert.ok(secrets.size > 60, `${secrets.size} secrets were seen`);
    const text = JSON.stringify(recorded);
    for (const secret of secrets) assert.ok(!text.includes(secret), `an event holds ${secret.slice(0, 16)}…`);
    assert.doesNotMatch(text, /eyJ[A-Za-z0-9_-]{8}/, 'nothing that looks like a JWT');
  });

  test('R-224[events] each event says when (UTC), who writes, and in which version', () => {
    for (const event of recorded) {
      assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual([event.source, event.version], [world.issuer, 1]);
    }
  });

  test('R-223[events] R-224 a refused request names its reason, its address and its client', () => {
    const refused = recorded.find((event) => event.type === 'request.answered' && event.reason === 'code_replayed');
    assert.ok(refused?.type === 'request.answered');
    assert.deepEqual([refused.client, refused.status, refused.outcome], ['web', 400, 'refusal']);
    assert.equal(refused.address, '198.51.100.3');
  });

  test('R-223[events] R-224 S-91 a guessed secret and a faulty request name the client that they are about', () => {
    for (const [reason, client] of [
      ['client_authentication_failed', 'web'],
      ['scope_not_allowed', 'web'],
      ['redirect_uri_mismatch', 'web'],
      ['unknown_client', undefined],
    ] as const) {
      const refused = recorded.find((event) => event.type === 'request.answered' && event.reason === reason);
      assert.ok(refused?.type === 'request.answered', reason);
      assert.equal(refused.client, client, reason);
    }
  });
}

/** A life with everything in it that makes events. */
async function liveThrough(world: World): Promise<void> {
  const web = world.client('web');
  const browser = world.browser();
  const landing = await world.authorize(web, { browser });
  const code = landing.parameters.get('code') ?? '';
  const first = assertTokens(await web.redeem(landing.attempt, code));
  const second = assertTokens(await web.refresh(first.refreshToken));
  await web.refresh(first.refreshToken);
  const info = assertTokens(await web.refresh(second.refreshToken, { resource: world.issuer }));
  await world.userinfo(info.accessToken);
  await world.userinfo(first.accessToken);
  await web.refresh(first.refreshToken);
  const replayed = await world.authorize(web, { browser });
  for (let count = 0; count < 2; count += 1) await web.redeem(replayed.attempt, replayed.parameters.get('code') ?? '');
  await world.authorize(web, {
    browser: world.browser(),
    person: { ...world.people.alice, password: 'a wrong password' },
  });
  const typo = { ...world.people.alice, loginName: 'hunter2-typed-in-the-wrong-field' };
  await world.authorize(web, { browser: world.browser(), person: typo });
  await world.authorize(web, { person: world.people.bob, changes: { prompt: 'consent' }, consent: 'deny' });
  await world.authorize(web, { cancel: true });
  await world.authorize(web, { changes: { prompt: 'none' } });
  await world.authorize(web, { browser, changes: { scope: 'openid bogus' } });
  await world.authorize(web, { changes: { redirect_uri: 'https://evil.example/' } });
  await world.authorize(web, { changes: { client_id: 'nobody-of-that-name' } });
  await web.token({ grant_type: 'authorization_code', code: 'made-up-code-made-up-code' });
  await web.token({ grant_type: 'authorization_code', code: 'x' }, basic('web', 'a-guess-at-a-secret-0123456789'));
  await web.token({ grant_type: 'password', password: 'hunter2hunter2hunter2' });
  await world.client('other').refresh(info.refreshToken);
  await world.send('POST', '/token?client_secret=secret-in-the-url-secret-in-the-url');
  await world.send('PUT', '/token');
  await world.send('GET', '/nothing/here');
  await world.send('OPTIONS', '/token');
  await world.send('HEAD', new URL(String(world.metadata['jwks_uri'])).pathname);
  await browser.open(`${String(world.metadata['end_session_endpoint'])}?id_token_hint=${first.idToken}`);
  if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  await world.clock.advance(5);
}
