/**
 * The ways in which somebody could get a rule wrong: it is missing, asks for less or for more, is for somebody else too,
 * or opens another action or field. Each way is a whole policy of its own.
 */
import { policyProblems } from '../check-policy.ts';
import type { Condition } from '../condition.ts';
import type { Rule } from '../rule.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { inWords } from '../words.ts';
import type { Rules } from './questions.ts';

/** A policy with one fault. */
export interface Fault extends Rules {
  readonly rule: string;
  /** `does not ask that resource.ownerId is principal.id` */
  readonly words: string;
  /** The part of the condition that was changed. */
  readonly part?: Condition;
}

/** What becomes of one rule. */
interface Change {
  readonly words: string;
  readonly rules: readonly Rule[];
  readonly part?: Condition;
}

/** Every fault of every rule that is a policy at all. */
export function faultsOf({ vocabulary, rules }: Rules): readonly Fault[] {
  const faults = rules.flatMap((rule) =>
    changesOf(vocabulary, rule).map((change): Fault => {
      const changed = rules.flatMap((one) => (one === rule ? change.rules : [one]));
      return { ...change, rule: rule.id, vocabulary, rules: changed };
    }),
  );
  // What would stop the start needs no test: a rule that asks for what the other kind does not have, say.
  const possible = faults.filter((fault) => policyProblems(fault.vocabulary, fault.rules).length === 0);
  return [...possible, ...tenantFaults({ vocabulary, rules })];
}

function changesOf(vocabulary: Vocabulary, rule: Rule): readonly Change[] {
  return [
    { words: 'is missing', rules: [] },
    ...conditionChanges(rule),
    ...listChanges(rule, 'scopes', rule.scopes),
    ...listChanges(rule, 'may', vocabulary.resources[rule.on]?.actions ?? []),
    ...listChanges(rule, 'reads', fieldsOf(vocabulary, rule)),
    ...listChanges(rule, 'writes', fieldsOf(vocabulary, rule)),
    ...kindChanges(vocabulary, rule),
  ];
}

function fieldsOf({ resources }: Vocabulary, { on }: Rule): readonly string[] {
  return Object.keys(resources[on]?.fields ?? {});
}

function conditionChanges(rule: Rule): readonly Change[] {
  return partsOf(rule.when).flatMap(({ part, put }) => {
    if (part.op === 'always') return [];
    const change = (words: string, by: Condition): Change => ({ words, part, rules: [{ ...rule, when: put(by) }] });
    return [
      change(`does not ask whether ${inWords(part)}`, { op: 'always' }),
      change(`takes it that never ${inWords(part)}`, { op: 'or', of: [] }),
    ];
  });
}

interface Part {
  readonly part: Condition;
  /** The whole condition with another part in its place. */
  readonly put: (by: Condition) => Condition;
}

function partsOf(condition: Condition): readonly Part[] {
  const whole: Part = { part: condition, put: (by) => by };
  if (condition.op === 'not' || condition.op === 'some') {
    const inner = partsOf(condition.of).map(({ part, put }) => ({
      part,
      put: (by: Condition): Condition => ({ ...condition, of: put(by) }),
    }));
    return [whole, ...inner];
  }
  if (condition.op !== 'and' && condition.op !== 'or') return [whole];
  const parts = condition.of.flatMap((one, index) =>
    partsOf(one).map(({ part, put }) => ({
      part,
      put: (by: Condition): Condition => ({ ...condition, of: condition.of.with(index, put(by)) }),
    })),
  );
  return [whole, ...parts];
}

const gained = {
  scopes: 'asks for',
  may: 'is also about',
  reads: 'is also about reading',
  writes: 'is also about changing',
};
const lost = {
  scopes: 'does not ask for',
  may: 'is not about',
  reads: 'is not about reading',
  writes: 'is not about changing',
};

/** One word more, or one less. */
function listChanges(rule: Rule, list: keyof typeof gained, words: readonly string[]): readonly Change[] {
  return words.map((word) => {
    const had = rule[list];
    const has = had.includes(word) ? had.filter((one) => one !== word) : [...had, word];
    return { words: `${(had.includes(word) ? lost : gained)[list]} ${word}`, rules: [{ ...rule, [list]: has }] };
  });
}

function kindChanges({ principals }: Vocabulary, rule: Rule): readonly Change[] {
  const kinds = Object.keys(principals);
  if (rule.who !== undefined) {
    const others = kinds.filter((kind) => kind !== rule.who);
    return others.map((who) => ({
      words: `is also for a ${who}`,
      rules: [rule, { ...rule, id: `${rule.id}-2`, who }],
    }));
  }
  return kinds.map((kind) => ({
    words: `is not for a ${kind}`,
    rules: kinds.filter((who) => who !== kind).map((who, index) => ({ ...rule, id: `${rule.id}-${index}`, who })),
  }));
}

/** Every rule about a resource keeps its tenants apart; the fault is in all of them. */
function tenantFaults({ vocabulary, rules }: Rules): readonly Fault[] {
  return Object.entries(vocabulary.resources).flatMap(([name, resource]) => {
    const { tenant, ...open } = resource;
    const affected = rules.filter(({ on, effect }) => on === name && effect === 'permit');
    if (tenant === undefined) return [];
    const changed = { ...vocabulary, resources: { ...vocabulary.resources, [name]: open } };
    return affected.map(({ id }) => ({ rule: id, words: 'reaches every tenant', vocabulary: changed, rules }));
  });
}
