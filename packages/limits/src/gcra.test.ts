import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Limit, stepGcra } from './gcra.ts';

/** Takes at the given moments (milliseconds); the moments of those that were admitted. */
function admittedAt(limit: Limit, moments: readonly number[]): readonly number[] {
  let arrival: number | undefined;
  return moments.filter((now) => {
    const step = stepGcra(arrival, limit, now);
    arrival = step.arrival;
    return step.take.admitted;
  });
}

test('R-190[limits] over any stretch of time no more is admitted than the count and what time gives back', () => {
  const limits = fc.record({ count: fc.integer({ min: 1, max: 20 }), period: fc.integer({ min: 1, max: 3600 }) });
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(limits, gaps, (limit, steps) => {
      let now = 0;
      const admitted = admittedAt(
        limit,
        steps.map((step) => {
          now += step;
          return now;
        }),
      );
      for (const [from, start] of admitted.entries()) {
        for (const [index, end] of admitted.entries()) {
          const most = limit.count + ((end - start) / 1000 / limit.period) * limit.count;
          if (index >= from) assert.ok(index - from + 1 <= most + 1e-6, `${index - from + 1} over ${end - start} ms`);
        }
      }
    }),
  );
});

test('R-190[limits] whoever waits for retryAfter is admitted, and whoever has some left is too', () => {
  const limits = fc.record({ count: fc.integer({ min: 1, max: 50 }), period: fc.integer({ min: 1, max: 3600 }) });
  fc.assert(
    fc.property(limits, fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1 }), (limit, gaps) => {
      let now = 1_700_000_000_000;
      let arrival: number | undefined;
      for (const gap of gaps) {
        now += gap;
        const { take, arrival: kept } = stepGcra(arrival, limit, now);
        arrival = kept;
        assert.equal(take.retryAfter === 0, take.remaining > 0);
        const later = stepGcra(kept, limit, now + take.retryAfter * 1000);
        assert.ok(later.take.admitted);
        assert.ok(take.retryAfter <= limit.period);
      }
    }),
  );
});

test('R-190[limits] a count that does not divide its period evenly is still the whole count', () => {
  for (const count of [3, 7, 11, 13, 17, 999]) {
    const moments = Array.from({ length: count + 5 }, () => 1_700_000_000_123);
    assert.equal(admittedAt({ count, period: 1 }, moments).length, count);
  }
});

test('R-190[limits] a clock that goes back or a limit that is lowered locks nobody out for longer than a period', () => {
  const limit = { count: 5, period: 60 };
  const far = stepGcra(1_000_000_000, limit, 1000);
  assert.equal(far.take.admitted, false);
  assert.ok(far.take.retryAfter <= 60);
  assert.ok(stepGcra(far.arrival, limit, 1000 + 60_000).take.admitted);
});

test('R-190[limits] a limit that limits nothing is refused', () => {
  for (const limit of [
    { count: 0, period: 60 },
    { count: -1, period: 60 },
    { count: 1.5, period: 60 },
    { count: Number.POSITIVE_INFINITY, period: 60 },
    { count: Number.NaN, period: 60 },
    { count: 1, period: 0 },
    { count: 1, period: -1 },
    { count: 1, period: Number.POSITIVE_INFINITY },
    { count: 1, period: Number.NaN },
    { count: -1, period: -1 },
    { count: 2 ** 40, period: Number.MIN_VALUE },
  ]) {
    assert.throws(() => stepGcra(undefined, limit, 0), TypeError);
  }
  assert.throws(() => stepGcra(undefined, { count: 1, period: 1 }, Number.NaN), TypeError);
});
