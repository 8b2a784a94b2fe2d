/**
 * Numbers for at most `capacity` keys: when all are taken, the least recently used key makes room, in constant time.
 *
 * What a key stands for lies in an array of whoever asks, under its place. So a value is read and written with one
 * look-up of the key, and numbers lie in it without an object around each.
 */

/** Places of keys, counted from 1. */
export interface Places<K> {
  /** The place of a key, which thereby becomes the most recently used; {@link nowhere} when it has none. */
  readonly find: (key: K) => number;
  /** Gives a place to a key that has none: a free one, or that of the key unused for longest, which has none any more. */
  readonly add: (key: K) => number;
  /** Takes its place from a key, and says which that was; {@link nowhere} when it had none. */
  readonly delete: (key: K) => number;
  readonly size: () => number;
}

/** Where a key is that has no place. */
export const nowhere = 0;

/**
 * Places for keys, none of which is taken.
 *
 * @throws {TypeError} when the capacity is not a whole number from 1 to 2^24, the most a Map can hold
 * @example
 * const places = createPlaces<string>(10_000);
 * const place = places.find(key) || places.add(key);
 */
export function createPlaces<K>(capacity: number): Places<K> {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 16_777_216) {
    throw new TypeError('A capacity is a whole number from 1 to 16777216.');
  }
  const taken = new Map<K, number>();
  const keys: (K | undefined)[] = [undefined];
  // INVARIANT: the neighbours of each place in a ring of all places and `nowhere`. Older than `nowhere` is the youngest,
  // younger than it the oldest, and places without a key are older than all others: so there is no list of free ones.
  let [older, younger] = [new Int32Array(16), new Int32Array(16)];
  return {
    find: (key) => {
      const place = taken.get(key);
      return place === undefined ? nowhere : makeYoungest(place, older, younger);
    },
    // INVARIANT: in one piece. Short pieces would be compiled into every caller, in the room of what a key needs that has
    // a place (docs/decisions/0025-keys-have-places.md).
    add: (key) => {
      let place = younger[nowhere] as number;
      if (taken.size === capacity) taken.delete(keys[place] as K);
      else if (taken.size === keys.length - 1) {
        // No place is free: a new one, its own neighbour so far.
        place = keys.length;
        if (place === older.length) [older, younger] = [doubled(older), doubled(younger)];
        older[place] = place;
        younger[place] = place;
      }
      taken.set(key, place);
      keys[place] = key;
      return makeYoungest(place, older, younger);
    },
    delete: (key) => {
      const place = taken.get(key);
      if (place === undefined) return nowhere;
      taken.delete(key);
      keys[place] = undefined;
      return makeYoungest(place, younger, older);
    },
    size: () => taken.size,
  };
}

/** Moves a place in the ring; with older and younger exchanged it makes it the oldest. */
function makeYoungest(place: number, older: Int32Array, younger: Int32Array): number {
  const before = older[place] as number;
  const after = younger[place] as number;
  younger[before] = after;
  older[after] = before;
  const youngest = older[nowhere] as number;
  older[place] = youngest;
  younger[place] = nowhere;
  younger[youngest] = place;
  older[nowhere] = place;
  return place;
}

function doubled(links: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(links.length * 2);
  larger.set(links);
  return larger;
}
