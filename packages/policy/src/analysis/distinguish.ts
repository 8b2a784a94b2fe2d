/** Finds the requests that two policies answer differently, or shows that there are none. */
import { all, none } from './formula.ts';
import { answering, permitted, placeFor, type Question, questionsOf, type Rules } from './questions.ts';
import { requestFor, type Subjects } from './request.ts';
import { type Solution, solve } from './solve.ts';

/** A request without its answer. */
export interface AskedCase extends Subjects {
  /** What is asked: whether an action is permitted, which fields may be read, which the action may change. */
  readonly about: 'action' | 'reads' | 'writes';
  /** `invoice.update`, or `invoice` for reading. */
  readonly name: string;
}

/** A request for each kind of principal and each action, reading or change that two policies answer differently. */
export function distinguish(policy: Rules, other: Rules): readonly AskedCase[] {
  const asked = new Map<string, AskedCase>();
  for (const question of questionsOf(policy.vocabulary)) {
    const { kind, type, about, verb } = question;
    const name = about === 'read' ? type : `${type}.${verb}`;
    const place = `${kind} ${about} ${name}`;
    if (asked.has(place) || !mayDiffer(policy, other, question)) continue;
    const solution = difference(policy, other, question);
    if (solution === undefined) continue;
    const plural = { action: 'action', read: 'reads', write: 'writes' } as const;
    asked.set(place, { about: plural[about], name, ...requestFor(policy.vocabulary, question, solution) });
  }
  return [...asked.values()];
}

function mayDiffer(policy: Rules, other: Rules, question: Question): boolean {
  const [mine, theirs] = [policy, other].map(({ rules }) => answering(rules, question)) as [
    Rules['rules'],
    Rules['rules'],
  ];
  const isSame = mine.length === theirs.length && mine.every((rule, index) => rule === theirs[index]);
  return policy.vocabulary !== other.vocabulary ? mine.length > 0 : !isSame;
}

/** When one answers yes and the other no; what the other permits in vain comes first. */
function difference(policy: Rules, other: Rules, question: Question): Solution | undefined {
  const place = placeFor(policy, question, [...policy.rules, ...other.rules]);
  const [mine, theirs] = [policy, other].map((one) => permitted(one, question, place)) as [boolean, boolean];
  return solve(all(theirs, none(mine))) ?? solve(all(mine, none(theirs)));
}
