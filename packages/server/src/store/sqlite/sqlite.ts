/**
 * The store in a SQLite file.
 *
 * Owns: opening the file durably, grouping writes, reads that see only what is committed, and checkpoints.
 * Does not own: any statement of an operation (`../operations`).
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import type { Runtime } from '@castellan/protocol';
import { Refusal } from '@castellan/protocol';
import type { Database, Dialect, StartOperation, StoreOptions } from '../database.ts';
import { migrateOpened } from '../migrations/migrations.ts';
import { createStore } from '../operations/operations.ts';
import type { Store } from '../store.ts';
import { createCheckpoints } from './checkpoints.ts';
import { type Connection, openConnection } from './connection.ts';
import { asOutage, isBusy } from './outage.ts';
import { nextTurn } from './turn.ts';
import { createWriteQueue } from './write-queue.ts';

const sqliteDialect: Dialect = Object.freeze({
  name: 'sqlite',
  integer: 'INTEGER',
  sequence: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  tableOptions: ' STRICT',
  countTables: `SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = $1`,
});

/**
 * Opens the store in the SQLite file `path`, which is created when missing (mode 0600) and migrated when old.
 *
 * Several processes may open the same file on one machine. The folder must exist, on a local file system.
 *
 * @throws {Error} when the file was written by a newer program, or cannot be written durably
 * @example const store = await openSqliteStore('/var/lib/castellan/issuer.sqlite', systemRuntime);
 * @see https://sqlite.org/wal.html
 */
export async function openSqliteStore(path: string, runtime: Runtime, options: StoreOptions = {}): Promise<Store> {
  return createStore(await openSqliteDatabase(path, runtime, options));
}

/** The migrated database, for tests that look beneath the ports. */
export async function openSqliteDatabase(
  path: string,
  runtime: Runtime,
  options: StoreOptions = {},
): Promise<Database> {
  ownFile(path);
  const writer = await retryWhileBusy(() => openWriter(path));
  const reader = openConnection(path, true);
  const checkpoints = createCheckpoints(writer, runtime);
  const queue = createWriteQueue({ ...options, connection: writer, committed: checkpoints.committed });
  const close = async () => {
    await queue.close();
    checkpoints.close();
    reader.close();
    writer.close();
  };
  const database: Database = {
    dialect: sqliteDialect,
    read: (start) => read(reader, start),
    single: queue.write,
    transact: queue.write,
    close,
  };
  await migrateOpened(database, runtime);
  return database;
}

/** The file holds hashes, sealed keys and personal data: nobody else on the machine may read it. */
function ownFile(path: string): void {
  if (path === '' || path === ':memory:' || path.startsWith('file:')) {
    throw new Error('The SQLite store needs the path of a file: what is only in memory is lost with the process.');
  }
  if (!existsSync(path)) return closeSync(openSync(path, 'wx', 0o600));
  // INVARIANT: an existing file is never opened and closed here: POSIX would drop the locks this process has on it.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

/**
 * INVARIANT: `synchronous=FULL` with WAL: a commit returns after its frames are flushed, so an answer that waited for
 * it survives a power cut. The database is asked what is in force, since a pragma that fails says nothing.
 */
function openWriter(path: string): Connection {
  const connection = openConnection(path, false);
  try {
    const mode = connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    // macOS flushes the drive's own cache only on request; elsewhere these change nothing.
    connection.pragma('fullfsync = ON');
    connection.pragma('checkpoint_fullfsync = ON');
    // What a purge erases is overwritten, not only unlinked.
    connection.pragma('secure_delete = ON');
    connection.pragma('trusted_schema = OFF');
    connection.pragma('wal_autocheckpoint = 0');
    if (mode !== 'wal' || connection.pragma('synchronous') !== 2) {
      throw new Error('The SQLite file cannot be written durably (WAL with synchronous=FULL) on this file system.');
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Reads see only commits, since they have a connection of their own; in WAL mode no writer makes them wait. */
async function read<V>(reader: Connection, start: StartOperation<V>): Promise<V> {
  try {
    return await retryWhileBusy(() => reader.run(start));
  } catch (error) {
    throw asOutage(closedOr(error));
  }
}

function closedOr(error: unknown): unknown {
  const closed = error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE';
  return closed ? new Refusal('store_unavailable', { detail: 'the store is closed' }) : error;
}

async function retryWhileBusy<V>(work: () => V): Promise<V> {
  for (let tries = 1; ; tries += 1) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || tries === 100) throw error;
      await nextTurn();
    }
  }
}
