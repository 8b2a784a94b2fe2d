import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitStoreConformance } from './conformance.ts';
import type { Clock, LimitStore } from './limit-store.ts';
import { memoryLimitStore } from './memory-limit-store.ts';

for (const { name, run } of limitStoreConformance(() => [memoryLimitStore({ capacity: 100 })])) {
  test(`R-190[limits] I-8[limits] in memory: ${name}`, run);
}

function at(moment: number): Clock {
  // A node measures with the clock that never goes back, whatever happens to the other one.
  return { now: () => -moment, monotonic: () => moment };
}

test('R-190[limits] it never keeps more keys than its capacity, and forgets the one unused for longest', () => {
  const store = memoryLimitStore({ capacity: 3 });
  const once = { count: 1, period: 60 };
  for (const key of ['a', 'b', 'c']) assert.ok(store.take(key, once, at(0)).admitted);
  assert.ok(!store.take('a', once, at(1)).admitted);
  for (let index = 0; index < 2; index += 1) store.take(`flood-${index}`, once, at(2));
  assert.equal(store.size(), 3);
  assert.ok(!store.take('a', once, at(3)).admitted, 'used lately, so still limited');
  assert.ok(store.take('b', once, at(4)).admitted, 'unused for longest, so forgotten');
});

test('R-190[limits] a capacity that bounds nothing is refused', () => {
  assert.throws(() => memoryLimitStore({ capacity: 0 }), TypeError);
  assert.throws(() => memoryLimitStore({ capacity: Number.POSITIVE_INFINITY }), TypeError);
});

const broken: Readonly<Record<string, () => LimitStore>> = {
  'admits everything': () => ({ reach: 'node', take: () => ({ admitted: true, remaining: 1, retryAfter: 0 }) }),
  'counts windows, and so lets twice the count through at an edge': () => {
    const counts = new Map<string, number>();
    return {
      reach: 'node',
      take: (key, { count, period }, { monotonic }) => {
        const window = `${key} ${Math.floor(monotonic() / (period * 1000))}`;
        const used = (counts.get(window) ?? 0) + 1;
        counts.set(window, used);
        return { admitted: used <= count, remaining: Math.max(0, count - used), retryAfter: used < count ? 0 : period };
      },
    };
  },
  'reads and writes in two steps': () => {
    const counts = new Map<string, number>();
    return {
      reach: 'node',
      take: async (key, { count, period }) => {
        const used = counts.get(key) ?? 0;
        await Promise.resolve();
        counts.set(key, used + 1);
        return {
          admitted: used < count,
          remaining: Math.max(0, count - used - 1),
          retryAfter: used < count - 1 ? 0 : period,
        };
      },
    };
  },
};

for (const [name, open] of Object.entries(broken)) {
  test(`R-190[limits] the conformance cases find a store that ${name}`, async () => {
    const results = await Promise.allSettled(limitStoreConformance(() => [open()]).map(({ run }) => run()));
    assert.ok(results.some(({ status }) => status === 'rejected'));
  });
}
