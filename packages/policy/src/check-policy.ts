/** Finds everything that is wrong with a policy when it is built, so that no evaluation can fail later. */

import { vocabularyProblems } from './check-vocabulary.ts';
import type { Condition, Operand } from './condition.ts';
import { conditionOf, type Rule } from './rule.ts';
import { type AttributeSpec, baseType, portableText, type ResourceVocabulary, type Vocabulary } from './vocabulary.ts';

/** A policy that cannot be built; `problems` has one sentence for each thing that is wrong. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The policy is not sound:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** INVARIANT: SQLite refuses expressions deeper than 1000; these bounds keep every filter below that. */
const bounds = { rulesOfAnAction: 100, partsOfARule: 500, depth: 32 };

/** @throws {PolicyError} naming every problem at once */
export function checkPolicy(vocabulary: Vocabulary, rules: readonly Rule[]): void {
  const problems = policyProblems(vocabulary, rules);
  if (problems.length > 0) throw new PolicyError(problems);
}

/** One sentence for each thing that is wrong. */
export function policyProblems(vocabulary: Vocabulary, rules: readonly Rule[]): readonly string[] {
  const problems = [...vocabularyProblems(vocabulary), ...duplicateIds(rules), ...tooManyRules(rules)];
  return problems.length > 0 ? problems : rules.flatMap((rule) => ruleProblems(vocabulary, rule));
}

function duplicateIds(rules: readonly Rule[]): string[] {
  const ids = rules.map((rule) => rule.id);
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))].map((id) => `two rules are called ${id}`);
}

function tooManyRules(rules: readonly Rule[]): string[] {
  const counts = new Map<string, number>();
  for (const rule of rules) counts.set(rule.on, (counts.get(rule.on) ?? 0) + 1);
  const crowded = [...counts].filter(([, count]) => count > bounds.rulesOfAnAction);
  return crowded.map(([name]) => `${name} has more than ${bounds.rulesOfAnAction} rules`);
}

function ruleProblems(vocabulary: Vocabulary, rule: Rule): string[] {
  const where = `rule ${rule.id}`;
  const resource = own(vocabulary.resources, rule.on);
  if (resource === undefined) return [`${where}: there is no resource ${rule.on}`];
  const problems = [...shapeProblems(where, rule)];
  if (rule.who !== undefined && !Object.hasOwn(vocabulary.principals, rule.who)) {
    problems.push(`${where}: there is no kind of principal ${rule.who}`);
  }
  for (const verb of rule.may) {
    if (!resource.actions.includes(verb)) problems.push(`${where}: ${rule.on} has no action ${verb}`);
  }
  for (const field of [...rule.reads, ...rule.writes]) {
    if (!Object.hasOwn(resource.fields, field)) problems.push(`${where}: ${rule.on} has no field ${field}`);
  }
  const when = conditionOf(vocabulary, rule);
  if (lacksTenant(vocabulary, rule))
    return [...problems, `${where}: a ${rule.on} has a tenant, a ${rule.who} has none`];
  if (countParts(when) > bounds.partsOfARule) problems.push(`${where}: more than ${bounds.partsOfARule} parts`);
  else problems.push(...conditionProblems({ vocabulary, rule, resource }, when, 0).map((text) => `${where}: ${text}`));
  return problems;
}

function lacksTenant({ principals, resources }: Vocabulary, { effect, who, on }: Rule): boolean {
  const kind = own(principals, who ?? '');
  return effect === 'permit' && resources[on]?.tenant !== undefined && kind !== undefined && !('tenant' in kind);
}

function shapeProblems(where: string, rule: Rule): string[] {
  const problems: string[] = [];
  const fields = rule.reads.length + rule.writes.length;
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(rule.id)) problems.push(`${where}: an id is written in kebab-case`);
  if (rule.may.length === 0 && fields === 0) problems.push(`${where} says nothing: name actions or fields`);
  if (rule.effect === 'permit') {
    if (rule.who === undefined) problems.push(`${where}: a permit names the kind of principal it is for`);
    if (rule.writes.length > 0 && rule.may.length === 0) problems.push(`${where}: say which action writes the fields`);
  } else if (rule.may.length > 0 && fields > 0) {
    problems.push(`${where}: a forbid is about actions or about fields; write two rules`);
  }
  return problems;
}

/** Counts without recursion: the depth is not known to be bounded yet. */
function countParts(condition: Condition): number {
  const open = [condition];
  let count = 0;
  for (let part = open.pop(); part !== undefined && count <= bounds.partsOfARule; part = open.pop()) {
    count += 1;
    if (part.op === 'not' || part.op === 'some') open.push(part.of);
    if (part.op === 'and' || part.op === 'or') open.push(...part.of);
  }
  return count;
}

interface Place {
  readonly vocabulary: Vocabulary;
  readonly rule: Rule;
  readonly resource: ResourceVocabulary;
  /** The other end of the relation that a condition is inside of. */
  readonly related?: ResourceVocabulary | undefined;
}

function conditionProblems(place: Place, condition: Condition, depth: number): string[] {
  if (depth > bounds.depth) return [`the condition is deeper than ${bounds.depth}`];
  switch (condition.op) {
    case 'always':
      return [];
    case 'and':
    case 'or':
      return condition.of.flatMap((part) => conditionProblems(place, part, depth + 1));
    case 'not':
      return conditionProblems(place, condition.of, depth + 1);
    case 'absent':
      return typeOf(place, condition.of) === undefined ? [`absent: ${describe(condition.of)} is not declared`] : [];
    case 'eq':
      return pairProblems(place, 'eq', [condition.left, condition.right]);
    case 'in':
      return pairProblems(place, 'within', [condition.item, condition.list]);
    case 'some':
      return someProblems(place, condition, depth);
    default:
      return ['a condition is written with the functions of this package'];
  }
}

function someProblems(place: Place, { relation, of }: Extract<Condition, { op: 'some' }>, depth: number): string[] {
  if (place.related !== undefined) return ['some: a relation is one step, not two'];
  const to = own(place.resource.relations ?? {}, relation)?.to;
  const related = to === undefined ? undefined : own(place.vocabulary.resources, to);
  if (related === undefined) return [`some: there is no relation ${relation}`];
  return conditionProblems({ ...place, related }, of, depth + 1);
}

/** What cannot be compared here could not be translated to SQL either: it is an error now, not a filter later. */
function pairProblems(place: Place, word: 'eq' | 'within', pair: readonly [Operand, Operand]): string[] {
  const [left, right] = pair;
  const types = [typeOf(place, left), typeOf(place, right)] as const;
  const undeclared = [left, right].filter((_, index) => types[index] === undefined);
  if (undeclared.length > 0)
    return undeclared.map((side) => `${word}: ${describe(side)} is not declared or not a value`);
  const lists: Readonly<Record<string, string>> = { text: 'texts', integer: 'integers' };
  const wanted = word === 'eq' ? types[0] : lists[types[0] ?? ''];
  const comparable =
    types[0] !== 'texts' &&
    types[0] !== 'integers' &&
    (wanted === types[1] || (word === 'within' && types[1] === 'none'));
  return comparable
    ? []
    : [`${word}: ${describe(left)} (${types[0]}) does not compare with ${describe(right)} (${types[1]})`];
}

type OperandType = 'text' | 'integer' | 'flag' | 'texts' | 'integers' | 'none' | undefined;

function typeOf(place: Place, operand: Operand | undefined): OperandType {
  if (operand === undefined || operand === null) return undefined;
  if (operand.from === 'literal') return literalType(operand.value);
  const declared = declarationsOf(place, operand.from);
  const spec = declared === undefined ? undefined : own(declared, operand.name);
  return spec === undefined ? undefined : baseType(spec);
}

function declarationsOf(
  place: Place,
  from: 'principal' | 'resource' | 'context' | 'related',
): Readonly<Record<string, AttributeSpec>> | undefined {
  if (from === 'resource') return place.resource.fields;
  if (from === 'related') return place.related?.fields;
  if (from === 'context') return place.vocabulary.context;
  return place.rule.who === undefined ? { id: 'text' } : own(place.vocabulary.principals, place.rule.who);
}

function literalType(value: unknown): OperandType {
  if (portableText(value)) return 'text';
  if (Number.isSafeInteger(value)) return 'integer';
  if (typeof value === 'boolean') return 'flag';
  if (!Array.isArray(value)) return undefined;
  if (value.length === 0) return 'none';
  if (value.every(portableText)) return 'texts';
  return value.every(Number.isSafeInteger) ? 'integers' : undefined;
}

function describe(operand: Operand | undefined): string {
  if (operand === undefined || operand === null) return 'a side that is missing';
  return operand.from === 'literal' ? 'the literal' : `${operand.from}.${operand.name}`;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
