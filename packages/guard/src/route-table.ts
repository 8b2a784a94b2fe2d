/** The whole table: every fault of it found at the start, and the one row that a request belongs to. */
import type { Rule, Vocabulary } from '@castellan/policy';
import { type HttpRequest, refuse } from '@castellan/protocol';
import { permitUnknownRevocation } from './insecure.ts';
import { type NamedLimit, nameLimit } from './limits.ts';
import { canonicalSegments } from './path.ts';
import type { GuardedRoute, OperationsRoute, Route } from './route.ts';
import { isSchema } from './standard-schema.ts';
import { authenticationProblems } from './step-up.ts';

/** The row of a request. */
export interface FoundRoute {
  /** Its key in the table, which events and limits go by. */
  readonly name: string;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  /** Its own, for each subject; a route without a caller has none. */
  readonly limit: NamedLimit | undefined;
}

export type FindRoute = (request: Pick<HttpRequest, 'method' | 'path'>) => FoundRoute;

interface Row {
  readonly name: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly route: Route;
}

/** A row with the limit of its route; a path without parameters is found as the row that it is. */
interface ServedRow extends Row, FoundRoute {}

const keySyntax = /^(GET|POST|PUT|PATCH|DELETE) ((?:\/(?::[a-z][A-Za-z0-9]*|[A-Za-z0-9\-._~!$&'()*+,;=@]*))+)$/;

function parseKey(name: string, route: Route): Row | undefined {
  const [, method, path] = keySyntax.exec(name) ?? [];
  if (method === undefined || path === undefined) return undefined;
  const segments = path.slice(1).split('/');
  // A request with dot segments is refused whatever it asks for.
  return segments.some((segment) => segment === '.' || segment === '..')
    ? undefined
    : { name, method, segments, route };
}

/** What the routes are held against. */
export interface TablePolicy {
  readonly vocabulary: Vocabulary;
  readonly rules: readonly Rule[];
}

/**
 * Everything that is wrong with the table, each with the name of its route: a route that says too little is
 * never served.
 */
export function tableProblems(routes: Readonly<Record<string, Route>>, policy: TablePolicy): readonly string[] {
  const problems: string[] = [];
  const shapes = new Map<string, string>();
  for (const [name, route] of Object.entries(routes)) {
    const row = parseKey(name, route);
    if (row === undefined) {
      problems.push(`${JSON.stringify(name)} is not a route: write a method and a path, as in "GET /invoices/:id"`);
      continue;
    }
    const shape = `${row.method} ${row.segments.map((segment) => (isParameter(segment) ? ':' : segment)).join('/')}`;
    const twin = shapes.get(shape);
    if (twin !== undefined) problems.push(`${name} clashes with ${twin}`);
    shapes.set(shape, name);
    problems.push(...routeProblems(row, policy).map((problem) => `${name}: ${problem}`));
  }
  return problems;
}

function routeProblems(row: Row, policy: TablePolicy): readonly string[] {
  const { route } = row;
  if (typeof route !== 'object' || route === null) return ['not a route'];
  if (route.kind === 'public') return publicProblems(row);
  if (route.kind === 'operations') return operationsProblems(row, route, policy);
  const problems: string[] = [];
  if (route.kind !== 'object' && route.kind !== 'collection') problems.push('build it with routesUnder or publicRoute');
  if (typeof route.handle !== 'function') problems.push('handle is missing');
  if (route.kind === 'object' && typeof route.load !== 'function') problems.push('load is missing');
  return [
    ...problems,
    ...actionProblems(route.action, policy),
    ...inputProblems(row, route),
    ...outputProblems(route, policy),
    ...limitProblems('limit', route.limit),
    ...authenticationProblems(route.authentication),
    ...atOnceProblems(route),
    ...revocationModeProblems(route),
  ];
}

function operationsProblems(row: Row, route: OperationsRoute, policy: TablePolicy): readonly string[] {
  const named = row.segments.some(isParameter) ? ['its path has no parameters'] : [];
  return [...named, ...route.problems(policy)];
}

function revocationModeProblems({ whenRevocationUnknown: mode }: GuardedRoute): readonly string[] {
  const sound = mode === undefined || mode === permitUnknownRevocation;
  return sound ? [] : ['whenRevocationUnknown is left out, or permitUnknownRevocation'];
}

function publicProblems(row: Row): readonly string[] {
  const { reason, handle } = row.route as Partial<Extract<Route, { kind: 'public' }>>;
  const problems: string[] = [];
  if (typeof reason !== 'string' || reason.trim() === '') problems.push('a public route needs a reason');
  if (typeof handle !== 'function') problems.push('handle is missing');
  if (row.segments.some(isParameter)) problems.push('a public route receives nothing, so its path has no parameters');
  return problems;
}

export function actionProblems(action: unknown, { vocabulary, rules }: TablePolicy): readonly string[] {
  if (typeof action !== 'string') return ['action is missing'];
  const [resource = '', verb = ''] = action.split('.');
  const declared = Object.hasOwn(vocabulary.resources, resource) ? vocabulary.resources[resource]?.actions : undefined;
  if (declared?.includes(verb) !== true) return [`the policy has no action ${action}`];
  const permitted = rules.some((rule) => rule.effect === 'permit' && rule.on === resource && rule.may.includes(verb));
  return permitted ? [] : [`no rule of the policy permits ${action}`];
}

function inputProblems(row: Row, { input, kind }: GuardedRoute): readonly string[] {
  if (typeof input !== 'object' || input === null) return ['input is missing ({} when it takes nothing)'];
  const problems: string[] = [];
  for (const [source, schema] of Object.entries(input)) {
    if (!['params', 'query', 'body', 'headers'].includes(source)) problems.push(`input.${source} is not a source`);
    else if (!isSchema(schema)) problems.push(`input.${source} is not a Standard Schema`);
  }
  const named = row.segments.some(isParameter);
  if (named && input.params === undefined) problems.push('input.params is missing');
  if (!named && input.params !== undefined) problems.push('input.params: the path has no parameters');
  if (input.body !== undefined && !['POST', 'PUT', 'PATCH'].includes(row.method)) {
    problems.push(`input.body: ${row.method} has no body`);
  }
  if (kind === 'collection' && input.body !== undefined) {
    problems.push('input.body needs an object route: the fields that may be written depend on the object');
  }
  if (kind === 'collection' && !['GET', 'POST'].includes(row.method))
    problems.push(`${row.method} needs an object route`);
  return problems;
}

function outputProblems({ output, kind }: GuardedRoute, { vocabulary }: TablePolicy): readonly string[] {
  if (output === 'nothing') return [];
  const { most, ...kinds } = typeof output === 'object' && output !== null ? (output as { most?: unknown }) : {};
  const entries = Object.entries<string>(kinds);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1 || !['one', 'many'].includes(entry[0])) {
    return ["output is missing ({ one: … }, { many: … } or 'nothing')"];
  }
  if (entry[0] === 'many' && kind === 'object') return ['output: an object route answers with one object, or nothing'];
  const bounded = most === undefined || (entry[0] === 'many' && isWhole(most, 10_000));
  return [
    ...(Object.hasOwn(vocabulary.resources, entry[1]) ? [] : [`output: the policy has no resource ${entry[1]}`]),
    ...(bounded ? [] : ['output.most is 1 to 10000, with many']),
  ];
}

export function atOnceProblems({ atOnce }: Pick<GuardedRoute, 'atOnce'>): readonly string[] {
  return atOnce === undefined || isWhole(atOnce, 10_000) ? [] : ['atOnce is 1 to 10000'];
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** Why something is not a limit. */
export function limitProblems(where: string, limit: unknown): readonly string[] {
  const { count, period } = (limit ?? {}) as { readonly count?: unknown; readonly period?: unknown };
  // Whole numbers, as the fields that tell of them have no others.
  const sound = [count, period].every((value) => Number.isSafeInteger(value) && (value as number) >= 1);
  return sound ? [] : [`${where} is missing: { count, period } in whole requests and seconds, both at least 1`];
}

/**
 * Makes the finder of a sound table.
 *
 * The path alone picks the row's place (a fixed segment goes before a parameter, from the left), the method then picks
 * the row: so no other method of a fixed path can reach the parameter beside it.
 */
export function createRouteFinder(routes: Readonly<Record<string, Route>>): FindRoute {
  const places = new Map<string, ServedRow[]>();
  for (const [name, route] of Object.entries(routes)) {
    const row = parseKey(name, route);
    if (row === undefined) throw new TypeError(`${name} is not a route`);
    const shape = row.segments.map((segment) => (isParameter(segment) ? ':' : segment)).join('/');
    const limit = 'limit' in route ? nameLimit('route', route.limit, name) : undefined;
    places.set(shape, [...(places.get(shape) ?? []), { ...row, limit, params: noParams }]);
  }
  const sorted = [...places.values()].sort((a, b) => specificity(a).localeCompare(specificity(b)));
  // A path without parameters goes before all others, and is written in the table as it is sent.
  const fixed = new Map(
    [...places].filter(([shape]) => !shape.split('/').includes(':')).map(([shape, rows]) => [`/${shape}`, rows]),
  );
  return ({ method, path }) => {
    const known = fixed.get(path);
    if (known !== undefined) return rowOf(known, method);
    const segments = canonicalSegments(path);
    const place = sorted.find(([row]) => row !== undefined && matches(row.segments, segments));
    if (place === undefined) return refuse('not_found');
    const { name, route, limit, segments: pattern } = rowOf(place, method);
    return { name, route, limit, params: paramsOf(pattern, segments) };
  };
}

function rowOf(place: readonly ServedRow[], method: string): ServedRow {
  const asked = method === 'HEAD' ? 'GET' : method;
  return place.find((one) => one.method === asked) ?? refuse('method_not_allowed', { allow: allowOf(place) });
}

function isParameter(segment: string): boolean {
  return segment.startsWith(':');
}

/** Sorts fixed segments before parameters, from the left. */
function specificity([row]: readonly Row[]): string {
  return (row?.segments ?? []).map((segment) => (isParameter(segment) ? '1' : '0')).join('');
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => (isParameter(part) ? segments[index] !== '' : part === segments[index]))
  );
}

function allowOf(place: readonly Row[]): string {
  const methods = place.map((row) => row.method);
  return [...new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)].sort().join(', ');
}

const noParams: Readonly<Record<string, string>> = Object.freeze({});

function paramsOf(pattern: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> {
  if (!pattern.some(isParameter)) return noParams;
  const pairs = pattern.flatMap((part, index) =>
    isParameter(part) ? [[part.slice(1), segments[index]] as const] : [],
  );
  return Object.freeze(Object.fromEntries(pairs)) as Readonly<Record<string, string>>;
}
