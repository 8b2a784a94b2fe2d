import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createBoundedMap } from './bounded-map.ts';

test('R-153[protocol] the least recently used entry makes room', () => {
  const map = createBoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c'), map.size()], [1, undefined, 3, 2]);
  map.delete('a');
  assert.deepEqual([map.get('a'), map.size()], [undefined, 1]);
});

test('R-153[protocol] it never grows beyond its capacity and keeps what a list would keep', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.nat(9)), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), steps, (capacity, operations) => {
      const map = createBoundedMap<number, number>(capacity);
      let model: number[] = [];
      for (const [operation, key] of operations) {
        const known = model.includes(key);
        if (operation === 'get') assert.equal(map.get(key), known ? key : undefined);
        if (operation === 'set') map.set(key, key);
        if (operation === 'delete') map.delete(key);
        if (operation === 'set' || known) model = model.filter((other) => other !== key);
        if (operation === 'set' || (operation === 'get' && known)) model = [...model, key].slice(-capacity);
        assert.equal(map.size(), model.length);
      }
    }),
  );
});

test('R-153[protocol] what made room is gone, also when it was the last to be asked for', () => {
  const map = createBoundedMap<string, number>(1);
  map.set('a', 1);
  assert.equal(map.get('a'), 1);
  map.set('b', 2);
  assert.deepEqual([map.get('a'), map.get('b'), map.size()], [undefined, 2, 1]);
  map.delete('b');
  assert.deepEqual([map.get('b'), map.size()], [undefined, 0]);
  map.set('c', 3);
  assert.deepEqual([map.get('b'), map.get('c')], [undefined, 3]);
});

test('R-153[protocol] the value of the last key is the one that was set last, until it is deleted', () => {
  const map = createBoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('a', 2);
  assert.equal(map.get('a'), 2);
  map.set('b', 3);
  map.delete('a');
  assert.deepEqual([map.get('a'), map.get('b'), map.get('a')], [undefined, 3, undefined]);
  map.delete('b');
  assert.deepEqual([map.get('b'), map.size()], [undefined, 0]);
});

test('R-155[protocol] a capacity that bounds nothing is refused', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 30]) {
    assert.throws(() => createBoundedMap(capacity), TypeError);
  }
});
