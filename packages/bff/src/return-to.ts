/** Where to go after a sign-in: a path of this app and nothing else. */
import { refuse } from '@castellan/protocol';

const ownPaths: ReadonlySet<string> = new Set(['/login', '/callback', '/logout']);

/**
 * Checks the `returnTo` of a sign-in.
 *
 * Refused rather than repaired: what a browser makes of `//x`, `/\x` or a tab in between is another site.
 *
 * @throws {Refusal} `invalid_parameter`
 */
export function parseReturnTo(text: string | undefined, origin: string): string {
  if (text === undefined) return '/';
  const url = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text) && text.length <= 1024 ? URL.parse(text, origin) : null;
  if (url === null || url.origin !== origin || url.pathname.startsWith('//'))
    return refuse('invalid_parameter', { detail: 'returnTo is not a path of this app' });
  return ownPaths.has(url.pathname) ? '/' : `${url.pathname}${url.search}${url.hash}`;
}
