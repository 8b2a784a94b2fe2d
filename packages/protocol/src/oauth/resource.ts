/** Resource indicators: what may name an API in a request and in the `aud` of its tokens. */
import { hasUriCharacters } from './uri.ts';

/**
 * Why a text cannot name a resource; undefined when it can.
 *
 * Does not check that the resource is registered, and compares nothing: resources are compared as raw strings.
 *
 * @example resourceProblem('https://api.example/#x'); // 'has a fragment'
 * @see RFC 8707 §2
 */
export function resourceProblem(uri: string): string | undefined {
  if (!hasUriCharacters(uri)) return 'has characters that a URI may not have, or is longer than 2048 characters';
  if (uri.includes('#')) return 'has a fragment';
  if (!/^[a-z][a-z0-9+.-]*:./.test(uri)) return 'is not an absolute URI';
  if (!/^https?:/.test(uri)) return undefined;
  const url = /^https?:\/\/[^/?]/.test(uri) ? URL.parse(uri) : null;
  if (url === null) return 'is not an absolute URI';
  return url.username === '' && url.password === '' ? undefined : 'has user information';
}
