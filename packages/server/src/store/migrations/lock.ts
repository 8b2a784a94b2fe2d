/**
 * The row that lets one process at a time migrate.
 *
 * A committed row instead of a lock of the database, since not every database that speaks PostgreSQL's protocol has
 * advisory locks. It expires, so that a process that died while migrating blocks nobody for long.
 */
import { MessageChannel } from 'node:worker_threads';
import { epochSeconds } from '@castellan/protocol';
import { changes, type Database, type Operation } from '../database.ts';
import type { MigrationRuntime } from './migrations.ts';

/** Seconds; renewed by every step. */
const lockLifetime = 15;

/** Milliseconds between two tries, and how many: somewhat longer than a lock lives. */
const pollInterval = 100;
const polls = 200;

/** @throws {Error} when the lock stays taken for longer than a dead process could hold it */
export async function takeMigrationLock(database: Database, runtime: MigrationRuntime): Promise<string> {
  const holder = runtime.randomBytes(16).toString('base64url');
  for (let poll = 0; poll < polls; poll += 1) {
    if (await database.transact(() => takeLock(holder, epochSeconds(runtime)))) return holder;
    await pause(runtime);
  }
  throw new Error('Another process is migrating the database and does not finish. Start again when it has.');
}

function* takeLock(holder: string, now: number): Operation<boolean> {
  const taken = yield* changes(
    `INSERT INTO migration_lock (id, holder, expires_at) VALUES (1, $1, $2)
      ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
      WHERE migration_lock.expires_at <= $3`,
    [holder, now + lockLifetime, now],
  );
  return taken === 1;
}

/**
 * INVARIANT: the first statement of each step's own transaction. It keeps the row locked until the commit, and fails
 * when another process has taken the lock over, so that no step is applied twice.
 */
export function* holdMigrationLock(holder: string, now: number): Operation<void> {
  const held = yield* changes('UPDATE migration_lock SET expires_at = $2 WHERE id = 1 AND holder = $1', [
    holder,
    now + lockLifetime,
  ]);
  if (held === 0) throw new Error('Another process has taken the migration over. Start again when it has finished.');
}

export async function releaseMigrationLock(database: Database, holder: string): Promise<void> {
  await database.transact(() => changes('DELETE FROM migration_lock WHERE holder = $1', [holder]));
}

/** A runtime's timers do not keep a process alive; while it waits here nothing else may, so an open port does. */
function pause(runtime: MigrationRuntime): Promise<void> {
  const { port1 } = new MessageChannel();
  port1.ref();
  return new Promise((resolve) => {
    runtime.schedule(pollInterval, () => {
      port1.close();
      resolve();
    });
  });
}
