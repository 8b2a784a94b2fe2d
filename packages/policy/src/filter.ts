/**
 * The policy as a WHERE clause: it selects exactly the rows that `decide` permits.
 *
 * What does not depend on the row is judged here and never reaches the database.
 */
import { carries, planFor, type UntypedRequest } from './decide.ts';
import type { RuleIndex } from './plan.ts';
import { createWriter, textOf, writeAny } from './sql.ts';
import type { Scalar } from './vocabulary.ts';

export interface FilterOptions {
  readonly dialect: 'sqlite' | 'postgres';
  /** PostgreSQL: the number of the first placeholder, when the statement has others before it. */
  readonly firstParameter?: number;
  /** The name of the table in the statement, when it has several or an alias; columns are qualified with it. */
  readonly table?: string;
}

/** A condition in parentheses, to be joined with `AND`, and its parameters in order. */
export interface Filter {
  readonly sql: string;
  readonly parameters: readonly Scalar[];
}

/** The `sql` tag of Kysely, or any tag that makes each value a parameter. */
export type SqlTag<E> = (text: TemplateStringsArray, ...values: readonly unknown[]) => E;

export interface WhereOptions<E> extends Omit<FilterOptions, 'firstParameter'> {
  readonly sql: SqlTag<E>;
}

/** @throws {RangeError} when `firstParameter` is not a positive integer */
export function filter(index: RuleIndex, request: UntypedRequest, options: FilterOptions): Filter {
  const first = options.firstParameter ?? 1;
  if (!Number.isSafeInteger(first) || first < 1) throw new RangeError('firstParameter must be a positive integer');
  const { text, values } = selection(index, request, options);
  if (options.dialect === 'sqlite') {
    const { questioned, places } = shapeOf(text);
    return { sql: questioned, parameters: places.map((place) => values[place] as Scalar) };
  }
  return { sql: text.replace(marks, (_, place) => `$${first + Number(place)}`), parameters: values };
}

export function where<E>(index: RuleIndex, request: UntypedRequest, options: WhereOptions<E>): E {
  const { text, values } = selection(index, request, options);
  const { pieces, places } = shapeOf(text);
  // Copies, since a tag is foreign code and a shape is kept for all requests to come.
  return options.sql(Object.assign([...pieces], { raw: [...pieces] }), ...places.map((place) => values[place]));
}

/** What {@link createWriter} writes for a parameter. */
const marks = /\0(\d+)\0/g;

/** A text cut at its marks. */
interface Shape {
  readonly pieces: readonly string[];
  /** Between the pieces, which parameter stands there. */
  readonly places: readonly number[];
  /** With a question mark for each. */
  readonly questioned: string;
}

/** Texts come from the rules and not from values, so the same few come again; the same object finds its statement faster. */
const shapes = new Map<string, Shape>();
const mostShapes = 1000;

function shapeOf(text: string): Shape {
  const known = shapes.get(text);
  if (known !== undefined) return known;
  const pieces = text.split(/\0\d+\0/);
  const places = [...text.matchAll(marks)].map(([, place]) => Number(place));
  const shape = { pieces, places, questioned: pieces.join('?') };
  if (shapes.size >= mostShapes) shapes.clear();
  shapes.set(text, shape);
  return shape;
}

interface Selection {
  readonly text: string;
  readonly values: readonly Scalar[];
}

function selection(
  index: RuleIndex,
  request: UntypedRequest,
  options: Omit<FilterOptions, 'firstParameter'>,
): Selection {
  const plan = planFor(index.actions, request.action, request);
  const known = plan?.slots.read({ ...request, resource: undefined });
  if (plan === undefined || known === undefined) return { text: '(FALSE)', values: [] };
  const values: Scalar[] = [];
  const writer = createWriter({ vocabulary: index.vocabulary, action: request.action, known, values }, options);
  const permits = plan.permits.filter((one) => carries(request.scopes, one.rule.scopes));
  const permitted = writeAny(permits, writer);
  const forbidden = permitted === false || writeAny(plan.forbids, writer);
  if (forbidden === true) return { text: '(FALSE)', values: [] };
  // IS NOT TRUE is what `decide` does: a forbid that is not true does not forbid.
  const text = forbidden === false ? textOf(permitted) : `${textOf(permitted)} AND (${forbidden}) IS NOT TRUE`;
  return { text: `(${text})`, values };
}
