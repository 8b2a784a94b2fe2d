/**
 * GraphQL behind the guard: the same tokens, the same policy, the same limits and the same events as on other routes.
 *
 * Owns: what an endpoint must be told, and the check that it was told everything. Does not own: the pipeline of one
 * request (`run`), the rules around resolvers (`enforce`), what an operation may be (`bounds`, `document`).
 */

import type { Policy, PrincipalOf, Vocabulary } from '@castellan/policy';
import { execute, type GraphQLSchema, isSchema, subscribe, validateSchema } from 'graphql';
import type { Access } from '../access.ts';
import { visibleSchema } from '../insecure.ts';
import type { Exchange, Offer, OperationsRoute, Route } from '../route.ts';
import type { TablePolicy } from '../route-table.ts';
import { type Bounds, boundsProblems, defaultBounds } from './bounds.ts';
import { coverageProblems } from './coverage.ts';
import { createPreparer } from './document.ts';
import { guardSchema, isGuarded } from './enforce.ts';
import { type ListedOperations, listedProblems } from './listed.ts';
import { answerGraphql, type Endpoint, type Engine } from './run.ts';
import { objectTypes } from './schema-walk.ts';
import { actionsOf, type FieldRule, type Table, type TypeRule } from './table.ts';

export { type Bounds, defaultBounds } from './bounds.ts';
export { permittedUnder } from './enforce.ts';
export type { ListedOperations } from './listed.ts';
export type { Engine } from './run.ts';
export type * from './table.ts';

/** What an endpoint must be told. */
export interface GraphqlConfig<V extends Vocabulary> {
  /** The policy of the guard. */
  readonly policy: Policy<V>;
  /** An executable schema. It is guarded in place, so that no unguarded twin of it remains. */
  readonly schema: GraphQLSchema;
  /** What the objects of each type are; every object type but the root types has a rule. */
  readonly types: Readonly<Record<string, TypeRule<V>>>;
  /** `'Query.invoices'` -> its rule: every root field, and every field that leads to objects of resources. */
  readonly fields: Readonly<Record<string, FieldRule<V>>>;
  /** In place of {@link defaultBounds}. */
  readonly bounds?: Partial<Bounds>;
  readonly listed?: ListedOperations;
  /** What resolvers find in their context; nothing by default. Undefined for somebody without a token. */
  readonly context?: (asker: { readonly principal: PrincipalOf<V>; readonly access: Access } | undefined) => object;
  /** What runs operations; graphql's own functions by default. */
  readonly engine?: Engine;
  /** Introspection, and errors that name what the schema has: for development only. */
  readonly visibility?: typeof visibleSchema;
  readonly streams?: {
    /** Seconds after which a subscription's token and rights are looked at again, 1 to 60; 5 by default. */
    readonly recheck?: number;
    /** Subscriptions that a subject may have open at once; 10 by default. */
    readonly perSubject?: number;
  };
}

/**
 * The routes of a GraphQL endpoint, to be put among the routes of a guard.
 *
 * Does not check that resolvers select lists by the filter: a list that was not is refused as a failure when an object
 * of it is not permitted. Does not bound how long a resolver runs.
 *
 * @example
 * createGuard({ …, routes: { ...routes, ...graphqlRoutes('/graphql', { policy, schema, types, fields }) } }, runtime, sinks);
 * @see GraphQL over HTTP
 */
export function graphqlRoutes<V extends Vocabulary>(
  path: string,
  config: GraphqlConfig<V>,
): Readonly<Record<string, Route>> {
  const table: Table = { types: config.types ?? {}, fields: (config.fields ?? {}) as Table['fields'] };
  const isVisible = config.visibility === visibleSchema;
  const bounds: Bounds = { ...defaultBounds, ...config.bounds };
  const preparer = createPreparer({ schema: config.schema, table, bounds, isVisible });
  const problems = problemsOf(config, table, bounds);
  if (problems.length === 0) problems.push(...listedProblems(config.listed, preparer));
  const endpoint: Endpoint = {
    table,
    bounds,
    preparer,
    isVisible,
    schema: config.schema,
    listed: config.listed,
    engine: config.engine ?? { execute, subscribe },
    context: (config.context ?? (() => ({}))) as Endpoint['context'],
    streams: { recheck: config.streams?.recheck ?? 5, perSubject: config.streams?.perSubject ?? 10 },
    open: new Map(),
  };
  if (problems.length === 0) guardSchema(config.schema, table, config.policy);
  const route: OperationsRoute = Object.freeze({
    kind: 'operations',
    problems: (policy: TablePolicy) =>
      (policy as unknown) === config.policy ? problems : [...problems, 'policy is not that of the guard'],
    offers: Object.freeze(problems.length === 0 ? offersOf(config.schema, table) : []),
    insecure: isVisible ? ['visibleSchema'] : [],
    ...flowOf(table),
    answer: (exchange: Exchange) => answerGraphql(exchange, endpoint),
  });
  const get = config.listed?.get === true ? { [`GET ${path}`]: route } : {};
  return Object.freeze({ [`POST ${path}`]: route, ...get });
}

/** A step that one of the fields is: its guard then needs a store of marks. */
function flowOf({ fields }: Table): Pick<OperationsRoute, 'flow'> {
  const step = Object.values(fields).find((rule) => rule.flow !== undefined)?.flow;
  return step === undefined ? {} : { flow: step };
}

function problemsOf<V extends Vocabulary>(config: GraphqlConfig<V>, table: Table, bounds: Bounds): string[] {
  const { schema, policy, streams = {}, visibility } = config;
  if (!isSchema(schema)) return ['schema is no executable schema of the same graphql'];
  if (typeof policy?.decide !== 'function') return ['policy is missing'];
  if (isGuarded(schema)) return ['schema is guarded already: make a new one for each endpoint'];
  const { recheck = 5, perSubject = 10 } = streams;
  return [
    ...validateSchema(schema).map(({ message }) => `schema: ${message}`),
    ...coverageProblems({ schema, table, policy: policy as unknown as TablePolicy }),
    ...boundsProblems(bounds as unknown as Readonly<Record<string, unknown>>),
    ...(isWhole(recheck, 60) ? [] : ['streams.recheck is 1 to 60 seconds']),
    ...(isWhole(perSubject, 1000) ? [] : ['streams.perSubject is 1 to 1000']),
    ...(visibility === undefined || visibility === visibleSchema ? [] : ['visibility is left out, or visibleSchema']),
  ];
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** The root fields, and every other field that leads to objects or is public, with what they declare. */
function offersOf(schema: GraphQLSchema, table: Table): readonly Offer[] {
  const types = new Map(objectTypes(schema).map((type) => [type.name, type]));
  const told = Object.entries(table.fields).filter(([, rule]) => rule.reads === undefined);
  return told.map(([name, rule]) => {
    const [type = '', field = ''] = name.split('.');
    const declared = types.get(type)?.getFields()[field];
    return Object.freeze({
      name,
      actions: Object.freeze([...new Set([...actionsOf(rule.action), ...actionsOf(rule.yields)])]),
      input: Object.freeze(declared?.args.map((argument) => argument.name).sort() ?? []),
      output: String(declared?.type),
      ...(rule.limit === undefined ? {} : { limit: Object.freeze({ ...rule.limit }) }),
      ...(rule.flow === undefined ? {} : { flow: `${rule.flow.flow}: ${rule.flow.step}` }),
      ...(rule.atOnce === undefined ? {} : { atOnce: rule.atOnce }),
      ...(rule.authentication === undefined ? {} : { authentication: JSON.stringify(rule.authentication) }),
      ...(rule.public === undefined ? {} : { publicBecause: rule.public }),
    });
  });
}
