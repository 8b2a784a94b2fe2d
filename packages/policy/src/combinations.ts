/** What rules come to together, each combination made once: so that asking a policy makes nothing. */

/** Some rules that hold, and what they come to. */
interface Combination<T> {
  readonly value: T;
  /** The same and one rule more, by its place; undefined until it is first needed. */
  readonly next: (Combination<T> | undefined)[];
}

export interface Combinations<T> {
  readonly none: Combination<T>;
  /** To be asked for what is not in `next`; a decision looks there first by itself, which spares it a call. */
  readonly also: (these: Combination<T>, place: number) => Combination<T>;
}

/** How many are kept; beyond that the rest are made anew each time. */
const most = 1000;

/**
 * The combinations of so many rules; `add` says what one more makes of a value.
 *
 * INVARIANT: values are handed out again and again, so `add` answers with what nobody can change.
 */
export function createCombinations<T>(count: number, none: T, add: (value: T, place: number) => T): Combinations<T> {
  const combinationOf = (value: T): Combination<T> => ({
    value,
    next: Array.from({ length: count }, () => undefined),
  });
  let kept = 0;
  return {
    none: combinationOf(none),
    also: (these, place) => {
      const known = these.next[place];
      if (known !== undefined) return known;
      const made = combinationOf(add(these.value, place));
      if (kept < most) {
        kept += 1;
        these.next[place] = made;
      }
      return made;
    },
  };
}
