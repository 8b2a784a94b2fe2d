/**
 * The port behind which limits are kept.
 *
 * Accuracy: of one key at most `count` takes are admitted at one moment, and over a longer time at most
 * `count * (1 + (elapsed + skew) / period)`.
 *
 * - A store of reach `node` lies in one process and measures with its monotonic clock: its skew is 0. With n nodes that
 *   each have one, a key that spreads over all gets up to n times as much.
 * - A store of reach `shared` counts for all nodes together. Monotonic clocks of two machines have nothing in common,
 *   so it measures with the wall clock of whoever takes, and its skew is how far these clocks are apart, at most
 *   {@link mostSkew}. The clock of the store itself plays no part: what decides can be handed in, and is the same in
 *   each store.
 */
import type { Runtime } from '@castellan/protocol';
import type { Limit, Take } from './gcra.ts';

/** Both clocks; a store reads the one that fits where it counts. */
export type Clock = Pick<Runtime, 'now' | 'monotonic'>;

/** Keeps limits. Two takes of one key at once must count as two. */
export interface LimitStore {
  /** Whether the takes of one node are counted, or those of all nodes together. */
  readonly reach: 'node' | 'shared';
  /**
   * Takes one for a key.
   *
   * @param key what is limited, such as `sign-in:203.0.113.7`; the limit's own name belongs into it
   */
  readonly take: (key: string, limit: Limit, clock: Clock) => Take | Promise<Take>;
}

/**
 * Milliseconds that the wall clocks of the nodes of one shared store may be apart. A key is kept for so long beyond the
 * moment at which it means nothing any more: forgetting it by the fastest clock would give a slower one a whole
 * allowance too early, again and again.
 */
export const mostSkew = 60_000;
