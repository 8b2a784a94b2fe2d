/** Limits in a SQLite file: for several processes on one machine, or one that shall remember across restarts. */
import type { Limit, Take } from '../gcra.ts';
import type { Clock, LimitStore } from '../limit-store.ts';
import type { MarkStore } from '../mark-store.ts';
import { checkNamespace } from '../store-key.ts';
import {
  findMarkStatement,
  firstMarkStatement,
  markTable,
  nextMarkStatement,
  purgeMarksStatement,
  sqlMarks,
} from './mark-table.ts';
import {
  limitTable,
  lowerStatement,
  purgeStatement,
  readStatement,
  type SqlLimitOptions,
  sqlTakes,
  takeStatement,
} from './table.ts';

/** As much of a `DatabaseSync` of node:sqlite as the store uses. */
export interface SqliteDatabase {
  readonly exec: (sql: string) => void;
  readonly prepare: (sql: string) => SqliteStatement;
}

interface SqliteStatement {
  readonly get: (...values: (string | number)[]) => unknown;
  readonly run: (...values: (string | number)[]) => unknown;
}

/** A store that answers at once. */
export interface SqliteLimitStore extends LimitStore {
  readonly reach: 'shared';
  readonly take: (key: string, limit: Limit, clock: Clock) => Take;
}

/**
 * A store in a file of its own, whose connection it sets up: write-ahead log, no wait for the disk at each take (a
 * power cut may forget the last ones), at most 20 ms for another process.
 *
 * @throws {TypeError} without a namespace
 * @throws {Error} what the database says, also of a take that found it locked
 * @example const store = sqliteLimitStore(new DatabaseSync('limits.sqlite'), { namespace: 'invoices' });
 */
export function sqliteLimitStore(database: SqliteDatabase, options: SqlLimitOptions): SqliteLimitStore {
  setUp(database, limitTable, options);
  const prepareTake = sqlTakes(options);
  const take = database.prepare(takeStatement);
  const read = database.prepare(readStatement);
  const lower = database.prepare(lowerStatement);
  const purge = database.prepare(purgeStatement);
  return {
    reach: 'shared',
    take: (key, limit, clock) => {
      const asked = prepareTake(key, limit, clock.now());
      if (asked.purge !== undefined) purge.run(...asked.purge);
      const written = arrivalOf(take.get(...asked.values));
      if (written !== undefined) return asked.admitted(written);
      const kept = arrivalOf(read.get(asked.key));
      const lowered = asked.lowered(kept);
      if (lowered !== undefined) lower.run(...lowered);
      return asked.refused(kept);
    },
  };
}

/**
 * Marks in the same file as limits, or another one; the connection is set up in the same way.
 *
 * @throws {TypeError} without a namespace
 * @throws {Error} what the database says, also of a swap that found it locked
 * @example const store = sqliteMarkStore(new DatabaseSync('limits.sqlite'), { namespace: 'shop' });
 */
export function sqliteMarkStore(database: SqliteDatabase, options: SqlLimitOptions): MarkStore {
  setUp(database, markTable, options);
  const { find: findValues, swap: swapValues } = sqlMarks(options);
  const find = database.prepare(findMarkStatement);
  const statements = { first: database.prepare(firstMarkStatement), next: database.prepare(nextMarkStatement) };
  const purge = database.prepare(purgeMarksStatement);
  return {
    reach: 'shared',
    find: (key, clock) => (find.get(...findValues(key, clock.now())) as { readonly mark: string } | undefined)?.mark,
    swap: (key, swap, clock) => {
      const asked = swapValues(key, swap, clock.now());
      if (asked.purge !== undefined) purge.run(...asked.purge);
      return statements[asked.statement].get(...asked.values) !== undefined;
    },
  };
}

function setUp(database: SqliteDatabase, table: readonly string[], { namespace }: SqlLimitOptions): void {
  checkNamespace(namespace);
  database.exec('PRAGMA busy_timeout = 20; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  for (const statement of table) database.exec(statement);
}

function arrivalOf(row: unknown): number | undefined {
  return (row as { readonly arrival: number } | undefined)?.arrival;
}
