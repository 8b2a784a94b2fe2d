/** What an API serves, as data: for `castellan routes`, for a review, and for a test that compares it. */
import type { Limit } from '@castellan/limits';
import type { Rule } from '@castellan/policy';
import type { GuardedRoute, OperationsRoute, Route } from './route.ts';

/** One route, as far as it can be told without running it. */
export interface InventoryEntry {
  readonly method: string;
  readonly path: string;
  /** Undefined for a public route, as everything below it. */
  readonly action?: string;
  /** The scopes of each rule that permits the action, parted by spaces; a caller needs those of one rule. */
  readonly scopes?: readonly string[];
  /** The sources that are read; all others must be empty. */
  readonly input?: readonly string[];
  /** `one note`, `many note` or `nothing`. */
  readonly output?: string;
  /** For each subject on this route. */
  readonly limit?: Limit;
  /** Only for clients that authenticated by a key. */
  readonly clientKey?: true;
  /** The step of a business flow, as in `checkout: pay`. */
  readonly flow?: string;
  /** How many may run at once. */
  readonly atOnce?: number;
  /** How the person must have signed in. */
  readonly authentication?: string;
  /** Why a route asks for no token. */
  readonly publicBecause?: string;
}

/** The inventory of a sound table, by path and method. Frozen, and JSON as it is. */
export function takeInventory(
  routes: Readonly<Record<string, Route>>,
  rules: readonly Rule[],
): readonly InventoryEntry[] {
  const entries = Object.entries(routes).flatMap(([name, route]): readonly InventoryEntry[] => {
    const [method = '', path = ''] = name.split(' ');
    if (route.kind === 'public') return [Object.freeze({ method, path, publicBecause: route.reason })];
    if (route.kind === 'operations') return route.offers.map((offer) => offeredEntry({ method, path }, offer, rules));
    return [Object.freeze({ method, path, ...guardedEntry(route, rules) })];
  });
  const place = ({ path, method }: InventoryEntry): string => `${path} ${method}`;
  return Object.freeze(entries.sort((one, other) => (place(one) < place(other) ? -1 : 1)));
}

function guardedEntry(route: GuardedRoute, rules: readonly Rule[]): Partial<InventoryEntry> {
  const { action, input, output, limit, atOnce, flow, clientKey, authentication } = route;
  return {
    action,
    scopes: Object.freeze(scopesOf(action, rules)),
    input: Object.freeze(Object.keys(input).sort()),
    output: output === 'nothing' ? output : Object.entries(output).flat().join(' '),
    limit: Object.freeze({ count: limit.count, period: limit.period }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(flow === undefined ? {} : { flow: `${flow.flow}: ${flow.step}` }),
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(authentication === undefined ? {} : { authentication: JSON.stringify(authentication) }),
  };
}

type Place = Pick<InventoryEntry, 'method' | 'path'>;

/** `POST /graphql#Query.invoices`: several things behind one path, each with what it declares. */
function offeredEntry({ method, path }: Place, offer: OperationsRoute['offers'][number], rules: readonly Rule[]) {
  const { name, actions, ...declared } = offer;
  const scopes = [...new Set(actions.flatMap((action) => scopesOf(action, rules)))].sort();
  return Object.freeze({
    method,
    path: `${path}#${name}`,
    ...(actions.length === 0 ? {} : { action: actions.join(' '), scopes: Object.freeze(scopes) }),
    ...declared,
  });
}

function scopesOf(action: string, rules: readonly Rule[]): readonly string[] {
  const [resource = '', verb = ''] = action.split('.');
  const permits = rules.filter(({ effect, on, may }) => effect === 'permit' && on === resource && may.includes(verb));
  return [...new Set(permits.map(({ scopes }) => [...scopes].sort().join(' ')))].sort();
}
