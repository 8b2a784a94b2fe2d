/** While the database is away: what everybody may read and caches stays up, and nothing is given to anybody. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Runtime } from '@castellan/protocol';
import { createServer } from '@castellan/server';
import { createClock, openStores, rentDatabase, seededRandom, worldConfig } from '@castellan/testkit';
import { cuttingProxy } from '@castellan/testkit/cutting-proxy';

const { stores, close } = await openStores();
after(close);
const skip = stores.find(({ store }) => store === 'postgres')?.skip ?? false;

test('R-036[authorize,code,userinfo,introspect,revoke,postgres] without its database the server refuses what needs it and serves its documents', {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-away-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const database = await rentDatabase();
  t.after(() => database.release());
  const proxy = await cuttingProxy(database.url);
  const clock = createClock(Date.UTC(2026, 0, 15));
  const fetch = (): Promise<never> => Promise.reject(new Error('there is no network here'));
  const runtime: Runtime = { ...clock, randomBytes: seededRandom('away'), fetch, fetchUntrusted: fetch };
  const store = { postgres: proxy.url };
  const config = worldConfig({ issuer: 'https://id.example', folder, store, randomBytes: runtime.randomBytes });
  const server = await createServer(config, runtime);
  t.after(() => server.close());
  const send = async (method: string, path: string, body = ''): Promise<readonly [number, string]> => {
    const headers = method === 'POST' ? { 'content-type': ['application/x-www-form-urlencoded'] } : {};
    const query = path === '/authorize' ? 'client_id=spa&response_type=code' : '';
    const answer = await server.handle({ method, path, query, headers, body, peer: { address: '192.0.2.1' } });
    return [answer.status, Buffer.from(answer.body).toString()];
  };
  const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks'];
  const before = await Promise.all(documents.map((path) => send('GET', path)));
  assert.deepEqual(
    before.map(([status]) => status),
    [200, 200, 200],
  );
  await proxy.close();
  await clock.advance(2);
  assert.deepEqual(await Promise.all(documents.map((path) => send('GET', path))), before);
  for (const [method, path] of [
    ['POST', '/token'],
    ['POST', '/revoke'],
    ['POST', '/introspect'],
    ['POST', '/device_authorization'],
    ['GET', '/userinfo'],
    ['GET', '/authorize'],
    ['GET', '/login'],
  ] as const) {
    assert.equal((await send(method, path, 'client_id=spa'))[0], 503, path);
  }
});
