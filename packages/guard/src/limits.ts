/**
 * The limits of one request: each who it counts for, and what the answer says of them.
 *
 * Owns: keys of buckets and the `RateLimit` fields. Does not own: counting (`@castellan/limits`), nor the 429 itself.
 */
import type { Limit, LimitStore, Take } from '@castellan/limits';
import { addressBucket, type HttpRequest, hashSecret, type Runtime, readBearer, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import { isLater, type Later } from './later.ts';
import { noticeIn, type Trace } from './trace.ts';

/** What every request is held to; each route adds its own `limit`, for each subject on it. */
export interface GuardLimits {
  readonly store: LimitStore;
  /** For each address (IPv6: /64) over all routes and refusals, before anything else is done. */
  readonly perAddress: Limit;
  /** For each access token over all routes. */
  readonly perToken?: Limit;
  /** For each subject over all routes, whatever tokens and clients it comes with. */
  readonly perSubject?: Limit;
  /** For each client over all routes and subjects; tokens that name no client are not counted. */
  readonly perClient?: Limit;
}

/** A limit as stores and answers speak of it. Its words are written once: doing it for each request costs as much as counting. */
export interface NamedLimit extends Limit {
  readonly name: string;
  /** What the keys of its buckets begin with. */
  readonly prefix: string;
  /** Its item of `RateLimit-Policy`. */
  readonly policy: string;
  /** Its item of `RateLimit`, up to the number that are left. */
  readonly left: string;
}

/** A limit under the name by which an answer speaks of it; `of` is what it counts, where that is not everything. */
export function nameLimit(name: string, { count, period }: Limit, of?: string): NamedLimit {
  const prefix = of === undefined ? `${name} ` : `${name} ${of} `;
  return { name, count, period, prefix, policy: `"${name}";q=${count};w=${period}`, left: `"${name}";r=` };
}

/** Whom requests are counted for, whatever route they ask for. */
export interface Limits {
  readonly store: LimitStore;
  readonly address: NamedLimit;
  readonly token: NamedLimit | undefined;
  readonly subject: NamedLimit | undefined;
  readonly client: NamedLimit | undefined;
}

/** The limits of an API by their names. */
export function nameLimits({ store, perAddress, perToken, perSubject, perClient }: GuardLimits): Limits {
  const named = (name: string, limit: Limit | undefined) => limit && nameLimit(name, limit);
  return {
    store,
    address: nameLimit('address', perAddress),
    token: named('token', perToken),
    subject: named('subject', perSubject),
    client: named('client', perClient),
  };
}

/** What a request is held to once it is known whose it is. */
interface CallerLimits {
  readonly access: Access;
  readonly headers: HttpRequest['headers'];
  /** That of the route, by its canonical name: ids in a path make no new buckets. Undefined when it has none. */
  readonly limit: NamedLimit | undefined;
}

/** What the last step of a flow is held to. */
interface FlowLimits {
  readonly access: Access;
  readonly flow: string;
  readonly quota: Limit;
}

/** What was taken of one request's limits so far. */
export interface Limiter extends LimiterDeps {
  /** The last answer of each name, from the name that was asked last back to the first. */
  taken: Taken | undefined;
}

interface LimiterDeps {
  readonly limits: Limits;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>;
  readonly trace: Trace;
}

/** What a limit answered, and what was taken before it. A list would cost each request room for sixteen. */
interface Taken {
  readonly limit: NamedLimit;
  take: Take;
  readonly before: Taken | undefined;
}

/** Makes the limiter of one request. A store that fails throws, and admits nothing. */
export function openLimiter({ limits, runtime, trace }: LimiterDeps): Limiter {
  return { limits, runtime, trace, taken: undefined };
}

/** @throws {Refusal} `rate_limited` */
export function takeAddress(limiter: Limiter): Later<void> {
  return takeStranger(limiter, limiter.limits.address);
}

/** @throws {Refusal} `rate_limited` */
export function takeStranger(limiter: Limiter, limit: NamedLimit): Later<void> {
  return take(limiter, limit, limit.prefix + addressBucket(limiter.trace.address));
}

/** @throws {Refusal} `rate_limited` */
export function takeCaller(limiter: Limiter, caller: CallerLimits): Later<void> {
  return takeInTurn(limiter, caller, 0);
}

/** @throws {Refusal} `rate_limited` */
export function takeFlow(limiter: Limiter, { access, flow, quota }: FlowLimits): Later<void> {
  const limit = nameLimit('flow', quota, flow);
  return take(limiter, limit, limit.prefix + subjectOf({ access }));
}

/** One of those whom a caller counts for, if there is a limit for it. An issuer is a URI and has no space: no two keys meet. */
interface Counted {
  readonly limit: (limits: Limits, caller: CallerLimits) => NamedLimit | undefined;
  readonly who: (caller: CallerLimits) => string;
}

/** From the one that is hardest to share to the narrowest. */
const counted: readonly Counted[] = [
  { limit: ({ token }) => token, who: ({ headers }) => hashSecret(readBearer(headers)) },
  { limit: ({ subject }) => subject, who: subjectOf },
  {
    limit: ({ client }, { access }) => (access.client === undefined ? undefined : client),
    who: ({ access }) => `${access.issuer} ${access.client}`,
  },
  { limit: (_, { limit }) => limit, who: subjectOf },
];

function subjectOf({ access: { issuer, subject } }: Pick<CallerLimits, 'access'>): string {
  return `${issuer} ${subject}`;
}

/** One after another: who is refused by the first costs the others nothing. */
function takeInTurn(limiter: Limiter, caller: CallerLimits, from: number): Later<void> {
  for (let index = from; index < counted.length; index += 1) {
    const one = counted[index] as Counted;
    const limit = one.limit(limiter.limits, caller);
    const pending = limit && take(limiter, limit, keyOf(limit, caller, one.who));
    if (pending !== undefined) return pending.then(() => takeInTurn(limiter, caller, index + 1));
  }
}

/** The keys of each token that is remembered, by their prefix. Finding one costs less than writing and hashing it. */
const keysOf = new WeakMap<Access, Map<string, string>>();
/** Of one token: most are used on a few routes, and all tokens on all routes would fill the memory. */
const mostKeys = 16;

function keyOf({ prefix }: NamedLimit, caller: CallerLimits, who: Counted['who']): string {
  let keys = keysOf.get(caller.access);
  if (keys === undefined) keysOf.set(caller.access, (keys = new Map()));
  let key = keys.get(prefix);
  if (key !== undefined) return key;
  if (keys.size >= mostKeys) keys.clear();
  key = prefix + who(caller);
  keys.set(prefix, key);
  return key;
}

function take(limiter: Limiter, limit: NamedLimit, key: string): Later<void> {
  const answer = limiter.limits.store.take(key, limit, limiter.runtime);
  return isLater(answer) ? settleLater(answer, limiter, limit) : settle(answer, limiter, limit);
}

async function settleLater(answer: Promise<Take>, limiter: Limiter, limit: NamedLimit): Promise<void> {
  settle(await answer, limiter, limit);
}

function settle(answer: Take, limiter: Limiter, limit: NamedLimit): void {
  const { admitted, retryAfter } = answer;
  note(limiter, limit, answer);
  if (admitted) return;
  const { trace } = limiter;
  noticeIn(trace, { type: 'limit.hit', limit: limit.name, address: trace.address });
  refuse('rate_limited', { retryAfter });
}

/** Keeps the last answer of each name in the place of the first. */
function note(limiter: Limiter, limit: NamedLimit, answer: Take): void {
  const { taken } = limiter;
  for (let one = taken; one !== undefined; one = one.before) {
    if (one.limit.name !== limit.name) continue;
    one.take = answer;
    return;
  }
  limiter.taken = { limit, take: answer, before: taken };
}

/**
 * Writes `RateLimit-Policy` and `RateLimit` for what was taken so far: structured fields (RFC 9651) of
 * draft-ietf-httpapi-ratelimit-headers. `q` requests in `w` seconds, of which `r` are left; `t` is told when none is:
 * the seconds until there is one, as `Retry-After` says too.
 */
export function tellLimits({ taken }: Limiter, headers: Record<string, string>): void {
  if (taken === undefined) return;
  let [policies, limits] = [taken.limit.policy, limitItem(taken)];
  for (let one = taken.before; one !== undefined; one = one.before) {
    policies = `${one.limit.policy}, ${policies}`;
    limits = `${limitItem(one)}, ${limits}`;
  }
  headers['ratelimit-policy'] = policies;
  headers['ratelimit'] = limits;
}

function limitItem({ limit: { left }, take: { remaining, retryAfter } }: Taken): string {
  return remaining > 0 ? left + remaining : `${left}0;t=${Math.max(1, Math.ceil(retryAfter))}`;
}
