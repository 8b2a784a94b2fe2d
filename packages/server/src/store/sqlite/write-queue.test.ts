import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { atOnce, effects, newId, personRow, tally } from '../conformance/rows.ts';
import type { StoreOptions } from '../database.ts';
import type { Store } from '../store.ts';
import { openSqliteStore } from './sqlite.ts';
import { nextTurn } from './turn.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-queue-'));
after(() => rmSync(folder, { recursive: true }));

interface Scene {
  readonly store: Store;
  /** Another process's connection, as far as SQLite can tell. */
  readonly other: DatabaseSync;
}

function queueTest(title: string, options: StoreOptions, body: (scene: Scene) => Promise<void>): void {
  test(title, async () => {
    const path = join(folder, `${newId('store')}.sqlite`);
    const store = await openSqliteStore(path, systemRuntime, options);
    const other = new DatabaseSync(path);
    try {
      await body({ store, other });
    } finally {
      if (other.isTransaction) other.exec('ROLLBACK');
      other.close();
      await store.close();
    }
  });
}

const createPerson = (store: Store) => store.createPerson(personRow(), effects('person'));

let commits = 0;
const countCommits: StoreOptions = { faults: (point) => void (point === 'before_commit' && (commits += 1)) };

queueTest('I-4[sqlite] the writes of one turn share a commit', countCommits, async ({ store }) => {
  const before = commits;
  const verdicts = await atOnce({ first: store, second: store }, 50, createPerson);
  assert.deepEqual([tally(verdicts), commits - before], [{ created: 50 }, 1]);
});

queueTest(
  'I-4[sqlite] I-11 a turn commits a bounded number of writes, the rest follows',
  countCommits,
  async ({ store }) => {
    const before = commits;
    const verdicts = await atOnce({ first: store, second: store }, 600, createPerson);
    assert.deepEqual([tally(verdicts), commits - before], [{ created: 600 }, 3]);
  },
);

let observe: (() => void) | undefined;
const observeCommits: StoreOptions = { faults: (point) => void (point === 'before_commit' && observe?.()) };

queueTest('I-5[sqlite] nothing uncommitted is ever answered', observeCommits, async ({ store, other }) => {
  const person = personRow();
  const observed: unknown[] = [];
  observe = () => {
    observed.push(other.prepare('SELECT COUNT(*) AS n FROM persons').get()?.['n'], store.findPerson(person.id));
  };
  await store.createPerson(person, effects('person'));
  observe = undefined;
  assert.deepEqual(await Promise.all(observed), [0, undefined]);
  assert.deepEqual(await store.findPerson(person.id), person);
});

queueTest(
  'I-5[sqlite] I-11 a lock of another process is waited for while the event loop turns',
  {},
  async ({ store, other }) => {
    other.exec('BEGIN IMMEDIATE');
    const created = createPerson(store);
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    other.exec('COMMIT');
    assert.equal(await created, 'created');
  },
);

queueTest(
  'I-5[sqlite] a lock that is never released is an outage, not a wait for ever',
  {},
  async ({ store, other }) => {
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(createPerson(store), { name: 'Refusal', reason: 'store_unavailable' });
    other.exec('ROLLBACK');
    assert.equal(await createPerson(store), 'created');
  },
);
