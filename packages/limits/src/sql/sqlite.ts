/** Limits in a SQLite file: for several processes on one machine, or one that shall remember across restarts. */
import type { Limit, Take } from '../gcra.ts';
import type { Clock, LimitStore } from '../limit-store.ts';
import { checkNamespace } from '../store-key.ts';
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
  checkNamespace(options.namespace);
  database.exec('PRAGMA busy_timeout = 20; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  for (const statement of limitTable) database.exec(statement);
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

function arrivalOf(row: unknown): number | undefined {
  return (row as { readonly arrival: number } | undefined)?.arrival;
}
