/** Everything that a table leaves open or says wrong about its schema, found at the start. */
import { GraphQLInt, type GraphQLObjectType, type GraphQLSchema, getNullableType } from 'graphql';
import { actionProblems, atOnceProblems, limitProblems, type TablePolicy } from '../route-table.ts';
import { isSchema } from '../standard-schema.ts';
import { authenticationProblems } from '../step-up.ts';
import {
  type AnyField,
  compositeOf,
  defaultOf,
  listDepth,
  membersOf,
  objectTypes,
  resourcesBehind,
  rootTypes,
} from './schema-walk.ts';
import { type AnyFieldRule, actionsOf, fieldRule, type Table, typeRule } from './table.ts';

/** A schema, what is said of it, and the policy both are held to. */
export interface Covering {
  readonly schema: GraphQLSchema;
  readonly table: Table;
  readonly policy: TablePolicy;
}

/** One sentence for each type and field that is not covered, or not rightly. */
export function coverageProblems(covering: Covering): readonly string[] {
  const { schema } = covering;
  return [
    ...objectTypes(schema).flatMap((type) => typeProblems(type, covering)),
    ...strayProblems(covering),
    ...schema
      .getDirectives()
      .filter(({ name }) => name === 'defer' || name === 'stream')
      .map(({ name }) => `@${name}: answers in parts are not supported`),
  ];
}

function typeProblems(type: GraphQLObjectType, covering: Covering): readonly string[] {
  const fields = Object.values(type.getFields());
  const isRoot = rootTypes(covering.schema).includes(type);
  const own = isRoot ? [] : ownProblems(type, covering).map((problem) => `${type.name}: ${problem}`);
  const ofFields = fields.flatMap((field) => {
    const place = { ...covering, type, field, isRoot };
    return fieldProblems(place).map((problem) => `${type.name}.${field.name}: ${problem}`);
  });
  return [...own, ...ofFields];
}

function ownProblems({ name }: GraphQLObjectType, { table, policy }: Covering): readonly string[] {
  const { resource, key = 'id', plain } = typeRule(table, name) ?? {};
  if (resource !== undefined && plain !== undefined) return ['it shows a resource, or it is plain'];
  if (plain !== undefined) return isText(plain) ? [] : ['a plain type needs a word on what it carries'];
  if (resource === undefined) return ['the type has no rule: { resource: … }, or { plain: … }'];
  if (!Object.hasOwn(policy.vocabulary.resources, resource)) return [`the policy has no resource ${resource}`];
  const fields = policy.vocabulary.resources[resource]?.fields ?? {};
  return Object.hasOwn(fields, key) ? [] : [`${resource} has no field ${key} to be named by: give another key`];
}

interface Place extends Covering {
  readonly type: GraphQLObjectType;
  readonly field: AnyField;
  readonly isRoot: boolean;
}

function fieldProblems(place: Place): readonly string[] {
  const { schema, table, type, field, isRoot } = place;
  if (membersOf(schema, field.type).some((member) => rootTypes(schema).includes(member))) {
    return ['it leads back to a root type, whose fields would not be counted'];
  }
  const rule = fieldRule(table, type.name, field.name);
  const behind = resourcesBehind(schema, field, table);
  const sizes = sizeProblems(place, rule);
  if (rule === undefined) {
    const missing = isRoot || behind.length > 0 ? 'it has no rule: an action, or public with the reason' : undefined;
    return [missing ?? undeclaredProblem(place), ...sizes].filter((problem) => problem !== undefined);
  }
  return [...kindProblems(place, rule, behind), ...rootProblems(place, rule), ...sizes];
}

/** A field without a rule shows the field of its resource that has its name. */
function undeclaredProblem({ table, policy, type, field }: Place): string | undefined {
  const { resource } = typeRule(table, type.name) ?? {};
  if (resource === undefined) return undefined;
  const declared = policy.vocabulary.resources[resource]?.fields ?? {};
  if (compositeOf(field.type) === undefined && Object.hasOwn(declared, field.name)) return undefined;
  return `${resource} has no field of this name: say what it reads, or why it is public`;
}

function kindProblems(place: Place, rule: AnyFieldRule, behind: readonly string[]): readonly string[] {
  const kinds = (['action', 'reads', 'public'] as const).filter((kind) => rule[kind] !== undefined);
  if (kinds.length !== 1) return ['its rule has an action, or reads, or public: one of them'];
  if (rule.input !== undefined && !isSchema(rule.input)) return ['input is not a Standard Schema'];
  if (rule.action !== undefined) return [...guardedProblems(place, rule), ...yieldProblems(rule, behind)];
  if (behind.length > 0) return [`it leads to objects of ${behind.join(', ')}, so it needs an action`];
  if (rule.public !== undefined) return isText(rule.public) ? [] : ['public needs a reason'];
  return readsProblems(place, rule.reads ?? []);
}

function readsProblems({ table, policy, type }: Place, reads: readonly string[]): readonly string[] {
  const { resource } = typeRule(table, type.name) ?? {};
  if (resource === undefined) return ['reads belongs to fields of a type that shows a resource'];
  const declared = policy.vocabulary.resources[resource]?.fields ?? {};
  const strange = reads.filter((name) => !Object.hasOwn(declared, name));
  if (reads.length === 0) return ['reads is empty: say why the field is public'];
  return strange.map((name) => `${resource} has no field ${name}`);
}

function guardedProblems({ schema, type, policy }: Place, rule: AnyFieldRule): readonly string[] {
  const actions = [...actionsOf(rule.action), ...actionsOf(rule.yields)];
  const problems = actions.length === 0 ? ['action is empty'] : [];
  problems.push(...actions.flatMap((one) => actionProblems(one, policy)));
  if (type !== schema.getMutationType()) {
    const stray = rule.load !== undefined || rule.writes !== undefined;
    return stray ? [...problems, 'load and writes belong to mutations'] : problems;
  }
  if (actionsOf(rule.action).length > 1) problems.push('a mutation has one action');
  if (typeof rule.load !== 'function') problems.push('load is missing: what is the action about?');
  if (rule.writes !== 'nothing' && typeof rule.writes !== 'function') {
    problems.push("writes is missing: the changes out of the arguments, or 'nothing'");
  }
  return problems;
}

/** Each resource that may come has one action that decides, and no action decides on nothing. */
function yieldProblems(rule: AnyFieldRule, behind: readonly string[]): readonly string[] {
  const yielded = actionsOf(rule.yields ?? rule.action).map((action) => action.slice(0, action.indexOf('.')));
  const wrong = behind.filter((resource) => yielded.filter((one) => one === resource).length !== 1);
  const problems = wrong.map((resource) => `objects of ${resource} come from it, and not one action decides on them`);
  if (behind.length === 0) return rule.yields === undefined ? problems : [...problems, 'yields decides on nothing'];
  const idle = rule.yields === undefined ? [] : yielded.filter((resource) => !behind.includes(resource));
  return [...problems, ...idle.map((resource) => `no object of ${resource} comes from it`)];
}

function rootProblems({ isRoot, schema, type }: Place, rule: AnyFieldRule): readonly string[] {
  const { limit, authentication, flow, atOnce } = rule;
  const isHeld = flow !== undefined || atOnce !== undefined;
  const stray = [
    ...(!isRoot && (limit !== undefined || authentication !== undefined)
      ? ['limit and authentication belong to fields of Query, Mutation and Subscription']
      : []),
    ...(isHeld && (!isRoot || type === schema.getSubscriptionType() || rule.action === undefined)
      ? ['flow and atOnce belong to fields of Query and Mutation that have an action']
      : []),
  ];
  if (!isRoot) return stray;
  return [
    ...stray,
    ...limitProblems('limit', limit),
    ...authenticationProblems(authentication),
    ...atOnceProblems(rule),
  ];
}

function sizeProblems({ field, table, type, isRoot }: Place, rule: AnyFieldRule | undefined): readonly string[] {
  const size = rule?.size;
  if (rule?.cost !== undefined && !(Number.isSafeInteger(rule.cost) && rule.cost >= 0)) return ['cost is no number'];
  if (size === undefined) {
    const counts = listDepth(field.type) > 0 && compositeOf(field.type) !== undefined;
    return counts ? ['a list of objects needs a size'] : [];
  }
  if (compositeOf(field.type) === undefined) return ['size belongs to fields that lead to objects'];
  if (listDepth(field.type) > 1) return ['a list of lists of objects has no size'];
  if (typeof size === 'number') return Number.isSafeInteger(size) && size > 0 ? [] : ['size is no number'];
  if (size === 'outer') {
    const isPlain = !isRoot && typeRule(table, type.name)?.plain !== undefined;
    return isPlain ? [] : ["size 'outer' belongs to fields of plain types"];
  }
  return argumentProblems(field, size);
}

function argumentProblems(
  field: AnyField,
  size: { readonly argument: string; readonly max: number },
): readonly string[] {
  const argument = field.args.find(({ name }) => name === size.argument);
  const value = argument === undefined ? undefined : defaultOf(argument);
  if (argument === undefined || getNullableType(argument.type) !== GraphQLInt) {
    return [`size: it has no argument ${size.argument} of type Int`];
  }
  if (!Number.isSafeInteger(size.max) || size.max < 1) return ['size.max is no number'];
  const sound = value !== undefined && value >= 0 && value <= size.max;
  return sound ? [] : [`size: ${size.argument} needs a default from 0 to ${size.max} in the schema`];
}

/** Rules that rule nothing: a misspelt name must not look like a covered one. */
function strayProblems({ schema, table }: Covering): readonly string[] {
  const roots = rootTypes(schema).map(({ name }) => name);
  const types = new Map(objectTypes(schema).map((type) => [type.name, type]));
  const strayTypes = Object.keys(table.types).filter((name) => !types.has(name) || roots.includes(name));
  const strayFields = Object.keys(table.fields).filter((name) => {
    const [type = '', field = ''] = name.split('.');
    return !Object.hasOwn(types.get(type)?.getFields() ?? {}, field);
  });
  return [
    ...strayTypes.map((name) => `types.${name}: there is no such object type to be ruled`),
    ...strayFields.map((name) => `fields.${name}: there is no such field of an object type`),
  ];
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
