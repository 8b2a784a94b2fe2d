/**
 * One policy: rules as data, compiled once, asked in several ways.
 *
 * This package owns the decision and nothing else: it verifies no token, loads no object, opens no connection, and
 * imports nothing. Default deny, a forbid wins, the order of rules does not matter, an error denies.
 */
import { checkPolicy } from './check-policy.ts';
import { decide, decider, foresee, type UntypedRequest } from './decide.ts';
import type { Decision } from './decision.ts';
import { type Explanation, explain } from './explain.ts';
import { readable, writable } from './fields.ts';
import { type Filter, type FilterOptions, filter, type WhereOptions, where } from './filter.ts';
import { indexRules } from './plan.ts';
import { type Rule, type RuleBuilder, ruleBuilder } from './rule.ts';
import type {
  ActionName,
  ContextOf,
  FieldName,
  ObjectOf,
  PrincipalOf,
  ResourceName,
  ResourceOf,
  Vocabulary,
} from './vocabulary.ts';

/** Who asks, with what delegated rights, in what circumstances. */
export interface Asking<V extends Vocabulary> {
  readonly principal: PrincipalOf<V>;
  /** The scopes of the token; never taken from the principal's own data. */
  readonly scopes: readonly string[];
  readonly context: ContextOf<V>;
}

/** May this principal do this action… */
export interface ActionRequest<V extends Vocabulary, A extends ActionName<V>> extends Asking<V> {
  readonly action: A;
}

/** …on this object? */
export interface ObjectRequest<V extends Vocabulary, A extends ActionName<V>> extends ActionRequest<V, A> {
  readonly resource: ObjectOf<V, ResourceOf<V, A>>;
}

/** What may be read of this object? */
export interface ReadRequest<V extends Vocabulary, R extends ResourceName<V>> extends Asking<V> {
  readonly type: R;
  readonly resource: ObjectOf<V, R>;
}

export interface Policy<V extends Vocabulary> {
  readonly vocabulary: V;
  readonly rules: readonly Rule[];
  /** Decides. It never throws; an error is a denial that says so. */
  readonly decide: <A extends ActionName<V>>(request: ObjectRequest<V, A>) => Decision;
  /** The same decision in words, with the rules that came close. For people: it costs many times a decision. */
  readonly explain: <A extends ActionName<V>>(request: ObjectRequest<V, A>) => Explanation;
  /** Whether any object can be permitted, before one is loaded. It never replaces `decide` or `filter`. */
  readonly foresee: <A extends ActionName<V>>(request: ActionRequest<V, A>) => Decision;
  /** The condition that selects exactly the rows that `decide` permits. */
  readonly filter: <A extends ActionName<V>>(request: ActionRequest<V, A>, options: FilterOptions) => Filter;
  /** The same condition as an expression of Kysely, made with the `sql` tag that is handed in. */
  readonly where: <A extends ActionName<V>, E>(request: ActionRequest<V, A>, options: WhereOptions<E>) => E;
  /** `decide` for many objects: who asks is read and checked once, and what it costs then is the object. */
  readonly decider: <A extends ActionName<V>>(
    request: ActionRequest<V, A>,
  ) => (resource: ObjectOf<V, ResourceOf<V, A>>) => Decision;
  /** The same condition for objects that are already in memory: `objects.filter(policy.predicate(request))`. */
  readonly predicate: <A extends ActionName<V>>(
    request: ActionRequest<V, A>,
  ) => (resource: ObjectOf<V, ResourceOf<V, A>>) => boolean;
  /** The fields of this object that may be read, in declared order. */
  readonly readable: <R extends ResourceName<V>>(request: ReadRequest<V, R>) => readonly FieldName<V, R>[];
  /** The fields of this object that the action may change, in declared order. */
  readonly writable: <A extends ActionName<V>>(
    request: ObjectRequest<V, A>,
  ) => readonly FieldName<V, ResourceOf<V, A>>[];
}

/**
 * Builds a policy.
 *
 * Does not check that the rules say what was meant: only that they can be judged, in JavaScript and in SQL alike.
 *
 * @throws {PolicyError} naming every undeclared word, every comparison of different types, and every rule that says
 * nothing
 * @example
 * const words = {
 *   principals: { person: { id: 'text' } },
 *   resources: { note: { fields: { ownerId: 'text', body: 'text' }, actions: ['read'] } },
 *   context: {},
 * } as const;
 * const policy = definePolicy(words, ({ permit }) => [
 *   permit('owner-reads', {
 *     who: 'person', on: 'note', may: ['read'], scopes: ['notes:read'],
 *     when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
 *     reads: ['body'],
 *   }),
 * ]);
 */
export function definePolicy<const V extends Vocabulary>(
  vocabulary: V,
  write: (builder: RuleBuilder<V>) => readonly Rule[],
): Policy<V> {
  const words = deepFreeze(structuredClone(vocabulary));
  const rules = Object.freeze([...write(ruleBuilder(words))]);
  checkPolicy(words, rules);
  const index = indexRules(words, rules);
  const policy = {
    vocabulary: words,
    rules,
    decide: (request: UntypedRequest) => decide(index, request),
    explain: explain.bind(undefined, index),
    foresee: foresee.bind(undefined, index),
    filter: filter.bind(undefined, index),
    where: where.bind(undefined, index),
    decider: decider.bind(undefined, index),
    predicate: (request: UntypedRequest) => {
      const decideOn = decider(index, request);
      return (resource: unknown) => decideOn(resource).effect === 'permit';
    },
    readable: readable.bind(undefined, index),
    writable: writable.bind(undefined, index),
  };
  // The engine checks at run time what the types promise, so it takes untyped requests.
  return Object.freeze(policy) as unknown as Policy<V>;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
