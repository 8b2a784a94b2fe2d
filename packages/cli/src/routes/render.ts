/** Inventories and their differences, in words. */
import { type Column, renderTable } from '../table.ts';
import type { Field, RouteLine } from './inventory.ts';

const columns: readonly Column<RouteLine>[] = [
  ['ROUTE', ({ name }) => name],
  ['ACTION', ({ declared }) => declared.action ?? 'public'],
  ['SCOPES', ({ declared }) => declared.scopes],
  ['INPUT', ({ declared }) => declared.input],
  ['OUTPUT', ({ declared }) => declared.output],
  ['LIMIT', ({ declared }) => declared.limit],
  ['NOTE', ({ declared }) => declared.publicBecause ?? declared.authentication],
];

/** A table with one line for each route. */
export function renderInventory(routes: readonly RouteLine[]): string {
  return renderTable(columns, routes);
}

/** One line for each route that came or went, and for each field that is another; none when they are the same. */
export function describeDifference(before: readonly RouteLine[], after: readonly RouteLine[]): readonly string[] {
  const old = new Map(before.map((route) => [route.name, route]));
  const gone = before.filter(({ name }) => !after.some((route) => route.name === name));
  return [
    ...gone.map((route) => `- ${route.name}: ${summary(route)}`),
    ...after.flatMap((route) => {
      const was = old.get(route.name);
      return was === undefined ? [`+ ${route.name}: ${summary(route)}`] : changes(was, route);
    }),
  ];
}

/** What matters first about a route that nobody knows yet. */
function summary({ declared }: RouteLine): string {
  const { action, scopes, publicBecause } = declared;
  return action === undefined
    ? `public, because ${publicBecause ?? 'of nothing'}`
    : `${action}, scopes ${scopes ?? 'none'}`;
}

function changes({ name, declared: was }: RouteLine, { declared: is }: RouteLine): readonly string[] {
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])] as Field[];
  const changed = fields.filter((field) => was[field] !== is[field]);
  return changed.map((field) => `~ ${name}: ${field} was ${was[field] ?? 'not there'}, is ${is[field] ?? 'not there'}`);
}
