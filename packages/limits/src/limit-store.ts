/**
 * The port behind which limits are kept.
 *
 * Accuracy: a store must admit at most `count` takes of one key at one moment, and at most `count` plus
 * elapsed / period * count over a longer time. With n nodes that each have a store of their own, a key that spreads
 * over all gets up to n times as much: limits that must be exact over nodes need one shared store.
 */
import type { Limit, Take } from './gcra.ts';

/** Keeps limits. Two takes of one key at once must count as two. */
export interface LimitStore {
  /**
   * Takes one for a key.
   *
   * @param key what is limited, such as `sign-in:203.0.113.7`; the limit's own name belongs into it
   * @param nowMs milliseconds of a clock that never goes back
   */
  readonly take: (key: string, limit: Limit, nowMs: number) => Take | Promise<Take>;
}
