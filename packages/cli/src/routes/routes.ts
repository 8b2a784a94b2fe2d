/**
 * `castellan routes`: what an API serves and what each route declares, and what changed since an inventory was kept.
 *
 * Owns: finding the guard in a module. Does not own: the inventory itself, which the guard takes of its own table.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError } from '../failure.ts';
import { type RouteLine, readInventory } from './inventory.ts';
import { describeDifference, renderInventory } from './render.ts';

export interface RoutesOptions {
  /** A file that exports a guard. It is run, so it must not listen by itself. */
  readonly module: string;
  /** Prints the inventory as JSON, to be kept for `diff`. */
  readonly json?: boolean;
  /** An inventory that was kept; only what differs from it is printed. */
  readonly diff?: string;
}

/**
 * Prints the inventory of a guard, or how it differs from one that was kept.
 *
 * @returns the exit code: 1 when there is a difference, so that a pipeline can stop at it
 * @throws {CommandError} when the module cannot be run or exports no guard, or the file is no inventory
 */
export async function routes(
  { module, json, diff }: RoutesOptions,
  { print }: { readonly print: (text: string) => void },
): Promise<number> {
  const inventory = await findInventory(module);
  const now = readInventory(inventory, module);
  if (diff !== undefined) return printDifference(describeDifference(readKept(diff), now), print);
  print(json === true ? JSON.stringify(inventory, undefined, 2) : renderInventory(now));
  return 0;
}

function printDifference(lines: readonly string[], print: (text: string) => void): number {
  print(lines.length === 0 ? 'No route differs.' : lines.join('\n'));
  return lines.length === 0 ? 0 : 1;
}

function readKept(file: string): readonly RouteLine[] {
  let kept: unknown;
  try {
    kept = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return readInventory(kept, file);
}

/** The one export that has an inventory, whatever its name. */
async function findInventory(module: string): Promise<unknown> {
  const exported = Object.entries(await importModule(module));
  const found = exported.flatMap(([name, value]) => {
    const { inventory } = (value ?? {}) as { readonly inventory?: unknown };
    return inventory === undefined ? [] : [{ name, inventory }];
  });
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.inventory;
  const names = exported.map(([name]) => name).join(', ') || 'nothing';
  throw new CommandError(
    only === undefined
      ? `${module} exports no guard, but ${names}. Export what createGuard returned.`
      : `${module} exports more than one guard: ${found.map(({ name }) => name).join(', ')}. Make it one for each file.`,
  );
}

async function importModule(module: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(module)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new CommandError(`${module} cannot be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}
