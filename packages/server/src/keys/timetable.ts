/**
 * When a key is announced, signs, verifies and retires, and how that changes when keys are changed by hand. Pure: state
 * is a function of the row and of now, a plan a function of all rows.
 *
 * Announced: in the key set before it signs, so that no verifier meets an unknown key. Verifying: it signs no more, but
 * what it has signed may still be valid. Retired: gone from the key set. Removed: the same, but at once, because the
 * key may be in other hands.
 */
import type { KeyRow } from '../store/store.ts';

export type KeyState = 'announced' | 'signing' | 'verifying' | 'retired' | 'removed';

/** How long a key signs: 90 days. */
export const signingLife: number = 90 * 86_400;
/** How long before its first signature a successor is announced; far longer than any key set is cached. */
export const announcementLead = 86_400;
/** Clock skew that nodes and verifiers may have, in seconds. */
export const longestSkew = 60;

/** A key that has no place on the timetable yet. */
export type NewKey = Pick<KeyRow, 'kid' | 'algorithm' | 'publicJwk' | 'sealedPrivateKey'>;

/** The moment of a plan. */
export interface Moment {
  readonly now: number;
  /** Seconds a signature may have to be verified for. */
  readonly longestToken: number;
}

/** Where a key is on its way. */
export function keyState(
  row: Pick<KeyRow, 'signsFrom' | 'verifiesFrom' | 'retiredAt' | 'removedAt'>,
  now: number,
): KeyState {
  if (row.removedAt !== undefined) return 'removed';
  if (now >= row.retiredAt) return 'retired';
  if (now >= row.verifiesFrom) return 'verifying';
  return now >= row.signsFrom ? 'signing' : 'announced';
}

/** Whether verifiers may use it. */
export function isPublished(row: KeyRow, now: number): boolean {
  const state = keyState(row, now);
  return state !== 'retired' && state !== 'removed';
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

/** The key of an algorithm that will take over. */
export function announcedRow(rows: readonly KeyRow[], algorithm: string, now: number): KeyRow | undefined {
  return rows.find((row) => row.algorithm === algorithm && keyState(row, now) === 'announced');
}

/**
 * When the next key of an algorithm must begin to sign, if it is time to add one.
 *
 * The first key, or one that was missed while no server ran, begins at once. A successor begins when its predecessor
 * stops, so that there is never a gap.
 */
export function dueKey(rows: readonly KeyRow[], algorithm: string, now: number): number | undefined {
  const standing = rows.filter((row) => row.algorithm === algorithm && row.removedAt === undefined);
  const lastEnd = Math.max(...standing.map((row) => row.verifiesFrom), 0);
  if (lastEnd <= now) return now;
  return lastEnd - now <= announcementLead ? lastEnd : undefined;
}

/** Puts a new key on the timetable; it signs its whole life, or until a successor that is announced already. */
export function schedule(key: NewKey, signsFrom: number, moment: Moment & { readonly until?: number }): KeyRow {
  const verifiesFrom = moment.until ?? signsFrom + signingLife;
  const times = { announcedAt: moment.now, signsFrom, verifiesFrom, retiredAt: 0, removedAt: undefined };
  return endAt({ ...key, ...times }, verifiesFrom, moment);
}

/** The same key, which stops signing at another time, and is published until the last token it signs is over. */
export function endAt(row: KeyRow, verifiesFrom: number, { longestToken }: Moment): KeyRow {
  return { ...row, verifiesFrom, retiredAt: verifiesFrom + longestToken + longestSkew };
}

/** The new key, then those that it changes. */
type Plan = readonly [KeyRow, ...KeyRow[]];

/** A successor that signs after a full announcement; who signs now goes on exactly until then. */
export function planRotation(rows: readonly KeyRow[], successor: NewKey, moment: Moment): Plan {
  const current = signingRow(rows, successor.algorithm, moment.now);
  const signsFrom = current === undefined ? moment.now : moment.now + announcementLead;
  return [
    schedule(successor, signsFrom, moment),
    ...(current === undefined ? [] : [endAt(current, signsFrom, moment)]),
  ];
}

/** Takes the private half away and says why. What the timetable said of it stays, for whoever looks back. */
export function removed(row: KeyRow, now: number): KeyRow {
  return { ...row, sealedPrivateKey: undefined, removedAt: now };
}

/** What leaves a place that must be filled when it is removed: the key that signs, or the one that will. */
export function leavesPlace(rows: readonly KeyRow[], row: KeyRow, now: number): boolean {
  return signingRow(rows, row.algorithm, now)?.kid === row.kid || keyState(row, now) === 'announced';
}

/**
 * Fills the place of a removed key. That of the signing key at once, until the successor that may be announced already
 * takes over; that of an announced one after a full announcement of its own.
 *
 * A key that nobody has seen before signs, though one may be announced: verifiers that meet an unknown key fetch the
 * key set, and so let go of the removed one.
 */
export function planReplacement(
  rows: readonly KeyRow[],
  { gone, fresh }: { readonly gone: KeyRow; readonly fresh: NewKey },
  moment: Moment,
): Plan {
  const left = rows.filter(({ kid }) => kid !== gone.kid);
  if (signingRow(rows, gone.algorithm, moment.now)?.kid !== gone.kid) return planRotation(left, fresh, moment);
  const next = announcedRow(left, gone.algorithm, moment.now);
  return [schedule(fresh, moment.now, { ...moment, ...(next === undefined ? {} : { until: next.signsFrom }) })];
}
