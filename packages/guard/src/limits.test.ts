import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryLimitStore } from '@castellan/limits';
import { systemRuntime } from '@castellan/protocol';
import type { Access } from './access.ts';
import { type GuardLimits, nameLimit, nameLimits, openLimiter, takeCaller } from './limits.ts';
import { routesUnder } from './route.ts';
import { issuer, type NotesApi, notesPolicy, startNotes } from './testing/notes.ts';

const minute = (count: number) => ({ count, period: 60 });

function startLimited(limits: Partial<GuardLimits>): Promise<NotesApi> {
  return startNotes(() => ({
    limits: { store: memoryLimitStore({ capacity: 100 }), perAddress: minute(100), ...limits },
  }));
}

test('R-190[guard] R-193[guard] S-86[guard] each answer says what is left, and the one that refuses when to come back', async () => {
  const { send, token } = await startLimited({ perAddress: minute(3) });
  const bearer = { token: await token() };
  const fields = async (path: string, message: object) => {
    const { status, headers } = await send('GET', path, message);
    return [status, headers['ratelimit-policy'], headers['ratelimit'], headers['retry-after']];
  };
  assert.deepEqual(await fields('/notes/1', bearer), [
    200,
    '"address";q=3;w=60, "route";q=20;w=60',
    '"address";r=2, "route";r=19',
    undefined,
  ]);
  const address = '"address";q=3;w=60';
  assert.deepEqual(await fields('/notes/1', {}), [401, address, '"address";r=1', undefined]);
  assert.deepEqual(await fields('/health', {}), [200, address, '"address";r=0;t=20', undefined]);
  assert.deepEqual(await fields('/notes/1', bearer), [429, address, '"address";r=0;t=20', '20']);
});

test('R-193[guard] whoever waits for Retry-After is admitted, a second earlier not', async () => {
  const { send, clock } = await startLimited({ perAddress: minute(3) });
  for (let count = 0; count < 3; count += 1) await send('GET', '/health');
  const wait = Number((await send('GET', '/health')).headers['retry-after']);
  clock.advance(wait - 1);
  assert.equal((await send('GET', '/health')).status, 429);
  clock.advance(1);
  assert.equal((await send('GET', '/health')).status, 200);
});

test('R-188[guard] S-60[guard] S-86 a token, a subject and a client are each limited over all routes', async () => {
  const limits = ['perToken', 'perSubject', 'perClient'] as const;
  for (const limit of limits) {
    const { send, token, sink, guard } = await startLimited({ [limit]: minute(2) });
    const one = await token();
    const status = async (claims: object, path = '/notes/1') =>
      (await send('GET', path, { token: await token({ ...claims, nonce: JSON.stringify(claims) }) })).status;
    assert.equal((await send('GET', '/notes/1', { token: one })).status, 200);
    assert.equal((await send('GET', '/notes', { token: one, address: '198.51.100.7' })).status, 200);
    const refused = await send('GET', '/notes/1', { token: one });
    assert.equal(refused.status, 429, limit);
    assert.match(String(refused.headers['ratelimit']), /"(token|subject|client)";r=0;t=30/);
    assert.deepEqual(
      [await status({ jti: 'k' }), await status({ client_id: 'app' }), await status({ sub: 'theo', client_id: 'app' })],
      { perToken: [200, 200, 404], perSubject: [429, 429, 404], perClient: [429, 200, 404] }[limit],
      limit,
    );
    await guard.flush();
    const hit = sink.events.find((event) => event.type === 'limit.hit');
    assert.equal(hit?.limit, limit.slice(3).toLowerCase());
    assert.equal(JSON.stringify(sink.events).includes(one.slice(0, 40)), false);
  }
});

test('R-192 R-190[guard] while its shared store is away the guard holds to the same limits, and says so once', async () => {
  const store = {
    reach: 'shared' as const,
    take: () => Promise.reject(new Error('connect ECONNREFUSED redis://:secret@10.0.0.1:6379')),
  };
  const { send, sink, guard } = await startLimited({ store, perAddress: minute(3) });
  const statuses = [];
  for (let index = 0; index < 5; index += 1) statuses.push((await send('GET', '/health')).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  await guard.flush();
  const lost = sink.events.filter(({ type }) => type.startsWith('limit_store'));
  assert.deepEqual(
    lost.map(({ type }) => type),
    ['limit_store.lost'],
  );
  assert.doesNotMatch(JSON.stringify(lost), /secret/);
});

test('R-188[guard] the addresses of one IPv6 network share a limit, and those of another do not', async () => {
  const { send } = await startLimited({ perAddress: minute(2) });
  const from = async (address: string) => (await send('GET', '/health', { address })).status;
  assert.deepEqual(
    [await from('2001:db8:1:2::1'), await from('2001:db8:1:2::ffff'), await from('2001:db8:1:2:9::')],
    [200, 200, 429],
  );
  assert.equal(await from('2001:db8:1:3::1'), 200);
});

test('R-191[guard] every id and spelling of a route counts for its one canonical name', async () => {
  const { send, token } = await startLimited({});
  const bearer = { token: await token() };
  for (const [index, path] of ['/notes/1', '/notes/2', '/notes/42', '/notes/999', '/notes/1'].entries()) {
    const { headers } = await send(index === 4 ? 'HEAD' : 'GET', path, bearer);
    assert.match(String(headers['ratelimit']), new RegExp(`"route";r=${19 - index}$`));
  }
});

test('R-190[guard] R-170[guard] whatever a store answers with is waited for, and nonsense admits nobody', async () => {
  const full = { admitted: false, remaining: 0, retryAfter: 9 };
  // oxlint-disable-next-line unicorn/no-thenable -- query builders answer with what can be waited for and is no promise
  const later: unknown = { then: (resolve: (take: object) => void) => queueMicrotask(() => resolve(full)) };
  for (const [answer, status] of [
    [later, 429],
    [Promise.resolve(full), 429],
    [undefined, 500],
    [Promise.resolve(undefined), 500],
    [true, 429],
  ] as const) {
    const store = { reach: 'node' as const, take: () => answer as never };
    const { send, outcomes } = await startLimited({ store });
    assert.equal((await send('GET', '/health')).status, status);
    assert.deepEqual(
      (await outcomes()).map((event) => event.status),
      [status],
    );
  }
});

test('R-188[guard] what is kept of a token does not grow with the routes that it is used on', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const take = () => ({ admitted: true, remaining: 1, retryAfter: 0 });
  const limits = { store: { reach: 'node' as const, take }, perAddress: minute(1) };
  const limiter = openLimiter({ limits: nameLimits(limits), runtime: systemRuntime, trace: {} as never });
  const routes = Array.from({ length: 100 }, (_, index) => nameLimit('route', minute(9), `GET /notes/:id/${index}`));
  const tokens = Array.from({ length: 1000 }, (_, index) => ({ issuer, subject: `${index}` }) as Access);
  const before = heap();
  for (const access of tokens) for (const limit of routes) await takeCaller(limiter, { access, headers: {}, limit });
  const kept = heap() - before;
  assert.ok(kept < 50 * 100 * tokens.length, `${kept} bytes`);
  assert.equal(tokens.length, 1000);
});

test('R-188[guard] R-191[guard] who comes to many routes counts for each of them all the same', async () => {
  const on = routesUnder(notesPolicy);
  const row = { action: 'note.list', input: {}, output: { many: 'note' }, handle: () => [] } as const;
  const { send, token } = await startNotes(() => ({
    limits: { store: memoryLimitStore({ capacity: 100 }), perAddress: minute(200), perToken: minute(200) },
    routes: Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`GET /${index}`, on.collection({ ...row, limit: minute(2) })]),
    ),
  }));
  const bearer = { token: await token() };
  for (const status of [200, 200, 429]) {
    for (let index = 0; index < 40; index += 1) assert.equal((await send('GET', `/${index}`, bearer)).status, status);
  }
});
