/** A map that never grows beyond its capacity: the least recently used entry makes room, in constant time. */

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
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 16_777_216) {
    throw new TypeError('A capacity is a whole number from 1 to 16777216.');
  }
  // A Map keeps the order of insertion; putting an entry back makes it the youngest.
  const entries = new Map<K, V>();
  return {
    get: (key) => {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set: (key, value) => {
      entries.delete(key);
      if (entries.size >= capacity) {
        const [oldest] = entries.keys();
        entries.delete(oldest as K);
      }
      entries.set(key, value);
    },
    delete: (key) => {
      entries.delete(key);
    },
    size: () => entries.size,
  };
}
