/**
 * The pipeline: from a request to its answer, in one order that no route can leave out a part of.
 *
 * Owns: the order of the checks, turning a Refusal into an answer, surviving everything else, and the one outcome
 * event of each request. Does not own: the checks themselves.
 */
import { describeFailure } from '@castellan/audit';
import type { MarkStore } from '@castellan/limits';
import type { Filter, FilterOptions } from '@castellan/policy';
import { type HttpRequest, Refusal, type Runtime, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import type { Places } from './at-once.ts';
import { requireClientKey } from './client-key.ts';
import { loadingTime, slowBody, withDeadline } from './deadline.ts';
import { checkHeaders, completeAnswer } from './headers.ts';
import { type BodyReader, type CheckedInput, nothing, readInput } from './input.ts';
import { permitUnknownRevocation } from './insecure.ts';
import { after, isLater, type Later } from './later.ts';
import { type Limiter, type Limits, openLimiter, takeAddress, takeCaller, takeFlow } from './limits.ts';
import { jsonAnswer, shapeOutput } from './output.ts';
import { problemAnswer } from './problem.ts';
import { type AskedPolicy, type Judge, requireFunction, requireObject, requireWritable } from './require.ts';
import type { Caller, Exchange, GuardAnswer, GuardedRoute, Held } from './route.ts';
import type { FindRoute, FoundRoute } from './route-table.ts';
import { requireAuthentication } from './step-up.ts';
import { endTrace, knowCaller, noticeIn, openTrace, type Trace, type TraceDeps } from './trace.ts';
import { checkTransport, type TransportDeps } from './transport.ts';
import type { ReadAccess } from './verify-token.ts';
import { walk } from './walk.ts';

/** The configuration with its types forgotten: `checkGuardConfig` and the policy check at run time. */
export interface Machinery extends TraceDeps {
  readonly runtime: Runtime;
  readonly findRoute: FindRoute;
  readonly readAccess: ReadAccess;
  readonly policy: AskedPolicy;
  readonly loadPrincipal: (access: Access) => unknown;
  readonly loadContext: (access: Access) => unknown;
  readonly limits: Limits;
  readonly flows: MarkStore | undefined;
  readonly bodyLimit: number;
  readonly resourceMetadata: string;
  readonly transport: TransportDeps;
  readonly places: Places;
}

// Each step is given what the one before it has found, and what was found before that: a function made for the next one
// would be made anew for each request.

/** One request on its way through. */
interface Answering {
  readonly request: HttpRequest;
  readonly trace: Trace;
  readonly limiter: Limiter;
  readonly readBody: BodyReader;
  readonly machinery: Machinery;
  /** What it ends with, if it is refused. */
  refusal: Refusal | undefined;
}

/** Answers a request: at once when there is nothing to wait for. */
export function answerRequest(request: HttpRequest, reader: BodyReader, machinery: Machinery): Later<GuardAnswer> {
  const { runtime, limits } = machinery;
  const trace = openTrace(request, machinery);
  const limiter = openLimiter({ limits, runtime, trace });
  const readBody = timelyReader(reader, runtime);
  const answering: Answering = { request, trace, limiter, readBody, machinery, refusal: undefined };
  return after(answerAlways(answering), endAnswer, answering);
}

function timelyReader(reader: BodyReader, runtime: Runtime): BodyReader {
  return (limit) => withDeadline(runtime, slowBody, reader(limit));
}

function endAnswer(answer: GuardAnswer, { request, trace, limiter, machinery, refusal }: Answering): GuardAnswer {
  endTrace(trace, answer.status, refusal);
  return completeAnswer(answer, { request, limiter, https: machinery.transport.https });
}

/** INVARIANT: nothing thrown gets past here; what is not a Refusal is told as `server_error` and nothing more. */
function answerAlways(answering: Answering): Later<GuardAnswer> {
  try {
    // Before anything else is done, the address is counted.
    const answer = after(takeAddress(answering.limiter), answerCounted, answering);
    return isLater(answer) ? answerLater(answer, answering) : answer;
  } catch (error) {
    return answerRefused(error, answering);
  }
}

function answerLater(answer: Promise<GuardAnswer>, answering: Answering): Promise<GuardAnswer> {
  return answer.then(undefined, (error: unknown) => answerRefused(error, answering));
}

function answerRefused(error: unknown, answering: Answering): GuardAnswer {
  const refusal = isRefusal(error) ? error : failed(error, answering.trace);
  answering.refusal = refusal;
  return problemFor(refusal, answering);
}

/** A proxy that was thrown may throw once more where it is asked what it is. */
function isRefusal(error: unknown): error is Refusal {
  try {
    return error instanceof Refusal;
  } catch {
    return false;
  }
}

function failed(error: unknown, trace: Trace): Refusal {
  noticeIn(trace, { type: 'failure', where: 'guard', error: describeFailure(error) });
  return new Refusal('server_error');
}

function problemFor(refusal: Refusal, { trace: { correlation }, machinery }: Answering): GuardAnswer {
  return problemAnswer(refusal, { correlation, resourceMetadata: machinery.resourceMetadata });
}

/** What holds for every route; `answerGuarded` has the part that public routes do not. */
function answerCounted(_: void, answering: Answering): Later<GuardAnswer> {
  const { request, trace, machinery } = answering;
  checkHeaders(request);
  const found = machinery.findRoute(request);
  const { name, route } = found;
  trace.known.route = name;
  if (route.kind === 'public') return after(route.handle(), publicAnswer);
  checkTransport(request, machinery.transport);
  if (route.kind === 'operations') return route.answer(exchangeOf(name, answering));
  return answerGuarded({ answering, found, route });
}

function publicAnswer(value: unknown): GuardAnswer {
  return jsonAnswer(200, value);
}

/** The same door for each thing that is asked for inside a body. */
function exchangeOf(route: string, answering: Answering): Exchange {
  const { request, readBody, limiter, trace, machinery } = answering;
  const { bodyLimit, policy, runtime } = machinery;
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
    problem: (refusal) => problemFor(refusal, answering),
  };
}

/** A request of a route that is not for everybody. */
interface Guarded {
  readonly answering: Answering;
  readonly found: FoundRoute;
  readonly route: GuardedRoute;
}

/** Who calls: by a token that holds, within the limits, and known to the API. */
function answerGuarded(guarded: Guarded): Later<GuardAnswer> {
  const { answering, route } = guarded;
  const { request, machinery } = answering;
  const permitUnknown = route.whenRevocationUnknown === permitUnknownRevocation;
  return after(machinery.readAccess(request, permitUnknown), answerAccess, guarded);
}

/** …with a token that holds. */
interface Admitted extends Guarded {
  readonly access: Access;
}

function answerAccess(access: Access, { answering, found, route }: Guarded): Later<GuardAnswer> {
  const { request, trace, limiter } = answering;
  knowCaller(trace, access);
  trace.known.action = route.action;
  const counting = takeCaller(limiter, { access, headers: request.headers, limit: found.limit });
  return after(counting, answerStanding, { answering, found, route, access });
}

/** What a route asks of a token besides its scopes. */
function answerStanding(_: void, admitted: Admitted): Later<GuardAnswer> {
  const { answering, access, route } = admitted;
  const { clientKey, authentication } = route;
  const { machinery } = answering;
  if (clientKey === true) requireClientKey(access);
  if (authentication !== undefined) requireAuthentication(access, authentication, machinery.runtime.now());
  return after(callerOf(access, machinery), answerCaller, admitted);
}

/** …of a caller who is known, and may do this at all. */
interface Calling extends Admitted {
  readonly judge: Judge;
}

/** What is done: the function, the input, the object, and only then the handler; the answer is cut to what may leave. */
function answerCaller(caller: Caller, { answering, found, route, access }: Admitted): Later<GuardAnswer> {
  const { principal, scopes, context } = caller;
  const { request, trace, readBody, machinery } = answering;
  const { policy, bodyLimit } = machinery;
  const judge = { policy, asking: { principal, scopes, context, action: route.action }, note: noteRules(trace) };
  requireFunction(judge);
  const input = readInput({ input: route.input, request, params: found.params, readBody, bodyLimit });
  return after(input, answerInput, { answering, found, route, access, judge });
}

function noteRules({ known }: Trace): Judge['note'] {
  return ({ rules }) => void (known.rules = rules);
}

/** What a handler is called with, but for the object. */
interface Called {
  readonly calling: Calling;
  readonly input: CheckedInput;
}

function answerInput(input: CheckedInput, calling: Calling): Later<GuardAnswer> {
  const { trace } = calling.answering;
  trace.known.object = nameObject(calling.route.action, input.params);
  const called = { calling, input };
  return after(loadObject(called), answerObject, called);
}

/** The object, decided on; undefined for a collection, whose handler selects by the filter. */
function loadObject(called: Called): Later<unknown> {
  const { route, answering, access, judge } = called.calling;
  if (route.kind === 'collection' || route.load === undefined) return undefined;
  const { params, query, body, headers } = called.input;
  const { correlation } = answering.trace;
  const call = { principal: judge.asking.principal, access, params, query, body, headers, correlation };
  const loading = withDeadline(answering.machinery.runtime, loadingTime, route.load(call as never));
  return after(loading, requirePermitted, called);
}

function requirePermitted(object: unknown, { calling: { judge }, input: { body } }: Called): unknown {
  requireObject(judge, object);
  requireWritable(judge, object, body);
  return object;
}

function answerObject(object: unknown, { calling, input }: Called): Later<GuardAnswer> {
  const { answering, found, route, access, judge } = calling;
  const { policy, asking } = judge;
  const { params, query, body, headers } = input;
  const { correlation } = answering.trace;
  const filter = (options: FilterOptions): Filter => policy.filter(asking, options);
  // Written out: a copy by spreading costs more than most checks.
  const call = { principal: asking.principal, access, params, query, body, headers, correlation, object, filter };
  const { flow, atOnce } = route;
  const handling = hold({ name: found.name, access, flow, atOnce }, () => route.handle(call as never), answering);
  return after(handling, shapeOutput, { route, policy, asking });
}

/** The last thing before the handler: a request that is refused for anything else has taken no step. */
function hold(held: Held, handler: () => unknown, { machinery, limiter }: Answering): unknown {
  const { flows, runtime } = machinery;
  const { flow: step, access } = held;
  const work = (): unknown => machinery.places(held.name, held.atOnce, handler);
  if (step === undefined) return work();
  if (flows === undefined) throw new TypeError('A step of a flow needs a store of marks.');
  const { flow, quota } = step;
  const takeQuota = (): Later<void> => takeFlow(limiter, { access, flow, quota });
  return walk(step, { runtime, access, store: flows, takeQuota }, work);
}

interface Loading {
  readonly access: Access;
  readonly machinery: Machinery;
}

/** Subject data comes from the API's own store, and only by what the verified token says. */
function callerOf(access: Access, machinery: Machinery): Later<Caller> {
  const loading = withDeadline(machinery.runtime, loadingTime, machinery.loadPrincipal(access));
  return after(loading, addContext, { access, machinery });
}

function addContext(principal: unknown, { access, machinery }: Loading): Later<Caller> {
  if (principal === undefined || principal === null) {
    return refuse('forbidden', { detail: 'the caller is not known here' });
  }
  // INVARIANT: a client that calls for itself never gets a person's rights, whatever its subject is called.
  if ((principal as { readonly kind?: unknown }).kind !== access.kind) {
    refuse('forbidden', { detail: `a ${access.kind} was taken for another kind of principal` });
  }
  const loading = withDeadline(machinery.runtime, loadingTime, machinery.loadContext(access));
  return after(loading, toCaller, { principal, scopes: access.scopes });
}

function toCaller(context: unknown, { principal, scopes }: Omit<Caller, 'context'>): Caller {
  return { principal, scopes, context };
}

/** `invoice/42`; the id as it was asked for, whether there is such an object or not. */
function nameObject(action: string, params: unknown): string {
  const type = action.slice(0, action.indexOf('.'));
  if (params === nothing) return type;
  const ids = Object.values(params as object).filter((id) => ['string', 'number'].includes(typeof id));
  return [type, ...ids.map((id) => encodeURIComponent(String(id).slice(0, 200)))].join('/');
}
