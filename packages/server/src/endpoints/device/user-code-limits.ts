/**
 * How often user codes may be tried: per address, per account and overall, right ones counted like wrong ones.
 *
 * With the limits as they come and one node, at most 600 codes are tried while a code lives, of 20^8: a chance of less
 * than one in forty million to hit a given one. `docs/flows/device-code.md` publishes this bound.
 */
import type { Clock, LimitStore } from '@castellan/limits';
import { addressBucket } from '@castellan/protocol';
import type { Limit } from '../../config.ts';
import type { Exchange } from '../../http/exchange.ts';

export interface UserCodeLimitDeps {
  readonly limitStore: LimitStore;
  readonly limits: {
    readonly userCodePerAddress: Limit;
    readonly userCodePerAccount: Limit;
    readonly userCodeOverall: Limit;
  };
  readonly runtime: Clock;
}

/** Counts one try; answers the seconds to wait when it is one too many. The narrow limits come first. */
export async function takeUserCodeTry(
  deps: UserCodeLimitDeps,
  person: string,
  exchange: Exchange,
): Promise<number | undefined> {
  const keys = [
    ['userCodePerAddress', addressBucket(exchange.address)],
    ['userCodePerAccount', person],
    ['userCodeOverall', ''],
  ] as const;
  for (const [limit, key] of keys) {
    const take = await deps.limitStore.take(`${limit}:${key}`, deps.limits[limit], deps.runtime);
    if (take.admitted) continue;
    exchange.notice({ type: 'limit.hit', limit, address: exchange.address });
    return take.retryAfter;
  }
  return undefined;
}
