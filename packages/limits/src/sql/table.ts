/**
 * The one way through SQL, for both dialects: GCRA as the condition of a single write.
 *
 * Owns: statements and what their answers mean. Does not own: connections, nor when a statement is tried again.
 */
import { type Limit, type Take, type Terms, takeOf, termsOf, tolerance } from '../gcra.ts';
import { mostSkew } from '../limit-store.ts';
import { storeKey } from '../store-key.ts';

/** Whose limits a table holds. */
export interface SqlLimitOptions {
  /** The same for all nodes of one service, and no other: two services may share a table. */
  readonly namespace: string;
}

/**
 * The table, as statements that can be run again. Times are milliseconds since the epoch. It needs no backup; on
 * PostgreSQL it may be `UNLOGGED`.
 */
export const limitTable: readonly string[] = Object.freeze([
  'CREATE TABLE IF NOT EXISTS castellan_limits (key TEXT PRIMARY KEY, arrival DOUBLE PRECISION NOT NULL)',
  'CREATE INDEX IF NOT EXISTS castellan_limits_arrival ON castellan_limits (arrival)',
]);

/** `?1` to `?9` are parameters; PostgreSQL calls them `$1` to `$9`. */
const now = 'CAST(?2 AS DOUBLE PRECISION)';
const interval = 'CAST(?3 AS DOUBLE PRECISION)';
const period = 'CAST(?4 AS DOUBLE PRECISION)';
const next = `CASE WHEN kept.arrival > ${now} THEN kept.arrival ELSE ${now} END + ${interval}`;

const admits = `${next} - ${now} <= ${period} + ${tolerance}`;
const refused = `SELECT 1 FROM castellan_limits AS kept WHERE kept.key = ?1 AND NOT (${admits})`;

/**
 * INVARIANT: judged and written in one statement; between a reading and a writing another take would fit. The condition
 * of the update is what judges. What is refused at first sight is left out before, since a row that is only looked at
 * by an update is locked, and a lock waits for the disk like a write.
 */
export const takeStatement: string = `INSERT INTO castellan_limits AS kept (key, arrival)
  SELECT CAST(?1 AS TEXT), ${now} + ${interval} WHERE NOT EXISTS (${refused})
  ON CONFLICT (key) DO UPDATE SET arrival = ${next} WHERE ${admits}
  RETURNING arrival`;

/** For a refused take, which writes nothing: a flood that is refused costs the table no write. */
export const readStatement: string = 'SELECT arrival FROM castellan_limits WHERE key = ?1';

/**
 * For an arrival beyond any that a take can set, after a clock went back or a limit was lowered (see `stepGcra`).
 * INVARIANT: what a faster clock of another node has set is not lowered: each lowering would give that much anew.
 */
export const lowerStatement: string = 'UPDATE castellan_limits SET arrival = ?2 WHERE key = ?1 AND arrival > ?2';

const expired = 'SELECT key FROM castellan_limits WHERE arrival < ?1 ORDER BY arrival LIMIT 200';
export const purgeStatement: string = `DELETE FROM castellan_limits WHERE key IN (${expired})`;
/** Two nodes that purge at once take different rows, instead of waiting for one another in a circle. */
export const purgeSharedStatement: string = `DELETE FROM castellan_limits WHERE key IN (${expired} FOR UPDATE SKIP LOCKED)`;

/** Every so many takes up to 200 expired rows go: faster than takes can add them, with no timer. */
const purgeEvery = 100;

/** Parameters of one take, and what its answers mean. */
export interface SqlTake {
  readonly key: string;
  readonly terms: Terms;
  /** For {@link takeStatement}. */
  readonly values: readonly [string, number, number, number];
  readonly admitted: (arrival: number) => Take;
  /** What was read of a refused one; undefined when its row has gone meanwhile. */
  readonly refused: (arrival: number | undefined) => Take;
  /** For {@link lowerStatement}, when what was read makes it due. */
  readonly lowered: (arrival: number | undefined) => readonly [string, number] | undefined;
  /** For {@link purgeStatement}, when this take makes one due. */
  readonly purge: readonly [number] | undefined;
}

/** Counts, and says when the next purge is due. */
export function everySo(): () => boolean {
  let count = 0;
  return () => {
    count = (count + 1) % purgeEvery;
    return count === 0;
  };
}

/** Prepares takes of one store. */
export function sqlTakes({ namespace }: SqlLimitOptions): (key: string, limit: Limit, nowMs: number) => SqlTake {
  const isDue = everySo();
  return (key, limit, nowMs) => {
    const terms = termsOf(limit, nowMs);
    const { full } = terms;
    const beyond = full + mostSkew;
    const hashed = storeKey(namespace, key);
    return {
      key: hashed,
      terms,
      values: [hashed, nowMs, terms.interval, terms.period],
      admitted: (arrival) => takeOf(true, arrival, terms),
      refused: (arrival = full) => takeOf(false, arrival > beyond ? full : arrival, terms),
      lowered: (arrival) => (arrival !== undefined && arrival > beyond ? [hashed, full] : undefined),
      purge: isDue() ? [nowMs - mostSkew] : undefined,
    };
  };
}
