/**
 * The words a policy may use: kinds of principals and their attributes, resources with their fields and actions, and
 * the attributes of the context. Types of rules, requests and rows all follow from it.
 */

/** A value of a field: text, a safe integer, or true/false. A question mark says that it may be null. */
export type FieldSpec = 'text' | 'integer' | 'flag' | 'text?' | 'integer?' | 'flag?';

/** A value of a principal or of the context: a field's, or a list of texts (roles, teams). */
export type AttributeSpec = FieldSpec | 'texts';

/** One type of object: its fields, and what can be done with it. */
export interface ResourceVocabulary {
  readonly fields: Readonly<Record<string, FieldSpec>>;
  readonly actions: readonly string[];
  /** Field -> column, where the two names differ; for {@link Policy.filter}. */
  readonly columns?: Readonly<Record<string, string>>;
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

export type ContextOf<V extends Vocabulary> = ValuesOf<V['context']>;

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** The declaration without its question mark. */
export function baseType(spec: AttributeSpec): 'text' | 'integer' | 'flag' | 'texts' {
  return (spec.endsWith('?') ? spec.slice(0, -1) : spec) as ReturnType<typeof baseType>;
}

/**
 * Whether SQL and JavaScript see the same text: no lone surrogate (stored as U+FFFD), no NUL (refused by PostgreSQL).
 * INVARIANT: a value that fails this must never reach a comparison, or `filter` and `decide` could disagree.
 */
export function portableText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

const fits: Readonly<Record<ReturnType<typeof baseType>, (value: unknown) => boolean>> = {
  text: portableText,
  integer: Number.isSafeInteger,
  flag: (value) => typeof value === 'boolean',
  texts: (value) => Array.isArray(value) && value.every(portableText),
};

/** Why one value does not fit its declaration; undefined when it does. The value itself is never named. */
function misfit(spec: AttributeSpec, value: unknown, nullable: boolean): string | undefined {
  if (value === undefined) return 'is missing';
  if (value === null) return nullable || spec.endsWith('?') ? undefined : 'is null';
  return fits[baseType(spec)](value) ? undefined : `is not of type ${baseType(spec)}`;
}

/**
 * What is wrong with the attributes of a principal or a context. Their absence is known before any row is read, so a
 * required one that is null is an error.
 */
export function attributeErrors(where: string, declared: Attributes, values: unknown): readonly string[] {
  return findErrors({ where, nullable: false }, declared, values);
}

/**
 * What is wrong with a row. A null is a value here, whatever was declared (that is how SQL sees it); a field that is
 * missing was forgotten by who loaded the row, and a rule that forbids by it would silently not apply.
 */
export function rowErrors(where: string, declared: Attributes, values: unknown): readonly string[] {
  return findErrors({ where, nullable: true }, declared, values);
}

interface Place {
  readonly where: string;
  readonly nullable: boolean;
}

function findErrors({ where, nullable }: Place, declared: Attributes, values: unknown): readonly string[] {
  if (typeof values !== 'object' || values === null) return [`${where} is missing`];
  const errors: string[] = [];
  for (const name in declared) {
    const value = Object.hasOwn(values, name) ? (values as Record<string, unknown>)[name] : undefined;
    const problem = misfit(declared[name] as AttributeSpec, value, nullable);
    if (problem !== undefined) errors.push(`${where}.${name} ${problem}`);
  }
  return errors;
}
