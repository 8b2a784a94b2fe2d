/** Operations that are known by the hash of their text: the only ones that are run, or those that need no text. */
import { createHash } from 'node:crypto';
import { Refusal, refuse } from '@castellan/protocol';
import type { Preparer } from './document.ts';

/** Documents under their SHA-256, in lower-case hex. */
export interface ListedOperations {
  readonly documents: Readonly<Record<string, string>>;
  /** Nothing else is run. */
  readonly only: boolean;
  /** Queries among them are answered to GET too: only by hash, never by text. */
  readonly get?: boolean;
}

/** What a request says about its document. */
export interface Named {
  readonly text: string | undefined;
  readonly hash: string | undefined;
}

/** Why something is no list; each text is held to its hash, the schema and the bounds at the start. */
export function listedProblems(listed: ListedOperations | undefined, preparer: Preparer): readonly string[] {
  if (listed === undefined) return [];
  if (typeof listed.documents !== 'object' || listed.documents === null) return ['listed.documents is missing'];
  if (typeof listed.only !== 'boolean') return ['listed.only is missing: true, or false to run other operations too'];
  return Object.entries(listed.documents).flatMap(([hash, text]) => {
    if (typeof text !== 'string' || hashOf(text) !== hash)
      return [`listed.documents: ${hash} is not the hash of its text`];
    const problem = preparer.problemOf(text);
    return problem === undefined ? [] : [`listed.documents: ${hash}: ${problem}`];
  });
}

/**
 * The text of the document to run. A hash is only ever looked up, never learned from a request.
 *
 * @throws {Refusal} `operation_not_listed`; `malformed_request` when hash and text do not belong together
 */
export function findText({ text, hash }: Named, listed: ListedOperations | undefined): string {
  if (text === undefined && hash === undefined) {
    return refuse('input_invalid', { problems: [{ path: 'query', message: 'is missing' }], detail: 'no document' });
  }
  if (text !== undefined && hash !== undefined && hashOf(text) !== hash) {
    return refuse('malformed_request', { detail: 'the hash is of another text' });
  }
  const key = hash ?? hashOf(text ?? '');
  const known = listed !== undefined && Object.hasOwn(listed.documents, key) ? listed.documents[key] : undefined;
  if (known !== undefined) return known;
  if (text !== undefined && listed?.only !== true) return text;
  throw new Refusal('operation_not_listed', { detail: 'no such hash' });
}

/** @example hashOf('{ me { id } }') // 64 characters of lower-case hex */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
