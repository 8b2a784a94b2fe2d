/** HTTP Basic as OAuth uses it: strict base64, then both halves form-decoded. */
import { isUtf8 } from 'node:buffer';
import { decodeFormText } from '../encoding.ts';
import { refuse } from '../oauth/refusal.ts';

/** What a client sent; nothing of it has been checked against a client. */
export interface BasicCredentials {
  readonly id: string;
  readonly secret: string;
}

const maximumLength = 4096;
const scheme = /^basic ([A-Za-z0-9+/]+={0,2})$/i;
/** client-id and client-secret of RFC 6749 appendix A.1 and A.2, not empty. */
const visible = /^[\x20-\x7e]+$/;

/**
 * Reads the value of an `Authorization` header with client credentials.
 *
 * @throws {Refusal} `client_authentication_failed` for another scheme, base64 that is not canonical, a missing colon,
 * halves that are not form-encoded, or an empty half
 * @example const { id, secret } = parseBasic(singleHeader(request, 'authorization') ?? '');
 * @see RFC 6749 §2.3.1, RFC 7617 §2
 */
export function parseBasic(header: string): BasicCredentials {
  const encoded = header.length <= maximumLength ? scheme.exec(header)?.[1] : undefined;
  const text = encoded === undefined ? undefined : decodeBase64(encoded);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) return failed('not the canonical base64 of id:secret');
  const id = decodeFormText(text.slice(0, colon));
  const secret = decodeFormText(text.slice(colon + 1));
  if (id === undefined || secret === undefined) return failed('not form-encoded');
  return visible.test(id) && visible.test(secret) ? { id, secret } : failed('empty, or with characters no client has');
}

function decodeBase64(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function failed(detail: string): never {
  return refuse('client_authentication_failed', { detail: `Basic credentials ${detail}`, challenge: 'Basic' });
}
