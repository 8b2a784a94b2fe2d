/**
 * Redirect URIs: which may be registered, which sent one is a registered one, and how an answer is added.
 *
 * INVARIANT: a sent URI is compared as a raw string and never parsed first: two parsers that disagree on one
 * character are an open redirect (RFC 9700 §4.1.3). Whatever two parsers could read differently is kept out at
 * registration instead.
 */
import { hasUriCharacters, isLoopbackHost } from './uri.ts';

/** A redirect URI that was found among those a client has registered. Made in {@link matchRedirectUri} only. */
export type RegisteredRedirectUri = string & { readonly __brand: 'RegisteredRedirectUri' };

export type RedirectUriKind = 'web' | 'spa' | 'native';

/** Reverse domain name (RFC 8252 §7.1): the dot is what keeps `javascript`, `data`, `intent` and their like out. */
const privateUse = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/(?!\/)/;
/** Parameters of our answers: a registered URI that already has one would let the client read the wrong value. */
const answerParameters: ReadonlySet<string> = new Set([
  'code',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
  'response',
  'id_token',
  'access_token',
  'token_type',
  'session_state',
]);

/**
 * Why a redirect URI cannot be registered for a client of this kind; undefined when it can.
 *
 * Does not check that the client owns the host.
 *
 * @example redirectUriProblem('https://app.example/*', 'web'); // 'has a wildcard'
 * @see RFC 9700 §2.6
 * @see RFC 8252 §7
 */
export function redirectUriProblem(uri: string, kind: RedirectUriKind): string | undefined {
  if (!hasUriCharacters(uri)) return 'has characters that a URI may not have, or is longer than 2048 characters';
  if (uri.includes('#')) return 'has a fragment';
  if (uri.includes('*')) return 'has a wildcard';
  if (/%(?:2e|2f|5c|0|1|7f)/i.test(uri.split('?')[0] ?? '')) return 'has an encoded dot, slash or control character';
  return schemeProblem(uri, kind) ?? queryProblem(uri);
}

function schemeProblem(uri: string, kind: RedirectUriKind): string | undefined {
  if (/^https?:/.test(uri)) return webProblem(uri);
  if (kind !== 'native') return 'must begin with https:// (http:// for a loopback host), in lower case';
  if (!privateUse.test(uri)) {
    return 'must begin with https://, http://127.0.0.1, http://[::1], or a reverse domain name such as com.example.app:/';
  }
  return dotSegments(uri) ? 'has a dot segment' : undefined;
}

function webProblem(uri: string): string | undefined {
  const url = /^https?:\/\/[^/?]/.test(uri) ? URL.parse(uri) : null;
  if (url === null) return 'has no host';
  if (uri.split(/[/?]/)[2]?.includes('@')) return 'has user information';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'is http on a host that is not loopback';
  if (url.hostname.endsWith('.')) return 'has a host that ends with a dot';
  if (url.href !== uri && url.href !== `${uri}/`) return `is not in canonical form, which is ${url.href}`;
  return undefined;
}

function dotSegments(uri: string): boolean {
  const path = uri.slice(uri.indexOf(':') + 1).split('?')[0] ?? '';
  return path.split('/').some((segment) => segment === '.' || segment === '..');
}

function queryProblem(uri: string): string | undefined {
  const start = uri.indexOf('?');
  if (start < 0) return undefined;
  for (const name of new URLSearchParams(uri.slice(start + 1)).keys()) {
    if (answerParameters.has(name)) return `has the parameter ${name}, which belongs to the answer`;
  }
  return undefined;
}

/** A loopback redirect of a native app: the address literal, then a port or none, then path and query. */
const loopbackRedirect = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)$/s;

/**
 * The sent URI, when the client has registered it; otherwise undefined, and nobody may be redirected.
 *
 * Equality is that of raw strings. Only a native client's `http://127.0.0.1` and `http://[::1]` are free in the port,
 * since the system gives the app one at run time; `localhost` is not, since it may not be loopback.
 *
 * @example matchRedirectUri('http://127.0.0.1:49152/callback', ['http://127.0.0.1/callback'], 'native');
 * @see RFC 9700 §4.1.3
 * @see RFC 8252 §7.3
 */
export function matchRedirectUri(
  sent: string,
  registered: readonly string[],
  kind: RedirectUriKind,
): RegisteredRedirectUri | undefined {
  if (registered.includes(sent)) return sent as RegisteredRedirectUri;
  const loopback = kind === 'native' ? withoutPort(sent) : undefined;
  if (loopback === undefined) return undefined;
  return registered.some((uri) => withoutPort(uri) === loopback) ? (sent as RegisteredRedirectUri) : undefined;
}

function withoutPort(uri: string): string | undefined {
  const parts = loopbackRedirect.exec(uri);
  if (parts === null || Number(parts[2] ?? 0) > 65_535) return undefined;
  return `${parts[1]}${parts[3]}`;
}

/**
 * Adds parameters to the query of a checked redirect URI; what is registered stays as it is, undefined ones are left
 * out.
 *
 * @example appendQuery(redirectUri, { code, state, iss: issuer });
 * @see RFC 6749 §4.1.2, appendix B
 */
export function appendQuery(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const added: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) added.push(`${encode(name)}=${encode(value)}`);
  }
  if (added.length === 0) return uri;
  const joint = uri.includes('?') ? (/[?&]$/.test(uri) ? '' : '&') : '?';
  return `${uri}${joint}${added.join('&')}`;
}

/** Encodes all but unreserved characters: the quotes and stars that encodeURIComponent leaves are encoded too. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
