/**
 * The way from the page to its APIs: the page's cookie stays here, the session's access token goes there.
 *
 * Owns: what crosses in both directions; everything that is not on a list stays behind. Does not own: whether the
 * person may do it, which the API decides.
 */
import { type HttpAnswer, type HttpRequest, type Runtime, refuse } from '@castellan/protocol';
import { DeadlinePassed, readWhole, within } from './bounds.ts';
import type { ProxyRoute, ResolvedBffConfig } from './config.ts';
import type { Endpoint } from './exchange.ts';
import { checkOwnPage } from './origin.ts';
import { upstreamUrl } from './proxy-path.ts';
import type { AccessTokens } from './refresh.ts';
import type { LiveSession, Sessions } from './session.ts';

export interface ProxyDeps {
  readonly config: Pick<ResolvedBffConfig, 'origin'>;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly tokens: AccessTokens;
  readonly runtime: Pick<Runtime, 'fetch' | 'schedule'>;
}

/**
 * INVARIANT: lists of what may pass, not of what may not. Cookie, Authorization, Host, Forwarded, X-Forwarded-*, every
 * hop-by-hop header and whatever header an API takes a person's name from are not on them, nor will a new one be.
 */
const requestHeaders = [
  'accept',
  'accept-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'prefer',
] as const;
/** No Set-Cookie, no CORS, no challenge, no policy of somebody else's: those are this app's own to say. */
const answerHeaders = [
  'allow',
  'content-disposition',
  'content-language',
  'content-type',
  'etag',
  'last-modified',
  'preference-applied',
  'retry-after',
] as const;

/** Milliseconds for the whole exchange with the API. */
const timeout = 30_000;
const maximumBody = 16 * 1024 * 1024;

/** The endpoint of one route. */
export function createProxyEndpoint(deps: ProxyDeps, route: ProxyRoute): Endpoint {
  return async (request, exchange) => {
    checkOwnPage(request, deps.config.origin);
    const url = upstreamUrl(request, route);
    const live = await deps.sessions.find(request);
    if (live === undefined) return refuse('session_required');
    exchange.identify(live.row.subject);
    const accessToken = await deps.tokens.usable(live, exchange);
    const { address } = exchange;
    const answer = await call(deps, { request, url, accessToken, address });
    if (answer.status !== 401) return toPage(answer, route);
    // The token may have been revoked before its time. The API has done nothing yet: ask once more with a new one.
    return toPage(await callAgain(deps, { request, url, address, live, exchange, rejected: accessToken }), route);
  };
}

interface Call {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly accessToken: string;
  /** Whom the API may limit: without it all people of this app would share one address. */
  readonly address: string;
}

interface Upstream {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

async function callAgain(
  deps: ProxyDeps,
  again: Omit<Call, 'accessToken'> & {
    readonly live: LiveSession;
    readonly exchange: Parameters<Endpoint>[1];
    readonly rejected: string;
  },
): Promise<Upstream> {
  const accessToken = await deps.tokens.usable(again.live, again.exchange, again.rejected);
  const answer = await call(deps, { ...again, accessToken });
  if (answer.status === 401) refuse('upstream_refused', { detail: 'the API takes no token of this session' });
  return answer;
}

async function call({ runtime }: ProxyDeps, { request, url, accessToken, address }: Call): Promise<Upstream> {
  const message = {
    method: request.method,
    headers: { ...passedOn(request), authorization: `Bearer ${accessToken}`, 'x-forwarded-for': address },
    body: hasBody(request) ? request.body : null,
    redirect: 'manual',
  } as const;
  try {
    return await within(runtime, timeout, async (signal) => {
      const response = await runtime.fetch(url, { ...message, signal });
      return { status: response.status, headers: response.headers, body: await readWhole(response, maximumBody) };
    });
  } catch (error) {
    if (error instanceof RangeError) return refuse('upstream_refused', { detail: error.message });
    const detail = error instanceof DeadlinePassed ? 'no answer in time' : 'no answer';
    return refuse('upstream_unavailable', { detail, retryAfter: 5 });
  }
}

function hasBody(request: HttpRequest): boolean {
  if (request.body === '') return false;
  if (request.method === 'GET' || request.method === 'HEAD')
    refuse('malformed_request', { detail: `a ${request.method} with a body` });
  if (request.headers['content-type']?.length !== 1) refuse('media_type_unsupported');
  return true;
}

function passedOn(request: HttpRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of requestHeaders) {
    const values = request.headers[name] ?? [];
    if (values.length > 1) refuse('malformed_request', { detail: `${name} is repeated` });
    if (values[0] !== undefined) headers[name] = values[0];
  }
  return headers;
}

function toPage({ status, headers, body }: Upstream, route: ProxyRoute): HttpAnswer {
  // A redirect could lead the page, or us with the token, anywhere.
  if ((status >= 300 && status < 400 && status !== 304) || status < 200)
    return refuse('upstream_refused', { detail: `answered ${status}` });
  const passed: Record<string, string> = {};
  for (const name of answerHeaders) {
    const value = headers.get(name);
    if (value !== null) passed[name] = value;
  }
  const location = ownLocation(headers.get('location'), route);
  return { status, headers: { ...passed, ...(location === undefined ? {} : { location }) }, body };
}

/** Where a created object lies, as the page can reach it; nothing about hosts behind this one. */
function ownLocation(location: string | null, { path, target }: ProxyRoute): string | undefined {
  const base = target.replace(/\/$/, '');
  const url = location === null ? null : URL.parse(location, `${base}/`);
  if (url === null || !url.href.startsWith(`${base}/`)) return undefined;
  return `${path}${url.href.slice(base.length)}`;
}
