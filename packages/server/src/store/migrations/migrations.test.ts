import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { newId } from '../conformance/rows.ts';
import { changes, type Database, row } from '../database.ts';
import { openSqliteDatabase, openSqliteStore } from '../sqlite/sqlite.ts';
import { nextTurn } from '../sqlite/turn.ts';
import { type Migration, type MigrationRuntime, migrate, migrations } from './migrations.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-migrations-'));
after(() => rmSync(folder, { recursive: true }));
const newPath = () => join(folder, `${newId('store')}.sqlite`);

/** A clock that moves by itself while somebody waits. */
function waitingRuntime(whileWaiting: (waits: number) => void = () => undefined): MigrationRuntime & { waits: number } {
  const runtime = {
    ...systemRuntime,
    waits: 0,
    now: () => 1_800_000_000_000 + runtime.waits * 100,
    schedule: (_: number, task: () => void) => {
      runtime.waits += 1;
      whileWaiting(runtime.waits);
      void nextTurn().then(task);
      return () => undefined;
    },
  };
  return runtime;
}

/** The next version, and the one after it. */
const [next, later] = [migrations.length + 1, migrations.length + 2] as const;

const step = (version: number, ...statements: readonly string[]): Migration => ({
  version,
  name: `step-${version}`,
  statements: () => statements,
});

async function appliedVersions(database: Database): Promise<number> {
  return database.read(function* () {
    return Number((yield* row('SELECT COUNT(*) AS n FROM schema_migrations', []))?.['n']);
  });
}

const takeLock = (database: Database, expiresAt: number) =>
  database.transact(() =>
    changes(`INSERT INTO migration_lock (id, holder, expires_at) VALUES (1, 'dead', $1)`, [expiresAt]),
  );

test('R-222[sqlite] versions count up without a gap', () => {
  assert.deepEqual(
    migrations.map(({ version }) => version),
    migrations.map((_, index) => index + 1),
  );
});

test('R-222[sqlite] only missing steps are applied, and data stays', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  await database.transact(() => changes('UPDATE meta SET epoch = 7', []));
  const steps = [...migrations, step(next, 'CREATE TABLE second (id TEXT)', `INSERT INTO second VALUES ('a')`)];
  await migrate(database, systemRuntime, steps);
  await migrate(database, systemRuntime, steps);
  assert.equal(await appliedVersions(database), next);
  assert.equal((await database.read(() => row('SELECT epoch FROM meta', [])))?.['epoch'], 7);
  await database.close();
});

test('R-222[sqlite] a step that fails leaves nothing of itself and does not keep the lock', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  const broken = step(next, 'CREATE TABLE second (id TEXT)', 'CREATE TABLE second (id TEXT)');
  await assert.rejects(migrate(database, systemRuntime, [...migrations, broken]));
  assert.equal(await appliedVersions(database), migrations.length);
  await migrate(database, systemRuntime, [...migrations, step(next, 'CREATE TABLE second (id TEXT)')]);
  assert.equal(await appliedVersions(database), next);
  await database.close();
});

test('R-222[sqlite] a database of a newer program is refused, and nothing in it is touched', async () => {
  const path = newPath();
  const database = await openSqliteDatabase(path, systemRuntime);
  await migrate(database, systemRuntime, [...migrations, step(next, 'CREATE TABLE second (id TEXT)')]);
  await database.close();
  await assert.rejects(
    openSqliteStore(path, systemRuntime),
    new RegExp(`schema version ${next}, but this program knows versions up to ${migrations.length}`),
  );
});

test('R-222[sqlite] processes that start together on a new database migrate it once', async () => {
  const path = newPath();
  const databases = await Promise.all(Array.from({ length: 5 }, () => openSqliteDatabase(path, systemRuntime)));
  for (const database of databases) assert.equal(await appliedVersions(database), migrations.length);
  await Promise.all(databases.map(({ close }) => close()));
});

test('R-222[sqlite] a process that died while migrating blocks others no longer than its lock lives', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  await takeLock(database, 1_800_000_015);
  const runtime = waitingRuntime();
  await migrate(database, runtime, [...migrations, step(next, 'CREATE TABLE second (id TEXT)')]);
  assert.equal(runtime.waits, 150);
  assert.equal(await appliedVersions(database), next);
  await database.close();
});

test('R-222[sqlite] a lock that is renewed again and again ends the start with a clear error', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  await takeLock(database, 1_900_000_000);
  const steps = [...migrations, step(next, 'CREATE TABLE second (id TEXT)')];
  await assert.rejects(migrate(database, waitingRuntime(), steps), /Another process is migrating/);
  assert.equal(await appliedVersions(database), migrations.length);
  await database.close();
});

test('R-222[sqlite] a migrator whose lock was taken over stops before its step', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  const stolen: Migration = {
    version: next,
    name: 'slow',
    statements: () => [`UPDATE migration_lock SET holder = 'another'`],
  };
  const steps = [...migrations, stolen, step(later, 'CREATE TABLE third (id TEXT)')];
  await assert.rejects(migrate(database, systemRuntime, steps), /taken the migration over/);
  assert.equal(await appliedVersions(database), next);
  await database.close();
});
