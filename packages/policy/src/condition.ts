/**
 * Conditions as frozen plain nodes, and the functions that write them.
 *
 * The language is total and two-valued: a condition is true or false for every row, never unknown and never an error.
 * Absence is written down: a comparison with something null is false, its negation true, and `absent` asks for null.
 */
import type { AttributeSpec, Scalar, ValueOf } from './vocabulary.ts';

declare const valueType: unique symbol;

/** A named value that is known when a decision is made. `T` is its type, for the compiler only. */
export interface Term<T> {
  /** `related` only inside {@link some}: the object at the other end. */
  readonly from: 'principal' | 'resource' | 'context' | 'related';
  readonly name: string;
  readonly [valueType]?: T;
}

/** A declared relation, and the terms of the object at its other end. */
export interface Related<F> {
  readonly relation: string;
  readonly terms: TermsOf<F>;
}

export interface Literal {
  readonly from: 'literal';
  readonly value: Scalar | readonly string[] | readonly number[];
}

export type Operand = Term<unknown> | Literal;

export type Condition =
  | { readonly op: 'always' }
  | { readonly op: 'eq'; readonly left: Operand; readonly right: Operand }
  | { readonly op: 'in'; readonly item: Operand; readonly list: Operand }
  | { readonly op: 'absent'; readonly of: Operand }
  | { readonly op: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  | { readonly op: 'some'; readonly relation: string; readonly of: Condition };

/** One term for each declared name. */
export type TermsOf<F> = { readonly [N in keyof F]: Term<NonNullable<ValueOf<F[N]>>> };

/** True for every row. */
export const always: Condition = Object.freeze({ op: 'always' });

/**
 * Both are there and equal; texts byte for byte. Two absent values are not equal.
 *
 * @example eq(resource.ownerId, principal.id)
 */
export function eq<T extends Scalar>(left: Term<T>, right: Term<T> | NoInfer<T>): Condition {
  return Object.freeze({ op: 'eq', left, right: operand(right) });
}

/**
 * The negation of {@link eq}: true as well when one of the two is absent.
 *
 * @example ne(resource.status, 'void')
 */
export function ne<T extends Scalar>(left: Term<T>, right: Term<T> | NoInfer<T>): Condition {
  return not(eq(left, right));
}

/**
 * The item is there and in the list. Nothing is in an empty list.
 *
 * @example within(resource.team, principal.teams)
 */
export function within<T extends string | number>(
  item: Term<T>,
  list: Term<readonly T[]> | readonly NoInfer<T>[],
): Condition {
  const values = Array.isArray(list) ? Object.freeze([...list]) : list;
  return Object.freeze({ op: 'in', item, list: operand(values as Literal['value'] | Term<unknown>) });
}

/**
 * The value is null.
 *
 * @example absent(resource.deletedOn)
 */
export function absent(of: Term<unknown>): Condition {
  return Object.freeze({ op: 'absent', of });
}

/**
 * All hold; true when there are none.
 *
 * @example and(eq(resource.ownerId, principal.id), eq(resource.status, 'open'))
 */
export function and(...of: readonly Condition[]): Condition {
  return Object.freeze({ op: 'and', of: Object.freeze([...of]) });
}

/**
 * At least one holds; false when there are none.
 *
 * @example or(eq(resource.ownerId, principal.id), eq(principal.role, 'accountant'))
 */
export function or(...of: readonly Condition[]): Condition {
  return Object.freeze({ op: 'or', of: Object.freeze([...of]) });
}

/**
 * Does not hold.
 *
 * @example not(absent(resource.team))
 */
export function not(of: Condition): Condition {
  return Object.freeze({ op: 'not', of });
}

/**
 * The relation leads to at least one object for which the condition holds. It is false when it leads nowhere.
 *
 * @example some(resource.members, (member) => eq(member.personId, principal.id))
 */
export function some<F>(related: Related<F>, of: (other: TermsOf<F>) => Condition): Condition {
  return Object.freeze({ op: 'some', relation: related.relation, of: of(related.terms) });
}

/** The terms that stand for declared names. */
export function termsOf<F extends Readonly<Record<string, AttributeSpec>>>(
  from: Term<unknown>['from'],
  declared: F,
): TermsOf<F> {
  const terms = Object.keys(declared).map((name) => [name, Object.freeze({ from, name })]);
  return Object.freeze(Object.fromEntries(terms)) as TermsOf<F>;
}

function operand(value: Literal['value'] | Term<unknown>): Operand {
  return isTerm(value) ? value : Object.freeze({ from: 'literal', value });
}

function isTerm(value: unknown): value is Term<unknown> {
  return typeof value === 'object' && value !== null && 'from' in value;
}
