/** The one way through SQL for marks, for both dialects. */
import { mostSkew } from '../limit-store.ts';
import type { MarkSwap } from '../mark-store.ts';
import { storeKey } from '../store-key.ts';
import { everySo, type SqlLimitOptions } from './table.ts';

/** The table of marks, as statements that can be run again. Times are milliseconds since the epoch. */
export const markTable: readonly string[] = Object.freeze([
  'CREATE TABLE IF NOT EXISTS castellan_marks (key TEXT PRIMARY KEY, mark TEXT NOT NULL, ends DOUBLE PRECISION NOT NULL)',
  'CREATE INDEX IF NOT EXISTS castellan_marks_ends ON castellan_marks (ends)',
]);

export const findMarkStatement: string = 'SELECT mark FROM castellan_marks WHERE key = ?1 AND ends > ?2';

/** For a key that has no mark, or one whose time is over. */
export const firstMarkStatement: string = `INSERT INTO castellan_marks AS kept (key, mark, ends) VALUES (?1, ?3, ?4)
  ON CONFLICT (key) DO UPDATE SET mark = ?3, ends = ?4 WHERE kept.ends <= ?2
  RETURNING mark`;

/** INVARIANT: compared and replaced in one statement. */
export const nextMarkStatement: string =
  'UPDATE castellan_marks SET mark = ?3, ends = ?4 WHERE key = ?1 AND mark = ?5 AND ends > ?2 RETURNING mark';

const ended = 'SELECT key FROM castellan_marks WHERE ends < ?1 ORDER BY ends LIMIT 200';
export const purgeMarksStatement: string = `DELETE FROM castellan_marks WHERE key IN (${ended})`;
export const purgeSharedMarksStatement: string = `DELETE FROM castellan_marks WHERE key IN (${ended} FOR UPDATE SKIP LOCKED)`;

/** Parameters of finding and of swapping. */
export interface SqlMarks {
  readonly find: (key: string, nowMs: number) => readonly [string, number];
  readonly swap: (key: string, swap: MarkSwap, nowMs: number) => SqlSwap;
}

interface SqlSwap {
  readonly statement: 'first' | 'next';
  readonly values: readonly (string | number)[];
  /** For the purge, when this swap makes one due. */
  readonly purge: readonly [number] | undefined;
}

export function sqlMarks({ namespace }: SqlLimitOptions): SqlMarks {
  const isDue = everySo();
  return {
    find: (key, nowMs) => [storeKey(namespace, key), nowMs],
    swap: (key, { from, to, life }, nowMs) => {
      const values = [storeKey(namespace, key), nowMs, to, nowMs + life];
      const purge = isDue() ? ([nowMs - mostSkew] as const) : undefined;
      if (from === undefined) return { statement: 'first', values, purge };
      return { statement: 'next', values: [...values, from], purge };
    },
  };
}
