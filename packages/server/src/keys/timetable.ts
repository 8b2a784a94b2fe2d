/**
 * When a key is announced, signs, verifies and retires. Pure: state is a function of the row and of now.
 *
 * Announced: in the key set before it signs, so that no verifier meets an unknown key. Verifying: it signs no more, but
 * what it has signed may still be valid. Retired: gone from the key set.
 */
import type { KeyRow } from '../store/store.ts';

export type KeyState = 'announced' | 'signing' | 'verifying' | 'retired';

/** How long a key signs: 90 days. */
export const signingLife: number = 90 * 86_400;
/** How long before its first signature a successor is announced; far longer than any key set is cached. */
export const announcementLead = 86_400;
/** Clock skew that nodes and verifiers may have, in seconds. */
export const longestSkew = 60;

/** Where a key is on its way. */
export function keyState(row: Pick<KeyRow, 'signsFrom' | 'verifiesFrom' | 'retiredAt'>, now: number): KeyState {
  if (now >= row.retiredAt) return 'retired';
  if (now >= row.verifiesFrom) return 'verifying';
  return now >= row.signsFrom ? 'signing' : 'announced';
}

/**
 * The key that signs now: of several, the one that began last. When the clock has stepped back behind the first of
 * them, the next one signs all the same: it is published, and refusing every token would help nobody.
 */
export function signingRow(rows: readonly KeyRow[], algorithm: string, now: number): KeyRow | undefined {
  const byStart = rows.filter((row) => row.algorithm === algorithm).sort((a, b) => a.signsFrom - b.signsFrom);
  return (
    byStart.findLast((row) => keyState(row, now) === 'signing') ??
    byStart.find((row) => keyState(row, now) === 'announced')
  );
}

/**
 * When the next key of an algorithm must begin to sign, if it is time to add one.
 *
 * The first key, or one that was missed while no server ran, begins at once; nodes that start together agree, because
 * the time is cut to the hour. A successor begins when its predecessor stops, so that there is never a gap.
 */
export function dueKey(rows: readonly KeyRow[], algorithm: string, now: number): number | undefined {
  const ends = rows.filter((row) => row.algorithm === algorithm).map((row) => row.verifiesFrom);
  const lastEnd = Math.max(...ends, 0);
  if (lastEnd <= now) return now - (now % 3600);
  return lastEnd - now <= announcementLead ? lastEnd : undefined;
}
