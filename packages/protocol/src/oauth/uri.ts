/** What redirect URIs, resources and issuers have in common: the characters of RFC 3986 and the loopback hosts. */

/** URIs longer than this are refused wherever one is registered or sent. */
export const maximumUriLength = 2048;

const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/**
 * Whether a text has only characters that a URI may have, and percent signs only where they encode a byte.
 *
 * Backslashes, spaces, control characters and letters outside ASCII, which parsers read differently, are not among
 * them.
 *
 * @example hasUriCharacters('https://a.example/\\@b.example'); // false
 * @see RFC 3986 §2
 */
export function hasUriCharacters(text: string): boolean {
  return text.length <= maximumUriLength && uriCharacters.test(text);
}

/**
 * Whether a host, as `URL.hostname` gives it, is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
 *
 * Names below `localhost` are not: resolvers do not agree on them.
 *
 * @example isLoopbackHost(new URL(issuer).hostname);
 * @see RFC 8252 §7.3, §8.3
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/**
 * The parsed URL when the text is https, or http on a loopback host; otherwise undefined.
 *
 * @example if (secureUrl(text) === undefined) problems.push('must be https');
 */
export function secureUrl(text: string): URL | undefined {
  const url = hasUriCharacters(text) ? URL.parse(text) : null;
  if (url === null) return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)) ? url : undefined;
}
