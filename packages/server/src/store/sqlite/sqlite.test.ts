import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Refusal, systemRuntime } from '@castellan/protocol';
import { faultConformance } from '../conformance/faults.ts';
import { effects, newId, personRow } from '../conformance/rows.ts';
import { changes, type Database, row } from '../database.ts';
import { openSqliteDatabase, openSqliteStore } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-sqlite-'));
after(() => rmSync(folder, { recursive: true }));
const newPath = () => join(folder, `${newId('store')}.sqlite`);

faultConformance('sqlite', async (options) => {
  const store = await openSqliteStore(newPath(), systemRuntime, options);
  return { store, close: store.close };
});

function pragma(database: Database, name: string): Promise<unknown> {
  return database.transact(function* () {
    return Object.values((yield* row(`PRAGMA ${name}`, [])) ?? {})[0];
  });
}

test('I-4[sqlite] R-226 commits wait for the disk: WAL and synchronous=FULL are in force', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  assert.equal(await pragma(database, 'synchronous'), 2);
  assert.equal(await pragma(database, 'journal_mode'), 'wal');
  assert.equal(await pragma(database, 'foreign_keys'), 1);
  assert.equal(await pragma(database, 'wal_autocheckpoint'), 0);
  assert.ok(Number(await pragma(database, 'busy_timeout')) <= 20);
  await database.close();
});

test('R-222[sqlite] the file and its log are for the owner alone, also when the file was not', async () => {
  const path = newPath();
  const store = await openSqliteStore(path, systemRuntime);
  for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  await store.close();
  chmodSync(path, 0o644);
  await (await openSqliteStore(path, systemRuntime)).close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('I-4[sqlite] a place that keeps nothing is refused', async () => {
  for (const path of ['', ':memory:', 'file::memory:']) {
    await assert.rejects(openSqliteStore(path, systemRuntime), /needs the path of a file/);
  }
});

test('I-5[sqlite] a file that is no database is not overwritten', async () => {
  const path = newPath();
  writeFileSync(path, 'something else, of more than sixteen bytes');
  await assert.rejects(openSqliteStore(path, systemRuntime));
  assert.equal(statSync(path).size, 42);
});

test('I-5[sqlite] R-221 reads cannot write', async () => {
  const database = await openSqliteDatabase(newPath(), systemRuntime);
  await assert.rejects(database.read(() => changes('UPDATE meta SET epoch = 9', [])));
  await database.close();
});

test('I-5[sqlite] writes under way are committed by close, later ones are refused', async () => {
  const path = newPath();
  const store = await openSqliteStore(path, systemRuntime);
  const person = personRow();
  const created = store.createPerson(person, effects('person'));
  const closed = store.close();
  const unavailable = (error: unknown) => error instanceof Refusal && error.reason === 'store_unavailable';
  await assert.rejects(store.createPerson(personRow(), effects('late')), unavailable);
  assert.equal(await created, 'created');
  await closed;
  await assert.rejects(store.findPerson(person.id), unavailable);
  const reopened = await openSqliteStore(path, systemRuntime);
  assert.deepEqual(await reopened.findPerson(person.id), person);
  await reopened.close();
});

test('I-4[sqlite] I-11 the log is moved into the file in a turn of its own, a while after the commit', async () => {
  const path = newPath();
  const tasks: { delay: number; task: () => void }[] = [];
  const schedule = (delay: number, task: () => void) => {
    tasks.push({ delay, task });
    return () => undefined;
  };
  const store = await openSqliteStore(path, { ...systemRuntime, schedule });
  await store.createPerson(personRow(), effects('person'));
  assert.deepEqual(
    tasks.map(({ delay }) => delay),
    [1000],
  );
  const size = statSync(path).size;
  tasks[0]?.task();
  assert.ok(statSync(path).size > size, 'the pages have moved');
  await store.createPerson(personRow(), effects('person'));
  assert.equal(tasks.length, 2);
  await store.close();
});

test('I-5[sqlite] a full disk is an outage that passes', async () => {
  const path = newPath();
  const database = await openSqliteDatabase(path, systemRuntime);
  const pages = Number(await pragma(database, 'page_count'));
  await pragma(database, `max_page_count = ${pages + 1}`);
  const fill = () => database.transact(() => changes('INSERT INTO outbox (event) VALUES ($1)', ['x'.repeat(100_000)]));
  await assert.rejects(fill(), { name: 'Refusal', reason: 'store_unavailable' });
  await pragma(database, `max_page_count = ${pages + 1000}`);
  assert.equal(await fill(), 1);
  await database.close();
  const raw = new DatabaseSync(path);
  assert.equal(raw.prepare('SELECT COUNT(*) AS n FROM outbox').get()?.['n'], 1);
  raw.close();
});
