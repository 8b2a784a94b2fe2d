import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { memorySink } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { assertTokens, createWorld, type World } from '../../testkit/src/index.ts';
import { type Config, ConfigError, createServer, fetchHandler } from './index.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-server-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function minimal(folder: string, changes: Partial<Config> = {}): Config {
  const masterKey = { file: join(folder, 'master-key') };
  writeFileSync(masterKey.file, systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
  return { issuer: 'https://id.example', store: { sqlite: join(folder, 'id.sqlite') }, masterKey, ...changes };
}

async function world(t: TestContext, seed: string): Promise<World> {
  const created = await createWorld({ seed });
  t.after(() => created.close());
  return created;
}

test('S-13[code] a person signs in, consents, and the client gets tokens that UserInfo takes', async (t) => {
  const own = await world(t, 'server-end-to-end');
  const web = own.client('web');
  const landing = await own.authorize(web, { changes: { scope: 'openid profile notes:read' } });
  assert.equal(landing.parameters.get('iss'), own.issuer);
  assert.equal(landing.parameters.get('state'), landing.attempt.state);
  const answer = await web.redeem(landing.attempt, landing.parameters.get('code') ?? '', { resource: own.issuer });
  const { accessToken } = assertTokens(answer);
  const info = await own.userinfo(accessToken);
  assert.deepEqual([info.status, info.json['sub'], info.json['name']], [200, own.people.alice.id, 'Alice Archer']);
});

test('R-219[config] S-107 a wrong configuration stops the start before anything is opened', async (t) => {
  const folder = temporaryFolder(t);
  const config = minimal(folder, { issuer: 'http://id.example', lifetimes: { code: 600 } });
  await assert.rejects(createServer(config), (error) => error instanceof ConfigError && error.problems.length === 2);
  assert.equal(existsSync(join(folder, 'id.sqlite')), false);
});

test('R-102[keys] another master key than the one the keys were sealed with stops the start, and opens nothing for good', async (t) => {
  const folder = temporaryFolder(t);
  const config = minimal(folder);
  await (await createServer(config)).close();
  await assert.rejects(createServer(minimal(folder)), /master key/);
});

test('R-223[events] R-225 the first event tells the settings and no secret; sinks are closed with the server', async (t) => {
  const folder = temporaryFolder(t);
  const sink = memorySink();
  let closed = 0;
  const server = await createServer(minimal(folder), systemRuntime, [
    { ...sink, close: async () => void (closed += 1) },
  ]);
  await Promise.all([server.close(), server.close()]);
  assert.equal(closed, 1);
  const started = sink.events.find((event) => event.type === 'server.started');
  assert.ok(started?.type === 'server.started');
  assert.equal(started.settings['lifetimes.accessToken'], '300');
  assert.equal(started.source, 'https://id.example');
  assert.ok(!JSON.stringify(sink.events).includes(folder));
});

test('R-069[private-key-jwt] R-223[events] an address inside of a network is called once its host is named, which is told at each start', async (t) => {
  const calls: string[] = [];
  const called = (by: string) => async (url: string | URL) => {
    calls.push(`${by} ${String(url)}`);
    return Response.json({ keys: [] });
  };
  const runtime = { ...systemRuntime, fetch: called('inside'), fetchUntrusted: called('stranger') };
  const assertion = [{ alg: 'ES256', kid: 'x' }, { iss: 'a', sub: 'a' }, 'x']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  for (const privateHosts of [[], ['rp.internal']]) {
    const sink = memorySink();
    const client = { id: 'a', name: 'A', kind: 'web', authentication: 'private_key_jwt', scopes: [] } as const;
    const uris = { redirectUris: ['https://rp.internal/callback'], jwksUri: 'https://rp.internal/jwks' };
    const config = minimal(temporaryFolder(t), { privateHosts, clients: [{ ...client, ...uris }] });
    const server = await createServer(config, runtime, [sink]);
    const claims = {
      iss: 'a',
      sub: 'a',
      aud: config.issuer,
      jti: 'j',
      exp: Math.floor(systemRuntime.now() / 1000) + 60,
    };
    const [header, , signature] = assertion.split('.');
    const token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    const form = { grant_type: 'authorization_code', client_assertion_type: type, client_assertion: token };
    const body = new URLSearchParams(form).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = new Request('https://id.example/token', { method: 'POST', headers, body });
    assert.equal((await fetchHandler(server)(request, { address: '192.0.2.1' })).status, 401);
    await server.close();
    const told = sink.events.flatMap((event) => (event.type === 'insecure.used' ? event.choice : []));
    assert.deepEqual(told, privateHosts.length === 0 ? [] : ['privateHosts rp.internal']);
  }
  assert.deepEqual(calls, ['stranger https://rp.internal/jwks', 'inside https://rp.internal/jwks']);
});

test('R-183[fetch] R-184 the server answers inside anything that speaks fetch', async (t) => {
  const server = await createServer(minimal(temporaryFolder(t)));
  t.after(() => server.close());
  const handle = fetchHandler(server);
  const answer = await handle(new Request('https://wrong-host.example/.well-known/openid-configuration'), {
    address: '192.0.2.1',
  });
  const metadata = (await answer.json()) as Record<string, unknown>;
  assert.equal(metadata['authorization_endpoint'], 'https://id.example/authorize', 'R-020: never from the request');
});

test('R-021[authorize] a person who was locked or disabled while signed in gets no code, with or without pages', async (t) => {
  const own = await world(t, 'server-locked');
  const web = own.client('web');
  const browser = own.browser();
  assertTokens(await own.tokens(web, { browser }));
  const store = 'sqlite' in own.config.store ? own.config.store.sqlite : assert.fail();
  for (const state of ['locked', 'disabled']) {
    const database = new DatabaseSync(store);
    database.exec('PRAGMA busy_timeout = 2000');
    database.prepare('UPDATE persons SET state = ? WHERE id = ?').run(state, own.people.alice.id);
    database.close();
    const silent = await own.authorize(web, { browser, changes: { prompt: 'none' } });
    assert.deepEqual([silent.parameters.get('error'), silent.parameters.get('code')], ['login_required', null]);
    const asked = await own.authorize(web, { browser });
    assert.equal(asked.parameters.get('code'), null);
    assert.ok(asked.page.find('login-error'), 'the right password does not help');
  }
});

test('R-022[authorize] a client that sends the same challenge from two browsers is told of', async (t) => {
  const own = await world(t, 'server-repeated');
  const web = own.client('web');
  const attempt = web.begin();
  for (const browser of [own.browser(), own.browser()]) await browser.open(attempt.url);
  await own.close();
  const repeated = own.events.filter((event) => event.type === 'request.repeated');
  assert.deepEqual(
    repeated.map((event) => [event.client, event.parameter]),
    [
      ['web', 'code_challenge'],
      ['web', 'nonce'],
    ],
  );
});

test('R-205[logout] R-111 a cookie that did not come along is not cleared, so a foreign post signs nobody out', async (t) => {
  const own = await world(t, 'server-foreign-post');
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
  const answer = await own.send('POST', '/logout', { headers, body: '' });
  assert.equal(answer.status, 200);
  assert.ok(!answer.headers.some(([name]) => name.toLowerCase() === 'set-cookie'));
});

test('R-222[sqlite] what has expired is purged, and the keys are looked after, on timers that end with the server', async (t) => {
  const own = await world(t, 'server-jobs');
  await own.browser().open(own.client('web').begin().url);
  const count = (): unknown => {
    const store = 'sqlite' in own.config.store ? own.config.store.sqlite : assert.fail();
    const database = new DatabaseSync(store, { readOnly: true });
    try {
      return database.prepare('SELECT COUNT(*) AS n FROM parked_requests').get()?.['n'];
    } finally {
      database.close();
    }
  };
  assert.equal(count(), 1);
  await own.clock.advance(3600);
  for (let tries = 0; count() !== 0 && tries < 200; tries += 1) await own.clock.advance(600);
  assert.equal(count(), 0);
  await own.close();
  await own.clock.advance(7200);
});
