/**
 * The limits of one request: each who it counts for, and what the answer says of them.
 *
 * Owns: keys of buckets and the `RateLimit` fields. Does not own: counting (`@castellan/limits`), nor the 429 itself.
 */
import type { Limit, LimitStore, Take } from '@castellan/limits';
import { addressBucket, hashSecret, type Runtime, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import { after, isLater, type Later } from './later.ts';
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

/** A limit as an answer speaks of it. Its numbers become text once: doing it for each answer costs as much as counting. */
export interface NamedLimit extends Limit {
  readonly name: string;
  /** Its item of `RateLimit-Policy`. */
  readonly policy: string;
}

/** A limit under the name by which an answer speaks of it. */
export function nameLimit(name: string, { count, period }: Limit): NamedLimit {
  return { name, count, period, policy: `"${name}";q=${count};w=${period}` };
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
  /** Asked for only where tokens are limited: reading it costs as much as a look at the limit. */
  readonly token: () => string;
  /** The canonical name of the route: ids in a path make no new buckets. */
  readonly route: string;
  /** The route's own; undefined when it has none. */
  readonly limit: NamedLimit | undefined;
}

/** What somebody without a token is held to on a route. */
type StrangerLimits = Pick<CallerLimits, 'route' | 'limit'>;

/** What the last step of a flow is held to. */
interface FlowLimits {
  readonly access: Access;
  readonly flow: string;
  readonly quota: Limit;
}

/** What was taken of one request's limits so far. */
export interface Limiter extends LimiterDeps {
  /** The last answer of each name, in the order in which they were first asked. */
  readonly taken: Taken[];
}

interface LimiterDeps {
  readonly limits: Limits;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>;
  readonly trace: Trace;
}

/** One bucket: which limit, and who is counted. */
interface Bucket {
  readonly limit: NamedLimit;
  readonly key: string;
}

/** What a bucket answered. */
interface Taken {
  readonly limit: NamedLimit;
  readonly take: Take;
}

/** Makes the limiter of one request. A store that fails throws, and admits nothing. */
export function openLimiter({ limits, runtime, trace }: LimiterDeps): Limiter {
  return { limits, runtime, trace, taken: [] };
}

/** @throws {Refusal} `rate_limited` */
export function takeAddress(limiter: Limiter): Later<void> {
  return take(limiter, { limit: limiter.limits.address, key: addressBucket(limiter.trace.address) });
}

/** @throws {Refusal} `rate_limited` */
export function takeCaller(limiter: Limiter, caller: CallerLimits): Later<void> {
  return takeAll(limiter, callerBuckets(caller, limiter.limits));
}

/** @throws {Refusal} `rate_limited` */
export function takeStranger(limiter: Limiter, { route, limit }: StrangerLimits): Later<void> {
  if (limit !== undefined) return take(limiter, { limit, key: `${route} ${addressBucket(limiter.trace.address)}` });
}

/** @throws {Refusal} `rate_limited` */
export function takeFlow(limiter: Limiter, { access, flow, quota }: FlowLimits): Later<void> {
  return take(limiter, { limit: nameLimit('flow', quota), key: `${flow} ${access.issuer} ${access.subject}` });
}

/** One after another: who is refused by the first costs the others nothing. */
function takeAll(limiter: Limiter, buckets: readonly Bucket[], from = 0): Later<void> {
  for (let index = from; index < buckets.length; index += 1) {
    const pending = take(limiter, buckets[index] as Bucket);
    if (isLater(pending)) return pending.then(() => takeAll(limiter, buckets, index + 1));
  }
}

function take(limiter: Limiter, bucket: Bucket): Later<void> {
  const { limit, key } = bucket;
  const taking = limiter.limits.store.take(`${limit.name} ${key}`, limit, limiter.runtime);
  return after(taking, (answer) => settle(limiter, limit, answer));
}

function settle({ taken, trace }: Limiter, limit: NamedLimit, answer: Take): void {
  const { admitted, retryAfter } = answer;
  note(taken, { limit, take: answer });
  if (admitted) return;
  noticeIn(trace, { type: 'limit.hit', limit: limit.name, address: trace.address });
  refuse('rate_limited', { retryAfter });
}

/** Keeps the last answer of each name in the place of the first. */
function note(taken: Taken[], answer: Taken): void {
  const known = taken.findIndex(({ limit }) => limit.name === answer.limit.name);
  if (known < 0) taken.push(answer);
  else taken[known] = answer;
}

/** From the one that is hardest to share to the narrowest. An issuer is a URI and has no space: no two keys meet. */
function callerBuckets(
  { access, token: read, route, limit }: CallerLimits,
  { token, subject, client }: Limits,
): readonly Bucket[] {
  const { issuer } = access;
  const buckets: Bucket[] = [];
  if (token !== undefined) buckets.push({ limit: token, key: hashSecret(read()) });
  if (subject !== undefined) buckets.push({ limit: subject, key: `${issuer} ${access.subject}` });
  if (client !== undefined && access.client !== undefined) {
    buckets.push({ limit: client, key: `${issuer} ${access.client}` });
  }
  if (limit !== undefined) buckets.push({ limit, key: `${route} ${issuer} ${access.subject}` });
  return buckets;
}

/**
 * Writes `RateLimit-Policy` and `RateLimit` for what was taken so far: structured fields (RFC 9651) of
 * draft-ietf-httpapi-ratelimit-headers. `q` requests in `w` seconds, of which `r` are left; `t` is told when none is:
 * the seconds until there is one, as `Retry-After` says too.
 */
export function tellLimits({ taken }: Limiter, headers: Record<string, string>): void {
  if (taken.length === 0) return;
  headers['ratelimit-policy'] = joined(taken, ({ limit }) => limit.policy);
  headers['ratelimit'] = joined(taken, limitItem);
}

function joined(taken: readonly Taken[], write: (one: Taken) => string): string {
  let text = '';
  for (const one of taken) text += text === '' ? write(one) : `, ${write(one)}`;
  return text;
}

function limitItem({ limit: { name }, take: { remaining, retryAfter } }: Taken): string {
  return remaining > 0 ? `"${name}";r=${remaining}` : `"${name}";r=0;t=${Math.max(1, Math.ceil(retryAfter))}`;
}
