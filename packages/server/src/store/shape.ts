/** The stored form of a row: one definition gives its columns, its INSERT, its select list and how it is read back. */
import type { SqlRow, SqlValue } from './database.ts';

/** How one field is stored. */
export interface Field<T> {
  readonly column: string;
  readonly write: (value: T) => SqlValue;
  /** @throws {TypeError} when the column holds something else: the database is not the one this program wrote */
  readonly read: (value: unknown) => T;
}

export type Fields<R> = { readonly [K in keyof R]-?: Field<R[K]> };

export interface Shape<R> {
  readonly table: string;
  readonly fields: Fields<R>;
  /** `INSERT INTO table (…) VALUES ($1, …)`, in the order of {@link Shape.values}. */
  readonly insert: string;
  readonly values: (row: R) => SqlValue[];
  /** `alias.column AS alias_column, …`, which {@link Shape.read} reads. */
  readonly select: (alias: string) => string;
  readonly read: (row: SqlRow, alias: string) => R;
}

export function shape<R extends object>(table: string, fields: Fields<R>): Shape<R> {
  const entries = Object.entries(fields) as [keyof R & string, Field<R[keyof R]>][];
  const columns = entries.map(([, field]) => field.column);
  const places = columns.map((_, index) => `$${index + 1}`);
  return Object.freeze({
    table,
    fields,
    insert: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`,
    values: (row: R) => entries.map(([key, field]) => field.write(row[key])),
    select: (alias: string) => columns.map((column) => `${alias}.${column} AS ${alias}_${column}`).join(', '),
    read: (row: SqlRow, alias: string) => {
      const result: Record<string, unknown> = {};
      for (const [key, field] of entries) result[key] = field.read(row[`${alias}_${field.column}`]);
      return result as R;
    },
  });
}

export const text = (column: string): Field<string> => ({ column, write: (value) => value, read: readText });

export const integer = (column: string): Field<number> => ({ column, write: (value) => value, read: readInteger });

export const optionalText = (column: string): Field<string | undefined> => optional(text(column));

export const optionalInteger = (column: string): Field<number | undefined> => optional(integer(column));

/** For a column that was made without room for NULL, and whose values are never blank. */
export const noneAsBlank = (column: string): Field<string | undefined> => ({
  column,
  write: (value) => value ?? '',
  read: (value) => readText(value) || undefined,
});

export const flag = (column: string): Field<boolean> => ({
  column,
  write: (value) => (value ? 1 : 0),
  read: (value) => readInteger(value) === 1,
});

/** A value kept as JSON text. */
export const json = <T>(column: string): Field<T> => ({
  column,
  write: (value) => JSON.stringify(value),
  read: (value) => JSON.parse(readText(value)) as T,
});

/** One word of a closed union; a record, so that a word cannot be forgotten here. */
export const word = <W extends string>(column: string, words: Readonly<Record<W, true>>): Field<W> => ({
  column,
  write: (value) => value,
  read: (value) => {
    const found = readText(value);
    if (!Object.hasOwn(words, found)) throw new TypeError(`the column ${column} holds an unknown word`);
    return found as W;
  },
});

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    column: field.column,
    write: (value) => (value === undefined ? null : field.write(value)),
    read: (value) => (value === null ? undefined : field.read(value)),
  };
}

export function readText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a text column holds something else');
  return value;
}

export function readInteger(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new TypeError('an integer column holds something else');
  }
  return value;
}
