/** The input of a request: from the declared sources only, checked by the declared schemas, nothing left over. */
import { type HttpRequest, isJsonObject, parseForm, Refusal, readJson, refuse } from '@castellan/protocol';
import { after, isLater, type Later } from './later.ts';
import { type PatchFormat, patchFormat, readOperations } from './patch.ts';
import type { GuardedRoute } from './route.ts';
import type { SchemaIssue, StandardSchema } from './standard-schema.ts';

/** Checked values, by source. */
export interface CheckedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: unknown;
}

/**
 * Reads the body as text.
 *
 * @throws {Refusal} `body_too_large` beyond so many bytes, counted as they arrive; `malformed_request` when they are
 * not UTF-8
 */
export type BodyReader = (limit: number) => string | Promise<string>;

/** What a reading of the input needs. */
export interface InputDeps {
  readonly input: GuardedRoute['input'];
  readonly request: HttpRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly readBody: BodyReader;
  /** Bytes. */
  readonly bodyLimit: number;
}

/** A wrong member, by name. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What comes from a source that nothing is declared for. */
export const nothing: object = Object.freeze({});

/**
 * Reads everything.
 *
 * @throws {Refusal} `input_invalid` naming every wrong and every undeclared member of one source;
 * `repeated_parameter`, `malformed_request`, `media_type_unsupported`, `body_too_large`
 */
export function readInput(deps: InputDeps): Later<CheckedInput> {
  const checked = { params: undefined, query: undefined, headers: undefined, body: undefined };
  return readFrom(0, { deps, sent: readQuery(deps.request.query), checked });
}

/** What was read so far. */
interface Reading {
  readonly deps: InputDeps;
  /** The query, unchecked. */
  readonly sent: Readonly<Record<string, string>>;
  readonly checked: { -readonly [S in keyof CheckedInput]: CheckedInput[S] };
}

interface Source {
  readonly name: keyof CheckedInput;
  readonly read: (reading: Reading) => Later<unknown>;
}

/** One after another: a source that is refused ends it, and the body is read last. */
const sources: readonly Source[] = [
  { name: 'params', read: ({ deps: { input, params } }) => checkSource('params', input.params, params) },
  { name: 'query', read: ({ deps: { input }, sent }) => checkSource('query', input.query, sent) },
  { name: 'headers', read: ({ deps: { input, request } }) => readHeaders(input.headers, request) },
  { name: 'body', read: ({ deps }) => readBody(deps, deps.input.body) },
];

function readFrom(from: number, reading: Reading): Later<CheckedInput> {
  for (let index = from; index < sources.length; index += 1) {
    const { name, read } = sources[index] as Source;
    const value = read(reading);
    if (isLater(value)) return readLater(value, index, reading);
    reading.checked[name] = value;
  }
  return reading.checked;
}

async function readLater(value: Promise<unknown>, index: number, reading: Reading): Promise<CheckedInput> {
  reading.checked[(sources[index] as Source).name] = await value;
  return readFrom(index + 1, reading);
}

/** A repeated parameter is refused: two readers would take different ones. */
export function readQuery(text: string): Readonly<Record<string, string>> {
  // A new one each time: schemas of some validators set what is missing in the very object that they are given.
  if (text === '') return {};
  const parameters = parseForm(text);
  if (parameters.has('access_token')) refuse('secret_in_url', { detail: 'an access token in the query' });
  const repeated = [...parameters].find(([, values]) => values.length > 1);
  if (repeated !== undefined) refuse('repeated_parameter', { detail: `repeated: ${speakable(repeated[0])}` });
  return Object.fromEntries([...parameters].map(([name, values]) => [name, values[0] ?? '']));
}

/** A header is there when it came exactly once. Other headers are many, and nobody's concern here. */
function readHeaders(schema: StandardSchema<unknown> | undefined, request: HttpRequest): Later<unknown> {
  if (schema === undefined) return nothing;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headers)) {
    if (values?.length === 1 && name !== 'authorization' && name !== 'cookie') headers[name] = values[0] ?? '';
  }
  return validate('headers', schema, headers);
}

const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/** @throws {Refusal} `body_too_large` when there is one and none is declared */
function readBody(deps: InputDeps, schema: StandardSchema<unknown> | undefined): Later<unknown> {
  return schema === undefined ? after(deps.readBody(0), () => undefined) : readFields(deps, schema);
}

async function readFields(deps: InputDeps, schema: StandardSchema<unknown>): Promise<unknown> {
  const { request } = deps;
  const format = request.method === 'PATCH' ? patchFormat(request.headers['content-type']?.[0] ?? '') : undefined;
  const value = await readJsonBody(deps, (type) => format !== undefined || isJsonType(type));
  return checkSource('body', schema, fieldsOf(value, format));
}

/**
 * The JSON of a body.
 *
 * @throws {Refusal} `media_type_unsupported` when it is encoded or of another type, `body_too_large`,
 * `malformed_request`
 */
export async function readJsonBody(
  { request, readBody, bodyLimit }: Pick<InputDeps, 'request' | 'readBody' | 'bodyLimit'>,
  accepts: (type: string) => boolean = isJsonType,
): Promise<unknown> {
  // Nothing is ever decompressed, so a small body cannot become a large one.
  if (request.headers['content-encoding'] !== undefined) refuse('media_type_unsupported', { detail: 'encoded body' });
  const [type = '', ...more] = request.headers['content-type'] ?? [];
  if (more.length > 0 || !accepts(type)) refuse('media_type_unsupported', { detail: 'not JSON' });
  const text = await readBody(bodyLimit);
  const { value, problem } = readJson(text, { maxLength: bodyLimit });
  return problem === undefined ? value : refuse('malformed_request', { detail: problem });
}

function isJsonType(type: string): boolean {
  return jsonType.test(type);
}

/** INVARIANT: every way to write a change ends as one object of fields, which schema and policy then judge. */
function fieldsOf(value: unknown, format: PatchFormat | undefined): object {
  const read = format === 'operations' ? readOperations(value) : { value };
  if ('problem' in read) return refuse('input_invalid', { problems: [read.problem], detail: read.problem.path });
  if (isJsonObject(read.value)) return read.value;
  return refuse('input_invalid', { problems: [{ path: 'body', message: 'is not an object' }] });
}

/** A value of a source, as its schema says; without a schema the source must be empty. */
export function checkSource(
  source: string,
  schema: StandardSchema<unknown> | undefined,
  value: object,
): Later<unknown> {
  if (schema === undefined) {
    const names = Object.keys(value);
    if (names.length > 0) refuseProblems(names.map((name) => undeclared(`${source}.${name}`)));
    return nothing;
  }
  return after(validate(source, schema, value), (checked) => {
    refuseProblems(leftOver(source, value, checked));
    return checked;
  });
}

function validate(source: string, schema: StandardSchema<unknown>, value: object): Later<unknown> {
  return after(schema['~standard'].validate(value), (result) => {
    if (result.issues !== undefined) refuseProblems(result.issues.flatMap((issue) => problemsOf(source, issue)));
    return (result as { readonly value: unknown }).value;
  });
}

/**
 * The members that a schema let fall: most validators strip what they do not know, and a client would believe that it
 * was set. A schema that renames members is refused the same way; rename in the handler.
 */
function leftOver(path: string, sent: unknown, checked: unknown): Problem[] {
  if (Array.isArray(sent)) {
    return Array.isArray(checked)
      ? sent.flatMap((item, index) => leftOver(`${path}[${index}]`, item, checked[index]))
      : [];
  }
  // A member that became another kind of value (a date, a number) was read as a whole.
  if (!isJsonObject(sent) || !isPlain(checked)) return [];
  return Object.keys(sent).flatMap((name) =>
    Object.hasOwn(checked, name)
      ? leftOver(`${path}.${name}`, sent[name], checked[name])
      : [undeclared(`${path}.${name}`)],
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isJsonObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Strict object schemas of some validators put the unknown names into `keys` of one issue. */
function problemsOf(source: string, issue: SchemaIssue): readonly Problem[] {
  const path = [source, ...(issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))].join(
    '.',
  );
  const { keys } = issue as { readonly keys?: unknown };
  if (Array.isArray(keys)) return keys.map((name) => undeclared(`${path}.${String(name)}`));
  return [{ path, message: issue.message.slice(0, 200) }];
}

function undeclared(path: string): Problem {
  return { path, message: 'is not accepted here' };
}

const mostProblems = 20;

/** @throws {Refusal} `input_invalid` when there are problems */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const told = problems.slice(0, mostProblems).map(({ path, message }) => ({ path: path.slice(0, 200), message }));
  throw new Refusal('input_invalid', { problems: told, detail: told.map(({ path }) => speakable(path)).join(', ') });
}

/** Names from outside enter an event only when they look like names: a sender can write a secret in any place. */
function speakable(name: string): string {
  return /^[A-Za-z_]{1,32}(?:\.[A-Za-z_]{1,32}|\[[0-9]{1,4}\]){0,8}$/.test(name) ? name : '(unusual name)';
}
