/** What a change of a policy changes: who gains or loses which action or field, when. */
import type { Policy } from '../policy.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { all, atom, type Formula, isVariable, none, type Side } from './formula.ts';
import { joinVocabularies } from './join-vocabularies.ts';
import { permitted, placeFor, type Question, questionsOf, type Rules } from './questions.ts';
import { type Fact, fitTogether, onlyNeeded, type Solution, solve } from './solve.ts';

export interface Difference {
  readonly kind: string;
  readonly change: 'gains' | 'loses';
  /** `invoice.update`, `reading invoice: note, total`, `changing by invoice.update: note`. */
  readonly what: string;
  /** In which cases, in words; `always` when in all. The last is `…` when there are more than are told. */
  readonly when: readonly string[];
}

/** How many cases are told of one difference. */
const told = 3;

/**
 * Compares two versions of a policy, for all requests there can be.
 *
 * @throws {PolicyError} when the two give one name to values of different types, so that nothing can be compared
 * @throws {UndecidedError} when conditions are too large to be looked through
 */
export function differencesBetween<V extends Vocabulary, W extends Vocabulary>(
  before: Policy<V>,
  after: Policy<W>,
): readonly Difference[] {
  const vocabulary = joinVocabularies(before.vocabulary, after.vocabulary);
  const found = new Map<string, { readonly difference: Difference; readonly fields: readonly string[] }>();
  for (const question of questionsOf(vocabulary)) {
    for (const [change, first, second] of [
      ['loses', before, after],
      ['gains', after, before],
    ] as const) {
      const when = casesOf({ vocabulary, first, second }, question);
      if (when.length === 0) continue;
      const { kind, about, type, verb, field } = question;
      const key = JSON.stringify([kind, change, about, type, verb, when]);
      const fields = [...(found.get(key)?.fields ?? []), field];
      found.set(key, { difference: { kind, change, what: whatOf(question, fields), when }, fields });
    }
  }
  return [...found.values()].map(({ difference }) => difference);
}

/** `a person gains invoice.update when resource.ownerId is principal.id, with scope invoices:write` */
export function differenceInWords({ kind, change, what, when }: Difference): string {
  const [first = 'always', ...others] = when;
  return [`a ${kind} ${change} ${what}: ${first}`, ...others.map((one) => `  or ${one}`)].join('\n');
}

function whatOf({ about, type, verb }: Question, fields: readonly string[]): string {
  if (about === 'action') return `${type}.${verb}`;
  return `${about === 'read' ? `reading ${type}` : `changing by ${type}.${verb}`}: ${fields.join(', ')}`;
}

interface Pair {
  readonly vocabulary: Vocabulary;
  readonly first: Rules;
  readonly second: Rules;
}

/** When the first permits what the second does not. */
function casesOf({ vocabulary, first, second }: Pair, question: Question): readonly string[] {
  const rules = [...first.rules, ...second.rules];
  const place = placeFor({ vocabulary, rules }, question, rules);
  const whole = all(permitted(first, question, place), none(permitted(second, question, place)));
  const cases: string[] = [];
  let open: Formula = whole;
  for (let solution = solve(open); solution !== undefined; solution = solve(open)) {
    if (cases.length === told) return [...cases, '…'];
    // What only kept it apart from the cases before is not needed for the words.
    const facts = onlyNeeded(whole, solution);
    cases.push(caseInWords(facts));
    open = all(open, none(all(...[...facts.values()].map(factFormula))));
  }
  return cases;
}

function factFormula({ atom: of, holds }: Fact): Formula {
  return holds ? atom(of) : none(atom(of));
}

function caseInWords(solution: Solution): string {
  const facts = [...solution.values()];
  const isScope = ({ atom: of }: Fact): boolean => of.about === 'scope';
  const conditions = facts.filter((one) => !isScope(one) && !goesWithoutSaying(one, facts)).map(factInWords);
  const words = [conditions.join(' and ') || 'always', ...facts.filter(isScope).map(factInWords)];
  return words.join(', ');
}

/** What is equal to something is there, and is nothing else. */
function goesWithoutSaying(fact: Fact, facts: readonly Fact[]): boolean {
  const { atom: of, holds } = fact;
  if (of.about === 'absent') {
    const uses = ({ atom: other }: Fact): boolean => JSON.stringify(other).includes(JSON.stringify(of.of));
    return !holds && facts.some((other) => other !== fact && other.holds && uses(other));
  }
  const otherwise = facts.map((one) => (one === fact ? { ...fact, holds: !holds } : one));
  return !holds && !fitTogether(otherwise);
}

function factInWords({ atom: of, holds }: Fact): string {
  const not = holds ? '' : ' not';
  switch (of.about) {
    case 'same':
      return `${sideInWords(of.left)} is${not} ${sideInWords(of.right)}`;
    case 'member':
      return `${sideInWords(of.item)} is${not} among ${sideInWords(of.list)}`;
    case 'absent':
      return `${sideInWords(of.of)} is ${holds ? 'absent' : 'there'}`;
    case 'true':
      return `${sideInWords(of.of)} is ${holds}`;
    case 'scope':
      return `${holds ? 'with' : 'without'} scope ${of.scope}`;
    case 'linked':
      return `resource.${of.relation} has ${holds ? 'one' : 'none'}${of.copy > 0 ? ` (${of.copy + 1})` : ''}`;
  }
}

function sideInWords(side: Side): string {
  if (!isVariable(side)) return JSON.stringify(side.value);
  if (side.relation === undefined) return `${side.from}.${side.name}`;
  return `${side.relation}${side.copy === 0 ? '' : ` (${Number(side.copy) + 1})`}.${side.name}`;
}
