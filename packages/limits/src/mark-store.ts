/**
 * The port behind which short marks are kept: where somebody stands in a sequence of steps, replaced only by who has
 * seen what is there.
 *
 * As with limits, a store of reach `node` measures with the monotonic clock, a shared one with the wall clock of the node.
 */
import { createBoundedMap } from '@castellan/protocol';
import type { Clock } from './limit-store.ts';

/** One replacement. */
export interface MarkSwap {
  /** What must be there; undefined when nothing may be. */
  readonly from: string | undefined;
  readonly to: string;
  /** Milliseconds until it is forgotten. */
  readonly life: number;
}

/** Keeps one mark for each key. Of two swaps from the same mark at once exactly one is done. */
export interface MarkStore {
  readonly reach: 'node' | 'shared';
  /** The mark; undefined when there is none, or its time is over. */
  readonly find: (key: string, clock: Clock) => string | undefined | Promise<string | undefined>;
  /** Replaces a mark; false when it is not, or not any more, what it was thought to be. */
  readonly swap: (key: string, swap: MarkSwap, clock: Clock) => boolean | Promise<boolean>;
}

interface Kept {
  readonly mark: string;
  readonly until: number;
}

/**
 * Marks in the memory of one process, at most `capacity`; when it is full, the one unused for longest is forgotten.
 *
 * @throws {TypeError} when the capacity is not a whole number from 1 to 2^24
 * @example const store = memoryMarkStore({ capacity: 10_000 });
 */
export function memoryMarkStore({ capacity }: { readonly capacity: number }): MarkStore {
  const marks = createBoundedMap<string, Kept>(capacity);
  const find = (key: string, clock: Clock): string | undefined => {
    const kept = marks.get(key);
    return kept !== undefined && kept.until > clock.monotonic() ? kept.mark : undefined;
  };
  return {
    reach: 'node',
    find,
    swap: (key, { from, to, life }, clock) => {
      if (find(key, clock) !== from) return false;
      marks.set(key, { mark: to, until: clock.monotonic() + life });
      return true;
    },
  };
}
