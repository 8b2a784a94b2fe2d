/** Finds everything that is wrong with a policy when it is built, so that no evaluation can fail later. */
import type { Condition, Operand } from './condition.ts';
import type { Rule } from './rule.ts';
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

const namePattern = /^[a-z][A-Za-z0-9_]{0,62}$/;
const verbPattern = /^[a-z][a-z-]{0,62}$/;
const fieldTypes: readonly string[] = ['text', 'integer', 'flag'];

/** INVARIANT: SQLite refuses expressions deeper than 1000; these bounds keep every filter below that. */
const bounds = { rulesOfAnAction: 100, partsOfARule: 500, depth: 32 };

/** @throws {PolicyError} naming every problem at once */
export function checkPolicy(vocabulary: Vocabulary, rules: readonly Rule[]): void {
  const problems = [...vocabularyProblems(vocabulary), ...duplicateIds(rules), ...tooManyRules(rules)];
  if (problems.length === 0) for (const rule of rules) problems.push(...ruleProblems(vocabulary, rule));
  if (problems.length > 0) throw new PolicyError(problems);
}

function vocabularyProblems(vocabulary: Vocabulary): string[] {
  const problems: string[] = [];
  for (const [kind, attributes] of Object.entries(vocabulary.principals)) {
    if (attributes.id !== 'text') problems.push(`principal ${kind} must have the attribute id: 'text'`);
    if (Object.hasOwn(attributes, 'kind')) problems.push(`principal ${kind}: kind is its own word, not an attribute`);
    problems.push(...declarationProblems(`principal ${kind}`, attributes, [...fieldTypes, 'texts']));
  }
  problems.push(...declarationProblems('context', vocabulary.context, [...fieldTypes, 'texts']));
  for (const [name, resource] of Object.entries(vocabulary.resources))
    problems.push(...resourceProblems(name, resource));
  return problems;
}

function declarationProblems(
  where: string,
  declared: Readonly<Record<string, string>>,
  types: readonly string[],
): string[] {
  const problems: string[] = [];
  for (const [name, spec] of Object.entries(declared)) {
    if (!namePattern.test(name)) problems.push(`${where}: ${JSON.stringify(name)} is not a name`);
    const type = spec.endsWith('?') && spec !== 'texts?' ? spec.slice(0, -1) : spec;
    if (!types.includes(type)) problems.push(`${where}.${name}: ${JSON.stringify(spec)} is not a type`);
  }
  return problems;
}

function resourceProblems(name: string, resource: ResourceVocabulary): string[] {
  const problems = declarationProblems(name, resource.fields, fieldTypes);
  if (!namePattern.test(name)) problems.push(`${JSON.stringify(name)} is not a name of a resource`);
  for (const verb of resource.actions)
    if (!verbPattern.test(verb)) problems.push(`${name}: ${JSON.stringify(verb)} is not an action`);
  for (const [field, column] of Object.entries(resource.columns ?? {})) {
    if (!Object.hasOwn(resource.fields, field)) problems.push(`${name}: column of an undeclared field ${field}`);
    if (!portableText(column) || column === '') problems.push(`${name}.${field}: not the name of a column`);
  }
  return problems;
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
  if (countParts(rule.when) > bounds.partsOfARule) problems.push(`${where}: more than ${bounds.partsOfARule} parts`);
  else
    problems.push(
      ...conditionProblems({ vocabulary, rule, resource }, rule.when, 0).map((text) => `${where}: ${text}`),
    );
  return problems;
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
    if (part.op === 'not') open.push(part.of);
    if (part.op === 'and' || part.op === 'or') open.push(...part.of);
  }
  return count;
}

interface Place {
  readonly vocabulary: Vocabulary;
  readonly rule: Rule;
  readonly resource: ResourceVocabulary;
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
    default:
      return ['a condition is written with the functions of this package'];
  }
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
  from: 'principal' | 'resource' | 'context',
): Readonly<Record<string, AttributeSpec>> | undefined {
  if (from === 'resource') return place.resource.fields;
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
