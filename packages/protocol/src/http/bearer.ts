/** The access token of a request: in one `Authorization` header, and nowhere else. */
import { refuse } from '../oauth/refusal.ts';
import type { HttpRequest } from './message.ts';

/** b64token of RFC 6750 §2.1. */
const credentials = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const maximumLength = 16_384 + 16;

/**
 * What stands in the usual place of a token, unread; undefined when the header is missing, repeated or written otherwise.
 *
 * Does not check it: it is good for looking up what was read by {@link readBearer} before, and for nothing else.
 *
 * @example const known = verifier.recall(peekBearer(request.headers) ?? '');
 */
export function peekBearer(headers: HttpRequest['headers']): string | undefined {
  const values = headers['authorization'];
  const value = values?.length === 1 ? values[0] : undefined;
  return value?.startsWith('Bearer ') === true ? value.slice(7) : undefined;
}

/**
 * The bearer token of a request. The query and the body are never looked at (OAuth 2.1 §5.1).
 *
 * @throws {Refusal} `credentials_missing` without the header or with another scheme; `credentials_malformed` when the
 * header comes twice or is not exactly one token
 * @example const token = readBearer(request.headers);
 * @see RFC 6750 §2.1
 */
export function readBearer(headers: HttpRequest['headers']): string {
  const values = headers['authorization'] ?? [];
  const [value] = values;
  if (value === undefined) return refuse('credentials_missing');
  if (values.length > 1) return refuse('credentials_malformed', { detail: 'more than one Authorization header' });
  const token = value.length <= maximumLength ? credentials.exec(value)?.[1] : undefined;
  if (token !== undefined) return token;
  if (!/^bearer(?: |$)/i.test(value)) return refuse('credentials_missing', { detail: 'another authentication scheme' });
  return refuse('credentials_malformed', { detail: 'not exactly one bearer token' });
}
