/** Limits and marks in Redis or Valkey, `@castellan/limits/redis`. */
import { type Limit, type Take, takeOf, termsOf, tolerance } from './gcra.ts';
import { type LimitStore, mostSkew } from './limit-store.ts';
import type { MarkStore } from './mark-store.ts';
import { checkNamespace, storeKey } from './store-key.ts';

/** As much of a client as the store uses: ioredis and iovalkey have it so. */
export interface RedisClient {
  readonly eval: (script: string, keys: number, ...values: string[]) => Promise<unknown>;
}

/** Whose limits are kept, and under which names. */
export interface RedisLimitOptions {
  /** The same for all nodes of one service, and no other: services may share a server. */
  readonly namespace: string;
  /** In front of each key, for whoever looks at the server; `castellan:limit:` when absent. */
  readonly prefix?: string;
}

/**
 * `stepGcra` on the server: scripts run one at a time. A refused take writes nothing, unless it finds an arrival beyond
 * any that a take can set, by the fastest clock too: lowering that of another node would give so much anew. Numbers leave as text with all their digits: Redis cuts those of a script to integers.
 */
const script: string = `
local now, interval, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
local full, skew = now + period, tonumber(ARGV[4])
local lowered = kept > full + skew
local base = lowered and full or math.max(kept, now)
local next = base + interval
local admitted = next - now <= period + ${tolerance}
local arrival = admitted and next or base
if admitted or lowered then
  local life = math.ceil(arrival - now) + skew
  redis.call('SET', KEYS[1], string.format('%.17g', arrival), 'PX', string.format('%.0f', life))
end
return { admitted and 1 or 0, string.format('%.17g', arrival) }`;

/**
 * A store on a server that all nodes reach. One round trip for each take; a key goes by itself when it means nothing
 * any more, by the time that passes on the server.
 *
 * The client must not wait for a server that is away: with ioredis and iovalkey set `enableOfflineQueue: false` and
 * `commandTimeout`. The server must not evict at random: `maxmemory-policy` is `noeviction` or `volatile-ttl`.
 *
 * @throws {TypeError} without a namespace
 * @example const store = redisLimitStore(new Redis(url, { enableOfflineQueue: false, commandTimeout: 200 }), { namespace: 'invoices' });
 */
export function redisLimitStore(client: RedisClient, options: RedisLimitOptions): LimitStore {
  const { namespace, prefix = 'castellan:limit:' } = options;
  checkNamespace(namespace);
  return {
    reach: 'shared',
    take: (key, limit, clock) => take(client, { key: prefix + storeKey(namespace, key), limit, now: clock.now() }),
  };
}

/** The mark is compared with what must be there; `-` stands for nothing, `=` before what is something. */
const swapScript: string = `
local kept = redis.call('GET', KEYS[1])
if (kept and '=' .. kept or '-') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** As much of a client as marks use besides. */
export interface RedisMarkClient extends RedisClient {
  readonly get: (key: string) => Promise<string | null>;
}

/**
 * Marks on a server that all nodes reach; each is forgotten by itself, by the time that passes on the server.
 *
 * @throws {TypeError} without a namespace
 * @example const store = redisMarkStore(redis, { namespace: 'shop' });
 */
export function redisMarkStore(client: RedisMarkClient, options: RedisLimitOptions): MarkStore {
  const { namespace, prefix = 'castellan:mark:' } = options;
  checkNamespace(namespace);
  return {
    reach: 'shared',
    find: async (key) => (await client.get(prefix + storeKey(namespace, key))) ?? undefined,
    swap: async (key, { from, to, life }) => {
      const expected = from === undefined ? '-' : `=${from}`;
      const place = prefix + storeKey(namespace, key);
      return (await client.eval(swapScript, 1, place, expected, to, String(Math.ceil(life)))) === 1;
    },
  };
}

interface RedisTake {
  readonly key: string;
  readonly limit: Limit;
  readonly now: number;
}

async function take(client: RedisClient, { key, limit, now }: RedisTake): Promise<Take> {
  const terms = termsOf(limit, now);
  const values = [key, now, terms.interval, terms.period, mostSkew].map(String);
  const answer = await client.eval(script, 1, ...values);
  const [admitted, text] = Array.isArray(answer) ? (answer as unknown[]) : [];
  const arrival = Number(text);
  if (typeof text !== 'string' || !Number.isFinite(arrival)) throw new Error('The answer to a take makes no sense.');
  return takeOf(admitted === 1, arrival, terms);
}
