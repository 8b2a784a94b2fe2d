/**
 * A policy in Cedar, for those who keep or prove their policies there.
 *
 * INVARIANT: the export never permits more than the policy. A permit that Cedar cannot say is left out; a forbid that it
 * cannot say forbids its actions always. Both are named.
 *
 * A null is an attribute that is not there, the related object of a relation to one is a record, and of a relation to
 * many each field is a set, since Cedar has no «there is one».
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-grammar.html
 */
import type { Condition, Literal, Operand } from '../condition.ts';
import type { Policy } from '../policy.ts';
import { conditionOf, type Rule } from '../rule.ts';
import type { Scalar, Vocabulary } from '../vocabulary.ts';

/** A policy in Cedar's own syntax. */
export interface CedarExport {
  /** By the id of the rule. */
  readonly policies: Readonly<Record<string, string>>;
  /** All of them in one text. */
  readonly text: string;
  /** What Cedar cannot say, and what stands in its place. */
  readonly left: readonly { readonly rule: string; readonly why: string }[];
}

/**
 * Exports a policy; `left` is to be read before the export is relied on.
 *
 * @example const { text, left } = toCedar(policy);
 */
export function toCedar<V extends Vocabulary>({ vocabulary, rules }: Policy<V>): CedarExport {
  const policies: Record<string, string> = {};
  const left: { rule: string; why: string }[] = [];
  for (const rule of rules) {
    const leave = (why: string): number => left.push({ rule: rule.id, why });
    if (rule.reads.length + rule.writes.length > 0) leave('Cedar decides on actions, not on fields: they are left out');
    if (rule.may.length === 0) continue;
    const condition = expression(conditionOf(vocabulary, rule), { vocabulary, type: rule.on });
    if (condition !== undefined) policies[rule.id] = policyText(rule, condition);
    else if (rule.effect === 'permit') leave('Cedar cannot say its condition: it is left out');
    else {
      leave('Cedar cannot say its condition: it forbids always');
      policies[rule.id] = policyText(rule, 'true');
    }
  }
  return { policies, text: Object.values(policies).join('\n'), left };
}

function policyText(rule: Rule, condition: string): string {
  const actions = rule.may.map((verb) => `Action::${text(`${rule.on}.${verb}`)}`);
  const scopes = rule.scopes.length === 0 ? '' : `context["scopes"].containsAll(${list(rule.scopes)}) && `;
  const principal = rule.who === undefined ? 'principal' : `principal is ${entityType('Principal', rule.who)}`;
  return [
    `@id(${text(rule.id)})`,
    `${rule.effect} (${principal}, action in [${actions.join(', ')}], resource is ${entityType('Resource', rule.on)})`,
    `when { ${scopes}${condition} };\n`,
  ].join('\n');
}

/** In a namespace, since a kind and a resource may have one name, and some names are words of Cedar. */
function entityType(namespace: 'Principal' | 'Resource', name: string): string {
  return `${namespace}::${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

interface Place {
  readonly vocabulary: Vocabulary;
  readonly type: string;
  /** Inside a relation to one: which. */
  readonly relation?: string;
}

/** Undefined when Cedar cannot say it. */
function expression(condition: Condition, place: Place): string | undefined {
  switch (condition.op) {
    case 'always':
      return 'true';
    case 'and':
    case 'or':
      return joined(condition, place);
    case 'not': {
      const of = expression(condition.of, place);
      return of === undefined ? undefined : `!${of}`;
    }
    case 'absent':
      return `!${presence(condition.of, place) ?? 'true'}`;
    case 'eq': {
      const { left, right } = condition;
      return guarded([left, right], `${value(left, place)} == ${value(right, place)}`, place);
    }
    case 'in': {
      const { item, list } = condition;
      return guarded([item, list], `${value(list, place)}.contains(${value(item, place)})`, place);
    }
    case 'some':
      return relation(condition, place);
  }
}

function joined({ op, of }: Extract<Condition, { op: 'and' | 'or' }>, place: Place): string | undefined {
  if (of.length === 0) return op === 'and' ? 'true' : 'false';
  const parts = of.map((part) => expression(part, place));
  return parts.includes(undefined) ? undefined : `(${parts.join(op === 'and' ? ' && ' : ' || ')})`;
}

function relation({ relation: name, of }: Extract<Condition, { op: 'some' }>, place: Place): string | undefined {
  if (place.vocabulary.resources[place.type]?.relations?.[name]?.many === true) return someOfMany(name, of, place);
  const inner = expression(of, { ...place, relation: name });
  return inner === undefined ? undefined : `(resource has ${text(name)} && ${inner})`;
}

/** One field of many objects is a set; two fields of one and the same of them cannot be said. */
function someOfMany(name: string, of: Condition, place: Place): string | undefined {
  if (of.op !== 'eq' && of.op !== 'in') return undefined;
  const [one, other] = of.op === 'eq' ? [of.left, of.right] : [of.item, of.list];
  const [field, rest] = one.from === 'related' ? [one, other] : [other, one];
  if (field.from !== 'related' || rest.from === 'related') return undefined;
  const set = `resource[${text(name)}][${text(field.name)}]`;
  const test = of.op === 'eq' ? 'contains' : 'containsAny';
  return guarded([rest], `${set}.${test}(${value(rest, place)})`, place);
}

/** What is absent is never asked for its value: that would be an error, and Cedar skips a policy that has one. */
function guarded(operands: readonly Operand[], test: string, place: Place): string {
  const guards = operands.flatMap((operand) => presence(operand, place) ?? []);
  return `(${[...guards, test].join(' && ')})`;
}

function presence(operand: Operand, place: Place): string | undefined {
  if (operand.from === 'literal') return undefined;
  return `(${holder(operand.from, place)} has ${text(operand.name)})`;
}

function value(operand: Operand, place: Place): string {
  if (operand.from !== 'literal') return `${holder(operand.from, place)}[${text(operand.name)}]`;
  return Array.isArray(operand.value) ? list(operand.value as readonly Scalar[]) : scalar(operand.value as Scalar);
}

function holder(from: Exclude<Operand, Literal>['from'], { relation = '' }: Place): string {
  if (from === 'related') return `resource[${text(relation)}]`;
  return from === 'context' ? 'context["given"]' : from;
}

function list(values: readonly Scalar[]): string {
  return `[${values.map(scalar).join(', ')}]`;
}

function scalar(one: Scalar): string {
  if (typeof one === 'string') return text(one);
  return typeof one === 'number' && one < 0 ? `(${one})` : String(one);
}

function text(characters: string): string {
  const escaped = characters.replace(/[\p{Cc}\p{Cf}"\\]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
  return `"${escaped}"`;
}

/** A request in Cedar's JSON, with the entities it is about. */
export interface CedarRequest {
  readonly principal: CedarId;
  readonly action: CedarId;
  readonly resource: CedarId;
  readonly context: CedarRecord;
  readonly entities: { uid: CedarId; attrs: CedarRecord; parents: CedarId[] }[];
}

interface CedarId {
  type: string;
  id: string;
}

type CedarValue = string | number | boolean | CedarValue[] | CedarRecord;

interface CedarRecord {
  [name: string]: CedarValue;
}

type Values = Readonly<Record<string, unknown>>;

/** The same request for the exported policy. It holds what is declared, and nothing else of the objects. */
export function toCedarRequest<V extends Vocabulary>(
  { vocabulary }: Policy<V>,
  request: {
    readonly principal: Values;
    readonly scopes: readonly string[];
    readonly action: string;
    readonly resource: Values;
    readonly context: Values;
  },
): CedarRequest {
  const type = request.action.split('.', 1)[0] as string;
  const kind = String(request.principal['kind']);
  const principal = { type: entityType('Principal', kind), id: String(request.principal['id']) };
  const resource = { type: entityType('Resource', type), id: String(request.resource['id'] ?? 'object') };
  const attributes = record(vocabulary.principals[kind] ?? {}, request.principal);
  return {
    principal,
    action: { type: 'Action', id: request.action },
    resource,
    context: { scopes: [...request.scopes], given: record(vocabulary.context, request.context) },
    entities: [
      { uid: principal, attrs: attributes, parents: [] },
      { uid: resource, attrs: object(vocabulary, type, request.resource), parents: [] },
    ],
  };
}

function record(declared: Values, values: Values): CedarRecord {
  const present = Object.keys(declared).filter((name) => values[name] !== null && values[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, values[name] as CedarValue]));
}

function object({ resources }: Vocabulary, type: string, values: Values): CedarRecord {
  const { fields = {}, relations = {} } = resources[type] ?? {};
  const attributes = record(fields, values);
  for (const [name, { to, many }] of Object.entries(relations)) {
    const other = resources[to]?.fields ?? {};
    const found = values[name];
    if (many && Array.isArray(found)) attributes[name] = sets(other, found as readonly Values[]);
    else if (typeof found === 'object' && found !== null) attributes[name] = record(other, found as Values);
  }
  return attributes;
}

function sets(declared: Values, objects: readonly Values[]): CedarRecord {
  const valuesOf = (name: string): CedarValue[] => objects.flatMap((one) => (one[name] ?? []) as CedarValue);
  return Object.fromEntries(Object.keys(declared).map((name) => [name, valuesOf(name)]));
}
