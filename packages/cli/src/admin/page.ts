/** Lists that may be long: a page at a time, each ending with how to go on. */
import { type Command, InvalidArgumentError } from 'commander';
import { printable } from '../table.ts';
import type { AdminDeps } from './admin.ts';

export interface PageOptions {
  readonly limit: number;
  readonly after: string;
  readonly json?: boolean;
}

/** Adds the options of a list; `key` says in words what it is ordered by. */
export function withPage(command: Command, key: string): Command {
  return command
    .option('--limit <number>', 'how many at most', parseLimit, 100)
    .option('--after <key>', `go on after this ${key}`, '')
    .option('--json', 'print them as JSON');
}

interface Listing<T> {
  readonly read: (page: { readonly after: string; readonly limit: number }) => Promise<readonly T[]>;
  /** What the list is ordered by. */
  readonly key: (item: T) => string;
  readonly table: (items: readonly T[]) => string;
}

/** Prints one page; one more than asked for is read, so that it is known whether there are more. */
export async function printPage<T>(options: PageOptions, { print }: AdminDeps, listing: Listing<T>): Promise<void> {
  const { limit, after, json } = options;
  const found = await listing.read({ after, limit: limit + 1 });
  const items = found.slice(0, limit);
  if (json === true) return print(JSON.stringify(items, undefined, 2));
  if (items.length === 0) return print('There are none.');
  print(listing.table(items));
  const last = items.at(-1);
  if (last !== undefined && found.length > limit) print(`There are more: --after ${printable(listing.key(last))}`);
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,5}$/.test(text) || limit < 1) throw new InvalidArgumentError('A limit is a number from 1 to 99999.');
  return limit;
}
