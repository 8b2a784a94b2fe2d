/**
 * The generic cell rate algorithm: one number for each key says all.
 *
 * The number is the theoretical arrival time: the moment at which the key has its whole allowance again. Each take
 * moves it one emission interval (period / count) ahead; a take that would move it further than one period ahead of
 * now is refused and moves nothing. So a key may burst up to `count` and afterwards gets one every period / count:
 * there is no window edge at which it gets twice as much.
 *
 * Owns: the arithmetic. Does not own: where the number is kept, nor making two takes at once atomic.
 */

/** How much is allowed: `count` at once, and as many in each `period` (seconds) in the long run. */
export interface Limit {
  readonly count: number;
  readonly period: number;
}

/** Whether a take was admitted. */
export interface Take {
  readonly admitted: boolean;
  /** How many more would be admitted now. */
  readonly remaining: number;
  /** Whole seconds until one would be; 0 when one would be now. */
  readonly retryAfter: number;
}

/** Where one take leads: the verdict, and the arrival time to keep (milliseconds). */
export interface Step {
  readonly take: Take;
  readonly arrival: number;
}

/** A limit at a moment, in milliseconds. */
export interface Terms {
  readonly period: number;
  /** Between two takes in the long run. */
  readonly interval: number;
  /** The arrival of a key whose whole allowance is used: one period from now. */
  readonly full: number;
}

/** Sums of thirds are not exact: a thousandth of a millisecond must not cost an admitted take. */
export const tolerance = 1e-3;

/** @throws {TypeError} when the limit is not a positive whole count in a positive, finite period, or `now` is no number */
export function termsOf(limit: Limit, now: number): Terms {
  const { count } = limit;
  const period = limit.period * 1000;
  const interval = period / count;
  const full = now + period;
  if (!(count >= 1 && Number.isInteger(count) && interval > 0 && Number.isFinite(full))) {
    throw new TypeError('A limit is a positive whole count in a positive number of seconds.');
  }
  return { period, interval, full };
}

/**
 * One take at `now` (milliseconds) for a key whose kept arrival time is `arrival`; undefined for a new key.
 *
 * @throws {TypeError} when the limit is not a positive whole count in a positive, finite period, or `now` is no number
 * @example const { take, arrival } = stepGcra(kept, { count: 5, period: 60 }, now);
 */
export function stepGcra(arrival: number | undefined, limit: Limit, now: number): Step {
  const terms = termsOf(limit, now);
  const { interval } = terms;
  // An arrival further ahead than any take can put it means that the clock went back or the limit was lowered: it
  // counts as a full allowance used, and never locks a key out for longer than one period.
  const base = Math.min(Math.max(arrival ?? now, now), terms.full);
  const next = base + interval;
  const admitted = next - now <= terms.period + tolerance;
  const kept = admitted ? next : base;
  return { take: takeOf(admitted, kept, terms), arrival: kept };
}

/** What a take says that left the arrival at `arrival`. */
export function takeOf(admitted: boolean, arrival: number, terms: Terms): Take {
  const { interval } = terms;
  const spare = terms.full - arrival;
  const left = (spare + tolerance) / interval;
  const remaining = admitted && left >= 1 ? Math.floor(left) : 0;
  return { admitted, remaining, retryAfter: remaining > 0 ? 0 : waitFor(interval - spare) };
}

function waitFor(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}
