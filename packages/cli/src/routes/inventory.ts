/** An inventory of routes as a guard tells it, or as a file kept it: read strictly, since either may be anything. */
import { CommandError } from '../failure.ts';
import { printable } from '../table.ts';

const fields = ['action', 'scopes', 'input', 'output', 'limit', 'authentication', 'publicBecause'] as const;

/** What is said of a route besides its name. */
export type Field = (typeof fields)[number];

/** One route: its name, such as `GET /notes/:id`, and what it declares, as text. */
export interface RouteLine {
  readonly name: string;
  readonly declared: Readonly<Partial<Record<Field, string>>>;
}

/**
 * Reads an inventory.
 *
 * @throws {CommandError} when it is something else
 */
export function readInventory(value: unknown, where: string): readonly RouteLine[] {
  if (!Array.isArray(value)) throw new CommandError(`${where} is no inventory: it is not a list of routes.`);
  return value.map((entry: unknown, index) => readRoute(entry, `${where}, route ${index + 1}`));
}

function readRoute(entry: unknown, where: string): RouteLine {
  const { method, path, ...rest } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof method !== 'string' || typeof path !== 'string') {
    throw new CommandError(`${where} has no method and path.`);
  }
  // A field that this command does not know would be a difference that nobody is shown.
  const unknown = Object.keys(rest).find((name) => !fields.some((field) => field === name));
  if (unknown !== undefined)
    throw new CommandError(`${where} has a field that is not known here: ${printable(unknown)}.`);
  const declared = fields.flatMap((field) =>
    rest[field] === undefined ? [] : [[field, tell(field, rest[field])] as const],
  );
  return { name: printable(`${method} ${path}`), declared: Object.fromEntries(declared) };
}

function tell(field: Field, value: unknown): string {
  if (field === 'limit') {
    const { count, period } = (value ?? {}) as { readonly count?: unknown; readonly period?: unknown };
    return printable(`${String(count)} in ${String(period)} s`);
  }
  if (!Array.isArray(value)) return printable(String(value));
  const words = value.map((word) => (word === '' ? 'none' : String(word)));
  return printable(words.length === 0 ? 'nothing' : words.join(field === 'scopes' ? ' | ' : ', '));
}
