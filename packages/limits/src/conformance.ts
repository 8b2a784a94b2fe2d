/**
 * What every limit store must do, as named cases that any test runner can run.
 *
 * A store of another package is proven with the same cases as ours:
 *
 *     for (const { name, run } of limitStoreConformance(() => openStore())) test(name, run);
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { LimitStore } from './limit-store.ts';

/** One case; `run` rejects when the store does not conform. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type Check = (store: LimitStore) => Promise<void>;

const start = 1_000_000;
const limit = { count: 3, period: 60 };

const checks: Readonly<Record<string, Check>> = {
  'a burst of the whole count is admitted, and no more': async (store) => {
    const takes = [];
    for (let index = 0; index < 5; index += 1) takes.push(await store.take('a', limit, start));
    deepStrictEqual(
      takes.map((take) => [take.admitted, take.remaining]),
      [
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
        [false, 0],
      ],
    );
  },
  'takes at the same time count each': async (store) => {
    const takes = await Promise.all(Array.from({ length: 20 }, () => store.take('a', limit, start)));
    strictEqual(takes.filter((take) => take.admitted).length, limit.count);
  },
  'after retryAfter one is admitted, and a second before it is not': async (store) => {
    for (let index = 0; index < 3; index += 1) await store.take('a', limit, start);
    const { retryAfter } = await store.take('a', limit, start);
    strictEqual(retryAfter, 20);
    strictEqual((await store.take('a', limit, start + (retryAfter - 1) * 1000)).admitted, false);
    strictEqual((await store.take('a', limit, start + retryAfter * 1000)).admitted, true);
  },
  'a refused take costs nothing': async (store) => {
    for (let index = 0; index < 50; index += 1) await store.take('a', limit, start);
    strictEqual((await store.take('a', limit, start + 20_000)).admitted, true);
  },
  'no moment lets twice the count through': async (store) => {
    let admitted = 0;
    for (let now = start; now < start + 120_000; now += 500) {
      if ((await store.take('a', limit, now)).admitted) admitted += 1;
    }
    ok(admitted <= limit.count + (limit.count * 120) / limit.period, `${admitted} were admitted`);
    ok(admitted >= (limit.count * 120) / limit.period, `only ${admitted} were admitted`);
  },
  'keys do not share': async (store) => {
    for (let index = 0; index < 4; index += 1) await store.take('a', limit, start);
    strictEqual((await store.take('b', limit, start)).admitted, true);
    strictEqual((await store.take('__proto__', limit, start)).remaining, 2);
  },
  'after a period without takes the whole count is there again': async (store) => {
    for (let index = 0; index < 4; index += 1) await store.take('a', limit, start);
    deepStrictEqual(await store.take('a', limit, start + 60_000), { admitted: true, remaining: 2, retryAfter: 0 });
  },
};

/**
 * The cases, each with a store of its own.
 *
 * @param open makes an empty store
 * @example for (const { name, run } of limitStoreConformance(() => memoryLimitStore({ capacity: 100 }))) test(name, run);
 */
export function limitStoreConformance(open: () => LimitStore | Promise<LimitStore>): readonly ConformanceCase[] {
  return Object.entries(checks).map(([name, check]) => ({ name, run: async () => check(await open()) }));
}
