/** What can be asked of a policy, and under what formula the answer is yes. */
import type { Condition } from '../condition.ts';
import { declarations } from '../plan.ts';
import { concerns, conditionOf, type Rule } from '../rule.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { all, any, atom, type Formula, formulaOf, none, type Place } from './formula.ts';

/** A policy as data. */
export interface Rules {
  readonly vocabulary: Vocabulary;
  readonly rules: readonly Rule[];
}

/** May a principal of this kind do this, read this field, or change this field by this action? */
export interface Question {
  readonly kind: string;
  readonly type: string;
  readonly about: 'action' | 'read' | 'write';
  /** Empty for a reading. */
  readonly verb: string;
  /** Empty for an action. */
  readonly field: string;
}

export function questionsOf({ principals, resources }: Vocabulary): readonly Question[] {
  return Object.keys(principals).flatMap((kind) =>
    Object.entries(resources).flatMap(([type, { actions, fields }]) => [
      ...actions.map((verb): Question => ({ kind, type, about: 'action', verb, field: '' })),
      ...Object.keys(fields).map((field): Question => ({ kind, type, about: 'read', verb: '', field })),
      ...actions.flatMap((verb) =>
        Object.keys(fields).map((field): Question => ({ kind, type, about: 'write', verb, field })),
      ),
    ]),
  );
}

/** The rules that have a say. */
export function answering(rules: readonly Rule[], { kind, type, about, verb, field }: Question): readonly Rule[] {
  return rules.filter((rule) => {
    if (rule.on !== type || !concerns(rule, kind)) return false;
    if (about === 'action') return rule.may.includes(verb);
    if (about === 'read') return rule.reads.includes(field);
    return rule.writes.includes(field) && (rule.effect === 'forbid' || rule.may.includes(verb));
  });
}

/** Under what formula the answer is yes: a permit holds with its scopes, and no forbid does. */
export function permitted(policy: Rules, question: Question, place: Place): Formula {
  const { permit: permits = [], forbid: forbids = [] } = Object.groupBy(
    answering(policy.rules, question),
    ({ effect }) => effect,
  );
  const holds = (rule: Rule): Formula => ruleHolds(policy.vocabulary, rule, place);
  return all(any(...permits.map(holds)), none(any(...forbids.map(holds))));
}

/** The rule's condition and its scopes. */
export function ruleHolds(vocabulary: Vocabulary, rule: Rule, place: Place): Formula {
  const scopes = rule.scopes.map((scope) => atom({ about: 'scope', scope }));
  return all(formulaOf(conditionOf(vocabulary, rule), place), ...scopes);
}

/**
 * Where the conditions of these policies about one resource, for one kind of principal, are looked at together. The
 * first one's vocabulary has all words that the others use.
 */
export function placeFor({ vocabulary }: Rules, { kind, type }: Question, rules: readonly Rule[]): Place {
  const asked = rules.filter((rule) => rule.on === type).flatMap((rule) => somesOf(rule.when));
  const distinct = [...new Set(asked.map((condition) => JSON.stringify(condition)))];
  return {
    declared: declarations(vocabulary, type, kind),
    relations: vocabulary.resources[type]?.relations ?? {},
    copies: (relation) => distinct.filter((text) => text.includes(`"relation":${JSON.stringify(relation)}`)).length,
  };
}

type Some = Extract<Condition, { op: 'some' }>;

function somesOf(condition: Condition): readonly Some[] {
  switch (condition.op) {
    case 'some':
      return [condition];
    case 'not':
      return somesOf(condition.of);
    case 'and':
    case 'or':
      return condition.of.flatMap(somesOf);
    default:
      return [];
  }
}
