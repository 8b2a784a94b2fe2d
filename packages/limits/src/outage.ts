/**
 * What holds while a shared store is away: each node goes on in its own memory, with the same limits.
 *
 * Owns: when a store counts as lost, and what is counted then. Does not own: counting.
 */
import type { Runtime } from '@castellan/protocol';
import { type Limit, type Take, termsOf } from './gcra.ts';
import type { Clock, LimitStore } from './limit-store.ts';
import { memoryLimitStore } from './memory-limit-store.ts';

/** A shared store was lost, or answers again. Told once for each outage. */
export type StoreChange =
  | { readonly type: 'limit_store.lost'; readonly error: unknown }
  | { readonly type: 'limit_store.back' };

export interface OutageDeps {
  readonly runtime: Pick<Runtime, 'schedule'>;
  readonly tell: (change: StoreChange) => void;
  /** Milliseconds that a take may last; 200 by default. */
  readonly deadline?: number;
  /** Keys that a node remembers; 100,000 by default. */
  readonly capacity?: number;
}

/** Milliseconds between two tries of a lost store. */
const pause = 1000;
/** Takes that a store has not answered yet: beyond that it is sent one a minute, in case that it never will. */
const mostUnanswered = 1000;
const longPause = 60_000;

/**
 * The store, and the memory of this node where the store fails or is slow. One of reach `node` is returned as it is.
 *
 * - What a shared store admits is noted here too. So when it goes away nobody gets a fresh allowance from this node, and
 *   when it comes back, perhaps empty, what was taken meanwhile still counts for one period.
 * - While it is away a key gets at most `count` from each node, as with stores in memory.
 * - A lost store is tried again once a second, by one take; all others do not wait for it. One that has left a thousand
 *   takes without any answer is tried once a minute.
 *
 * @example const store = surviveOutages(redisLimitStore(redis, { namespace: 'invoices' }), { runtime, tell });
 */
export function surviveOutages(store: LimitStore, deps: OutageDeps): LimitStore {
  if (store.reach === 'node') return store;
  const { capacity = 100_000 } = deps;
  const local = memoryLimitStore({ capacity });
  const health = watchHealth(deps);
  return {
    reach: store.reach,
    take: async (key, limit, clock) => {
      // A limit that limits nothing is a mistake of the program, and no outage.
      termsOf(limit, clock.monotonic());
      if (!health.mayAsk(clock)) return local.take(key, limit, clock);
      try {
        const take = await health.ask(() => store.take(key, limit, clock));
        const recent = health.answered(clock, limit);
        return afterAnswer(take, { own: () => local.take(key, limit, clock), recent });
      } catch (error) {
        health.lost(error, clock);
        return local.take(key, limit, clock);
      }
    },
  };
}

interface Answered {
  /** Takes one of this node's own. */
  readonly own: () => Take;
  /** Whether the store may not know of takes that this node remembers. */
  readonly recent: boolean;
}

/** INVARIANT: only what the store admits is noted here, so a refused take costs nothing here either. */
function afterAnswer(take: Take, { own, recent }: Answered): Take {
  if (!take.admitted) return take;
  const here = own();
  return recent && !here.admitted ? here : take;
}

interface Health {
  readonly mayAsk: (clock: Clock) => boolean;
  /** @throws {Error} what the store throws, or that it did not answer in time */
  readonly ask: (take: () => Take | Promise<Take>) => Promise<Take>;
  /** Notes an answer; whether something was taken without the store less than the limit's period ago. */
  readonly answered: (clock: Clock, limit: Limit) => boolean;
  readonly lost: (error: unknown, clock: Clock) => void;
}

function watchHealth({ runtime, tell, deadline = 200 }: OutageDeps): Health {
  let unanswered = 0;
  let isLost = false;
  let tryAgainAt = 0;
  /** When something was last taken without the store. */
  let apartAt: number | undefined;
  return {
    mayAsk: (clock) => {
      const isCrowded = unanswered >= mostUnanswered;
      if (!isLost && !isCrowded) return true;
      const now = clock.monotonic();
      if (!isLost || now < tryAgainAt) {
        apartAt = now;
        return false;
      }
      // Only this one goes and looks; whoever comes next finds the time of the next try moved on.
      tryAgainAt = now + (isCrowded ? longPause : pause);
      return true;
    },
    ask: async (take) => {
      unanswered += 1;
      const answer = Promise.resolve()
        .then(take)
        .finally(() => {
          unanswered -= 1;
        });
      return withDeadline(answer, deadline, runtime);
    },
    answered: (clock, limit) => {
      if (isLost) {
        isLost = false;
        tell({ type: 'limit_store.back' });
      }
      return apartAt !== undefined && clock.monotonic() - apartAt < limit.period * 1000;
    },
    lost: (error, clock) => {
      apartAt = clock.monotonic();
      tryAgainAt = Math.max(tryAgainAt, apartAt + pause);
      if (isLost) return;
      isLost = true;
      tell({ type: 'limit_store.lost', error });
    },
  };
}

/** A late answer is dropped: it may have counted there, and does not count here. */
async function withDeadline<T>(work: Promise<T>, milliseconds: number, runtime: OutageDeps['runtime']): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = runtime.schedule(milliseconds, () => reject(new Error(`no answer within ${milliseconds} ms`)));
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
