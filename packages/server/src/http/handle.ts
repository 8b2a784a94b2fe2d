/**
 * From a request to its answer: the one way in.
 *
 * Owns: finding the route, what holds for every route (limits, media types, CORS, security headers), turning a
 * Refusal into an answer, surviving everything else, and the one outcome event of each request.
 * Does not own: what endpoints do (`endpoints/`), which routes there are (`routes.ts`), carrying bytes (`node.ts`,
 * `fetch.ts`).
 */
import { describeFailure, type RecordedEvent, type Recorder } from '@castellan/audit';
import type { LimitStore } from '@castellan/limits';
import {
  addressBucket,
  formMediaType,
  type HttpAnswer,
  type HttpRequest,
  Refusal,
  type RefusalReason,
  type Runtime,
  refuse,
} from '@castellan/protocol';
import type { LimitSettings } from '../config.ts';
import type { Exchange } from './exchange.ts';
import { type CompleteHeaders, createCompleteHeaders, preflightAnswer } from './headers.ts';
import type { Pages } from './page.ts';
import { type RefusalDeps, refusalAnswer } from './refusal-answer.ts';
import { createRouteFinder, type FindRoute, type FoundRoute, type Route, routeOf } from './route.ts';
import { openTrace, speakableMethod, type TraceDeps } from './trace.ts';

/** A request as a transport hands it over. */
export interface CarriedRequest extends HttpRequest {
  /** Why the transport did not read the body; refused here, so that this request too has its outcome event. */
  readonly unread?: RefusalReason;
}

export type Handle = (request: CarriedRequest) => Promise<HttpAnswer>;

export interface HandleDeps {
  readonly issuer: string;
  readonly routes: readonly Route[];
  readonly pages: Pages;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
  readonly recorder: Recorder;
  readonly limitStore: LimitStore;
  readonly limits: LimitSettings;
  readonly trustedProxies: readonly string[];
  /** Origins of public clients, whose scripts may use the routes that say so. */
  readonly clientOrigins: Pick<ReadonlySet<string>, 'has'>;
  /** Brings what is known of clients and resources up to date; @throws {Refusal} when the store cannot be read */
  readonly refresh: () => Promise<void>;
  /** Where a person may start again who has lost the way at this address. */
  readonly startAgain: (request: HttpRequest) => RefusalDeps['startAgain'];
  readonly record: (event: RecordedEvent) => void;
  readonly committed: TraceDeps['committed'];
}

/** Makes the one function that answers requests. It never rejects. */
export function createHandle(deps: HandleDeps): Handle {
  const machinery = { ...deps, findRoute: createRouteFinder(deps.routes), complete: createCompleteHeaders(deps) };
  return (request) => handle(request, machinery);
}

type Machinery = HandleDeps & { readonly findRoute: FindRoute; readonly complete: CompleteHeaders };

async function handle(request: CarriedRequest, deps: Machinery): Promise<HttpAnswer> {
  const trace = openTrace(request, deps);
  const found = deps.findRoute(request);
  const route = found.kind === 'none' ? undefined : found.route;
  const told = await answerOrRefuse(request, { found, exchange: trace.exchange, deps });
  const answer = deps.complete(told.answer, request, route);
  const { reason, detail } = told;
  trace.end({
    endpoint: route?.name ?? 'none',
    method: speakableMethod(request.method),
    status: answer.status,
    ...(reason === undefined ? {} : { reason, detail }),
  });
  return request.method === 'HEAD' ? withoutBody(answer) : answer;
}

interface Answering {
  readonly found: FoundRoute;
  readonly exchange: Exchange;
  readonly deps: Machinery;
}

interface Told {
  readonly answer: HttpAnswer;
  readonly reason?: RefusalReason;
  readonly detail?: string | undefined;
}

/** INVARIANT: nothing thrown gets past here; what is not a Refusal is told as `server_error` and nothing more. */
async function answerOrRefuse(request: CarriedRequest, answering: Answering): Promise<Told> {
  const { exchange, found, deps } = answering;
  try {
    return { answer: await answerRoute(request, answering) };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : failed(error, answering);
    const channel = channelOf(request, found);
    const answer = refusalAnswer(refusal, channel, {
      ...deps,
      correlation: exchange.correlation,
      startAgain: deps.startAgain(request),
    });
    return { answer, reason: refusal.reason, detail: refusal.context.detail };
  }
}

function failed(error: unknown, { exchange, found }: Answering): Refusal {
  const where = found.kind === 'none' ? 'none' : found.route.name;
  exchange.notice({ type: 'failure', where, error: describeFailure(error) });
  return new Refusal('server_error');
}

async function answerRoute(request: CarriedRequest, { found, exchange, deps }: Answering): Promise<HttpAnswer> {
  checkShape(request);
  await bringUpToDate(found, deps);
  if (found.kind === 'preflight') return preflightAnswer(request, found.allow, { ...deps, route: found.route });
  const route = routeOf(found);
  checkBody(request, route);
  await checkLimit(route, exchange, deps);
  return route.endpoint(request, exchange);
}

/**
 * INVARIANT: before every endpoint, in this one place, so that none can act on a client that was disabled before the
 * request came.
 */
async function bringUpToDate(found: FoundRoute, deps: Machinery): Promise<void> {
  if (found.kind === 'none') return;
  try {
    await deps.refresh();
  } catch (error) {
    // What everybody may read and caches anyway stays up while the store is away; nothing is given by it.
    if (!(error instanceof Refusal) || found.route.outage !== 'serve') throw error;
  }
}

/** Headers that frame or route a message: two of them mean that somebody else may read the message differently. */
const singleHeaders = ['host', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding'];

function checkShape(request: CarriedRequest): void {
  for (const name of singleHeaders) {
    if ((request.headers[name]?.length ?? 0) > 1) refuse('malformed_request', { detail: `repeated header: ${name}` });
  }
}

function checkBody(request: CarriedRequest, route: Route): void {
  if (request.unread !== undefined) refuse(request.unread);
  // Nothing is ever decompressed, so a small body cannot become a large one.
  if (request.headers['content-encoding'] !== undefined) refuse('media_type_unsupported', { detail: 'encoded body' });
  if (route.method !== 'POST' || route.form === 'none') return;
  if (route.form === 'optional' && request.body === '') return;
  if (!formMediaType(request.headers)) refuse('media_type_unsupported', { detail: 'not a form' });
}

async function checkLimit(route: Route, exchange: Exchange, deps: Machinery): Promise<void> {
  if (route.limit === undefined) return;
  const key = `${route.limit}:${addressBucket(exchange.address)}`;
  const take = await deps.limitStore.take(key, deps.limits[route.limit], deps.runtime);
  if (take.admitted) return;
  exchange.notice({ type: 'limit.hit', limit: route.limit, address: exchange.address });
  refuse('rate_limited', { retryAfter: take.retryAfter });
}

/** Where nothing is, a browser gets a page and everybody else JSON. */
function channelOf(request: HttpRequest, found: FoundRoute): Route['channel'] {
  if (found.kind !== 'none') return found.route.channel;
  return request.headers['accept']?.some((accept) => accept.includes('text/html')) === true ? 'page' : 'json';
}

/** RFC 9110 §9.3.2: the headers of the GET, its length included. */
function withoutBody(answer: HttpAnswer): HttpAnswer {
  const length = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.byteLength;
  return { ...answer, headers: { ...answer.headers, 'content-length': String(length) }, body: '' };
}
