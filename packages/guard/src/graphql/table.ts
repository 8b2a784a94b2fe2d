/**
 * What is declared beside a schema: for each type what it shows, for each field that leads to objects which action of
 * the policy must permit them.
 */
import type { Limit } from '@castellan/limits';
import type { ActionName, Filter, FilterOptions, PrincipalOf, ResourceName, Vocabulary } from '@castellan/policy';
import type { Access } from '../access.ts';
import type { FlowStep } from '../flow.ts';
import type { StandardSchema } from '../standard-schema.ts';
import type { AuthenticationNeed } from '../step-up.ts';

/** What the objects of a type are. */
export type TypeRule<V extends Vocabulary> =
  /** Rows of a resource: each is decided on before anything of it is shown, and each field needs the policy's word. */
  | {
      readonly resource: ResourceName<V>;
      /** The field that events name an object by; `id` by default. */
      readonly key?: string;
    }
  /** Nothing of a resource (a page, an edge, the answer of a mutation), with what it carries instead. */
  | { readonly plain: string };

/**
 * How many objects a field leads to at most: a whole number, an argument that says so (of type `Int` with a default, at
 * most `max`), or `outer`: as many as the field around says, as in `edges` of a connection.
 */
export type Size = number | 'outer' | { readonly argument: string; readonly max: number };

interface FieldBase {
  readonly size?: Size;
  /** What the field itself counts for; 1 by default. */
  readonly cost?: number;
  /** Fields of `Query`, `Mutation` and `Subscription` have one: for each subject. The period in seconds. */
  readonly limit?: Limit;
  /** What the arguments must be beyond their types; the resolver is given what it answers. */
  readonly input?: StandardSchema<unknown>;
}

/** A field that leads to objects of resources, or does something with one. */
export interface GuardedField<V extends Vocabulary> extends FieldBase {
  /** What is done. Where objects of several resources may come (a union, an interface): one action for each. */
  readonly action: ActionName<V> | readonly ActionName<V>[];
  /** The action that the objects of the answer are decided on with, where it is another one. */
  readonly yields?: ActionName<V> | readonly ActionName<V>[];
  /** Of a mutation: the object as it is stored, or as it would be created; undefined when there is none. */
  readonly load?: (call: GraphqlCall<V>) => unknown;
  /** Of a mutation: the changes, whose members are fields that this principal must be allowed to write. */
  readonly writes?: 'nothing' | ((args: Arguments) => object);
  /** The step of a business flow that this is, by whatever way its other steps are taken; of `Mutation` and `Query`. */
  readonly flow?: FlowStep;
  /** How many may run at once; of `Mutation` and `Query`. */
  readonly atOnce?: number;
  /** How the person must have signed in for this; only where there is a `limit` too. */
  readonly authentication?: AuthenticationNeed;
}

/** A field that is made of fields of its resource: all of them must be readable. */
export interface MadeField extends FieldBase {
  readonly reads: readonly string[];
}

/** A field for everybody, with the reason that the inventory shows. */
export interface PublicField extends FieldBase {
  readonly public: string;
}

export type FieldRule<V extends Vocabulary> = GuardedField<V> | MadeField | PublicField;

/** The arguments of a field, of the types that its schema says. */
export type Arguments = Readonly<Record<string, unknown>>;

/** Who asks for what. */
export interface GraphqlCall<V extends Vocabulary> {
  readonly principal: PrincipalOf<V>;
  readonly access: Access;
  readonly args: Arguments;
  /** The id that answer and events of this request carry. */
  readonly correlation: string;
}

/** What a resolver of a guarded field is given besides what GraphQL gives it. */
export interface PermittedGraphqlCall<V extends Vocabulary> extends GraphqlCall<V> {
  /** Of a mutation: the object that the decision was about, as it was loaded. */
  readonly object: unknown;
  /**
   * The condition that selects exactly the rows that this principal may have here. A list is selected by it, a write
   * repeats it. Of several actions, `action` says which.
   */
  readonly filter: (options: FilterOptions & { readonly action?: ActionName<V> }) => Filter;
}

/** The rule of a type, its types forgotten. */
export interface AnyTypeRule {
  readonly resource?: string;
  readonly key?: string;
  readonly plain?: string;
}

/** The rule of a field, its types forgotten. */
export interface AnyFieldRule extends FieldBase {
  readonly action?: string | readonly string[];
  readonly yields?: string | readonly string[];
  readonly load?: (call: never) => unknown;
  readonly writes?: 'nothing' | ((args: Arguments) => object);
  readonly flow?: FlowStep;
  readonly atOnce?: number;
  readonly authentication?: AuthenticationNeed;
  readonly reads?: readonly string[];
  readonly public?: string;
}

/** The whole table: `Invoice` -> its type's rule, `Query.invoices` -> its field's rule. */
export interface Table {
  readonly types: Readonly<Record<string, AnyTypeRule>>;
  readonly fields: Readonly<Record<string, AnyFieldRule>>;
}

/** The rule of a field; undefined when it has none of its own. */
export function fieldRule(table: Table, type: string, field: string): AnyFieldRule | undefined {
  const name = `${type}.${field}`;
  return Object.hasOwn(table.fields, name) ? table.fields[name] : undefined;
}

/** The rule of a type; undefined when it has none. */
export function typeRule(table: Table, type: string): AnyTypeRule | undefined {
  return Object.hasOwn(table.types, type) ? table.types[type] : undefined;
}

/** The actions a rule names. */
export function actionsOf(actions: string | readonly string[] | undefined): readonly string[] {
  if (actions === undefined) return [];
  return typeof actions === 'string' ? [actions] : actions;
}

/** The action that objects of a resource, reached through this field, are decided on with. */
export function actionOn(rule: AnyFieldRule, resource: string): string | undefined {
  return actionsOf(rule.yields ?? rule.action).find((action) => action.startsWith(`${resource}.`));
}
