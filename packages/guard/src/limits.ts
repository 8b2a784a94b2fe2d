/**
 * The limits of one request: each who it counts for, and what the answer says of them.
 *
 * Owns: keys of buckets and the `RateLimit` fields. Does not own: counting (`@castellan/limits`), nor the 429 itself.
 */
import type { Limit, LimitStore, Take } from '@castellan/limits';
import { addressBucket, hashSecret, type Runtime, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import { after, isLater, type Later } from './later.ts';
import type { Trace } from './trace.ts';

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

/** What a request is held to once it is known whose it is. */
interface CallerLimits {
  readonly access: Access;
  /** Asked for only where tokens are limited: reading it costs as much as a look at the limit. */
  readonly token: () => string;
  /** The canonical name of the route: ids in a path make no new buckets. */
  readonly route: string;
  /** The route's own; undefined when it has none. */
  readonly limit: Limit | undefined;
  /** How the answer calls the limit of the route; `route` by default. */
  readonly name?: string;
}

/** What somebody without a token is held to on a route. */
type StrangerLimits = Pick<CallerLimits, 'route' | 'limit' | 'name'>;

/** What the last step of a flow is held to. */
interface FlowLimits {
  readonly access: Access;
  readonly flow: string;
  readonly quota: Limit;
}

/** Takes the limits of one request. */
export interface Limiter {
  /** @throws {Refusal} `rate_limited` */
  readonly takeAddress: () => Later<void>;
  /** @throws {Refusal} `rate_limited` */
  readonly takeCaller: (caller: CallerLimits) => Later<void>;
  /** @throws {Refusal} `rate_limited` */
  readonly takeStranger: (stranger: StrangerLimits) => Later<void>;
  /** @throws {Refusal} `rate_limited` */
  readonly takeFlow: (end: FlowLimits) => Later<void>;
  /** Writes `RateLimit-Policy` and `RateLimit` for what was taken so far. */
  readonly tell: (headers: Record<string, string>) => void;
}

interface LimiterDeps {
  readonly limits: GuardLimits;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>;
  readonly trace: Pick<Trace, 'address' | 'notice'>;
}

/** One bucket: who is counted, under which name the answer speaks of it. */
interface Bucket {
  readonly name: string;
  readonly key: string;
  readonly limit: Limit;
}

/** What a bucket answered. */
interface Taken extends Pick<Bucket, 'name' | 'limit'> {
  readonly take: Take;
}

/** Makes the limiter of one request. A store that fails throws, and admits nothing. */
export function openLimiter({ limits, runtime, trace }: LimiterDeps): Limiter {
  const taken: Taken[] = [];
  const settle = ({ name, limit }: Bucket, take: Take): void => {
    const { admitted, retryAfter } = take;
    note(taken, { name, limit, take });
    if (admitted) return;
    trace.notice({ type: 'limit.hit', limit: name, address: trace.address });
    refuse('rate_limited', { retryAfter });
  };
  const take = (bucket: Bucket): Later<void> =>
    after(limits.store.take(`${bucket.name} ${bucket.key}`, bucket.limit, runtime), (answer) => settle(bucket, answer));
  /** One after another: who is refused by the first costs the others nothing. */
  const takeAll = (buckets: readonly Bucket[], from = 0): Later<void> => {
    for (let index = from; index < buckets.length; index += 1) {
      const pending = take(buckets[index] as Bucket);
      if (isLater(pending)) return pending.then(() => takeAll(buckets, index + 1));
    }
  };
  return {
    takeAddress: () => take({ name: 'address', key: addressBucket(trace.address), limit: limits.perAddress }),
    takeCaller: (caller) => takeAll(callerBuckets(caller, limits)),
    takeStranger: ({ route, limit, name = 'route' }) =>
      limit === undefined ? undefined : take({ name, key: `${route} ${addressBucket(trace.address)}`, limit }),
    takeFlow: ({ access: { issuer, subject }, flow, quota }) =>
      take({ name: 'flow', key: `${flow} ${issuer} ${subject}`, limit: quota }),
    tell: (headers) => {
      if (taken.length === 0) return;
      headers['ratelimit-policy'] = joined(taken, policyItem);
      headers['ratelimit'] = joined(taken, limitItem);
    },
  };
}

/** The last answer of each name, in the order in which they were first asked. */
function note(taken: Taken[], answer: Taken): void {
  const known = taken.findIndex(({ name }) => name === answer.name);
  if (known < 0) taken.push(answer);
  else taken[known] = answer;
}

/** From the one that is hardest to share to the narrowest. An issuer is a URI and has no space: no two keys meet. */
function callerBuckets(
  { access, token, route, limit, name = 'route' }: CallerLimits,
  limits: GuardLimits,
): readonly Bucket[] {
  const { issuer, subject, client } = access;
  const { perToken, perSubject, perClient } = limits;
  const buckets: Bucket[] = [];
  if (perToken !== undefined) buckets.push({ name: 'token', key: hashSecret(token()), limit: perToken });
  if (perSubject !== undefined) buckets.push({ name: 'subject', key: `${issuer} ${subject}`, limit: perSubject });
  if (perClient !== undefined && client !== undefined) {
    buckets.push({ name: 'client', key: `${issuer} ${client}`, limit: perClient });
  }
  if (limit !== undefined) buckets.push({ name, key: `${route} ${issuer} ${subject}`, limit });
  return buckets;
}

/**
 * Structured fields (RFC 9651) of draft-ietf-httpapi-ratelimit-headers: `q` requests in `w` seconds, of which `r` are
 * left. `t` is told when none is: the seconds until there is one, as `Retry-After` says too.
 */
function joined(taken: readonly Taken[], write: (one: Taken) => string): string {
  let text = '';
  for (const one of taken) text += text === '' ? write(one) : `, ${write(one)}`;
  return text;
}

function policyItem({ name, limit: { count, period } }: Taken): string {
  return `"${name}";q=${count};w=${period}`;
}

function limitItem({ name, take: { remaining, retryAfter } }: Taken): string {
  return remaining > 0 ? `"${name}";r=${remaining}` : `"${name}";r=0;t=${Math.max(1, Math.ceil(retryAfter))}`;
}
