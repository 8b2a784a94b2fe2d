import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { consecutiveRuns } from './outbox.ts';

test('I-7 runs hold exactly the given numbers, however they are ordered', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
      const held = consecutiveRuns(numbers).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      );
      assert.deepEqual(
        held,
        [...new Set(numbers)].toSorted((a, b) => a - b),
      );
    }),
  );
});
