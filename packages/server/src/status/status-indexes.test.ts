import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../testkit/src/random.ts';
import { createStatusIndexes } from './status-indexes.ts';

function dealer(seed: string) {
  let next = 0;
  const leases: number[] = [];
  const store = {
    leaseStatusIndexes: async (count: number) => {
      leases.push(count);
      next += count;
      return next - count;
    },
  };
  return { leases, indexes: createStatusIndexes({ store, runtime: { randomBytes: seededRandom(seed) } }) };
}

test('R-064[status] nobody gets the index of another, however many ask at once, and one lease serves many', async () => {
  const { leases, indexes } = dealer('many');
  const dealt = await Promise.all(Array.from({ length: 2500 }, () => indexes.next()));
  assert.equal(new Set(dealt).size, 2500);
  assert.ok(dealt.every((index) => index >= 0 && index < 3 * 1024));
  assert.deepEqual(leases, [1024, 1024, 1024]);
});

test('R-064[status] the order of the indexes says nothing about the order of the tokens', async () => {
  const { indexes } = dealer('order');
  const dealt: number[] = [];
  for (let count = 0; count < 1024; count += 1) dealt.push(await indexes.next());
  const neighbours = dealt.filter((index, at) => at > 0 && Math.abs(index - (dealt[at - 1] ?? 0)) === 1);
  assert.ok(neighbours.length < 20, `${neighbours.length} of 1023 stand next to each other`);
  const { indexes: other } = dealer('another order');
  assert.notDeepEqual(dealt.slice(0, 10), await Promise.all(Array.from({ length: 10 }, () => other.next())));
});

test('R-064[status] a lease that fails is told, and tried again by the next who asks', async () => {
  let isDown = true;
  const store = { leaseStatusIndexes: () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve(0)) };
  const indexes = createStatusIndexes({ store, runtime: { randomBytes: seededRandom('down') } });
  await assert.rejects(indexes.next());
  isDown = false;
  assert.ok((await indexes.next()) < 1024);
});
