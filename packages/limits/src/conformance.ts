/**
 * What every limit store must do, as named cases that any test runner can run.
 *
 * A store of another package is proven with the same cases as ours:
 *
 *     for (const { name, run } of limitStoreConformance(() => [openStore()])) test(name, run);
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { type Limit, stepGcra, type Take } from './gcra.ts';
import type { Clock, LimitStore } from './limit-store.ts';
import type { MarkStore } from './mark-store.ts';

/** One case; `run` rejects when the store does not conform. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Stores that several nodes have opened on the same keys; one alone for a store of reach `node`. */
export type Nodes = readonly [LimitStore, ...LimitStore[]];

type Check = (store: LimitStore, nodes: Nodes) => Promise<void>;

/** A moment of 2027, with a fraction that no store may lose. */
const start = 1_800_000_000_000.25;
const limit = { count: 3, period: 60 };

/** Both clocks at one moment. */
function at(moment: number): Clock {
  return { now: () => moment, monotonic: () => moment };
}

/** Chance that is the same in each run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const unusual = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  "a'; DROP TABLE castellan_limits; --",
  '"',
  '%',
  '{a}',
  '{b}',
  'a\r\nSET x 1',
  'ä',
  'a\u0308',
  '\ud800',
  '\udc00',
  '__proto__',
  'constructor',
  'x'.repeat(100_000),
  `${'x'.repeat(100_000)}y`,
];

const checks: Readonly<Record<string, Check>> = {
  'a burst of the whole count is admitted, and no more': async (store) => {
    const takes = [];
    for (let index = 0; index < 5; index += 1) takes.push(await store.take('a', limit, at(start)));
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
  'takes at the same time count each, from whatever node': async (_, nodes) => {
    const takes = await takeAtOnce(nodes, 40);
    strictEqual(takes.filter((take) => take.admitted).length, limit.count);
    deepStrictEqual(new Set(takes.flatMap((take) => (take.admitted ? [take.remaining] : []))), new Set([0, 1, 2]));
  },
  'after retryAfter one is admitted, and a second before it is not': async (store) => {
    for (let index = 0; index < 3; index += 1) await store.take('a', limit, at(start));
    const { retryAfter } = await store.take('a', limit, at(start));
    strictEqual(retryAfter, 20);
    strictEqual((await store.take('a', limit, at(start + (retryAfter - 1) * 1000))).admitted, false);
    strictEqual((await store.take('a', limit, at(start + retryAfter * 1000))).admitted, true);
  },
  'a refused take costs nothing': async (store) => {
    for (let index = 0; index < 50; index += 1) await store.take('a', limit, at(start));
    strictEqual((await store.take('a', limit, at(start + 20_000))).admitted, true);
  },
  'no moment lets twice the count through': async (store) => {
    let admitted = 0;
    for (let moment = start; moment < start + 120_000; moment += 500) {
      if ((await store.take('a', limit, at(moment))).admitted) admitted += 1;
    }
    ok(admitted <= limit.count + (limit.count * 120) / limit.period, `${admitted} were admitted`);
    ok(admitted >= (limit.count * 120) / limit.period, `only ${admitted} were admitted`);
  },
  'each take is answered as the algorithm says, to the last digit': async (store) => {
    const next = sequence(7);
    const limits: readonly Limit[] = [limit, { count: 7, period: 1 }, { count: 1000, period: 3600 }];
    const kept = new Map<string, number>();
    let moment = start;
    for (let index = 0; index < 300; index += 1) {
      moment += next(3) === 0 ? next(20_000) / 7 : 0;
      const key = `k${next(3)}`;
      const used = limits[Number(key.slice(1))] ?? limit;
      const { take, arrival } = stepGcra(kept.get(key), used, moment);
      kept.set(key, arrival);
      deepStrictEqual(await store.take(key, used, at(moment)), take, `take ${index}`);
    }
  },
  'keys do not share, whatever they are made of': async (store) => {
    for (const key of unusual) strictEqual((await store.take(key, limit, at(start))).remaining, 2, JSON.stringify(key));
    for (const key of unusual) strictEqual((await store.take(key, limit, at(start))).remaining, 1, JSON.stringify(key));
  },
  'after a period without takes the whole count is there again': async (store) => {
    for (let index = 0; index < 4; index += 1) await store.take('a', limit, at(start));
    deepStrictEqual(await store.take('a', limit, at(start + 60_000)), { admitted: true, remaining: 2, retryAfter: 0 });
  },
  'a clock that went back a day, or a lower limit, locks nobody out for longer than a period': async (store) => {
    for (let index = 0; index < 3; index += 1) await store.take('a', limit, at(start + 86_400_000));
    deepStrictEqual(await store.take('a', limit, at(start)), { admitted: false, remaining: 0, retryAfter: 20 });
    strictEqual((await store.take('a', limit, at(start + 20_000))).admitted, true);
    await store.take('b', { count: 1, period: 86_400 }, at(start));
    strictEqual((await store.take('b', limit, at(start))).admitted, false);
    strictEqual((await store.take('b', limit, at(start + 20_000))).admitted, true);
  },
  'a limit that limits nothing is refused': async (store) => {
    for (const wrong of [
      { count: 0, period: 60 },
      { count: Number.NaN, period: 60 },
      { count: 1, period: Number.POSITIVE_INFINITY },
    ]) {
      const failure = await Promise.resolve()
        .then(() => store.take('a', wrong, at(start)))
        .catch((error: unknown) => error);
      ok(failure instanceof TypeError);
    }
  },
  'clocks that are apart admit no more than that much longer would': async (_, nodes) => {
    const next = sequence(11);
    const skew = nodes.length > 1 ? 30_000 : 0;
    const behind = nodes.map((_, index) => (index === 0 ? 0 : next(skew)));
    const admitted: number[] = [];
    for (let moment = start; moment < start + 600_000; moment += next(4000)) {
      const index = next(nodes.length);
      const take = await nodes[index]?.take('a', limit, at(moment - (behind[index] ?? 0)));
      if (take?.admitted) admitted.push(moment);
    }
    for (const [first, from] of admitted.entries()) {
      for (const [last, to] of admitted.slice(first).entries()) {
        const most = limit.count * (1 + (to - from + skew) / 1000 / limit.period);
        ok(last + 1 <= most + 1e-6, `${last + 1} in ${to - from} ms`);
      }
    }
  },
};

function takeAtOnce(nodes: Nodes, times: number): Promise<readonly Take[]> {
  const takes = Array.from({ length: times }, async (_, index) => {
    const node = nodes[index % nodes.length] ?? nodes[0];
    return node.take('a', limit, at(start));
  });
  return Promise.all(takes);
}

/**
 * The cases, each with a store of its own.
 *
 * @param open makes empty stores; more than one where several nodes share the keys
 * @example for (const { name, run } of limitStoreConformance(() => [memoryLimitStore({ capacity: 100 })])) test(name, run);
 */
export function limitStoreConformance(open: () => Nodes | Promise<Nodes>): readonly ConformanceCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    run: async () => {
      const nodes = await open();
      await check(nodes[0], nodes);
    },
  }));
}

/** Mark stores that several nodes have opened on the same keys; one alone for a store of reach `node`. */
export type MarkNodes = readonly [MarkStore, ...MarkStore[]];

type MarkCheck = (store: MarkStore, nodes: MarkNodes) => Promise<void>;

const life = 1000;

const markChecks: Readonly<Record<string, MarkCheck>> = {
  'a mark is replaced by who knows what is there, and by nobody else': async (store) => {
    const now = at(start);
    strictEqual(await store.find('a', now), undefined);
    strictEqual(await store.swap('a', { from: 'x', to: 'y', life }, now), false);
    strictEqual(await store.swap('a', { from: undefined, to: 'x', life }, now), true);
    strictEqual(await store.swap('a', { from: undefined, to: 'y', life }, now), false);
    strictEqual(await store.swap('a', { from: 'y', to: 'z', life }, now), false);
    strictEqual(await store.find('a', now), 'x');
    strictEqual(await store.swap('a', { from: 'x', to: 'y', life }, now), true);
    strictEqual(await store.find('a', now), 'y');
    strictEqual(await store.find('b', now), undefined);
  },
  'of many swaps at once one is done, from whatever node': async (_, nodes) => {
    for (const from of [undefined, 'first']) {
      const swaps = Array.from({ length: 20 }, async (__, index) => {
        const node = nodes[index % nodes.length] ?? nodes[0];
        return node.swap('a', { from, to: from === undefined ? 'first' : `next ${index}`, life }, at(start));
      });
      strictEqual((await Promise.all(swaps)).filter(Boolean).length, 1);
    }
  },
  'keys and marks may be made of anything': async (store) => {
    for (const key of unusual) strictEqual(await store.swap(key, { from: undefined, to: 'x', life }, at(start)), true);
    for (const mark of ['', ' ', '-', '=', "'; --", 'ä', 'x'.repeat(10_000)]) {
      const key = `mark ${mark}`;
      strictEqual(await store.swap(key, { from: undefined, to: mark, life }, at(start)), true);
      strictEqual(await store.find(key, at(start)), mark);
      strictEqual(await store.swap(key, { from: mark, to: 'y', life }, at(start)), true);
    }
  },
};

/**
 * The cases of mark stores, each with a store of its own. That marks are forgotten is not among them: some stores
 * measure that with a clock that nobody can turn.
 *
 * @param open makes empty stores; more than one where several nodes share the keys
 * @example for (const { name, run } of markStoreConformance(() => [memoryMarkStore({ capacity: 100 })])) test(name, run);
 */
export function markStoreConformance(open: () => MarkNodes | Promise<MarkNodes>): readonly ConformanceCase[] {
  return Object.entries(markChecks).map(([name, check]) => ({
    name,
    run: async () => {
      const nodes = await open();
      await check(nodes[0], nodes);
    },
  }));
}
