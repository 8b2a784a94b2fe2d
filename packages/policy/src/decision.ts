/** The answer to a request, and what each rule answers when it alone decides. */
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

/** What some rules decide together: the ids of all, in the order in which they were asked. */
export function decidedTogether(one: Decision, other: Decision): Decision {
  return freeze({ ...other, rules: [...one.rules, ...other.rules] });
}

function freeze(decision: Decision): Decision {
  for (const list of [decision.rules, decision.errors, decision.scopes]) Object.freeze(list);
  return Object.freeze(decision);
}
