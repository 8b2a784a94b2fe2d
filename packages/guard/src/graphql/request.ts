/**
 * What a request asks for, read as strictly as any other body.
 *
 * A POST is `application/json` and nothing else: no form can send that from another site. A GET has no text of
 * a document, only the hash of one that is listed.
 *
 * @see GraphQL over HTTP, «Request»
 */
import { isJsonObject, readJson, refuse } from '@castellan/protocol';
import { type Problem, readJsonBody, readQuery, refuseProblems } from '../input.ts';
import type { Exchange } from '../route.ts';
import { type Bounds, requireWithin } from './bounds.ts';
import type { Named } from './listed.ts';

/** One operation as it was sent. */
export interface Sent extends Named {
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What one request sends. */
export interface SentRequest {
  readonly operations: readonly Sent[];
  /** The answer is a list too. */
  readonly isBatch: boolean;
}

/** @throws {Refusal} `malformed_request`, `input_invalid`, `media_type_unsupported`, `operation_too_large`… */
export async function readRequest(exchange: Exchange, bounds: Bounds): Promise<SentRequest> {
  // INVARIANT: whatever is no POST is read as a GET; a HEAD comes by the same route and must not bring a body in.
  if (exchange.request.method !== 'POST') return { operations: [await readGet(exchange)], isBatch: false };
  // The query of a POST says nothing; what stands there anyway is refused.
  refuseNames(readQuery(exchange.request.query), 'query', []);
  const value = await readJsonBody(exchange);
  if (!Array.isArray(value)) return { operations: [readOperation(value)], isBatch: false };
  requireWithin(bounds, 'batch', value.length);
  // INVARIANT: where batches are off a list is refused however short it is.
  if (bounds.batch === 1 || value.length === 0) refuse('malformed_request', { detail: 'a batch' });
  return { operations: value.map(readOperation), isBatch: true };
}

async function readGet({ request, readBody }: Exchange): Promise<Sent> {
  const { variables, extensions, ...rest } = readQuery(request.query);
  await readBody(0);
  const sent = {
    ...rest,
    ...(variables === undefined ? {} : { variables: jsonOf(variables) }),
    ...(extensions === undefined ? {} : { extensions: jsonOf(extensions) }),
  };
  if (Object.hasOwn(sent, 'query')) refuseProblems([{ path: 'query', message: 'is not accepted here' }]);
  return readOperation(sent);
}

function jsonOf(text: string): unknown {
  const { value, problem } = readJson(text, { maxLength: 8_192 });
  return problem === undefined ? value : refuse('malformed_request', { detail: problem });
}

const members = ['query', 'documentId', 'operationName', 'variables', 'extensions'];

function readOperation(value: unknown): Sent {
  if (!isJsonObject(value))
    return refuse('input_invalid', { problems: [{ path: 'body', message: 'is not an object' }] });
  refuseNames(value, 'body', members);
  const { query, documentId, operationName, variables, extensions } = value;
  refuseProblems([...textProblems({ query, documentId, operationName }), ...objectProblems({ variables, extensions })]);
  return {
    text: (query as string | null | undefined) ?? undefined,
    hash: hashFrom(documentId as string | null | undefined, (extensions ?? {}) as Readonly<Record<string, unknown>>),
    operationName: (operationName as string | null | undefined) ?? undefined,
    variables: (variables ?? {}) as Readonly<Record<string, unknown>>,
  };
}

function refuseNames(value: object, source: string, known: readonly string[]): void {
  const strange = Object.keys(value).filter((name) => !known.includes(name));
  refuseProblems(strange.map((name) => ({ path: `${source}.${name}`, message: 'is not accepted here' })));
}

function textProblems(values: Readonly<Record<string, unknown>>): readonly Problem[] {
  const wrong = Object.entries(values).filter(([, value]) => (value ?? '') !== '' && typeof value !== 'string');
  return wrong.map(([path]) => ({ path, message: 'is not a text' }));
}

function objectProblems(values: Readonly<Record<string, unknown>>): readonly Problem[] {
  const wrong = Object.entries(values).filter(([, value]) => !isJsonObject(value ?? {}));
  return wrong.map(([path]) => ({ path, message: 'is not an object' }));
}

const hashSyntax = /^[0-9a-f]{64}$/;

/** `documentId: "sha256:…"`, or `extensions.persistedQuery`, of version 1. Other extensions ask for nothing here. */
function hashFrom(documentId: string | null | undefined, { persistedQuery }: Readonly<Record<string, unknown>>) {
  const hashes: unknown[] = [];
  if (documentId !== undefined && documentId !== null) hashes.push(documentId.replace(/^sha256:/, ''));
  if (persistedQuery !== undefined) {
    const { version, sha256Hash } = (persistedQuery ?? {}) as {
      readonly version?: unknown;
      readonly sha256Hash?: unknown;
    };
    hashes.push(version === 1 ? sha256Hash : undefined);
  }
  const [hash] = hashes;
  if (hashes.length === 0) return undefined;
  if (hashes.length > 1 || typeof hash !== 'string' || !hashSyntax.test(hash)) {
    return refuse('malformed_request', { detail: 'no hash of a document' });
  }
  return hash;
}
