/** The conformance cases over every shared store, on several connections, and what only shared stores must do. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemRuntime } from '@castellan/protocol';
import { availablePostgres } from '@castellan/testkit/postgres';
import { availableRedis } from '@castellan/testkit/redis';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { limitStoreConformance, type MarkNodes, markStoreConformance, type Nodes } from './conformance.ts';
import { mostSkew } from './limit-store.ts';
import { surviveOutages } from './outage.ts';
import { redisLimitStore } from './redis.ts';
import { createLimitTable, createMarkTable, postgresLimitStore } from './sql/postgres.ts';
import { sqliteLimitStore, sqliteMarkStore } from './sql/sqlite.ts';
import { type OpenedStore, openStore, type Place, type SharedKind } from './testing/open-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-limits-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const postgres = await availablePostgres('fast');
if ('cluster' in postgres) after(() => postgres.cluster.close());
const redis = await availableRedis();
if ('redis' in redis) after(() => redis.redis.close());

interface Kind {
  readonly kind: SharedKind;
  readonly skip: string | false;
  /** Where an empty store is. */
  readonly at: () => Promise<string>;
}

let files = 0;
const redisPort = async (): Promise<string> => ('redis' in redis ? String(redis.redis.port) : '');
const skipRedis = 'missing' in redis ? redis.missing : false;
const postgresUrl = 'cluster' in postgres ? await postgres.cluster.database() : '';
const kinds: readonly Kind[] = [
  {
    kind: 'sqlite',
    skip: false,
    at: async () => {
      files += 1;
      return join(folder, `limits-${files}.sqlite`);
    },
  },
  { kind: 'postgres', skip: 'missing' in postgres ? postgres.missing : false, at: async () => postgresUrl },
  { kind: 'redis', skip: skipRedis, at: redisPort },
  { kind: 'valkey', skip: skipRedis, at: redisPort },
];

if (postgresUrl !== '') {
  const pool = new Pool({ connectionString: postgresUrl });
  await Promise.all([createLimitTable(pool), createLimitTable(pool)]);
  await createLimitTable(pool);
  await Promise.all([createMarkTable(pool), createMarkTable(pool)]);
  await pool.end();
}

const opened: OpenedStore[] = [];
let namespaces = 0;

async function placeOf({ kind, at }: Kind): Promise<Place> {
  namespaces += 1;
  return { kind, at: await at(), namespace: `n${namespaces}` };
}

function connectTo(place: Place): OpenedStore {
  const one = openStore(place);
  opened.push(one);
  return one;
}

function openAt(place: Place): OpenedStore['store'] {
  return connectTo(place).store;
}

async function closeAll(): Promise<void> {
  for (const { close } of opened.splice(0)) await close();
}

for (const kind of kinds) {
  const openNodes = async (): Promise<Nodes> => {
    const place = await placeOf(kind);
    return [openAt(place), openAt(place), openAt(place)];
  };
  for (const { name, run } of limitStoreConformance(openNodes)) {
    test(`R-190[limits] I-8[limits] on ${kind.kind}: ${name}`, { skip: kind.skip }, async (t) => {
      t.after(closeAll);
      await run();
    });
  }

  const openMarks = async (): Promise<MarkNodes> => {
    const place = await placeOf(kind);
    return [connectTo(place).marks, connectTo(place).marks, connectTo(place).marks];
  };
  for (const { name, run } of markStoreConformance(openMarks)) {
    test(`R-175 R-190[limits] marks on ${kind.kind}: ${name}`, { skip: kind.skip }, async (t) => {
      t.after(closeAll);
      await run();
    });
  }

  test(`R-190[limits] I-8[limits] on ${kind.kind} three processes at once get the count between them`, {
    skip: kind.skip,
  }, async (t) => {
    t.after(closeAll);
    const place = await placeOf(kind);
    openAt(place);
    assert.equal(await takeInProcesses(place, 3), 50);
  });

  test(`R-190[limits] on ${kind.kind} services do not share keys, and nodes of one service do`, {
    skip: kind.skip,
  }, async (t) => {
    t.after(closeAll);
    const place = await placeOf(kind);
    const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
    const once = { count: 1, period: 60 };
    const one = openAt({ ...place, namespace: 'a' });
    assert.equal((await one.take(`${place.namespace} b`, once, clock)).admitted, true);
    const other = openAt({ ...place, namespace: `a ${place.namespace}` });
    assert.equal((await other.take('b', once, clock)).admitted, true);
    assert.equal(
      (await openAt({ ...place, namespace: 'a' }).take(`${place.namespace} b`, once, clock)).admitted,
      false,
    );
    assert.throws(() => openAt({ ...place, namespace: '' }), /needs a namespace/);
  });
}

async function takeInProcesses(place: Place, processes: number): Promise<number> {
  const program = fileURLToPath(new URL('./testing/take-process.ts', import.meta.url));
  const children = Array.from({ length: processes }, () =>
    fork(program, [JSON.stringify(place)], { execArgv: ['--conditions=castellan-source'] }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const counts = children.map(async (child) => {
    const answer = once(child, 'message');
    child.send('go');
    const [admitted] = (await answer) as [number];
    return admitted;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

const day = 86_400_000;
const start = 1_800_000_000_000;
const personal = "nora@example.com'; --";

test('R-190[limits] the file holds no key as it was, forgets what means nothing, and stays as small as what counts', () => {
  const database = new DatabaseSync(':memory:');
  const store = sqliteLimitStore(database, { namespace: 'a' });
  const minute = { count: 600, period: 60 };
  let now = start;
  const clock = { now: () => now, monotonic: () => 0 };
  store.take(personal, minute, clock);
  const rows = () => database.prepare('SELECT key, arrival FROM castellan_limits').all();
  assert.equal(JSON.stringify(rows()).includes('nora'), false);
  for (let index = 0; index < 20_000; index += 1) {
    now += 50;
    store.take(`made up ${index}`, minute, clock);
  }
  // In a minute of skew 1200 keys are taken, and up to 100 more before a purge.
  assert.ok(rows().length <= 1400, `${rows().length} rows`);
  now += day;
  for (let index = 0; index < 1000; index += 1) store.take('a', minute, clock);
  assert.equal(rows().length, 1);
});

test('R-190[limits] the file is not kept waiting for the disk, and a key lives a minute longer than it means something', () => {
  const database = new DatabaseSync(':memory:');
  const store = sqliteLimitStore(database, { namespace: 'a' });
  assert.deepEqual({ ...database.prepare('PRAGMA synchronous').get() }, { synchronous: 1 });
  const once = { count: 1, period: 10 };
  const take = (key: string, now: number) => store.take(key, once, { now: () => now, monotonic: () => 0 });
  take('a', start);
  const mostSkewed = start + 10_000 + mostSkew;
  for (let index = 0; index < 1000; index += 1) take('b', mostSkewed);
  assert.equal(database.prepare('SELECT count(*) AS n FROM castellan_limits').get()?.['n'], 2);
  for (let index = 0; index < 1000; index += 1) take('b', mostSkewed + 1);
  assert.equal(database.prepare('SELECT count(*) AS n FROM castellan_limits').get()?.['n'], 1);
});

test('R-190[limits] the table holds no key as it was, and nodes that purge at once do not hold each other up', {
  skip: kinds[1]?.skip ?? false,
}, async () => {
  const pool = new Pool({ connectionString: postgresUrl, max: 8 });
  await pool.query('DELETE FROM castellan_limits');
  const stores = ['a', 'a', 'a', 'a'].map((namespace) => postgresLimitStore(pool, { namespace }));
  const minute = { count: 600, period: 60 };
  const take = (key: string, now: number, node = 0) =>
    stores[node]?.take(key, minute, { now: () => now, monotonic: () => 0 });
  for (let index = 0; index < 300; index += 1) await take(`${personal} ${index}`, start);
  const rows = async () => (await pool.query('SELECT key FROM castellan_limits')).rows;
  assert.equal(JSON.stringify(await rows()).includes('nora'), false);
  assert.equal((await rows()).length, 300);
  await Promise.all(Array.from({ length: 800 }, (_, index) => take('b', start + day, index % 4)));
  assert.equal((await rows()).length, 1);
  await pool.end();
});

test('R-190[limits] a refused take leaves the row as it is: a flood makes PostgreSQL write and lock nothing', {
  skip: kinds[1]?.skip ?? false,
}, async () => {
  const pool = new Pool({ connectionString: postgresUrl });
  const store = postgresLimitStore(pool, { namespace: 'flood' });
  await pool.query('DELETE FROM castellan_limits');
  const take = () => store.take('a', { count: 1, period: 3600 }, { now: () => start, monotonic: () => 0 });
  const row = async () => (await pool.query('SELECT xmin, xmax, ctid, arrival FROM castellan_limits')).rows;
  assert.equal((await take()).admitted, true);
  const before = await row();
  for (let index = 0; index < 5; index += 1) assert.equal((await take()).admitted, false);
  assert.deepEqual(await row(), before);
  await pool.end();
});

test('R-190[limits] I-8[limits] a take that PostgreSQL has not committed yet counts for the one beside it', {
  skip: kinds[1]?.skip ?? false,
}, async () => {
  const pool = new Pool({ connectionString: postgresUrl });
  const slow = await pool.connect();
  const once = (db: Pool | typeof slow) =>
    postgresLimitStore(db, { namespace: 'beside' }).take(
      'a',
      { count: 1, period: 3600 },
      {
        now: () => start,
        monotonic: () => 0,
      },
    );
  await slow.query('BEGIN');
  assert.equal((await once(slow)).admitted, true);
  const beside = once(pool);
  const waiting =
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO castellan_limits%'";
  while ((await pool.query(waiting)).rowCount === 0);
  await slow.query('COMMIT');
  assert.equal((await beside).admitted, false);
  slow.release();
  await pool.end();
});

test('R-190[limits] a database that asks for another try gets it, twice, and any other error goes on', async () => {
  for (const [code, failures, tries] of [
    ['40001', 2, 3],
    ['40001', 3, 3],
    ['08006', 1, 1],
  ] as const) {
    let count = 0;
    const pool = {
      query: async () => {
        count += 1;
        if (count <= failures) throw Object.assign(new Error('no'), { code });
        return { rows: [{ arrival: start + 1000 }] };
      },
    };
    const store = postgresLimitStore(pool, { namespace: 'a' });
    const take = store.take('a', { count: 60, period: 60 }, { now: () => start, monotonic: () => 0 });
    const settled = await Promise.resolve(take).then(
      ({ admitted }) => admitted,
      () => 'failed',
    );
    assert.deepEqual([settled, count], [failures < tries ? true : 'failed', tries]);
  }
});

test('R-190[limits] the server holds no key as it was and forgets it by itself, a minute after it means nothing', {
  skip: skipRedis,
}, async () => {
  const client = new Redis({ host: '127.0.0.1', port: Number(await redisPort()) });
  await client.flushall();
  const store = redisLimitStore(client, { namespace: 'a', prefix: 'x:' });
  const take = () => store.take(personal, { count: 2, period: 10 }, { now: () => start, monotonic: () => 0 });
  const lives = [];
  for (let index = 0; index < 3; index += 1) {
    await take();
    const [key = '', ...more] = await client.keys('*');
    assert.match(key, /^x:[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(more, []);
    lives.push(Math.round((await client.pttl(key)) / 1000));
  }
  assert.deepEqual(lives, [65, 70, 70]);
  await client.set((await client.keys('*'))[0] ?? '', 'not a number');
  await assert.rejects(async () => take(), 'what makes no sense admits nothing');
  await client.quit();
});

test('R-175 R-190[limits] marks in SQLite that are over go, and those that are not stay', async () => {
  const database = new DatabaseSync(':memory:');
  const store = sqliteMarkStore(database, { namespace: 'a' });
  let now = start;
  const clock = { now: () => now, monotonic: () => 0 };
  const count = () => database.prepare('SELECT count(*) AS n FROM castellan_marks').get()?.['n'];
  const put = (key: string) => store.swap(key, { from: undefined, to: 'x', life: 1000 }, clock);
  for (let index = 0; index < 5000; index += 1) {
    now += 100;
    await put(`${personal} ${index}`);
  }
  assert.ok(Number(count()) <= 900, `${count()} rows`);
  assert.equal(JSON.stringify(database.prepare('SELECT key FROM castellan_marks').all()).includes('nora'), false);
});

test('R-192[limits] a Redis that hangs in the middle, and wakes up again, gives nobody a second limit', {
  skip: skipRedis,
}, async () => {
  assert.ok('redis' in redis);
  const client = new Redis({ host: '127.0.0.1', port: redis.redis.port, commandTimeout: 5000 });
  const shared = redisLimitStore(client, { namespace: 'hangs' });
  let elapsed = 0;
  const clock = { now: () => start + elapsed, monotonic: () => elapsed };
  const told: string[] = [];
  const store = surviveOutages(shared, { runtime: systemRuntime, tell: ({ type }) => told.push(type), deadline: 100 });
  const admit = async (times: number): Promise<number> => {
    let admitted = 0;
    for (let index = 0; index < times; index += 1) {
      if ((await store.take('a', { count: 10, period: 3600 }, clock)).admitted) admitted += 1;
    }
    return admitted;
  };
  assert.equal(await admit(6), 6);
  redis.redis.freeze();
  assert.equal(await admit(50), 4);
  redis.redis.thaw();
  await client.ping();
  elapsed += 1000;
  assert.equal(await admit(50), 0);
  assert.deepEqual(told, ['limit_store.lost', 'limit_store.back']);
  client.disconnect();
});
