/** A public document as prebuilt text with an entity tag; a conditional request gets an empty 304. */
import { hash } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';
import { hasAlready } from '../../http/conditional.ts';

export interface PublicDocument {
  readonly body: string;
  readonly etag: string;
}

/** Builds the text once; node writes a short text together with its head, and bytes beside it. */
export function publicDocument(value: object): PublicDocument {
  const body = JSON.stringify(value);
  return { body, etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"` };
}

/** The document, or 304 when the asker has it. */
export function documentAnswer(document: PublicDocument, request: HttpRequest): HttpAnswer {
  const headers = { etag: document.etag };
  if (hasAlready(request, document.etag)) return { status: 304, headers, body: '' };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: document.body };
}
