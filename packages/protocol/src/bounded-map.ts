/** A map that never grows beyond its capacity: the least recently used entry makes room, in constant time. */
import { createPlaces, nowhere } from './places.ts';

/** A map with a capacity. */
export interface BoundedMap<K, V> {
  /** The value, which thereby becomes the most recently used. */
  readonly get: (key: K) => V | undefined;
  readonly set: (key: K, value: V) => void;
  readonly delete: (key: K) => void;
  readonly size: () => number;
}

/**
 * A map of at most `capacity` entries.
 *
 * @throws {TypeError} when the capacity is not a whole number from 1 to 2^24, the most a Map can hold
 * @example const verified = createBoundedMap<string, VerifiedJwt>(10_000);
 */
export function createBoundedMap<K, V>(capacity: number): BoundedMap<K, V> {
  const places = createPlaces<K>(capacity);
  const values: (V | undefined)[] = [undefined];
  // What is asked for most is asked for again: this is the answer for the key used last, which is not looked up.
  let lastKey: K | undefined;
  let lastValue: V | undefined;
  return {
    get: (key) => {
      if (key === lastKey) return lastValue;
      const place = places.find(key);
      if (place === nowhere) return undefined;
      lastKey = key;
      lastValue = values[place];
      return lastValue;
    },
    set: (key, value) => {
      values[places.find(key) || places.add(key)] = value;
      lastKey = key;
      lastValue = value;
    },
    delete: (key) => {
      values[places.delete(key)] = undefined;
      lastKey = key;
      lastValue = undefined;
    },
    size: places.size,
  };
}
