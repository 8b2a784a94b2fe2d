/**
 * How often somebody may try to sign in, per address and per account, counted before anything is hashed.
 *
 * Both limits delay and never lock: attempts come back at a steady pace. And who guesses from elsewhere does not keep
 * the owner out: an address bucket from which the account was signed in to lately has a budget of its own, which only
 * that address spends.
 */
import type { Clock, Limit, LimitStore } from '@castellan/limits';
import { addressBucket, createBoundedMap } from '@castellan/protocol';

export interface AttemptLimits {
  /** Counts one attempt; answers the seconds to wait when it is one too many. */
  readonly take: (loginName: string | undefined, address: string) => Promise<number | undefined>;
  /** Notes that the account was signed in to from this address. */
  readonly remember: (loginName: string, address: string) => void;
}

export interface AttemptLimitDeps {
  readonly runtime: Clock;
  readonly limitStore: LimitStore;
  readonly limits: { readonly signInPerAccount: Limit; readonly signInPerAddress: Limit };
}

/** Accounts with their places; the one that was not used for longest is forgotten, which costs its owner only patience. */
const rememberedPlaces = 50_000;

/** The limits of one server, in the memory of one node. */
export function createAttemptLimits({ runtime, limitStore, limits }: AttemptLimitDeps): AttemptLimits {
  const known = createBoundedMap<string, true>(rememberedPlaces);
  return {
    take: async (loginName, address) => {
      const bucket = addressBucket(address);
      const byAddress = await limitStore.take(`sign-in:address:${bucket}`, limits.signInPerAddress, runtime);
      if (!byAddress.admitted) return byAddress.retryAfter;
      if (loginName === undefined) return undefined;
      const place = placeOf(loginName, bucket);
      const key = known.get(place) === true ? place : `sign-in:account:${loginName}`;
      const byAccount = await limitStore.take(key, limits.signInPerAccount, runtime);
      return byAccount.admitted ? undefined : byAccount.retryAfter;
    },
    remember: (loginName, address) => known.set(placeOf(loginName, addressBucket(address)), true),
  };
}

/** A canonical login name has no space, so no two pairs share a text. */
function placeOf(loginName: string, bucket: string): string {
  return `sign-in:place:${loginName} ${bucket}`;
}
