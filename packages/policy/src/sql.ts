/**
 * Conditions as SQL.
 *
 * Every fragment is two-valued (true or false, never NULL), so that `NOT`, `AND` and `OR` mean in SQL what they mean in
 * `compile.ts`. Identifiers come from the vocabulary alone, values go as parameters: a parameter stands in the text as
 * its number between two NULs, which no identifier can hold. Columns must have the type that was declared (SQLite:
 * STRICT tables).
 */
import { type CompiledCondition, holds, type Values } from './compile.ts';
import type { Operand, Term } from './condition.ts';
import { type CompiledRule, resourceOf } from './plan.ts';
import { baseType, type RelationVocabulary, type ResourceVocabulary, type Vocabulary } from './vocabulary.ts';

/** SQL, or what it would come to for every row. */
export type Fragment = string | boolean;

export interface Writer {
  readonly dialect: 'sqlite' | 'postgres';
  readonly known: Values;
  /** The tables whose columns may be named. */
  readonly resource: Table;
  readonly related?: Table;
  readonly tableOf: (relation: string) => Table;
  /** Adds a parameter, whose value is in this place; the answer is its mark. */
  readonly bind: (place: number) => string;
}

interface Table {
  readonly name: string;
  readonly vocabulary: ResourceVocabulary;
  /** What stands before its columns. */
  readonly prefix: string;
}

export interface WriterDeps {
  readonly vocabulary: Vocabulary;
  readonly action: string;
  readonly known: Values;
  /** Of parameters; filled while fragments are written. */
  readonly places: number[];
}

export function createWriter(
  { vocabulary, action, known, places }: WriterDeps,
  options: { readonly dialect: Writer['dialect']; readonly table?: string },
): Writer {
  const table = (type: string, alias?: string): Table => {
    const declared = vocabulary.resources[type] as ResourceVocabulary;
    const name = declared.table ?? type;
    return { name, vocabulary: declared, prefix: alias === undefined ? '' : `${quote(alias)}.` };
  };
  const resource = table(resourceOf(action), options.table);
  return {
    dialect: options.dialect,
    known,
    resource,
    tableOf: (relation) => table(resource.vocabulary.relations?.[relation]?.to ?? '', 'castellan_related'),
    bind: (place) => `\0${places.push(place) - 1}\0`,
  };
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export function textOf(fragment: Fragment): string {
  if (typeof fragment === 'string') return fragment;
  return fragment ? 'TRUE' : 'FALSE';
}

/** At least one of the rules holds. */
export function writeAny(rules: readonly CompiledRule[], writer: Writer): Fragment {
  return join(
    rules.map((one) => one.when),
    writer,
    true,
  );
}

function write(compiled: CompiledCondition, writer: Writer): Fragment {
  const verdict = holds(compiled, writer.known);
  if (verdict !== undefined) return verdict;
  const { condition, parts } = compiled;
  switch (condition.op) {
    case 'always':
      return true;
    case 'and':
      return join(parts, writer, false);
    case 'or':
      return join(parts, writer, true);
    case 'not': {
      const inner = write(parts[0] as CompiledCondition, writer);
      return typeof inner === 'string' ? `NOT (${inner})` : !inner;
    }
    case 'absent':
      return `${columnOf(condition.of, writer)} IS NULL`;
    case 'eq':
      return writeEqual(compiled, [condition.left, condition.right], writer);
    case 'in':
      return writeIn(compiled, condition.item, writer);
    case 'some':
      return writeSome(parts[0] as CompiledCondition, condition.relation, writer);
  }
}

function join(parts: readonly CompiledCondition[], writer: Writer, decisive: boolean): Fragment {
  // Judged before anything is written, so that a part that decides alone leaves no parameter behind.
  if (parts.some((part) => holds(part, writer.known) === decisive)) return decisive;
  const open = parts.filter((part) => holds(part, writer.known) === undefined);
  const fragments = open.map((part) => write(part, writer));
  return fragments.length === 0 ? !decisive : `(${fragments.map(textOf).join(decisive ? ' OR ' : ' AND ')})`;
}

/** One side at least is a column, or the verdict would be known. */
function writeEqual(
  { left, right }: CompiledCondition,
  operands: readonly [Operand, Operand],
  writer: Writer,
): Fragment {
  const [first, second] = operands;
  const [column, other, place] = writer.known[left] === undefined ? [first, second, right] : [second, first, left];
  const one = columnOf(column, writer);
  const isText = typeOf(column, writer) === 'text';
  if (writer.known[place] !== undefined) {
    const value = writer.bind(place);
    return `(${one} IS NOT NULL AND ${equals([one, value], isText, writer)})`;
  }
  const two = columnOf(other, writer);
  return `(${one} IS NOT NULL AND ${two} IS NOT NULL AND ${equals([one, two], isText, writer)})`;
}

/**
 * Text is compared byte for byte, whatever collation the column has. PostgreSQL uses an index for the first comparison
 * only (its collation is the index's own); the second makes it exact under a collation that is not.
 */
function equals([one, two]: readonly [string, string], isText: boolean, { dialect }: Writer): string {
  if (!isText) return `${one} = ${two}`;
  return dialect === 'sqlite' ? `${one} COLLATE BINARY = ${two}` : `${one} = ${two} AND ${one} COLLATE "C" = ${two}`;
}

function writeIn({ right }: CompiledCondition, item: Operand, writer: Writer): Fragment {
  const column = columnOf(item, writer);
  const isText = typeOf(item, writer) === 'text';
  const list = writer.bind(right);
  if (writer.dialect === 'sqlite') {
    const collated = isText ? `${column} COLLATE BINARY` : column;
    return `(${column} IS NOT NULL AND ${collated} IN (SELECT value FROM json_each(${list})))`;
  }
  const elements = `SELECT jsonb_array_elements_text(${list}::jsonb)`;
  if (!isText)
    return `(${column} IS NOT NULL AND ${column} IN (SELECT element::bigint FROM (${elements}) AS list (element)))`;
  return `(${column} IS NOT NULL AND ${column} IN (${elements}) AND ${column} COLLATE "C" IN (${elements}))`;
}

/** In there the object's own columns need its name before them, or they could be taken for the other's. */
function writeSome(part: CompiledCondition, relation: string, outer: Writer): Fragment {
  const related = outer.tableOf(relation);
  const { name, prefix, vocabulary } = outer.resource;
  const resource = { ...outer.resource, prefix: prefix === '' ? `${quote(name)}.` : prefix };
  const writer: Writer = { ...outer, resource, related };
  const declared = vocabulary.relations?.[relation] as RelationVocabulary;
  const [own, other] = declared.join;
  const columns = [columnNamed(own, resource), columnNamed(other, related)] as const;
  const joined = equals(columns, baseType(vocabulary.fields[own] ?? 'text') === 'text', writer);
  const inner = textOf(write(part, writer));
  return `EXISTS (SELECT 1 FROM ${quote(related.name)} AS "castellan_related" WHERE ${joined} AND ${inner})`;
}

function columnOf(operand: Operand, writer: Writer): string {
  const { from, name } = operand as Term<unknown>;
  return columnNamed(name, from === 'related' ? (writer.related as Table) : writer.resource);
}

function columnNamed(field: string, { vocabulary, prefix }: Table): string {
  return `${prefix}${quote(vocabulary.columns?.[field] ?? field)}`;
}

function typeOf(operand: Operand, writer: Writer): ReturnType<typeof baseType> {
  const { from, name } = operand as Term<unknown>;
  const { vocabulary } = from === 'related' ? (writer.related as Table) : writer.resource;
  return baseType(vocabulary.fields[name] ?? 'text');
}
