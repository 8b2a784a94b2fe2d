import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSubscriber } from './subscriber.ts';

function reader() {
  let left = 0;
  const subscriber = createSubscriber(() => {
    left += 1;
  });
  const iterator = subscriber.pieces[Symbol.asyncIterator]();
  return { subscriber, iterator, hasLeft: () => left };
}

test('R-064[status] pieces are read in order, whether the reader waits or is behind', async () => {
  const { subscriber, iterator } = reader();
  subscriber.send('dropped');
  subscriber.forget();
  subscriber.send('2');
  subscriber.begin('1');
  const waiting = [await iterator.next(), await iterator.next()];
  const third = iterator.next();
  subscriber.send('3');
  subscriber.send('4');
  assert.deepEqual(
    [...waiting, await third, await iterator.next()].map(({ value }) => value),
    ['1', '2', '3', '4'],
  );
});

test('R-064[status] R-195 a reader that is too slow is cut, keeps no memory, and cannot take it for the end', async () => {
  const { subscriber, iterator, hasLeft } = reader();
  for (let count = 0; count < 1000; count += 1) subscriber.send('x'.repeat(1000));
  assert.equal(hasLeft(), 1);
  await assert.rejects(iterator.next(), /too slow/);
});

test('R-064[status] a reader that goes, or a feed that ends, wakes who waits', async () => {
  for (const end of ['end', 'return'] as const) {
    const { subscriber, iterator, hasLeft } = reader();
    const waiting = iterator.next();
    if (end === 'end') subscriber.end();
    else await iterator.return?.();
    assert.equal((await waiting).done, true);
    assert.equal((await iterator.next()).done, true);
    subscriber.send('late');
    subscriber.end();
    assert.equal(hasLeft(), 1);
  }
});
