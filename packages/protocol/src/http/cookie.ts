/** Cookies, read so that a tossed or forged one means «no cookie», and written with the safe attributes only. */
import { trimBlanks } from '../encoding.ts';

/** More than this in all `Cookie` headers together, and none is read. */
const maximumHeaderLength = 16_384;
/** Browsers drop a larger cookie without a word (RFC 6265bis §5.6). */
const maximumCookieLength = 4096;

/** token of RFC 9110 §5.6.2. */
const nameSyntax = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** cookie-octet of RFC 6265 §4.1.1. */
const valueSyntax = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * The cookies of a request by name. A name that is sent twice, also in two headers or with another value, is absent:
 * nobody can tell which one is ours and which was tossed from a sibling host. A malformed cookie is absent too.
 *
 * @example const session = parseCookies(request.headers.cookie).get('__Host-castellan-session');
 * @see RFC 6265bis §5.8, §8.6
 */
export function parseCookies(header: readonly string[] | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  const text = (header ?? []).join(';');
  if (text.length > maximumHeaderLength) return cookies;
  const seen = new Set<string>();
  for (const pair of text.split(';')) {
    // INVARIANT: space and tab only. String.trim also takes Unicode spaces away, which makes a name of ours out of one
    // that the browser did not protect as `__Host-`.
    const [name, value] = splitOnce(trimBlanks(pair));
    if (seen.has(name)) cookies.delete(name);
    else if (nameSyntax.test(name) && value !== undefined && valueSyntax.test(value)) cookies.set(name, value);
    seen.add(name);
  }
  return cookies;
}

function splitOnce(pair: string): readonly [string, string | undefined] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, undefined] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** What varies between our cookies. `HttpOnly` and `Path=/` are always there, `Domain` never is. */
export interface CookieOptions {
  /** Seconds; without it the cookie ends with the browser session. 0 erases it. */
  readonly maxAge?: number;
  readonly sameSite: 'Lax' | 'Strict';
  /** False only for the plain twin of a cookie on an http loopback host. */
  readonly secure: boolean;
}

/**
 * A `Set-Cookie` value.
 *
 * @throws {TypeError} when name or value cannot be sent, when the cookie is larger than 4096 bytes, or when a name
 * with the prefix `__Host-` or `__Secure-` would not be secure
 * @example formatCookie('__Host-castellan-session', secret, { sameSite: 'Lax', secure: true });
 * @see RFC 6265bis §4.1
 */
export function formatCookie(name: string, value: string, options: CookieOptions): string {
  if (!nameSyntax.test(name) || !valueSyntax.test(value))
    throw new TypeError('A cookie has a character it may not have.');
  if (/^__(?:host|secure)-/i.test(name) && !options.secure) throw new TypeError(`The cookie ${name} must be secure.`);
  const { maxAge } = options;
  if (maxAge !== undefined && (!Number.isInteger(maxAge) || maxAge < 0)) {
    throw new TypeError('The age of a cookie is whole seconds.');
  }
  const attributes = ['Path=/', 'HttpOnly', `SameSite=${options.sameSite}`];
  if (options.secure) attributes.push('Secure');
  if (maxAge !== undefined) attributes.push(`Max-Age=${maxAge}`);
  const cookie = [`${name}=${value}`, ...attributes].join('; ');
  if (cookie.length > maximumCookieLength) throw new TypeError(`The cookie ${name} is larger than browsers keep.`);
  return cookie;
}
