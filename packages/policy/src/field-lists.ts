/** Lists of fields, each made once for the rules that open and close them together. */

interface Placed {
  readonly place: number;
}

export interface FieldLists {
  /** The list of these rules, which is made by `make` the first time. */
  readonly find: (open: readonly Placed[], closed: readonly Placed[], make: () => string[]) => readonly string[];
}

/** Combinations that are kept; with more than that the rest are made anew each time. */
const mostLists = 1000;

/** An answer that is given out more than once is frozen. */
export function createFieldLists(): FieldLists {
  const lists = new Map<string, readonly string[]>();
  return {
    find: (open, closed, make) => {
      const key = `${places(open)}|${places(closed)}`;
      const known = lists.get(key);
      if (known !== undefined) return known;
      const made = Object.freeze(make());
      if (lists.size < mostLists) lists.set(key, made);
      return made;
    },
  };
}

function places(rules: readonly Placed[]): string {
  let text = '';
  for (const { place } of rules) text += `${place},`;
  return text;
}
