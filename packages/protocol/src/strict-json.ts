/**
 * JSON read so that no two readers can disagree about it.
 *
 * `JSON.parse` is the parser; what it lets through is looked for afterwards in its value: members that reach into
 * prototypes, numbers too large to be finite, lone surrogates, and deep nesting. Of repeated members (of which other
 * parsers take another one) it keeps one, so the value then has fewer members than the text has colons.
 *
 * Owns: reading. Does not own: what a document must hold.
 */
import { decodeUtf8 } from './encoding.ts';

/** How large a document may be. */
export interface JsonLimits {
  /** Characters, or bytes when bytes are read; 1 MiB by default. */
  readonly maxLength?: number;
  /** Objects and arrays inside one another; 32 by default. */
  readonly maxDepth?: number;
}

/** A document, or what is wrong with it: a constant text that never holds a part of the document. */
export type JsonReading =
  | { readonly problem?: undefined; readonly value: unknown }
  | { readonly problem: string; readonly value?: undefined };

const prototypeNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads a JSON document strictly. Never throws.
 *
 * @example
 * const { value, problem } = readJson(request.body, { maxLength: 10_000 });
 * if (problem !== undefined) refuse('malformed_request', { detail: problem });
 * @see RFC 8259 §4, §8; RFC 7493 §2
 */
export function readJson(document: string | Uint8Array, limits: JsonLimits = {}): JsonReading {
  if (document.length > (limits.maxLength ?? 1_048_576)) return { problem: 'the document is too large' };
  const text = typeof document === 'string' ? document : decodeUtf8(document);
  if (text === undefined) return { problem: 'the document is not UTF-8' };
  const parsed = parse(text);
  if (parsed === undefined) return { problem: 'the document is not JSON' };
  const tally = { members: 0 };
  const problem = valueProblem(parsed.value, limits.maxDepth ?? 32, tally);
  if (problem !== undefined) return { problem };
  return tally.members === membersIn(text) ? parsed : { problem: 'a member is repeated' };
}

/**
 * Whether a value is a JSON object: neither null nor an array.
 *
 * @example if (!isJsonObject(value)) refuse('malformed_request');
 */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's message quotes the document, which may hold a secret: it ends here.
    return undefined;
  }
}

/** What is wrong with a value, which may nest `depth` times; counts its members at every depth. */
function valueProblem(value: unknown, depth: number, tally: { members: number }): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'a text has a lone surrogate';
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is not finite';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === 0) return 'the document is nested too deeply';
  if (!Array.isArray(value)) return membersProblem(value as Record<string, unknown>, depth, tally);
  for (const item of value) {
    const problem = valueProblem(item, depth - 1, tally);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function membersProblem(value: Record<string, unknown>, depth: number, tally: { members: number }): string | undefined {
  for (const name of Object.keys(value)) {
    tally.members += 1;
    if (prototypeNames.has(name)) return 'a member has the name of a prototype';
    const problem = valueProblem(name, depth, tally) ?? valueProblem(value[name], depth - 1, tally);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const colon = 0x3a;
const quotation = 0x22;

/** INVARIANT: `text` is JSON; only then does each colon outside of strings belong to one member. */
function membersIn(text: string): number {
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === colon) members += 1;
    else if (code === quotation) at = closingQuote(text, at);
  }
  return members;
}

function closingQuote(text: string, openingQuote: number): number {
  let at = text.indexOf('"', openingQuote + 1);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

/** An odd number of backslashes before it: the last one belongs to the quote. */
function isEscaped(text: string, quote: number): boolean {
  let start = quote;
  while (text[start - 1] === '\\') start -= 1;
  return (quote - start) % 2 === 1;
}
