/**
 * The pipeline: from a request to its answer, in one order that no route can leave out a part of.
 *
 * Owns: the order of the checks, turning a Refusal into an answer, surviving everything else, and the one outcome
 * event of each request. Does not own: the checks themselves.
 */
import { describeFailure } from '@castellan/audit';
import type { MarkStore } from '@castellan/limits';
import type { Decision, Filter, FilterOptions } from '@castellan/policy';
import { type HttpRequest, Refusal, type Runtime, readBearer, refuse } from '@castellan/protocol';
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
import {
  type AskedPolicy,
  type Asking,
  type Judge,
  requireFunction,
  requireObject,
  requireWritable,
} from './require.ts';
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

/** One request on its way through. */
interface Answering {
  readonly request: HttpRequest;
  readonly trace: Trace;
  readonly limiter: Limiter;
  readonly readBody: BodyReader;
  readonly machinery: Machinery;
}

/** How it ends. */
interface Outcome {
  readonly answer: GuardAnswer;
  readonly refusal?: Refusal;
}

/** Answers a request: at once when there is nothing to wait for. */
export function answerRequest(request: HttpRequest, reader: BodyReader, machinery: Machinery): Later<GuardAnswer> {
  const { runtime, limits, transport } = machinery;
  const readBody: BodyReader = (limit) => withDeadline(runtime, slowBody, reader(limit));
  const trace = openTrace(request, machinery);
  const limiter = openLimiter({ limits, runtime, trace });
  return after(outcomeOf({ request, trace, limiter, readBody, machinery }), ({ answer, refusal }) => {
    endTrace(trace, answer.status, refusal);
    return completeAnswer(answer, { request, limiter, https: transport.https });
  });
}

/** INVARIANT: nothing thrown gets past here; what is not a Refusal is told as `server_error` and nothing more. */
function outcomeOf(answering: Answering): Later<Outcome> {
  const refused = (error: unknown): Outcome => {
    const refusal = error instanceof Refusal ? error : failed(error, answering.trace);
    return { answer: problemFor(refusal, answering), refusal };
  };
  try {
    const answer = answerCounted(answering);
    return isLater(answer) ? answer.then((come) => ({ answer: come }), refused) : { answer };
  } catch (error) {
    return refused(error);
  }
}

function failed(error: unknown, trace: Trace): Refusal {
  noticeIn(trace, { type: 'failure', where: 'guard', error: describeFailure(error) });
  return new Refusal('server_error');
}

function problemFor(refusal: Refusal, { trace: { correlation }, machinery }: Answering): GuardAnswer {
  return problemAnswer(refusal, { correlation, resourceMetadata: machinery.resourceMetadata });
}

/** Before anything else is done, the address is counted. */
function answerCounted(answering: Answering): Later<GuardAnswer> {
  return after(takeAddress(answering.limiter), () => answerFound(answering));
}

/** What holds for every route; `answerGuarded` has the part that public routes do not. */
function answerFound(answering: Answering): Later<GuardAnswer> {
  const { request, trace, machinery } = answering;
  checkHeaders(request);
  const found = machinery.findRoute(request);
  const { name, route } = found;
  trace.known.route = name;
  if (route.kind === 'public') return after(route.handle(), (value) => jsonAnswer(200, value));
  checkTransport(request, machinery.transport);
  if (route.kind === 'operations') return route.answer(exchangeOf(name, answering));
  return answerGuarded({ ...found, route }, answering);
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

/** The row of a request that is not for everybody. */
type FoundGuarded = FoundRoute & { readonly route: GuardedRoute };

/** Who calls: by a token that holds, within the limits, and known to the API. */
function answerGuarded(found: FoundGuarded, answering: Answering): Later<GuardAnswer> {
  const { request, machinery } = answering;
  const permitUnknown = found.route.whenRevocationUnknown === permitUnknownRevocation;
  return after(machinery.readAccess(request, permitUnknown), (access) =>
    after(countCaller(access, found, answering), () => {
      requireStanding(access, found.route, machinery.runtime);
      return after(callerOf(access, machinery), (caller) => answerCaller({ access, caller }, found, answering));
    }),
  );
}

function countCaller(access: Access, { name, route, limit }: FoundGuarded, answering: Answering): Later<void> {
  const { request, trace, limiter } = answering;
  knowCaller(trace, access);
  trace.known.action = route.action;
  return takeCaller(limiter, { access, token: () => readBearer(request.headers), route: name, limit });
}

/** What a route asks of a token besides its scopes. */
function requireStanding(access: Access, { clientKey, authentication }: GuardedRoute, { now }: Runtime): void {
  if (clientKey === true) requireClientKey(access);
  if (authentication !== undefined) requireAuthentication(access, authentication, now());
}

interface Calling {
  readonly access: Access;
  readonly caller: Caller;
}

/** What is done: the function, the input, the object, and only then the handler; the answer is cut to what may leave. */
function answerCaller({ access, caller }: Calling, found: FoundGuarded, answering: Answering): Later<GuardAnswer> {
  const { request, trace, readBody, machinery } = answering;
  const { policy, bodyLimit, runtime } = machinery;
  const { route, name, params } = found;
  const { principal, scopes, context } = caller;
  const asking: Asking = { principal, scopes, context, action: route.action };
  const note = ({ rules }: Decision): void => void (trace.known.rules = rules);
  const judge: Judge = { policy, asking, note };
  requireFunction(judge);
  return after(readInput({ input: route.input, request, params, readBody, bodyLimit }), (input) => {
    trace.known.object = nameObject(route.action, input.params);
    // Written out: a copy by spreading costs more than most checks.
    const { query, body, headers } = input;
    const { correlation } = trace;
    const call = { principal, access, params: input.params, query, body, headers, correlation };
    return after(loadObject(call, { route, runtime, judge, input }), (object) => {
      const filter = (options: FilterOptions): Filter => policy.filter(asking, options);
      const permitted = { principal, access, params: input.params, query, body, headers, correlation, object, filter };
      const { flow, atOnce } = route;
      const handling = hold({ name, access, flow, atOnce }, () => route.handle(permitted as never), answering);
      return after(handling, (result) => shapeOutput(result, { route, policy, asking }));
    });
  });
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
