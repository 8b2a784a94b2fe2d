/** One row of the table of routes, and finding the row of a request. */
import { type HttpRequest, refuse } from '@castellan/protocol';
import type { LimitSettings } from '../config.ts';
import type { Endpoint } from './exchange.ts';

/** Everything about a route that is not its endpoint's business. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** The whole path, that of the issuer included; a `*` at its end stands for any last part that no other route has. */
  readonly path: string;
  /** The endpoint's word in events. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** A route that acts is not answered to HEAD. */
  readonly effect: 'read' | 'act';
  /** `any` origin for public documents; `clients` for the origins of public clients. Never with credentials. */
  readonly cors: 'none' | 'any' | 'clients';
  /** `Cache-Control` of a success; everything else is `no-store`. */
  readonly cache: string;
  /** The limit per client address. */
  readonly limit: keyof LimitSettings | undefined;
  /** How a refusal is told: a page for a person, or JSON for a program. */
  readonly channel: 'page' | 'json';
  /** Answered by what was read last while the store cannot be read; every other route is refused then. */
  readonly outage?: 'serve';
  /** A POST with another media type is refused; `optional` lets an empty body go without one. */
  readonly form: 'required' | 'optional' | 'none';
}

/** What was found for a request: its route, or the routes of its path when only the method does not fit. */
export type FoundRoute =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'preflight' | 'wrong_method'; readonly route: Route; readonly allow: string }
  | { readonly kind: 'none' };

export type FindRoute = (request: Pick<HttpRequest, 'method' | 'path'>) => FoundRoute;

/**
 * Finds routes by exact path: nothing is decoded, folded or trimmed, so no two spellings reach the same endpoint. What
 * a `*` stands for is the endpoint's to check as strictly.
 *
 * @throws {TypeError} when two routes have the same method and path
 */
export function createRouteFinder(routes: readonly Route[]): FindRoute {
  const byPath = new Map<string, Map<string, Route>>();
  for (const route of routes) {
    const methods = byPath.get(route.path) ?? new Map<string, Route>();
    if (methods.has(route.method)) throw new TypeError(`Two routes for ${route.method} ${route.path}`);
    byPath.set(route.path, methods.set(route.method, route));
  }
  return ({ method, path }) => {
    const methods = byPath.get(path) ?? byPath.get(path.replace(/[^/]+$/, '*'));
    const [first] = methods?.values() ?? [];
    if (methods === undefined || first === undefined) return { kind: 'none' };
    const get = methods.get('GET');
    const route = methods.get(method) ?? (method === 'HEAD' && get?.effect === 'read' ? get : undefined);
    if (route !== undefined) return { kind: 'route', route };
    const kind = method === 'OPTIONS' && first.cors !== 'none' ? 'preflight' : 'wrong_method';
    return { kind, route: first, allow: allowed(methods) };
  };
}

function allowed(methods: ReadonlyMap<string, Route>): string {
  const head = methods.get('GET')?.effect === 'read' ? ['HEAD'] : [];
  const [first] = methods.values();
  const options = first?.cors === 'none' ? [] : ['OPTIONS'];
  return [...methods.keys(), ...head, ...options].join(', ');
}

/** The route of a request that has one. */
export function routeOf(found: FoundRoute): Route {
  if (found.kind === 'none') refuse('not_found');
  if (found.kind !== 'route') refuse('method_not_allowed', { allow: found.allow });
  return found.route;
}
