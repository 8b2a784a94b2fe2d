/** Which API and which of its paths a request means; anything that two parsers could read differently is refused. */
import { type HttpRequest, refuse } from '@castellan/protocol';
import type { ProxyRoute } from './config.ts';

/** pchar of RFC 3986 §3.3. */
const segmentSyntax = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*$/;
const querySyntax = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]|]|%[0-9A-Fa-f]{2})*$/;
/** Slash, backslash, dot, percent and control characters have no business behind a percent sign in a path. */
const disguised = /%(?:2[ef5]|5c|[01][0-9a-f]|7f)/i;
/** `..;x` is a way up to servers that cut path parameters off before they resolve. */
const dotSegment = /^\.{1,2}(?:;.*)?$/;

/** The route a path belongs to: static, by its literal first segments; an encoded spelling of them is not ours. */
export function findProxyRoute(path: string, routes: readonly ProxyRoute[]): ProxyRoute | undefined {
  return routes.find((route) => path === route.path || path.startsWith(`${route.path}/`));
}

/**
 * The URL to call for a request on a route.
 *
 * @throws {Refusal} `method_not_allowed`; `malformed_request` for dot segments, empty segments, encoded slashes, dots or
 * percent signs, bytes that are not UTF-8, and characters a URI does not have
 */
export function upstreamUrl(request: Pick<HttpRequest, 'method' | 'path' | 'query'>, route: ProxyRoute): URL {
  checkMethod(request.method, route);
  const rest = request.path.slice(route.path.length);
  checkPath(rest);
  if (!querySyntax.test(request.query)) refuse('malformed_request', { detail: 'the query has other characters' });
  const base = new URL(route.target);
  const path = `${base.pathname.replace(/\/$/, '')}${rest}` || '/';
  const url = new URL(`${base.origin}${path}${request.query === '' ? '' : `?${request.query}`}`);
  // INVARIANT: what is called is what was checked; if the parser has moved anything, the checks above have a hole.
  if (url.origin !== base.origin || url.pathname !== path)
    return refuse('malformed_request', { detail: 'the path changes when parsed' });
  return url;
}

function checkMethod(method: string, route: ProxyRoute): void {
  const allowed = route.methods.includes('GET') ? [...route.methods, 'HEAD'] : route.methods;
  if (!allowed.includes(method)) refuse('method_not_allowed', { allow: allowed.join(', ') });
}

function checkPath(rest: string): void {
  const segments = rest === '' ? [] : rest.slice(1).split('/');
  const isLast = (index: number): boolean => index === segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (segment === '' && !isLast(index)) refuse('malformed_request', { detail: 'an empty path segment' });
    if (!segmentSyntax.test(segment) || disguised.test(segment) || dotSegment.test(segment))
      refuse('malformed_request', { detail: 'a path segment that could be read in two ways' });
    try {
      decodeURIComponent(segment);
    } catch {
      refuse('malformed_request', { detail: 'a path segment that is not UTF-8' });
    }
  }
}
