/** One row of the route table: what a route must say about itself before it is served. */
import type { Limit } from '@castellan/limits';
import type {
  ActionName,
  Filter,
  FilterOptions,
  Policy,
  PrincipalOf,
  ResourceName,
  ResourceOf,
  RowOf,
  Vocabulary,
} from '@castellan/policy';
import type { HttpAnswer, HttpRequest, Refusal, Runtime } from '@castellan/protocol';
import type { Access } from './access.ts';
import type { FlowStep } from './flow.ts';
import type { BodyReader } from './input.ts';
import type { permitUnknownRevocation } from './insecure.ts';
import type { Limiter } from './limits.ts';
import type { AskedPolicy, Asking } from './require.ts';
import type { TablePolicy } from './route-table.ts';
import type { StandardSchema } from './standard-schema.ts';
import type { AuthenticationNeed } from './step-up.ts';
import type { Trace } from './trace.ts';

/** What a route without a schema for a source receives from it: nothing. */
export type NoInput = Readonly<Record<string, never>>;

/** The declared sources. What is not declared is refused by name and never reaches a handler. */
export interface RouteInput<P, Q, B, H> {
  /** The `:names` of the path. */
  readonly params?: StandardSchema<P>;
  readonly query?: StandardSchema<Q>;
  /** A JSON object whose members are fields of the object; only those that the policy lets this principal write. */
  readonly body?: StandardSchema<B>;
  /** Headers by lower-case name; other headers are not looked at. */
  readonly headers?: StandardSchema<H>;
}

/** What leaves: objects of a declared type, cut to the fields that this principal may read, or nothing. */
export type Output<V extends Vocabulary> =
  | 'nothing'
  | { readonly one: ResourceName<V> }
  | {
      readonly many: ResourceName<V>;
      /** Objects that one answer holds at most: a handler that lists more fails. 1 to 10,000, 1000 by default. */
      readonly most?: number;
    };

export type OutputRows<V extends Vocabulary, O> = O extends { readonly one: infer R extends ResourceName<V> }
  ? RowOf<V, R> | undefined
  : O extends { readonly many: infer R extends ResourceName<V> }
    ? readonly RowOf<V, R>[]
    : undefined | void;

/** The checked input of a request, and who sends it. */
export interface Call<V extends Vocabulary, P, Q, B, H> {
  readonly principal: PrincipalOf<V>;
  readonly access: Access;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly headers: H;
  /** The id that answer and events of this request carry. */
  readonly correlation: string;
}

/** What a handler is given. */
export interface PermittedCall<V extends Vocabulary, P, Q, B, H, T> extends Call<V, P, Q, B, H> {
  /** The object the decision was about, as it was loaded. */
  readonly object: T;
  /**
   * The condition that selects exactly the rows on which this principal may do this action. A list is selected by it;
   * a write repeats it, since the object may have changed after it was loaded.
   */
  readonly filter: (options: FilterOptions) => Filter;
}

interface RouteBase<A, P, Q, B, H, O> {
  /** What is done, in the words of the policy. */
  readonly action: A;
  readonly input: RouteInput<P, Q, B, H>;
  readonly output: O;
  /** For each subject on this route; the period in seconds. */
  readonly limit: Limit;
  /** How the person must have signed in for this; any sign-in by default. */
  readonly authentication?: AuthenticationNeed;
  /** Of high value: only for clients that authenticated by a key, of which the issuer must tell. */
  readonly clientKey?: true;
  /**
   * How many requests may be in the handler at the same time on this node, for costly work; further ones get 503 with
   * `Retry-After`. Without it any number.
   */
  readonly atOnce?: number;
  /** The step of a business flow that this is; it must be the subject's next one. */
  readonly flow?: FlowStep;
  /** What happens while it is not known whether a token was revoked: it is refused, unless this says otherwise. */
  readonly whenRevocationUnknown?: typeof permitUnknownRevocation;
}

/** A route about one object. */
export interface ObjectRoute<V extends Vocabulary, A extends ActionName<V>, P, Q, B, H, O, T>
  extends RouteBase<A, P, Q, B, H, O> {
  /** The object as it is stored, or as it would be created; undefined when there is none. */
  readonly load: (call: Call<V, P, Q, B, H>) => T | undefined | Promise<T | undefined>;
  /** Undefined for an output of one object means that it is not there any more. */
  readonly handle: (call: PermittedCall<V, P, Q, B, H, T>) => OutputRows<V, O> | Promise<OutputRows<V, O>>;
}

/** A route about many objects, which its handler selects with `call.filter`. */
export interface CollectionRoute<V extends Vocabulary, A extends ActionName<V>, P, Q, H, O>
  extends RouteBase<A, P, Q, undefined, H, O> {
  readonly handle: (
    call: PermittedCall<V, P, Q, undefined, H, undefined>,
  ) => OutputRows<V, O> | Promise<OutputRows<V, O>>;
}

/** A route for everybody. It receives nothing of the request. */
export interface PublicRoute {
  readonly kind: 'public';
  /** Why it needs no token. */
  readonly reason: string;
  readonly handle: () => unknown;
}

/** A guarded route, its types forgotten: what the guard works with. */
export interface GuardedRoute {
  readonly kind: 'object' | 'collection';
  readonly action: string;
  readonly input: RouteInput<unknown, unknown, unknown, unknown>;
  readonly output: 'nothing' | { readonly one: string } | { readonly many: string; readonly most?: number };
  readonly limit: Limit;
  readonly authentication?: AuthenticationNeed;
  readonly clientKey?: true;
  readonly atOnce?: number;
  readonly flow?: FlowStep;
  readonly whenRevocationUnknown?: typeof permitUnknownRevocation;
  readonly load?: (call: never) => unknown;
  readonly handle: (call: never) => unknown;
}

/** An answer; with a `stream`, its body comes in pieces for as long as it may. */
export interface GuardAnswer extends HttpAnswer {
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever carries it calls `return` when the other side is gone. */
  readonly stream?: AsyncIterable<string>;
}

/** Who calls, as every question to the policy needs it. */
export type Caller = Omit<Asking, 'action'>;

/** What is done in its place. */
export interface Held {
  readonly flow?: FlowStep | undefined;
  readonly atOnce?: number | undefined;
  /** The canonical name of what is done. */
  readonly name: string;
  readonly access: Access;
}

/** What the guard hands to a route that finds in the body what is asked for. */
export interface Exchange {
  readonly request: HttpRequest;
  /** The name of the route. */
  readonly route: string;
  readonly readBody: BodyReader;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly policy: AskedPolicy;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule'>;
  /** Verifies the token of the request, each time anew: for an answer that goes on. */
  readonly readAccess: () => Promise<Access>;
  /** The caller from the API's own data, each time anew. */
  readonly findCaller: (access: Access) => Promise<Caller>;
  readonly limiter: Limiter;
  readonly trace: Trace;
  /** Does something with its place in a flow and among those that run at once; the last thing before it is done. */
  readonly hold: (held: Held, work: () => unknown) => unknown;
  /** What a refusal looks like here: status, challenge and document. */
  readonly problem: (refusal: Refusal) => GuardAnswer;
}

/** One of the things that can be asked for behind an {@link OperationsRoute}, as the inventory tells it. */
export interface Offer {
  readonly name: string;
  readonly actions: readonly string[];
  readonly input?: readonly string[];
  readonly output?: string;
  readonly limit?: Limit;
  readonly flow?: string;
  readonly atOnce?: number;
  readonly authentication?: string;
  readonly publicBecause?: string;
}

/**
 * A route whose requests say inside their body what they ask for, as in GraphQL: each thing is judged by the same
 * policy and counted by the same limits, and ends with the same event. Built by `@castellan/guard/graphql`.
 */
export interface OperationsRoute {
  readonly kind: 'operations';
  /** What is wrong with it under this policy; it is not served then. */
  readonly problems: (policy: TablePolicy) => readonly string[];
  readonly offers: readonly Offer[];
  /** Named exceptions in use, to be told at the start; none of them is fit for production. */
  readonly insecure: readonly string[];
  /** A step of a flow that one of them is, if any is. */
  readonly flow?: FlowStep;
  readonly answer: (exchange: Exchange) => Promise<GuardAnswer>;
}

export type Route = GuardedRoute | PublicRoute | OperationsRoute;

/** What guarded routes are written with; the types of policy and input flow into `load` and `handle`. */
export interface RouteBuilder<V extends Vocabulary> {
  readonly object: <
    A extends ActionName<V>,
    T extends RowOf<V, ResourceOf<V, A>>,
    const O extends Output<V>,
    P = NoInput,
    Q = NoInput,
    B = undefined,
    H = NoInput,
  >(
    route: ObjectRoute<V, A, P, Q, B, H, O, T>,
  ) => Route;
  readonly collection: <A extends ActionName<V>, const O extends Output<V>, P = NoInput, Q = NoInput, H = NoInput>(
    route: CollectionRoute<V, A, P, Q, H, O>,
  ) => Route;
}

/**
 * The builder of routes under a policy.
 *
 * @example
 * const on = routesUnder(policy);
 * const routes = {
 *   'GET /notes/:id': on.object({
 *     action: 'note.read',
 *     input: { params: z.object({ id: noteId }) },
 *     load: ({ params }) => notes.find(params.id),
 *     output: { one: 'note' },
 *     limit: { count: 60, period: 60 },
 *     handle: ({ object }) => object,
 *   }),
 * };
 */
export function routesUnder<V extends Vocabulary>(_policy: Policy<V>): RouteBuilder<V> {
  const build = (kind: GuardedRoute['kind']) => (route: Omit<GuardedRoute, 'kind'>) =>
    Object.freeze({ ...route, kind });
  return { object: build('object'), collection: build('collection') } as unknown as RouteBuilder<V>;
}

/**
 * A route that asks for no token, with the reason that the inventory shows. Its answer is JSON and leaves as it is.
 *
 * @example publicRoute('the load balancer asks', () => ({ status: 'ok' }))
 */
export function publicRoute(reason: string, handle: () => unknown): Route {
  return Object.freeze({ kind: 'public', reason, handle });
}
