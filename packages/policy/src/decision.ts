/** The answer to a request, and what each rule answers when it alone decides: made once, so that deciding makes none. */
import type { Rule } from './rule.ts';

/** A verdict that explains itself. */
export interface Decision {
  readonly effect: 'permit' | 'deny';
  /** Ids of the rules that decided: the forbids that matched, else the permits; none for a denial by default. */
  readonly rules: readonly string[];
  /** What could not be judged; any error denies. Names, never values. */
  readonly errors: readonly string[];
  /** All scopes of the first rule that only a lack of scopes kept from permitting; for a challenge. */
  readonly scopes: readonly string[];
}

/** Nothing permits it. */
export const denial: Decision = freeze({ effect: 'deny', rules: [], errors: [], scopes: [] });

/** What a rule that holds decides. */
export function decisionOf({ id, effect }: Rule): Decision {
  return freeze({ ...denial, effect: effect === 'permit' ? 'permit' : 'deny', rules: [id] });
}

/** What follows when a permit holds and only scopes are missing. */
export function decisionWithout({ scopes }: Rule): Decision {
  return freeze({ ...denial, scopes });
}

/** Rules that hold, and what they decide together. */
interface Outcome {
  readonly decision: Decision;
  /** The same and one rule more, by its place among all; undefined until it is first needed. */
  readonly next: (Outcome | undefined)[];
}

/** What the rules of one effect decide together, each combination made once. */
export interface Outcomes {
  /** No rule holds. */
  readonly none: Outcome;
  readonly also: (outcome: Outcome, place: number) => Outcome;
}

/** Combinations that are kept; with more than that the rest are made anew each time. */
const mostOutcomes = 1000;

/** `alone` has what each rule decides when no other does. */
export function createOutcomes(alone: readonly Decision[]): Outcomes {
  const outcomeOf = (decision: Decision): Outcome => ({ decision, next: alone.map(() => undefined) });
  let kept = 0;
  return {
    none: outcomeOf(denial),
    also: (outcome, place) => {
      const own = alone[place] as Decision;
      const made = outcomeOf(freeze({ ...own, rules: [...outcome.decision.rules, ...own.rules] }));
      if (kept < mostOutcomes) {
        kept += 1;
        outcome.next[place] = made;
      }
      return made;
    },
  };
}

function freeze(decision: Decision): Decision {
  for (const list of [decision.rules, decision.errors, decision.scopes]) Object.freeze(list);
  return Object.freeze(decision);
}
