/**
 * The policy as a WHERE clause: it selects exactly the rows that `decide` permits.
 *
 * What does not depend on the row is judged here and never reaches the database.
 */
import { holds, type Values } from './compile.ts';
import { carries, planFor, type UntypedRequest } from './decide.ts';
import type { CompiledRule, Plan, RuleIndex } from './plan.ts';
import { read } from './slots.ts';
import { createWriter, textOf, type WriterDeps, writeAny } from './sql.ts';
import { type Step, stepAfter, type Template } from './templates.ts';
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
  const { template, values } = selection(index, request, options);
  const { pieces, numbers, questioned } = template;
  if (options.dialect === 'sqlite') return { sql: questioned, parameters: inOrder(numbers, values) };
  const sql = pieces.reduce((text, piece, gap) => `${text}$${first + (numbers[gap - 1] as number)}${piece}`);
  return { sql, parameters: values };
}

export function where<E>(index: RuleIndex, request: UntypedRequest, options: WhereOptions<E>): E {
  const { template, values } = selection(index, request, options);
  const { pieces, numbers } = template;
  // Copies, since a tag is foreign code and a template is kept for all requests to come.
  return options.sql(Object.assign([...pieces], { raw: [...pieces] }), ...inOrder(numbers, values));
}

/** The values as they stand in the text. */
function inOrder(numbers: readonly number[], values: readonly Scalar[]): Scalar[] {
  return numbers.map((number) => values[number] as Scalar);
}

interface Selection {
  readonly template: Template;
  /** By the numbers of the template; made for this request alone. */
  readonly values: readonly Scalar[];
}

type WayOfWriting = Omit<FilterOptions, 'firstParameter'>;

const nothing = cut('(FALSE)', []);

function selection(index: RuleIndex, request: UntypedRequest, options: WayOfWriting): Selection {
  const { action, principal, scopes, context } = request;
  const asking = { principal, scopes, context };
  const plan = planFor(index.actions.get(action), asking);
  const known = plan && read(plan, asking);
  if (plan === undefined || known === undefined) return { template: nothing, values: [] };
  // Copied, so that a list which answers differently the second time cannot put a text where others will find it.
  const asked: Asked = { plan, known, scopes: [...scopes] };
  const step = stepOf(asked, options);
  const template =
    step.template ??
    plan.templates.keep(step, write({ vocabulary: index.vocabulary, action, known, places: [] }, asked, options));
  return { template, values: template.places.map((place) => stored(known[place], options)) };
}

/** Who asks, read once. */
interface Asked {
  readonly plan: Plan;
  readonly known: Values;
  readonly scopes: readonly string[];
}

/**
 * Where the text for this request is kept.
 *
 * INVARIANT: everything that {@link write} asks of a request is asked here, or one would be given the text of another.
 */
function stepOf({ plan, known, scopes }: Asked, { dialect, table }: WayOfWriting): Step {
  let step = plan.templates.start(table === undefined ? dialect : `${dialect} ${table}`);
  for (const { rule, foreknown } of plan.permits) {
    const isCarried = carries(scopes, rule.scopes);
    step = stepAfter(step, isCarried);
    if (isCarried) step = stepAfterAll(step, foreknown, known);
  }
  for (const { foreknown } of plan.forbids) step = stepAfterAll(step, foreknown, known);
  return step;
}

function stepAfterAll(start: Step, parts: CompiledRule['foreknown'], known: Values): Step {
  let step = start;
  for (const part of parts) step = stepAfter(step, holds(part, known));
  return step;
}

function write(deps: WriterDeps, { plan, scopes }: Asked, options: WayOfWriting): Template {
  const writer = createWriter(deps, options);
  const permits = plan.permits.filter((one) => carries(scopes, one.rule.scopes));
  const permitted = writeAny(permits, writer);
  const forbidden = permitted === false || writeAny(plan.forbids, writer);
  if (forbidden === true) return nothing;
  // IS NOT TRUE is what `decide` does: a forbid that is not true does not forbid.
  const text = forbidden === false ? textOf(permitted) : `${textOf(permitted)} AND (${forbidden}) IS NOT TRUE`;
  return cut(`(${text})`, deps.places);
}

/** Cuts a text at the marks that {@link createWriter} writes for parameters. */
function cut(text: string, places: readonly number[]): Template {
  const pieces = text.split(/\0\d+\0/);
  const numbers = [...text.matchAll(/\0(\d+)\0/g)].map(([, number]) => Number(number));
  return { pieces, numbers, places, questioned: pieces.join('?') };
}

/** A list is one parameter. node:sqlite has no booleans; a flag is stored as 0 or 1 there. */
function stored(value: unknown, { dialect }: WayOfWriting): Scalar {
  if (typeof value === 'object') return JSON.stringify(value);
  return dialect === 'sqlite' && typeof value === 'boolean' ? Number(value) : (value as Scalar);
}
