/** When a stream ends that nobody ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '@castellan/protocol';
import type { ExecutionResult } from 'graphql';
import { openStream, type StreamDeps } from './stream.ts';

/** A stream whose source never tells anything, and a clock that runs while somebody waits for it. */
function open(change: Partial<StreamDeps> = {}) {
  const ended: (Refusal | undefined)[] = [];
  const due: (() => void)[] = [];
  const never = new Promise<IteratorResult<ExecutionResult>>(() => undefined);
  const stream = openStream({
    results: { next: () => never },
    runtime: {
      schedule: (_, work) => {
        due.push(work);
        return () => void due.splice(due.indexOf(work), 1);
      },
    },
    every: 5000,
    recheck: async () => undefined,
    prepare: () => undefined,
    shape: (one) => one,
    failed: () => assert.fail('it failed'),
    errors: () => ({}),
    end: (refusal) => void ended.push(refusal),
    ...change,
  });
  const frames = stream[Symbol.asyncIterator]();
  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 5) {
      due.shift()?.();
      for (let turn = 0; turn < 10; turn += 1) await undefined;
    }
  };
  return { frames, ended, pass };
}

test('R-197[graphql] R-171[graphql] a stream from which nobody takes anything for a minute ends, and gives its place back', async () => {
  const { frames, ended, pass } = open();
  await pass(60);
  assert.deepEqual(ended, []);
  await pass(5);
  assert.deepEqual(ended, [undefined]);
  await pass(60);
  assert.deepEqual(ended, [undefined], 'once');
  assert.deepEqual(await frames.next(), { done: true, value: undefined });
});

test('R-171[graphql] a stream that is read stays open, however little it tells', async () => {
  const { frames, ended, pass } = open();
  for (let minute = 0; minute < 5; minute += 1) {
    await pass(55);
    assert.deepEqual(await frames.next(), { done: false, value: ':\n\n' });
  }
  assert.deepEqual(ended, []);
});

test('R-197[graphql] a source that cannot be closed keeps no stream open', async () => {
  const close = (): never => {
    throw new Error('it is closed already');
  };
  const next = async (): Promise<never> => assert.fail('nobody asks');
  const { frames, ended } = open({ results: { next, return: close } });
  assert.deepEqual(await frames.return?.(), { done: true, value: undefined });
  assert.deepEqual(ended, [undefined]);
});
