/**
 * Puts the policy around every resolver of a schema.
 *
 * The schema is changed in place, so that no unguarded twin of it remains: whatever executes it (graphql-js, Yoga, any
 * server that takes a schema) meets the same rules, and without an operation of the guard it answers nothing.
 *
 * Owns: where each question is asked. Does not own: the answers (`operation`, the policy).
 */

import type { FilterOptions, Policy, Vocabulary } from '@castellan/policy';
import { Refusal, refuse, wireRefusals } from '@castellan/protocol';
import {
  defaultFieldResolver,
  defaultTypeResolver,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isListType,
  isNonNullType,
} from 'graphql';
import { checkSource } from '../input.ts';
import { after, isLater } from '../later.ts';
import { fits } from '../output.ts';
import { type Operation, refusalOf } from './operation.ts';
import { type AnyField, compositeOf, listDepth, objectTypes, resourcesBehind, rootTypes } from './schema-walk.ts';
import {
  type AnyFieldRule,
  type AnyTypeRule,
  type Arguments,
  actionOn,
  actionsOf,
  fieldRule,
  type PermittedGraphqlCall,
  type Table,
  typeRule,
} from './table.ts';

/** Under which a context carries its operation; copies of a context keep it. */
const operationKey = Symbol('operation');
/** Operations that the guard has opened: a context cannot be given another. */
const opened = new WeakSet<Operation>();
const guarded = new WeakSet<GraphQLSchema>();
const calls = new WeakMap<GraphQLResolveInfo, PermittedGraphqlCall<Vocabulary>>();

/** The context that resolvers are run with. */
export function contextOf(operation: Operation, own: object): object {
  opened.add(operation);
  return { ...own, [operationKey]: operation };
}

/**
 * What a resolver of a guarded field is permitted: reads it off the `info` that GraphQL hands to resolvers.
 *
 * @throws {Refusal} `server_error` for a field without an action
 * @example
 * const permitted = permittedUnder(policy);
 * const resolvers = { Query: { invoices: (_, args, __, info) => store.list(permitted(info).filter({ dialect: 'sqlite' })) } };
 */
export function permittedUnder<V extends Vocabulary>(
  _policy: Policy<V>,
): (info: GraphQLResolveInfo) => PermittedGraphqlCall<V> {
  return (info) => {
    const call = calls.get(info);
    if (call === undefined)
      return refuse('server_error', { detail: 'a resolver without an action asked for its call' });
    return call as unknown as PermittedGraphqlCall<V>;
  };
}

/** Whether a schema has been guarded already. */
export function isGuarded(schema: GraphQLSchema): boolean {
  return guarded.has(schema);
}

/** Guards every field of a schema, whose table leaves nothing open. */
export function guardSchema(schema: GraphQLSchema, table: Table, policy: { readonly vocabulary: Vocabulary }): void {
  guarded.add(schema);
  for (const type of objectTypes(schema)) {
    for (const field of Object.values(type.getFields())) {
      const place = placeOf({ schema, table, policy, type, field });
      const { resolve, subscribe } = field;
      field.resolve = guardResolver(resolve ?? defaultFieldResolver, place);
      if (type === schema.getSubscriptionType()) {
        field.subscribe = guardSource(subscribe ?? defaultFieldResolver, place);
      }
    }
  }
}

/** All that is known of a field before anybody asks for it. */
interface Place {
  readonly schema: GraphQLSchema;
  readonly table: Table;
  readonly type: GraphQLObjectType;
  readonly field: AnyField;
  readonly isRoot: boolean;
  readonly isMutation: boolean;
  readonly isSubscription: boolean;
  readonly rule: AnyFieldRule | undefined;
  /** What the objects of its type are. */
  readonly owner: AnyTypeRule;
  /** It leads to objects of resources. */
  readonly isEdge: boolean;
  /** It leads to objects of plain types. */
  readonly isPlainList: boolean;
  /** The declaration of the field of the resource that it shows as it is. */
  readonly shows: Parameters<typeof fits>[1];
}

interface Placing extends Pick<Place, 'schema' | 'table' | 'type' | 'field'> {
  readonly policy: { readonly vocabulary: Vocabulary };
}

function placeOf({ schema, table, type, field, policy }: Placing): Place {
  const rule = fieldRule(table, type.name, field.name);
  const owner = typeRule(table, type.name) ?? {};
  const declared = owner.resource === undefined ? undefined : policy.vocabulary.resources[owner.resource]?.fields;
  const isEdge = resourcesBehind(schema, field, table).length > 0;
  return {
    schema,
    table,
    type,
    field,
    rule,
    owner,
    isRoot: rootTypes(schema).includes(type),
    isMutation: type === schema.getMutationType(),
    isSubscription: type === schema.getSubscriptionType(),
    isEdge,
    isPlainList: !isEdge && listDepth(field.type) > 0 && compositeOf(field.type) !== undefined,
    shows: rule === undefined ? declared?.[field.name] : undefined,
  };
}

type Resolver = GraphQLFieldResolver<unknown, unknown>;
type ResolverCall = Parameters<Resolver>;

/** One field of one object, while it is resolved. */
interface Visit {
  readonly place: Place;
  readonly operation: Operation;
  readonly source: unknown;
  readonly args: Arguments;
  readonly context: unknown;
  readonly info: GraphQLResolveInfo;
}

function guardResolver(resolve: Resolver, place: Place): Resolver {
  return (...call) => {
    const visit = visitOf(place, call);
    return attempt(visit, () => after(begin(visit), (args) => resolveWith(args, resolve, visit)));
  };
}

function resolveWith(args: Arguments, resolve: Resolver, visit: Visit): unknown {
  const { source, context, info } = visit;
  const begun = args === visit.args ? visit : { ...visit, args };
  const work = (): unknown => resolve(source, args, context, info);
  const { rule, type, field } = visit.place;
  const isHeld = rule?.flow !== undefined || rule?.atOnce !== undefined;
  const value = isHeld ? visit.operation.hold({ ...rule, name: `${type.name}.${field.name}` }, work) : work();
  return after(value, (settled) => settle(settled, begun));
}

function guardSource(subscribe: Resolver, place: Place): Resolver {
  return (...call) => {
    const visit = visitOf(place, call);
    const { source, context, info } = visit;
    return attempt(visit, () => after(begin(visit), (args) => subscribe(source, args, context, info)));
  };
}

function visitOf(place: Place, [source, args, context, info]: ResolverCall): Visit {
  const operation = (context as { readonly [operationKey]?: Operation } | undefined)?.[operationKey];
  // INVARIANT: without an operation of the guard nothing is resolved, whoever executes the schema.
  if (operation === undefined || !opened.has(operation)) throw masked(new Refusal('server_error'));
  return { place, operation, source, args, context, info };
}

/** INVARIANT: whatever a resolver throws ends here; outside, there is only the public text of a refusal. */
function attempt(visit: Visit, work: () => unknown): unknown {
  const fail = (error: unknown): never => {
    throw masked(visit.operation.refuseAt(pathOf(visit.info.path), error));
  };
  try {
    const value = work();
    return isLater(value) ? Promise.resolve(value).then(undefined, fail) : value;
  } catch (error) {
    return fail(error);
  }
}

/** An error of GraphQL, made anew, so that servers which mask errors let it through. */
function masked({ reason }: Refusal): GraphQLError {
  const { error, description } = wireRefusals[reason];
  return new GraphQLError(description, { extensions: { code: error } });
}

/** What must hold before the field is resolved; answers with the arguments it is resolved with. */
function begin(visit: Visit): Arguments | Promise<Arguments> {
  enter(visit);
  const { place, args, operation } = visit;
  const { rule } = place;
  if (rule?.action !== undefined) operation.requireFunction(actionsOf(rule.action));
  if (rule?.input === undefined) return beginWith(visit);
  return after(checkSource('args', rule.input, args), (checked) => beginWith({ ...visit, args: checked as Arguments }));
}

function beginWith(visit: Visit): Arguments | Promise<Arguments> {
  const { place, args } = visit;
  const { rule } = place;
  if (rule?.action === undefined) return args;
  if (place.isMutation) return beginMutation(visit, rule);
  keepCall(visit, undefined);
  return args;
}

function enter({ place, info, operation, source }: Visit): void {
  const { owner, type, field, rule, shows } = place;
  if (place.isRoot) {
    const isCounted = info.path.prev === undefined && operation.counted.has(String(info.path.key));
    if (!isCounted) refuse('server_error', { detail: 'a root field that was not counted' });
    const refusal = operation.refusedRoots.get(String(info.path.key));
    if (refusal !== undefined) throw refusal;
    return;
  }
  if (owner.resource === undefined) return;
  // INVARIANT: however an object was reached, nothing of it is shown before it was decided on as one of this type.
  if (!operation.isAdmitted(source, type.name)) {
    refuse('server_error', { detail: `an object of ${type.name} was reached that no rule has decided on` });
  }
  if (place.isEdge || rule?.public !== undefined) return;
  const readable = operation.readable(source as object, owner.resource);
  const needed = rule?.reads ?? (shows === undefined ? [] : [field.name]);
  const hidden = needed.find((name) => !readable.has(name));
  if (hidden !== undefined) refuse('forbidden', { detail: `${owner.resource}.${hidden} may not be read` });
}

function beginMutation(visit: Visit, { action, load, writes }: AnyFieldRule): Arguments | Promise<Arguments> {
  const { operation, args } = visit;
  const [only = ''] = actionsOf(action);
  const { access, caller } = operation.asker();
  // An earlier mutation of this operation may have changed what was decided on.
  operation.forget();
  const call = { principal: caller.principal, access, args, correlation: operation.correlation };
  return after<unknown, Arguments>(operation.inTime(load?.(call as never)), (object) => {
    operation.requireObject(only, object, showing(visit.place.table, only));
    if (typeof writes === 'function') operation.requireWritable(only, object, writes(args));
    keepCall(visit, object);
    return args;
  });
}

/** The rule of the type that shows the objects of an action. */
function showing({ types }: Table, action: string): AnyTypeRule {
  return Object.values(types).find(({ resource }) => resource === action.slice(0, action.indexOf('.'))) ?? {};
}

function keepCall({ operation, info, args, place }: Visit, object: unknown): void {
  const { rule } = place;
  const { access, caller } = operation.asker();
  const actions = [...actionsOf(rule?.action), ...actionsOf(rule?.yields)];
  const filter = ({ action = actions[0] ?? '', ...options }: FilterOptions & { readonly action?: string }) => {
    if (!actions.includes(action)) refuse('server_error', { detail: `the field does not declare ${action}` });
    return operation.policy.filter(operation.asking(action), options);
  };
  const { principal } = caller;
  const call = { principal, access, args, correlation: operation.correlation, object, filter };
  calls.set(info, call as unknown as PermittedGraphqlCall<Vocabulary>);
}

/** What must hold of the value that came. */
function settle(value: unknown, visit: Visit): unknown {
  const { place, operation } = visit;
  const { rule, isEdge, shows, field, owner } = place;
  noteSize(visit);
  if (shows !== undefined && !fits(value, shows)) {
    refuse('server_error', { detail: `not as declared: ${owner.resource}.${field.name}` });
  }
  if (!isEdge && !place.isPlainList) return value;
  if (isEdge && rule?.action !== undefined) operation.asker();
  return settleAs(field.type, value, { visit, isListed: false });
}

interface Settling {
  readonly visit: Visit;
  readonly isListed: boolean;
}

function settleAs(type: GraphQLOutputType, value: unknown, settling: Settling): unknown {
  if (isLater(value)) return after(value, (settled) => settleAs(type, settled, settling));
  if (isNonNullType(type)) {
    const inner = settleAs(type.ofType, value, settling);
    const { isEdge, isSubscription } = settling.visit.place;
    return isEdge && !settling.isListed && !isSubscription ? after(inner, requireThere) : inner;
  }
  if (value === undefined || value === null) return null;
  if (isListType(type)) return settleList(type.ofType, value, settling);
  return settling.visit.place.isEdge ? settleObject(value, settling) : value;
}

/** An object that is not there and one that nobody may know of end alike where the schema has no place for null. */
function requireThere(value: unknown): unknown {
  return value ?? refuse('object_not_found', { detail: 'no object, where the schema promises one' });
}

function settleList(type: GraphQLOutputType, value: unknown, settling: Settling): unknown {
  const { visit } = settling;
  const inside = { visit, isListed: true };
  const size = sizeAt(visit);
  if (isAsyncIterable(value)) return settleStream(type, value, { ...inside, size });
  if (typeof value !== 'object' || !(Symbol.iterator in (value as object))) {
    return refuse('server_error', { detail: 'the resolver did not answer with a list' });
  }
  const items = [...(value as Iterable<unknown>)].map(heard);
  if (items.length > size) refuse('server_error', { detail: `the resolver answered with more than ${size} objects` });
  const settled = items.map((item) => heard(settleAs(type, item, inside)));
  return settled.some(isLater) ? Promise.all(settled) : settled;
}

/** One item ends the list for all: a rejection of another would then be nobody's, and would end the process. */
function heard(item: unknown): unknown {
  if (item instanceof Promise) item.then(undefined, () => undefined);
  return item;
}

async function* settleStream(
  type: GraphQLOutputType,
  items: AsyncIterable<unknown>,
  settling: Settling & { readonly size: number },
): AsyncGenerator {
  let count = 0;
  for await (const item of items) {
    count += 1;
    if (count > settling.size)
      refuse('server_error', { detail: 'the resolver answered with more objects than declared' });
    yield await settleAs(type, item, settling);
  }
}

/** The object, admitted; null when this principal may not know of it. */
function settleObject(value: unknown, settling: Settling): unknown {
  const { visit } = settling;
  return after(memberTypeOf(value, visit), (name) => {
    const { operation, place } = visit;
    const { table, rule } = place;
    const type = typeRule(table, name);
    if (type?.resource === undefined) return value;
    const action = rule === undefined ? undefined : actionOn(rule, type.resource);
    if (action === undefined || typeof value !== 'object' || value === null) {
      return refuse('server_error', { detail: `no action decides on an object of ${name}` });
    }
    const refusal = refusalOf(() => operation.requireObject(action, value, type));
    if (refusal === undefined) operation.admit(value, name);
    return refusal === undefined ? value : denied(refusal, settling);
  });
}

function denied(refusal: Refusal, { visit, isListed }: Settling): null {
  const { operation } = visit;
  if (visit.place.isSubscription) {
    // The event was for others: not even that it happened is told.
    operation.isEventDenied = true;
    return null;
  }
  // A list was selected by the filter, or it was not: taking objects away afterwards would hide that.
  if (isListed) refuse('server_error', { detail: 'the resolver listed an object that is not permitted' });
  if (refusal.reason !== 'object_not_found') throw refusal;
  operation.deny(refusal);
  return null;
}

/** The object type that a value will turn out to have, asked as GraphQL asks it afterwards. */
function memberTypeOf(value: unknown, { place, context, info }: Visit): string | Promise<string> {
  const named = getNamedType(place.field.type);
  if (!isAbstractType(named)) return named.name;
  const resolve = named.resolveType ?? defaultTypeResolver;
  const name = after(resolve(value, context, info, named), (found) =>
    typeof found === 'string' ? found : refuse('server_error', { detail: `an object of ${named.name} has no type` }),
  );
  return name as string | Promise<string>;
}

function noteSize({ place, args, operation, info }: Visit): void {
  const size = place.rule?.size;
  if (size === undefined || size === 'outer') return;
  operation.sizes.set(pathOf(info.path), typeof size === 'number' ? size : Number(args[size.argument]));
}

/** Its own size, or that of the field around it. */
function sizeAt({ operation, info }: Visit): number {
  for (let at: GraphQLResolveInfo['path'] | undefined = info.path; at !== undefined; at = at.prev) {
    const size = operation.sizes.get(pathOf(at));
    if (size !== undefined) return size;
  }
  return refuse('server_error', { detail: 'a list whose size nothing says' });
}

/** `invoices.0.owner`: a place in the answer. */
function pathOf(path: GraphQLResolveInfo['path']): string {
  const keys: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = path; at !== undefined; at = at.prev) keys.push(at.key);
  return keys.reverse().join('.');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
