/** The headers every answer carries, whatever its endpoint says. */
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';
import { singleHeader } from '@castellan/protocol';
import type { Route } from './route.ts';

export interface HeaderDeps {
  readonly issuer: string;
  /** Origins of the redirect URIs of public clients. */
  readonly clientOrigins: Pick<ReadonlySet<string>, 'has'>;
}

/** For what is not a page: nothing may be loaded, run, framed or submitted. */
const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

/** Powers of the browser that no page of ours needs. */
const permissionsPolicy = [
  'accelerometer',
  'autoplay',
  'camera',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'screen-wake-lock',
  'usb',
  'xr-spatial-tracking',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

/** One year, as R-187 asks of pages. */
const hsts = 'max-age=31536000; includeSubDomains';

type Headers = HttpAnswer['headers'];

/**
 * Adds the security headers. What a page says itself (its policy, its referrer rule) stays.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.2.4
 */
export function withSecurityHeaders(answer: HttpAnswer, route: Route | undefined, deps: HeaderDeps): HttpAnswer {
  const isSuccess = (answer.status >= 200 && answer.status < 300) || answer.status === 304;
  const cache = route !== undefined && isSuccess ? route.cache : 'no-store';
  const base: Record<string, string> = {
    'cache-control': cache,
    'content-security-policy': closedPolicy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': route?.cors === 'any' ? 'cross-origin' : 'same-origin',
    'permissions-policy': permissionsPolicy,
    ...(deps.issuer.startsWith('https:') ? { 'strict-transport-security': hsts } : {}),
  };
  return { ...answer, headers: { ...base, ...lowerCase(answer.headers), 'cache-control': cache } };
}

function lowerCase(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Lets a script of another origin read the answer, where the table says so; never with credentials. */
export function withCors(
  answer: HttpAnswer,
  request: HttpRequest,
  { route, ...deps }: HeaderDeps & { route: Route },
): HttpAnswer {
  const origin = corsOrigin(request, route, deps);
  if (origin === undefined) return answer;
  const exposed = { 'access-control-expose-headers': 'WWW-Authenticate, Retry-After' };
  return { ...answer, headers: { ...answer.headers, ...origin, ...exposed } };
}

/** The answer to a preflight; it promises nothing to an origin that is not on the list. */
export function preflightAnswer(request: HttpRequest, allow: string, deps: HeaderDeps & { route: Route }): HttpAnswer {
  const origin = corsOrigin(request, deps.route, deps);
  const granted = {
    'access-control-allow-methods': allow,
    'access-control-allow-headers': 'Authorization, Content-Type',
    'access-control-max-age': '600',
  };
  const headers = origin === undefined ? { vary: 'Origin' } : { ...origin, ...granted };
  return { status: 204, headers: { allow, ...headers }, body: '' };
}

/** INVARIANT: an origin is only ever named from the list; `null` is never on it. */
function corsOrigin(request: HttpRequest, route: Route, deps: HeaderDeps): Record<string, string> | undefined {
  if (route.cors === 'none') return undefined;
  if (route.cors === 'any') return { 'access-control-allow-origin': '*' };
  const origin = singleHeader(request, 'origin');
  if (origin === undefined || !deps.clientOrigins.has(origin)) return { vary: 'Origin' };
  return { 'access-control-allow-origin': origin, vary: 'Origin' };
}
