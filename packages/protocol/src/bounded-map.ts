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
  const places = new Map<K, number>();
  const keys: (K | undefined)[] = [];
  const values: (V | undefined)[] = [];
  const free: number[] = [];
  const order = createOrder();
  // What was just read is mostly what is written next, and what is asked for most is asked for again.
  let recentKey: K | undefined;
  let recentPlace = nobody;
  const placeOf = (key: K): number | undefined => {
    if (recentPlace !== nobody && key === recentKey) return recentPlace;
    const place = places.get(key);
    if (place === undefined) return undefined;
    recentKey = key;
    recentPlace = place;
    return place;
  };
  const placeFor = (key: K): number => {
    if (places.size < capacity) return free.pop() ?? keys.push(key) - 1;
    const oldest = order.oldest();
    recentPlace = nobody;
    places.delete(keys[oldest] as K);
    order.remove(oldest);
    return oldest;
  };
  return {
    get: (key) => {
      const place = placeOf(key);
      if (place === undefined) return undefined;
      order.touch(place);
      return values[place];
    },
    set: (key, value) => {
      const known = placeOf(key);
      if (known !== undefined) {
        values[known] = value;
        return order.touch(known);
      }
      const place = placeFor(key);
      places.set(key, place);
      keys[place] = key;
      values[place] = value;
      return order.add(place);
    },
    delete: (key) => {
      const place = places.get(key);
      if (place === undefined) return;
      recentPlace = nobody;
      places.delete(key);
      keys[place] = undefined;
      values[place] = undefined;
      order.remove(place);
      free.push(place);
    },
    size: () => places.size,
  };
}

/** Places from the youngest to the oldest, as links between numbers: what is used again is moved without a look-up. */
interface Order {
  readonly oldest: () => number;
  readonly add: (place: number) => void;
  readonly remove: (place: number) => void;
  /** Makes it the youngest; for the one that is, which is asked for most, that is nothing to do. */
  readonly touch: (place: number) => void;
}

const nobody = -1;

function createOrder(): Order {
  let [older, younger] = [new Int32Array(16), new Int32Array(16)];
  let [youngest, oldest] = [nobody, nobody];
  const remove = (place: number): void => {
    const [before, after] = [older[place] ?? nobody, younger[place] ?? nobody];
    if (before === nobody) oldest = after;
    else younger[before] = after;
    if (after === nobody) youngest = before;
    else older[after] = before;
  };
  const add = (place: number): void => {
    if (place >= older.length) [older, younger] = [grown(older), grown(younger)];
    older[place] = youngest;
    younger[place] = nobody;
    if (youngest === nobody) oldest = place;
    else younger[youngest] = place;
    youngest = place;
  };
  return {
    oldest: () => oldest,
    add,
    remove,
    touch: (place) => {
      if (place === youngest) return;
      remove(place);
      add(place);
    },
  };
}

function grown(links: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(links.length * 2);
  larger.set(links);
  return larger;
}
