/** What is strange about a policy that is sound: rules that say nothing, actions without anybody, fields for everybody. */

import { actionsOf } from '../plan.ts';
import type { Policy } from '../policy.ts';
import type { Rule } from '../rule.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { inWords } from '../words.ts';
import { distinguish } from './distinguish.ts';
import { type Fault, faultsOf } from './faults.ts';
import { all, any, atom, none } from './formula.ts';
import { answering, permitted, placeFor, type Question, questionsOf, type Rules, ruleHolds } from './questions.ts';
import { solve } from './solve.ts';

export interface Finding {
  /** `shadowed:owner-reads`: stays the same as long as the finding does, to accept it by. */
  readonly id: string;
  readonly words: string;
}

/**
 * Unreachable and shadowed rules, parts of conditions that make no difference, actions that nobody may do, fields that
 * everybody may read of every object. Each is proven, for all requests there can be.
 *
 * @throws {UndecidedError} when conditions are too large to be looked through
 */
export function findingsOf<V extends Vocabulary>(policy: Policy<V>): readonly Finding[] {
  const rules = policy.rules.flatMap((rule) => ruleFindings(policy, rule));
  return [...rules, ...idleParts(policy, rules), ...deadActions(policy), ...openFields(policy)];
}

/** What a rule has a say in. */
function saysIn(policy: Rules, rule: Rule): readonly Question[] {
  return questionsOf(policy.vocabulary).filter((question) => answering([rule], question).length > 0);
}

function ruleFindings(policy: Rules, rule: Rule): readonly Finding[] {
  const questions = saysIn(policy, rule);
  const holds = (question: Question): ReturnType<typeof ruleHolds> =>
    ruleHolds(policy.vocabulary, rule, placeFor(policy, question, policy.rules));
  if (!questions.some((question) => solve(holds(question)) !== undefined)) {
    return [{ id: `unreachable:${rule.id}`, words: `${rule.id} can never hold: ${inWords(rule.when)}` }];
  }
  const rules = policy.rules.filter((one) => one !== rule);
  if (distinguish(policy, { ...policy, rules }).length > 0) return [];
  const others = new Set(questions.flatMap((question) => answering(rules, question)));
  const forbids = [...others].filter(({ effect }) => effect === 'forbid');
  const overruled = questions.every((question) => {
    const place = placeFor(policy, question, policy.rules);
    const forbidden = answering(forbids, question).map((one) => ruleHolds(policy.vocabulary, one, place));
    return solve(all(holds(question), none(any(...forbidden)))) === undefined;
  });
  if (rule.effect === 'permit' && overruled) {
    return [{ id: `unreachable:${rule.id}`, words: `${rule.id} holds only where ${idsOf(forbids)} forbids it` }];
  }
  const words =
    rule.effect === 'permit'
      ? `${rule.id} permits nothing that is not permitted without it, by ${idsOf(shadowing(policy, rule))}`
      : `${rule.id} forbids nothing that would be permitted without it`;
  return [{ id: `shadowed:${rule.id}`, words }];
}

/** The rules of which none can be taken away without making the shadowed one count. */
function shadowing(policy: Rules, shadowed: Rule): readonly Rule[] {
  let needed = policy.rules.filter((rule) => rule.on === shadowed.on && rule.effect === 'permit' && rule !== shadowed);
  const forbids = policy.rules.filter(({ effect }) => effect === 'forbid');
  for (const rule of needed) {
    const rules = [...forbids, ...needed.filter((one) => one !== rule)];
    const differs = distinguish({ ...policy, rules: [...rules, shadowed] }, { ...policy, rules }).length > 0;
    if (!differs) needed = needed.filter((one) => one !== rule);
  }
  return needed;
}

function idsOf(rules: readonly Rule[]): string {
  return rules.map(({ id }) => id).join(', ');
}

/** Parts that could be left out; of a rule that is a finding as a whole, and of a part of such a part, not again. */
function idleParts(policy: Rules, found: readonly Finding[]): readonly Finding[] {
  const known = new Set(found.map(({ id }) => id.slice(id.indexOf(':') + 1)));
  const idle = faultsOf(policy).filter(
    (fault) => fault.part !== undefined && !known.has(fault.rule) && distinguish(policy, fault).length === 0,
  );
  const isInner = ({ rule, part }: Fault): boolean =>
    idle.some((other) => other.rule === rule && other.part !== part && holdsPart(other.part, part));
  return idle
    .filter((fault) => !isInner(fault))
    .map(({ rule, words, part }) => ({
      id: `idle:${rule}:${part === undefined ? '' : inWords(part)}`,
      words: `${rule} would be the same if it ${words.replace('does not ask', 'did not ask').replace('takes it', 'took it')}`,
    }));
}

function holdsPart(whole: Fault['part'], part: Fault['part']): boolean {
  return JSON.stringify(whole).includes(JSON.stringify(part)) && JSON.stringify(whole) !== JSON.stringify(part);
}

function deadActions(policy: Rules): readonly Finding[] {
  const alive = questionsOf(policy.vocabulary)
    .filter(({ about }) => about === 'action')
    .filter((question) => {
      const place = placeFor(policy, question, policy.rules);
      return solve(permitted(policy, question, place)) !== undefined;
    })
    .map(({ type, verb }) => `${type}.${verb}`);
  return actionsOf(policy.vocabulary)
    .filter((action) => !alive.includes(action))
    .map((action) => ({ id: `no-one:${action}`, words: `no one may do ${action}, on any object` }));
}

/** Whatever object it is, and whoever of this kind it is; with all scopes, which are for the user to give. */
function openFields(policy: Rules): readonly Finding[] {
  const scopes = [...new Set(policy.rules.flatMap((rule) => rule.scopes))].map((scope) =>
    atom({ about: 'scope', scope }),
  );
  return questionsOf(policy.vocabulary)
    .filter(({ about }) => about === 'read')
    .filter((question) => {
      const place = placeFor(policy, question, policy.rules);
      return solve(all(...scopes, none(permitted(policy, question, place)))) === undefined;
    })
    .map(({ kind, type, field }) => ({
      id: `everyone-reads:${kind}:${type}.${field}`,
      words: `every ${kind} may read ${type}.${field} of every ${type}`,
    }));
}
