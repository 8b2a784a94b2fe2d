/** Tables and texts for a terminal. */
import { styleText } from 'node:util';

/** A column: its title, and what it says of an item. */
export type Column<T> = readonly [title: string, cell: (item: T) => string | undefined];

/** One line for each item below the titles; what is not known is a dash. */
export function renderTable<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  const cells = items.map((item) => columns.map(([, cell]) => printable(cell(item) ?? '') || '-'));
  const titles = columns.map(([title]) => title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...cells].map((row) => row[index]?.length ?? 0)));
  const [head = '', ...lines] = [titles, ...cells].map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [styleText('bold', head), ...lines].join('\n');
}

/** One line for each field of one thing. */
export function renderFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `${styleText('bold', name.padEnd(width))}  ${printable(value ?? '') || '-'}`)
    .join('\n');
}

/** Seconds since the epoch, as a person reads them, in UTC. */
export function renderTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** What is printed cannot move the cursor of the terminal it is printed on. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
