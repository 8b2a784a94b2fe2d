/**
 * The words a policy may use: kinds of principals and their attributes, resources with their fields and actions, and
 * the attributes of the context. Types of rules, requests and rows all follow from it.
 */
import type { Related, TermsOf } from './condition.ts';

/** A value of a field: text, a safe integer, or true/false. A question mark says that it may be null. */
export type FieldSpec = 'text' | 'integer' | 'flag' | 'text?' | 'integer?' | 'flag?';

/** A value of a principal or of the context: a field's, or a list of texts (roles, teams). */
export type AttributeSpec = FieldSpec | 'texts';

/** One type of object: its fields, and what can be done with it. */
export interface ResourceVocabulary {
  readonly fields: Readonly<Record<string, FieldSpec>>;
  readonly actions: readonly string[];
  /**
   * The field that says whose tenant the object is. Every permit then also asks that it equals the principal's `tenant`;
   * no rule can leave that out.
   */
  readonly tenant?: string;
  /** What one step away from the object a rule may ask about; for {@link some}. */
  readonly relations?: Readonly<Record<string, RelationVocabulary>>;
  /** The table, where it is not called as the resource; for {@link Policy.filter}. */
  readonly table?: string;
  /** Field -> column, where the two names differ; for {@link Policy.filter}. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** One step from an object to others. Whoever loads the object loads them with it, as a member of this name. */
export interface RelationVocabulary {
  /** The resource at the other end. */
  readonly to: string;
  /** Its own field and the other's field, which are equal. */
  readonly join: readonly [own: string, other: string];
  /** A list of objects when true, else one or null. */
  readonly many: boolean;
}

/** Everything a policy may speak of. Write it `as const`. */
export interface Vocabulary {
  /** Kind -> its attributes. Each has an `id`; kinds never match each other's rules. */
  readonly principals: Readonly<Record<string, { readonly id: 'text' } & Readonly<Record<string, AttributeSpec>>>>;
  readonly resources: Readonly<Record<string, ResourceVocabulary>>;
  readonly context: Readonly<Record<string, AttributeSpec>>;
}

/** A value in a comparison. */
export type Scalar = string | number | boolean;

/** The type of the values that fit a declaration. */
export type ValueOf<S> = S extends 'texts'
  ? readonly string[]
  : S extends `${infer T}?`
    ? ValueOf<T> | null
    : S extends 'text'
      ? string
      : S extends 'integer'
        ? number
        : S extends 'flag'
          ? boolean
          : never;

export type ValuesOf<F> = { readonly [N in keyof F]: ValueOf<F[N]> };

export type PrincipalKind<V extends Vocabulary> = keyof V['principals'] & string;
export type ResourceName<V extends Vocabulary> = keyof V['resources'] & string;
export type FieldName<V extends Vocabulary, R extends ResourceName<V>> = keyof V['resources'][R]['fields'] & string;
export type Verb<V extends Vocabulary, R extends ResourceName<V>> = V['resources'][R]['actions'][number];

/** `invoice.read`: an action always says on what. */
export type ActionName<V extends Vocabulary> = {
  [R in ResourceName<V>]: `${R}.${Verb<V, R>}`;
}[ResourceName<V>];

export type ResourceOf<V extends Vocabulary, A extends ActionName<V>> = A extends `${infer R}.${string}`
  ? R & ResourceName<V>
  : never;

/** Who asks. */
export type PrincipalOf<V extends Vocabulary> = {
  [K in PrincipalKind<V>]: { readonly kind: K } & ValuesOf<V['principals'][K]>;
}[PrincipalKind<V>];

/** An object of a resource, as it is loaded: every declared field is there; more may be, and is never looked at. */
export type RowOf<V extends Vocabulary, R extends ResourceName<V>> = ValuesOf<V['resources'][R]['fields']>;

type RelationsOf<V extends Vocabulary, R extends ResourceName<V>> = V['resources'][R] extends {
  readonly relations: infer L;
}
  ? L
  : Readonly<Record<never, never>>;

type OtherEnd<V extends Vocabulary, L> = L extends { readonly to: infer T } ? T & ResourceName<V> : never;

type RelatedOf<V extends Vocabulary, L> = L extends { readonly many: true }
  ? readonly RowOf<V, OtherEnd<V, L>>[]
  : RowOf<V, OtherEnd<V, L>> | null;

/** An object to decide on: its row, and what its relations lead to. */
export type ObjectOf<V extends Vocabulary, R extends ResourceName<V>> = RowOf<V, R> & {
  readonly [N in keyof RelationsOf<V, R>]: RelatedOf<V, RelationsOf<V, R>[N]>;
};

/** The terms of an object: one for each field, and one to open with {@link some} for each relation. */
export type ObjectTerms<V extends Vocabulary, R extends ResourceName<V>> = TermsOf<V['resources'][R]['fields']> & {
  readonly [N in keyof RelationsOf<V, R>]: Related<V['resources'][OtherEnd<V, RelationsOf<V, R>[N]>]['fields']>;
};

export type ContextOf<V extends Vocabulary> = ValuesOf<V['context']>;

/** The declaration without its question mark. */
export function baseType(spec: AttributeSpec): 'text' | 'integer' | 'flag' | 'texts' {
  return (spec.endsWith('?') ? spec.slice(0, -1) : spec) as ReturnType<typeof baseType>;
}

/**
 * Whether SQL and JavaScript see the same text: no lone surrogate (stored as U+FFFD), no NUL (refused by PostgreSQL).
 * INVARIANT: a value that fails this must never become a parameter, or `filter` and `decide` could disagree.
 */
export function portableText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}
