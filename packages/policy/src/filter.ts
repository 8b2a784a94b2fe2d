/**
 * The policy as a WHERE clause: it selects exactly the rows that `decide` permits.
 *
 * Every fragment is two-valued (true or false, never NULL), so that `NOT`, `AND` and `OR` mean in SQL what they mean in
 * `compile.ts`. What does not depend on the row is judged here and never reaches the database. Identifiers come from
 * the vocabulary alone, values go as parameters. Columns must have the type that was declared (SQLite: STRICT tables).
 */
import type { CompiledCondition } from './compile.ts';
import type { Literal, Operand } from './condition.ts';
import {
  type Asked,
  type CompiledRule,
  carries,
  concerns,
  isAsked,
  type RuleIndex,
  readRequest,
  resourceOf,
  type UntypedRequest,
} from './decide.ts';
import { baseType, type ResourceVocabulary, type Scalar } from './vocabulary.ts';

export interface FilterOptions {
  readonly dialect: 'sqlite' | 'postgres';
  /** PostgreSQL: the number of the first placeholder, when the statement has others before it. */
  readonly firstParameter?: number;
}

/** A condition in parentheses, to be joined with `AND`, and its parameters in order. */
export interface Filter {
  readonly sql: string;
  readonly parameters: readonly Scalar[];
}

/** SQL, or what it would come to for every row. */
type Fragment = string | boolean;

interface Writer {
  readonly asked: Asked;
  readonly dialect: FilterOptions['dialect'];
  readonly column: (field: string) => string;
  readonly isText: (field: string) => boolean;
  /** Adds a parameter; the answer is its placeholder. */
  readonly bind: (value: Scalar) => string;
}

/** @throws {RangeError} when `firstParameter` is not a positive integer */
export function filter(index: RuleIndex, request: Omit<UntypedRequest, 'resource'>, options: FilterOptions): Filter {
  const parameters: Scalar[] = [];
  const asked = readRequest(index, request, undefined);
  if (!isAsked(asked)) return { sql: '(FALSE)', parameters };
  const resource = index.vocabulary.resources[resourceOf(request.action)];
  const writer = createWriter({ resource, asked, parameters }, options);
  const rules = (index.byAction.get(request.action) ?? []).filter((one) => concerns(one.rule, asked));
  const permits = rules.filter((one) => one.rule.effect === 'permit' && carries(asked.scopes, one.rule.scopes));
  const forbids = rules.filter((one) => one.rule.effect === 'forbid');
  const permitted = anyOf(permits, writer);
  if (permitted === false) return { sql: '(FALSE)', parameters: [] };
  const forbidden = anyOf(forbids, writer);
  if (forbidden === true) return { sql: '(FALSE)', parameters: [] };
  // IS NOT TRUE is what `decide` does: a forbid that is not true does not forbid.
  const sql = forbidden === false ? text(permitted) : `${text(permitted)} AND (${forbidden}) IS NOT TRUE`;
  return { sql: `(${sql})`, parameters };
}

function anyOf(rules: readonly CompiledRule[], writer: Writer): Fragment {
  return join(
    rules.map((one) => one.when),
    writer,
    true,
  );
}

interface WriterDeps {
  readonly resource: ResourceVocabulary | undefined;
  readonly asked: Asked;
  /** Filled while fragments are written, in the order of their placeholders. */
  readonly parameters: Scalar[];
}

function createWriter({ resource, asked, parameters }: WriterDeps, options: FilterOptions): Writer {
  const first = options.firstParameter ?? 1;
  if (!Number.isSafeInteger(first) || first < 1) throw new RangeError('firstParameter must be a positive integer');
  const { dialect } = options;
  return {
    asked,
    dialect,
    column: (field) => quote(resource?.columns?.[field] ?? field),
    isText: (field) => baseType(resource?.fields[field] ?? 'text') === 'text',
    bind: (value) => {
      // node:sqlite has no booleans; a flag is stored as 0 or 1 there.
      parameters.push(dialect === 'sqlite' && typeof value === 'boolean' ? Number(value) : value);
      return dialect === 'sqlite' ? '?' : `$${first + parameters.length - 1}`;
    },
  };
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function text(fragment: Fragment): string {
  if (typeof fragment === 'string') return fragment;
  return fragment ? 'TRUE' : 'FALSE';
}

function write(compiled: CompiledCondition, writer: Writer): Fragment {
  const verdict = compiled.holds(writer.asked.facts);
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
      return writeEqual(condition.left, condition.right, writer);
    case 'in':
      return writeIn(condition.item, condition.list, writer);
  }
}

function join(parts: readonly CompiledCondition[], writer: Writer, decisive: boolean): Fragment {
  // Judged before anything is written, so that a part that decides alone leaves no parameter behind.
  if (parts.some((part) => part.holds(writer.asked.facts) === decisive)) return decisive;
  const open = parts.filter((part) => part.holds(writer.asked.facts) === undefined);
  const fragments = open.map((part) => write(part, writer));
  return fragments.length === 0 ? !decisive : `(${fragments.map(text).join(decisive ? ' OR ' : ' AND ')})`;
}

function writeEqual(left: Operand, right: Operand, writer: Writer): Fragment {
  if (!isColumn(left)) return writeEqual(right, left, writer);
  const one = columnOf(left, writer);
  const two = isColumn(right) ? columnOf(right, writer) : writer.bind(valueOf(right, writer) as Scalar);
  const present = isColumn(right) ? `${one} IS NOT NULL AND ${two} IS NOT NULL` : `${one} IS NOT NULL`;
  return `(${present} AND ${equals([one, two], left, writer)})`;
}

/**
 * Text is compared byte for byte, whatever collation the column has. PostgreSQL uses an index for the first comparison
 * only (its collation is the index's own); the second makes it exact under a collation that is not.
 */
function equals([one, two]: readonly [string, string], column: Operand, writer: Writer): string {
  if (!isColumn(column) || !writer.isText(column.name)) return `${one} = ${two}`;
  if (writer.dialect === 'sqlite') return `${one} COLLATE BINARY = ${two}`;
  return `${one} = ${two} AND ${one} COLLATE "C" = ${two}`;
}

function writeIn(item: Operand, list: Operand, writer: Writer): Fragment {
  const values = valueOf(list, writer) as readonly Scalar[];
  if (!isColumn(item) || values.length === 0) return false;
  const column = columnOf(item, writer);
  const placeholder = writer.bind(JSON.stringify(values));
  const isText = writer.isText(item.name);
  if (writer.dialect === 'sqlite') {
    const collated = isText ? `${column} COLLATE BINARY` : column;
    return `(${column} IS NOT NULL AND ${collated} IN (SELECT value FROM json_each(${placeholder})))`;
  }
  const elements = `SELECT jsonb_array_elements_text(${placeholder}::jsonb)`;
  if (!isText)
    return `(${column} IS NOT NULL AND ${column} IN (SELECT element::bigint FROM (${elements}) AS list (element)))`;
  return `(${column} IS NOT NULL AND ${column} IN (${elements}) AND ${column} COLLATE "C" IN (${elements}))`;
}

function isColumn(operand: Operand): operand is Exclude<Operand, Literal> {
  return operand.from === 'resource';
}

function columnOf(operand: Operand, writer: Writer): string {
  return writer.column((operand as Exclude<Operand, Literal>).name);
}

function valueOf(operand: Operand, writer: Writer): unknown {
  if (operand.from === 'literal') return operand.value;
  return writer.asked.facts[operand.from]?.[operand.name];
}
