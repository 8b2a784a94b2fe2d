/**
 * The guard: from a request to its answer, through one pipeline that no route can leave out a part of.
 *
 * Owns: the order of the checks, turning a Refusal into an answer, surviving everything else, and the one outcome
 * event of each request. Does not own: rules (`@castellan/policy`), verification (`@castellan/protocol`), carrying
 * bytes (`adapters/`), and what handlers do.
 */
import { createRecorder, recordEvents, type Sink } from '@castellan/audit';
import { type LimitStore, type MarkStore, surviveOutages } from '@castellan/limits';
import type { Decision, Filter, FilterOptions, Vocabulary } from '@castellan/policy';
import { type HttpRequest, isTrustedProxy, Refusal, type Runtime, readBearer, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import { createPlaces, type Places } from './at-once.ts';
import { requireClientKey } from './client-key.ts';
import { checkGuardConfig, type GuardConfig, GuardConfigError } from './config.ts';
import { loadingTime, slowBody, withDeadline } from './deadline.ts';
import { createEventBuffer } from './events.ts';
import { type BodyReader, type CheckedInput, nothing, readInput } from './input.ts';
import { permitUnknownRevocation } from './insecure.ts';
import { type InventoryEntry, takeInventory } from './inventory.ts';
import { insecureChoices } from './issuer.ts';
import { after, isLater, type Later } from './later.ts';
import { type GuardLimits, type Limiter, openLimiter } from './limits.ts';
import { jsonAnswer, shapeOutput } from './output.ts';
import { problemAnswer } from './problem.ts';
import {
  type AskedPolicy,
  type Asking,
  type Judge,
  requireFunction,
  requireObject,
  requireWritable,
} from './require.ts';
import { metadataPath, metadataUrl, resourceMetadata } from './resource-metadata.ts';
import {
  type Caller,
  type Exchange,
  type GuardAnswer,
  type GuardedRoute,
  type Held,
  publicRoute,
  type Route,
} from './route.ts';
import { createRouteFinder, type FindRoute, type FoundRoute } from './route-table.ts';
import { requireAuthentication } from './step-up.ts';
import { describeFailure, knowCaller, openTrace, type Trace, type TraceDeps } from './trace.ts';
import { checkTransport, type TransportDeps } from './transport.ts';
import { createReadAccess, type ReadAccess } from './verify-token.ts';
import { walk } from './walk.ts';

export interface Guard {
  /**
   * Answers a request; never rejects. A `readBody` takes the place of `request.body` and is called at most once, after
   * the caller is verified and the function permitted.
   */
  readonly handle: (request: HttpRequest, readBody?: BodyReader) => Promise<GuardAnswer>;
  /** Every route that is served, with what it declares; frozen, and the same for each run of one configuration. */
  readonly inventory: readonly InventoryEntry[];
  /** Delivers the events gathered so far. */
  readonly flush: () => Promise<void>;
  /** Delivers the rest and closes the sinks. */
  readonly close: () => Promise<void>;
}

/** The configuration with its types forgotten: `checkGuardConfig` and the policy check at run time. */
interface Machinery extends TraceDeps {
  readonly runtime: Runtime;
  readonly findRoute: FindRoute;
  readonly readAccess: ReadAccess;
  readonly policy: AskedPolicy;
  readonly loadPrincipal: (access: Access) => unknown;
  readonly loadContext: (access: Access) => unknown;
  readonly limits: GuardLimits;
  readonly flows: MarkStore | undefined;
  readonly bodyLimit: number;
  readonly resourceMetadata: string;
  readonly transport: TransportDeps;
  readonly places: Places;
}

/**
 * Builds the guard of one API.
 *
 * Does not check revocation of issuers that have no `revocation`, and refuses sender-constrained tokens, whose proof it
 * cannot read.
 *
 * @throws {GuardConfigError} naming each thing that is missing or wrong: an issuer without audience, a route without
 * action, input, output or limit, two routes that clash
 * @example
 * const guard = createGuard({ name: 'notes', resource, issuers, policy, principal, routes, limits }, systemRuntime, sinks);
 * createServer(nodeListener(guard)).listen(4001, '127.0.0.1');
 * @see RFC 6750, RFC 9068 §4, RFC 9728
 */
export function createGuard<V extends Vocabulary>(
  config: GuardConfig<V>,
  runtime: Runtime,
  sinks: readonly Sink[],
): Guard {
  checkGuardConfig(config, sinks);
  const events = createEventBuffer(sinks, runtime);
  const table = tableOf(config);
  const recording: Recording = {
    recorder: createRecorder({ source: config.name }, runtime),
    record: events.record,
  };
  const machinery: Machinery = {
    ...recording,
    runtime,
    trustedProxies: config.trustedProxies ?? [],
    findRoute: createRouteFinder(table),
    readAccess: strictly(() => createReadAccess(config, runtime)),
    policy: config.policy as unknown as AskedPolicy,
    loadPrincipal: config.principal,
    loadContext: config.context ?? (() => ({})),
    limits: { ...config.limits, store: openLimits(config, { ...recording, runtime }) },
    flows: config.flows,
    bodyLimit: config.bodyLimit ?? 65_536,
    resourceMetadata: metadataUrl(config.resource),
    transport: {
      https: config.resource.startsWith('https:'),
      isTrustedProxy: (address) => isTrustedProxy(address, config.trustedProxies ?? []),
    },
    places: createPlaces(),
  };
  tellInsecureChoices(config, machinery);
  return {
    handle: (request, readBody) => handle(request, readBody ?? wholeBody(request), machinery),
    inventory: takeInventory(table, config.policy.rules),
    flush: events.flush,
    close: events.close,
  };
}

type Recording = Pick<Machinery, 'recorder' | 'record'>;

/** Limits hold without their store: each node then counts for itself, and says so once. */
function openLimits<V extends Vocabulary>(
  { limits }: GuardConfig<V>,
  { recorder, record, runtime }: Recording & Pick<Machinery, 'runtime'>,
): LimitStore {
  return surviveOutages(limits.store, {
    runtime,
    tell: (change) => {
      const event = 'error' in change ? { ...change, error: describeFailure(change.error) } : change;
      record(recordEvents(recorder, 'limits', [event])[0]);
    },
  });
}

/** The declared routes and the one that every API has (RFC 9728 §3). */
function tableOf<V extends Vocabulary>(config: GuardConfig<V>): Readonly<Record<string, Route>> {
  const document = resourceMetadata({ ...config, rules: config.policy.rules, documentation: config.documentation });
  const name = `GET ${metadataPath(config.resource)}`;
  if (Object.hasOwn(config.routes, name)) throw new GuardConfigError([`${name} is served by the guard itself`]);
  return {
    ...config.routes,
    [name]: publicRoute('RFC 9728 §3: clients read it before they have a token', () => document),
  };
}

/** One event for each named exception in use, at every start. */
function tellInsecureChoices<V extends Vocabulary>(config: GuardConfig<V>, { recorder, record }: Machinery): void {
  const choices = [...config.issuers.flatMap(insecureChoices), ...Object.entries(config.routes).flatMap(routeChoices)];
  for (const choice of choices) record(recordEvents(recorder, 'start', [{ type: 'insecure.used', choice }])[0]);
}

function routeChoices([name, route]: [string, Route]): readonly string[] {
  if (route.kind === 'public') return [];
  if (route.kind === 'operations') return route.insecure.map((choice) => `${choice} for ${name}`);
  const isUnknowing = route.whenRevocationUnknown === permitUnknownRevocation;
  return isUnknowing ? [`${permitUnknownRevocation.description} for ${name}`] : [];
}

function strictly<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof TypeError) throw new GuardConfigError([error.message]);
    throw error;
  }
}

function wholeBody(request: HttpRequest): BodyReader {
  return (limit) => (Buffer.byteLength(request.body) > limit ? refuse('body_too_large') : request.body);
}

/** INVARIANT: nothing thrown gets past here; what is not a Refusal is told as `server_error` and nothing more. */
async function handle(request: HttpRequest, reader: BodyReader, machinery: Machinery): Promise<GuardAnswer> {
  const { runtime, limits } = machinery;
  const readBody: BodyReader = (limit) => withDeadline(runtime, slowBody, reader(limit));
  const trace = openTrace(request, machinery);
  const limiter = openLimiter({ limits, runtime, trace });
  let answer: GuardAnswer;
  let refusal: Refusal | undefined;
  try {
    const pending = answerRequest({ request, trace, limiter, readBody, machinery });
    answer = isLater(pending) ? await pending : pending;
  } catch (error) {
    refusal = error instanceof Refusal ? error : failed(error, trace);
    answer = problemAnswer(refusal, { correlation: trace.correlation, resourceMetadata: machinery.resourceMetadata });
  }
  trace.end(answer.status, refusal);
  return complete(answer, { request, limiter, transport: machinery.transport });
}

type Completing = Pick<Answering, 'request' | 'limiter'> & Pick<Machinery, 'transport'>;

/** What every answer says, whatever it is. */
function complete(answer: GuardAnswer, { request, limiter, transport }: Completing): GuardAnswer {
  const { status, body, stream } = answer;
  const headers = securityHeaders();
  if (transport.https) headers['strict-transport-security'] = 'max-age=31536000; includeSubDomains';
  limiter.tell(headers);
  for (const name of Object.keys(answer.headers)) headers[name] = answer.headers[name] as string;
  if (stream !== undefined) return { status, headers, body, stream };
  // With its length known an answer goes out in one piece. One without content must not have a length (RFC 9110 §8.6).
  if (status !== 204) headers['content-length'] = String(Buffer.byteLength(body));
  // RFC 9110 §9.3.2: the headers of the GET, its length included.
  return { status, headers, body: request.method === 'HEAD' ? '' : body };
}

/** R-184; a new object for each answer, which is cheaper than a copy. RFC 6797 asks for the year. */
function securityHeaders(): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}

function failed(error: unknown, trace: Trace): Refusal {
  trace.notice({ type: 'failure', where: 'guard', error: describeFailure(error) });
  return new Refusal('server_error');
}

/** One request, and what it is answered with. */
interface Answering {
  readonly request: HttpRequest;
  readonly trace: Trace;
  readonly limiter: Limiter;
  readonly readBody: BodyReader;
  readonly machinery: Machinery;
}

/** The pipeline's shape for every route; `answerGuarded` has the part that public routes do not. */
function answerRequest(answering: Answering): Later<GuardAnswer> {
  return after(answering.limiter.takeAddress(), () => answerCounted(answering));
}

function answerCounted(answering: Answering): Later<GuardAnswer> {
  const { request, machinery } = answering;
  checkShape(request);
  const found = machinery.findRoute(request);
  const { name, route } = found;
  answering.trace.known.route = name;
  if (route.kind === 'public') return after(route.handle(), (value) => jsonAnswer(200, value));
  checkTransport(request, machinery.transport);
  if (route.kind === 'operations') return route.answer(exchangeOf(name, answering));
  return answerGuarded({ ...found, route }, answering);
}

/** The same door for each thing that is asked for inside a body. */
function exchangeOf(route: string, answering: Answering): Exchange {
  const { request, readBody, limiter, trace, machinery } = answering;
  const { bodyLimit, policy, runtime, resourceMetadata } = machinery;
  return {
    request,
    route,
    readBody,
    bodyLimit,
    policy,
    runtime,
    limiter,
    trace,
    readAccess: async () => machinery.readAccess(request, false),
    findCaller: async (access) => callerOf(access, machinery),
    hold: (held, work) => hold(held, work, answering),
    problem: (refusal) => problemAnswer(refusal, { correlation: trace.correlation, resourceMetadata }),
  };
}

/** Headers that frame, route or authorize a message: two of them mean that somebody else may read it differently. */
const singleHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
]);
/** Some frameworks let these change the method or the path after the rules were applied; here nothing does. */
const overrideHeaders: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
]);

function checkShape({ headers }: HttpRequest): void {
  for (const name of Object.keys(headers)) {
    const values = headers[name];
    if (values === undefined) continue;
    if (overrideHeaders.has(name)) refuse('malformed_request', { detail: `override header: ${name}` });
    if (values.length < 2 || !singleHeaders.has(name)) continue;
    if (name === 'authorization') refuse('credentials_malformed', { detail: 'more than one Authorization header' });
    refuse('malformed_request', { detail: `repeated header: ${name}` });
  }
}

/** The row of a request that is not for everybody. */
type FoundGuarded = FoundRoute & { readonly route: GuardedRoute };

async function answerGuarded(found: FoundGuarded, answering: Answering): Promise<GuardAnswer> {
  const { request, trace, limiter, readBody, machinery } = answering;
  const { policy, bodyLimit, runtime } = machinery;
  const { route, name, params } = found;
  const reading = machinery.readAccess(request, route.whenRevocationUnknown === permitUnknownRevocation);
  const access = isLater(reading) ? await reading : reading;
  knowCaller(trace, access);
  trace.known.action = route.action;
  const token = (): string => readBearer(request.headers);
  const taking = limiter.takeCaller({ access, token, route: name, limit: route.limit });
  if (isLater(taking)) await taking;
  if (route.clientKey === true) requireClientKey(access);
  if (route.authentication !== undefined) requireAuthentication(access, route.authentication, runtime.now());

  const finding = callerOf(access, machinery);
  const { principal, scopes, context } = isLater(finding) ? await finding : finding;
  const asking: Asking = { principal, scopes, context, action: route.action };
  const note = ({ rules }: Decision): void => void (trace.known.rules = rules);
  const judge: Judge = { policy, asking, note };
  requireFunction(judge);
  const checking = readInput({ input: route.input, request, params, readBody, bodyLimit });
  const input = isLater(checking) ? await checking : checking;
  trace.known.object = nameObject(route.action, input.params);

  // Written out: a copy by spreading costs more than most checks.
  const { query, body, headers } = input;
  const { correlation } = trace;
  const call = { principal, access, params: input.params, query, body, headers, correlation };
  const loading = loadObject(call, { route, runtime, judge, input });
  const object = isLater(loading) ? await loading : loading;
  const filter = (options: FilterOptions): Filter => policy.filter(asking, options);
  const permitted = { principal, access, params: input.params, query, body, headers, correlation, object, filter };
  const handler = (): unknown => route.handle(permitted as never);
  const { flow, atOnce } = route;
  const handling = hold({ name, access, flow, atOnce }, handler, answering);
  const result = isLater(handling) ? await handling : handling;
  return shapeOutput(result, { route, policy, asking });
}

/** The last thing before the handler: a request that is refused for anything else has taken no step. */
function hold(held: Held, handler: () => unknown, { machinery, limiter }: Answering): unknown {
  const { flows, runtime } = machinery;
  const { flow: step, access } = held;
  const work = (): unknown => machinery.places(held.name, held.atOnce, handler);
  if (step === undefined) return work();
  if (flows === undefined) throw new TypeError('A step of a flow needs a store of marks.');
  const { flow, quota } = step;
  const takeQuota = (): Later<void> => limiter.takeFlow({ access, flow, quota });
  return walk(step, { runtime, access, store: flows, takeQuota }, work);
}

/** Subject data comes from the API's own store, and only by what the verified token says. */
function callerOf(access: Access, { runtime, loadPrincipal, loadContext }: Machinery): Later<Caller> {
  return after(withDeadline(runtime, loadingTime, loadPrincipal(access)), (principal) => {
    if (principal === undefined || principal === null) {
      return refuse('forbidden', { detail: 'the caller is not known here' });
    }
    // INVARIANT: a client that calls for itself never gets a person's rights, whatever its subject is called.
    if ((principal as { readonly kind?: unknown }).kind !== access.kind) {
      refuse('forbidden', { detail: `a ${access.kind} was taken for another kind of principal` });
    }
    const loading = withDeadline(runtime, loadingTime, loadContext(access));
    return after(loading, (context) => ({ principal, scopes: access.scopes, context }));
  });
}

interface Loading {
  readonly route: GuardedRoute;
  readonly runtime: Runtime;
  readonly judge: Judge;
  readonly input: CheckedInput;
}

/** The object, decided on; undefined for a collection, whose handler selects by the filter. */
function loadObject(call: object, { route, runtime, judge, input }: Loading): Later<unknown> {
  if (route.kind === 'collection' || route.load === undefined) return undefined;
  return after(withDeadline(runtime, loadingTime, route.load(call as never)), (object) => {
    requireObject(judge, object);
    requireWritable(judge, object, input.body);
    return object;
  });
}

/** `invoice/42`; the id as it was asked for, whether there is such an object or not. */
function nameObject(action: string, params: unknown): string {
  const type = action.slice(0, action.indexOf('.'));
  if (params === nothing) return type;
  const ids = Object.values(params as object).filter((id) => ['string', 'number'].includes(typeof id));
  return [type, ...ids.map((id) => encodeURIComponent(String(id).slice(0, 200)))].join('/');
}
