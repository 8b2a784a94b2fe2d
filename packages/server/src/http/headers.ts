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

/** What an answer carries whatever its endpoint says; made once for each kind of answer of each route. */
type BaseHeaders = (answer: HttpAnswer, route: Route | undefined) => Readonly<Record<string, string>>;

function createBaseHeaders({ issuer }: Pick<HeaderDeps, 'issuer'>): BaseHeaders {
  const made = new Map<string, Readonly<Record<string, string>>>();
  return ({ status }, route) => {
    const isSuccess = (status >= 200 && status < 300) || status === 304;
    const cache = route !== undefined && isSuccess ? route.cache : 'no-store';
    const resourcePolicy = route?.cors === 'any' ? 'cross-origin' : 'same-origin';
    const key = `${resourcePolicy} ${cache}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const base = {
      'cache-control': cache,
      'content-security-policy': closedPolicy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': resourcePolicy,
      'permissions-policy': permissionsPolicy,
      ...(issuer.startsWith('https:') ? { 'strict-transport-security': hsts } : {}),
    };
    made.set(key, base);
    return base;
  };
}

/** Adds to the answer of a route what every answer carries. */
export type CompleteHeaders = (answer: HttpAnswer, request: HttpRequest, route: Route | undefined) => HttpAnswer;

/**
 * Makes what adds the security headers, and those that let a script of another origin read the answer where the table
 * says so, never with credentials. What a page says itself (its policy, its referrer rule) stays.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.2.4
 */
export function createCompleteHeaders(deps: HeaderDeps): CompleteHeaders {
  const baseOf = createBaseHeaders(deps);
  return (answer, request, route) => {
    const base = baseOf(answer, route);
    const headers: Record<string, string | readonly string[]> = { ...base };
    for (const name in answer.headers) headers[name.toLowerCase()] = answer.headers[name] ?? '';
    headers['cache-control'] = base['cache-control'] ?? 'no-store';
    const origin = route === undefined ? undefined : corsOrigin(request, route, deps);
    if (origin !== undefined) Object.assign(headers, origin, exposedHeaders);
    return { ...answer, headers };
  };
}

const exposedHeaders = { 'access-control-expose-headers': 'WWW-Authenticate, Retry-After' };

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

const anyOrigin = { 'access-control-allow-origin': '*' };

/** INVARIANT: an origin is only ever named from the list; `null` is never on it. */
function corsOrigin(
  request: HttpRequest,
  route: Route,
  deps: Pick<HeaderDeps, 'clientOrigins'>,
): Record<string, string> | undefined {
  if (route.cors === 'none') return undefined;
  if (route.cors === 'any') return anyOrigin;
  const origin = singleHeader(request, 'origin');
  if (origin === undefined || !deps.clientOrigins.has(origin)) return { vary: 'Origin' };
  return { 'access-control-allow-origin': origin, vary: 'Origin' };
}
