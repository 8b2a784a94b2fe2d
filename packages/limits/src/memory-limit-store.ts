/** Limits in the memory of one process. */
import { createPlaces } from '@castellan/protocol';
import { type Limit, stepGcra, type Take } from './gcra.ts';
import type { Clock, LimitStore } from './limit-store.ts';

/** A store that answers at once. */
export interface MemoryLimitStore extends LimitStore {
  readonly reach: 'node';
  readonly take: (key: string, limit: Limit, clock: Clock) => Take;
  /** How many keys are kept now. */
  readonly size: () => number;
}

/**
 * A store that keeps at most `capacity` keys and needs no timers.
 *
 * When it is full, the key that was not used for longest is forgotten and starts afresh. Whoever can make up keys can
 * therefore reset the limit of a key by using `capacity` others first: key by what costs something (an address
 * bucket, an account that exists), and give it a capacity well above what is active in one period. About 100 bytes a
 * key.
 *
 * @throws {TypeError} when the capacity is not a whole number from 1 to 2^24
 * @example const limits = memoryLimitStore({ capacity: 100_000 });
 */
export function memoryLimitStore(options: { readonly capacity: number }): MemoryLimitStore {
  const places = createPlaces<string>(options.capacity);
  // Of a key without a place: long past.
  const arrivals = [Number.NEGATIVE_INFINITY];
  return {
    reach: 'node',
    take: (key, limit, clock) => {
      const now = clock.monotonic();
      const place = places.find(key);
      const { take, arrival } = stepGcra(arrivals[place], limit, now);
      arrivals[place || places.add(key)] = arrival;
      return take;
    },
    size: places.size,
  };
}
