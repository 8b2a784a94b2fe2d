/**
 * JSON read so that no two readers can disagree about it.
 *
 * `JSON.parse` is the parser; what it lets through is looked for afterwards in text that is known to be JSON:
 * repeated members (of which other parsers take another one), members that reach into prototypes, numbers too large
 * to be finite, lone surrogates, and deep nesting.
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
  const problem = structureProblem(text, limits.maxDepth ?? 32);
  return problem === undefined ? parsed : { problem };
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

/** INVARIANT: `text` is JSON; only then does a string followed by a colon have to be a member name. */
function structureProblem(text: string, maxDepth: number): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '{' || character === '[') {
      if (open.push(new Set()) > maxDepth) return 'the document is nested too deeply';
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = closingQuote(text, at);
      const content = unescape(text.slice(at + 1, end));
      const problem = isName(text, end) ? nameProblem(content, open.at(-1)) : undefined;
      if (problem !== undefined) return problem;
      if (!content.isWellFormed()) return 'a text has a lone surrogate';
      at = end;
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      const number = numberAt(text, at);
      if (!Number.isFinite(Number(number))) return 'a number is not finite';
      at += number.length - 1;
    }
  }
  return undefined;
}

function nameProblem(name: string, names: Set<string> | undefined): string | undefined {
  if (prototypeNames.has(name)) return 'a member has the name of a prototype';
  if (names?.has(name)) return 'a member is repeated';
  names?.add(name);
  return undefined;
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

function unescape(content: string): string {
  return content.includes('\\') ? (JSON.parse(`"${content}"`) as string) : content;
}

function isName(text: string, closing: number): boolean {
  let at = closing + 1;
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1;
  return text[at] === ':';
}

function numberAt(text: string, start: number): string {
  let end = start + 1;
  while (end < text.length && '0123456789.eE+-'.includes(text.charAt(end))) end += 1;
  return text.slice(start, end);
}
