/** What can be asked of a schema about its shape; the same for graphql 16 and 17. */
import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Table, typeRule } from './table.ts';

export type AnyField = GraphQLField<unknown, unknown>;

/** The object types that a user of the schema wrote, without those of introspection. */
export function objectTypes(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  );
}

/** `Query`, `Mutation` and `Subscription`, whatever they are called. */
export function rootTypes(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type) => type !== undefined && type !== null,
  );
}

/** The object types that a value of a type may have. */
export function membersOf(schema: GraphQLSchema, type: GraphQLOutputType): readonly GraphQLObjectType[] {
  const named = getNamedType(type);
  if (isAbstractType(named)) return schema.getPossibleTypes(named);
  return isObjectType(named) ? [named] : [];
}

/** The resources whose objects a field leads to directly. */
export function resourcesBehind(schema: GraphQLSchema, field: AnyField, table: Table): readonly string[] {
  const resources = membersOf(schema, field.type).map((member) => typeRule(table, member.name)?.resource);
  return [...new Set(resources.filter((resource) => resource !== undefined))];
}

/** The composite type behind a type; undefined for scalars and enums. */
export function compositeOf(type: GraphQLOutputType): GraphQLCompositeType | undefined {
  const named = getNamedType(type);
  return isCompositeType(named) ? named : undefined;
}

/** How many lists are inside one another: 0 for a single value. */
export function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}

/** The default of an argument of whole numbers: as a value, or as it is written in a schema (graphql 17). */
export function defaultOf(argument: GraphQLArgument): number | undefined {
  const known = argument as {
    readonly defaultValue?: unknown;
    readonly default?: { readonly value?: unknown; readonly literal?: { readonly value?: unknown } };
  };
  const value = known.defaultValue ?? known.default?.value ?? known.default?.literal?.value;
  const number = typeof value === 'string' ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}
