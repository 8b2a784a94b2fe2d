import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure } from './describe-failure.ts';

test('R-183[guard] an event tells the name, the code, the file and the line of an error, and nothing of its message', () => {
  const here = /^Error at describe-failure\.test\.ts:\d+$/;
  assert.match(describeFailure(new Error('plain')), here);
  assert.match(describeFailure(new Error('')), here);
  assert.match(describeFailure(new Error('said\n    at secret.ts:1:1')), here, 'a message that looks like a frame');
  assert.match(describeFailure(new Error(`said\n    at ${'a'.repeat(100_000)}`)), here, 'a long one');
  assert.match(describeFailure(Object.assign(new TypeError('x'), { code: 'E_X' })), /^TypeError E_X at /);
  assert.equal(describeFailure('secret'), 'a thrown string');
});

test('R-183[guard] an error whose members are no text, or throw, is told of too', () => {
  const unreadable = {
    get: (): never => {
      throw new Error('not even this');
    },
  };
  for (const member of ['name', 'message', 'stack']) {
    for (const value of [7, Symbol('secret'), { toString: 1, valueOf: 1 }]) {
      const told = describeFailure(Object.assign(new Error('x'), { [member]: value }));
      assert.match(told, /^(?:Error|an error that cannot be read)(?: at |$)/);
    }
    const told = describeFailure(Object.defineProperty(new Error('x'), member, unreadable));
    assert.equal(told, 'an error that cannot be read');
  }
});
