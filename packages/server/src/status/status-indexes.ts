import type { Runtime } from '@castellan/protocol';
import type { StatusStore } from '../store/status-store.ts';

/** Deals status indexes. */
export interface StatusIndexes {
  /** One that nobody else has had or will have. */
  readonly next: () => Promise<number>;
}

export interface StatusIndexDeps {
  readonly store: Pick<StatusStore, 'leaseStatusIndexes'>;
  readonly runtime: Pick<Runtime, 'randomBytes'>;
}

/** Indexes of one lease. What is left of it when the server stops is never used. */
const leaseSize = 1024;

/**
 * Takes indexes from the store in blocks and deals each block in random order, so that two tokens whose bits are close
 * together say nothing about who got them or when.
 */
export function createStatusIndexes({ store, runtime }: StatusIndexDeps): StatusIndexes {
  let dealt: number[] = [];
  let leasing: Promise<void> | undefined;
  const lease = async (): Promise<void> => {
    const first = await store.leaseStatusIndexes(leaseSize);
    dealt = shuffled(first, runtime.randomBytes(leaseSize * 4));
  };
  return {
    next: async () => {
      for (;;) {
        const index = dealt.pop();
        if (index !== undefined) return index;
        leasing ??= lease().finally(() => {
          leasing = undefined;
        });
        await leasing;
      }
    },
  };
}

/** Fisher and Yates. */
function shuffled(first: number, chance: Buffer): number[] {
  const indexes = Array.from({ length: leaseSize }, (_, at) => first + at);
  for (let last = leaseSize - 1; last > 0; last -= 1) {
    const other = chance.readUInt32LE(last * 4) % (last + 1);
    [indexes[last], indexes[other]] = [indexes[other] as number, indexes[last] as number];
  }
  return indexes;
}
