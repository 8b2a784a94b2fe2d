/** What only PostgreSQL can get wrong: its settings, its connections, its retries and its words. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Refusal, systemRuntime } from '@castellan/protocol';
import { cuttingProxy } from '@castellan/testkit/cutting-proxy';
import { availablePostgres, type PostgresCluster } from '@castellan/testkit/postgres';
import { Client } from 'pg';
import { claimed } from '../conformance/device-codes.ts';
import { faultConformance } from '../conformance/faults.ts';
import { registrationRow } from '../conformance/registry.ts';
import {
  authorizationRow,
  createPerson,
  effects,
  personRow,
  presentedRow,
  refreshEvents,
  sessionRow,
  signIn,
  start,
  startFamily,
  startOf,
} from '../conformance/rows.ts';
import { changes, type Database, lockedRow, type Operation, row } from '../database.ts';
import { approveDeviceCode } from '../operations/device-codes.ts';
import { startSession } from '../operations/sessions.ts';
import { openPostgresDatabase, openPostgresStore } from './postgres.ts';

const available = await availablePostgres('durable');

if ('missing' in available) {
  test('PostgreSQL as a store', { skip: available.missing }, () => undefined);
} else {
  const { cluster } = available;
  after(() => cluster.close());
  faultConformance('postgres', async (options) => {
    const store = await openPostgresStore(await cluster.database(), systemRuntime, options);
    return { store, close: store.close };
  });
  durability(cluster);
  connections(cluster);
  retries(cluster);
  overlaps(cluster);
  opening(cluster);
  discretion(cluster);
}

const unavailable = { name: 'Refusal', reason: 'store_unavailable' } as const;

/** Runs statements as the database's owner. */
async function administer(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function setting(database: Database, name: string): Promise<unknown> {
  return (await database.read(() => row('SELECT current_setting($1) AS value', [name])))?.['value'];
}

function durability({ database }: PostgresCluster): void {
  test('I-4[postgres] R-226 commits wait for the disk, whatever the database or its role says', async () => {
    const url = await database();
    for (const weak of ['off', 'local', 'remote_write']) {
      await administer(url, `ALTER DATABASE ${nameOf(url)} SET synchronous_commit = ${weak}`);
      const opened = await openPostgresDatabase(url, systemRuntime);
      assert.equal(await setting(opened, 'synchronous_commit'), 'on');
      assert.equal(await setting(opened, 'fsync'), 'on');
      await opened.close();
    }
  });

  test('I-4[postgres] a setting that promises still more is kept', async () => {
    const url = await database();
    await administer(url, `ALTER DATABASE ${nameOf(url)} SET synchronous_commit = remote_apply`);
    const opened = await openPostgresDatabase(url, systemRuntime);
    assert.equal(await setting(opened, 'synchronous_commit'), 'remote_apply');
    await opened.close();
  });

  test('I-5[postgres] I-11 no statement and no idle transaction holds a connection for long', async () => {
    const opened = await openPostgresDatabase(await database(), systemRuntime);
    assert.equal(await setting(opened, 'statement_timeout'), '5s');
    assert.equal(await setting(opened, 'idle_in_transaction_session_timeout'), '10s');
    await opened.close();
  });
}

const endOwnConnection = 'SELECT pg_terminate_backend(pg_backend_pid()) AS ended';

function connections({ database }: PostgresCluster): void {
  test('I-5[postgres] I-11 after a failover, dead connections cost neither the process nor a request', async () => {
    const url = await database();
    const store = await openPostgresStore(url, systemRuntime);
    const person = personRow();
    await Promise.all(Array.from({ length: 20 }, () => store.ping()));
    await administer(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'castellan'`,
    );
    assert.equal(await store.createPerson(person, effects('person')), 'created');
    assert.deepEqual(await store.findPerson(person.id), person);
    await store.close();
  });

  test('I-5[postgres] a transaction that loses every connection is an outage, and nothing was written', async () => {
    const opened = await openPostgresDatabase(await database(), systemRuntime);
    const lost = opened.transact(function* () {
      yield* changes('UPDATE meta SET epoch = 9', []);
      yield* row(endOwnConnection, []);
    });
    await assert.rejects(lost, unavailable);
    assert.equal((await opened.read(() => row('SELECT epoch FROM meta', [])))?.['epoch'], 1);
    await opened.close();
  });

  for (const delivered of [true, false]) {
    const what = delivered ? 'was made' : 'was never heard of';
    test(`I-5[refresh,postgres] a commit whose answer is lost is never a success: it ${what}`, async (t) => {
      const url = await database();
      const direct = await openPostgresStore(url, systemRuntime);
      const family = await startFamily(direct);
      const proxy = await cuttingProxy(url);
      t.after(proxy.close);
      const store = await openPostgresStore(proxy.url, systemRuntime);
      proxy.cutAtCommit(delivered ? 'deliver' : 'drop');
      await assert.rejects(store.presentRefresh(presentedRow(family.id, 1), refreshEvents), unavailable);
      proxy.cutAtCommit(undefined);
      const again = presentedRow(family.id, 1, { successorHash: 'other', sealedSuccessor: 'other' });
      const successor = { verdict: 'retried', sealedSuccessor: presentedRow(family.id, 1).sealedSuccessor };
      const verdict = await store.presentRefresh(again, refreshEvents);
      assert.deepEqual(verdict, delivered ? successor : { verdict: 'rotated' });
      assert.equal((await direct.findFamily(family.id, start))?.family.generation, 2);
      await store.close();
      await direct.close();
    });
  }

  test('I-5[postgres] I-11 more operations than could be answered in time are refused at once', async () => {
    const store = await openPostgresStore(await database(), systemRuntime);
    const outcomes = await Promise.allSettled(Array.from({ length: 1200 }, () => store.ping()));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    assert.ok(refused.length > 0 && refused.length <= 200, `${refused.length} refused`);
    for (const { reason } of refused as PromiseRejectedResult[]) assert.equal(reason.reason, 'overloaded');
    await store.close();
  });
}

function retries({ database }: PostgresCluster): void {
  test('I-1[postgres] transactions that lock each other out are run again until both are done', async () => {
    const url = await database();
    const opened = await openPostgresDatabase(url, systemRuntime);
    await administer(
      url,
      'CREATE TABLE pair (id TEXT PRIMARY KEY, n BIGINT)',
      `INSERT INTO pair VALUES ('a', 0), ('b', 0)`,
    );
    const add = (first: string, second: string) => () => addTo(first, second);
    await Promise.all([opened.transact(add('a', 'b')), opened.transact(add('b', 'a'))]);
    const sum = await opened.read(() => row('SELECT SUM(n)::BIGINT AS n FROM pair', []));
    assert.equal(sum?.['n'], 4);
    await opened.close();
  });

  test('I-5[postgres] a serialization failure is retried a bounded number of times', async () => {
    const url = await database();
    const opened = await openPostgresDatabase(url, systemRuntime);
    await administer(
      url,
      `CREATE FUNCTION conflict() RETURNS BIGINT LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`,
    );
    let runs = 0;
    const conflictUntil = (last: number) =>
      function* (): Operation<number> {
        runs += 1;
        if (runs < last) yield* row('SELECT conflict()', []);
        return runs;
      };
    assert.equal(await opened.transact(conflictUntil(3)), 3);
    runs = 0;
    await assert.rejects(opened.transact(conflictUntil(100)), unavailable);
    assert.equal(runs, 12);
    await opened.close();
  });
}

/** Begins an operation that has done everything but its commit when this resolves, and takes its time for that. */
async function begun<V>(opened: Database, operation: () => Operation<V>): Promise<{ readonly verdict: Promise<V> }> {
  const reached = Promise.withResolvers<void>();
  const verdict = opened.transact(function* () {
    const value = yield* operation();
    reached.resolve();
    yield* row('SELECT pg_sleep(0.3)', []);
    return value;
  });
  await Promise.race([reached.promise, verdict]);
  return { verdict };
}

/** What is written beside a commit that takes its ground away is not seen by it, unless both meet at a row. */
function overlaps({ database }: PostgresCluster): void {
  test('R-036[device,postgres] I-3 what is approved while a client is switched off ends with it', async () => {
    const url = await database();
    const [opened, store] = [
      await openPostgresDatabase(url, systemRuntime),
      await openPostgresStore(url, systemRuntime),
    ];
    const { claim, session, code } = await claimed(store);
    const client = registrationRow({ id: code.client });
    await store.writeRegistration({ row: client, expected: 0 }, effects('added'));
    const authorization = authorizationRow({ client: client.id, person: session.person, session: session.id });
    const approval = { claim, authorization, consents: [] };
    const { verdict } = await begun(opened, () => approveDeviceCode(approval, effects('approved')));
    const off = { row: { ...client, state: 'disabled', changedAt: start + 9 }, expected: 1 } as const;
    assert.equal(await store.writeRegistration(off, effects('off')), 'written');
    assert.equal(await verdict, 'approved');
    assert.equal((await store.findAuthorization(authorization.id))?.revokedAt, start + 9);
    await Promise.all([opened.close(), store.close()]);
  });

  test('R-048[postgres] I-3 a sign-in that takes a chain over while it is ended by an older member ends too', async () => {
    const url = await database();
    const [opened, store] = [
      await openPostgresDatabase(url, systemRuntime),
      await openPostgresStore(url, systemRuntime),
    ];
    const oldest = await signIn(store);
    const [older, newest] = [sessionRow(oldest.person), sessionRow(oldest.person)];
    await store.startSession(startOf(older, { replaces: oldest.id }), effects('older'));
    const begin = startOf(newest, { replaces: older.id });
    const { verdict } = await begun(opened, () => startSession(begin, effects('newest')));
    const end = { id: oldest.id, reason: 'logout', now: start + 9 } as const;
    assert.equal(await store.endSession(end, effects('ended')), 'ended');
    assert.equal(await verdict, 'started');
    assert.equal(await store.findSession(newest.secretHash, start + 10), undefined);
    await Promise.all([opened.close(), store.close()]);
  });
}

function* addTo(first: string, second: string): Operation<void> {
  for (const id of [first, second]) {
    yield* lockedRow('SELECT n FROM pair WHERE id = $1', [id]);
    yield* changes('UPDATE pair SET n = n + 1 WHERE id = $1', [id]);
    // Gives the other transaction the time to take its own first row.
    yield* row('SELECT pg_sleep(0.2)', []);
  }
}

function opening({ database }: PostgresCluster): void {
  test('R-221[postgres] a role that cannot change the schema runs the server', async () => {
    const url = await database();
    await (await openPostgresStore(url, systemRuntime)).close();
    await administer(
      url,
      `CREATE ROLE castellan_runtime LOGIN PASSWORD 'runtime'`,
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO castellan_runtime',
    );
    const least = new URL(url);
    least.username = 'castellan_runtime';
    least.password = 'runtime';
    const opened = await openPostgresDatabase(least.href, systemRuntime);
    await assert.rejects(
      opened.transact(() => changes('DROP TABLE outbox', [])),
      /SQLSTATE 42501/,
    );
    await assert.rejects(
      opened.transact(() => changes('CREATE TABLE mine (id TEXT)', [])),
      /SQLSTATE 42501/,
    );
    await opened.close();
    const store = await openPostgresStore(least.href, systemRuntime);
    const family = await startFamily(store);
    assert.deepEqual(await store.presentRefresh(presentedRow(family.id, 1), refreshEvents), { verdict: 'rotated' });
    assert.equal((await store.readOutbox(5)).length, 1);
    await store.close();
  });

  test('R-222[postgres] processes that start together on a new database migrate it once', async () => {
    const url = await database();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url, systemRuntime)));
    for (const store of stores) await store.ping();
    await Promise.all(stores.map((store) => store.close()));
  });

  test('I-5[postgres] R-218 a database that is not there is told without its password', async () => {
    const nowhere = 'postgres://someone:top-secret@127.0.0.1:1/none';
    await assert.rejects(openPostgresStore(nowhere, systemRuntime), (error: Error) => {
      assert.match(error.message, /cannot be opened \(PostgreSQL: ECONNREFUSED\)/);
      assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /top-secret|someone/);
      return true;
    });
  });
}

function discretion({ database }: PostgresCluster): void {
  test('R-182[postgres] R-225 an error of the program names the statement, never a value', async () => {
    const store = await openPostgresStore(await database(), systemRuntime);
    const person = await createPerson(store);
    await assert.rejects(store.createPerson(personRow({ id: person.id }), effects('again')), (error: Error) => {
      assert.ok(!(error instanceof Refusal));
      assert.match(error.message, /SQLSTATE 23505: INSERT INTO persons/);
      assert.doesNotMatch(JSON.stringify([error.message, error.cause, ...Object.values(error)]), new RegExp(person.id));
      return true;
    });
    await store.close();
  });
}
