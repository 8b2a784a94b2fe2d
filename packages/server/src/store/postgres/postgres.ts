/**
 * The store in PostgreSQL, or a database that speaks its protocol and SQL.
 *
 * Owns: connections whose commits are durable, and one short transaction or statement for each operation.
 * Does not own: any statement of an operation (`../operations`), TLS and credentials (the connection string).
 */
import { Refusal, type Runtime } from '@castellan/protocol';
import type { Database, Dialect, StoreOptions } from '../database.ts';
import { migrateOpened } from '../migrations/migrations.ts';
import { createStore } from '../operations/operations.ts';
import type { Store } from '../store.ts';
import { openConnections } from './connections.ts';
import { runRead, runSingle, runTransaction, type TransactionDeps } from './transaction.ts';

const postgresDialect: Dialect = Object.freeze({
  name: 'postgres',
  integer: 'BIGINT',
  sequence: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  tableOptions: '',
  countTables:
    'SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1',
});

/**
 * Opens the store in the PostgreSQL database of a connection string and migrates it when it is old.
 *
 * A role that may only read and write rows is enough once the schema is current. Session settings must stick to a
 * connection: a pooler has to run in session mode.
 *
 * @throws {Error} when the database cannot be reached, is not durable, or was written by a newer program
 * @example const store = await openPostgresStore('postgres://castellan@db.internal/castellan?sslmode=verify-full', systemRuntime);
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export async function openPostgresStore(url: string, runtime: Runtime, options: StoreOptions = {}): Promise<Store> {
  return createStore(await openPostgresDatabase(url, runtime, options));
}

/** The migrated database, for tests that look beneath the ports. */
export async function openPostgresDatabase(
  url: string,
  runtime: Runtime,
  options: StoreOptions = {},
): Promise<Database> {
  const connections = openConnections(url);
  const deps: TransactionDeps = { ...options, connections, runtime };
  const database: Database = {
    dialect: postgresDialect,
    read: (start) => runRead(deps, start),
    single: (start) => runSingle(deps, start),
    transact: (start) => runTransaction(deps, start),
    close: connections.close,
  };
  try {
    await migrateOpened(database, runtime);
  } catch (error) {
    throw openingError(error);
  }
  return database;
}

/** What an operator reads at start; the connection string holds a password and is not in it. */
function openingError(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  return new Error(`The PostgreSQL store cannot be opened (${error.context.detail ?? error.reason}).`);
}
