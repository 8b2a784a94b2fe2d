import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createPlaces, nowhere } from './places.ts';

test('R-153[protocol] no two keys have one place, none lies beyond the capacity, and the oldest makes room', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('find', 'add', 'add', 'delete'), fc.nat(60)), {
    minLength: 150,
    maxLength: 300,
  });
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 8, 17, 40), steps, (capacity, operations) => {
      const places = createPlaces<number>(capacity);
      // From the oldest to the youngest.
      const model = new Map<number, number>();
      for (const [operation, key] of operations) {
        const known = model.get(key);
        if (operation === 'delete') {
          assert.equal(places.delete(key), known ?? nowhere);
          model.delete(key);
        } else {
          const place = places.find(key);
          assert.equal(place, known ?? nowhere);
          if (known === undefined && operation === 'find') continue;
          const [oldest] = model.keys();
          if (known === undefined && model.size === capacity) model.delete(oldest as number);
          model.delete(key);
          model.set(key, known ?? places.add(key));
        }
        assert.equal(places.size(), model.size);
        assert.equal(new Set(model.values()).size, model.size, 'each has a place of its own');
        for (const place of model.values()) assert.ok(place > nowhere && place <= capacity, `place ${place}`);
      }
      for (const [key, place] of model) assert.equal(places.find(key), place);
    }),
  );
});

test('R-153[protocol] what was just used stays when another key needs its place', () => {
  const places = createPlaces<string>(2);
  for (const key of ['a', 'b']) places.add(key);
  places.find('a');
  places.add('c');
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => places.find(key) === nowhere),
    [false, true, false],
  );
});

test('R-153[protocol] a key that was taken its place from makes room before all others', () => {
  const places = createPlaces<string>(3);
  for (const key of ['a', 'b', 'c']) places.add(key);
  const place = places.delete('b');
  assert.equal(places.add('d'), place);
  assert.deepEqual(
    ['a', 'c', 'd'].map((key) => places.find(key) === nowhere),
    [false, false, false],
  );
});

test('R-155[protocol] a capacity that bounds no places is refused', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 30]) {
    assert.throws(() => createPlaces(capacity), TypeError);
  }
});
