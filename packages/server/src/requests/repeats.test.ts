import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepeatWatch } from './repeats.ts';

const request = { client: 'web', codeChallenge: 'challenge', nonce: 'nonce' };

test('R-022[authorize] the same challenge or nonce from a second browser is noticed each time', () => {
  const watch = createRepeatWatch(100);
  assert.deepEqual(watch.see(request, 'first'), []);
  assert.deepEqual(watch.see(request, 'second'), ['code_challenge', 'nonce']);
  assert.deepEqual(watch.see({ ...request, nonce: 'new' }, 'third'), ['code_challenge']);
  assert.deepEqual(watch.see({ ...request, codeChallenge: 'new' }, 'third'), ['nonce']);
});

test('R-022[authorize] a reload, another client and a request without nonce are nothing to notice', () => {
  const watch = createRepeatWatch(100);
  watch.see(request, 'first');
  assert.deepEqual(watch.see(request, 'first'), []);
  assert.deepEqual(watch.see({ ...request, client: 'other' }, 'second'), []);
  watch.see({ client: 'web', codeChallenge: 'a' }, 'first');
  assert.deepEqual(watch.see({ client: 'web', codeChallenge: 'b' }, 'second'), []);
});

test('R-022[authorize] what is remembered is bounded', () => {
  const watch = createRepeatWatch(2);
  watch.see(request, 'first');
  for (let count = 0; count < 10; count += 1)
    watch.see({ client: 'web', codeChallenge: `${count}`, nonce: `${count}` }, 'x');
  assert.deepEqual(watch.see(request, 'second'), []);
});
