import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from './clock.ts';

test('time stands still until it is moved, and tasks run when it reaches them, in order', async () => {
  const clock = createClock(1_000_000);
  const ran: string[] = [];
  clock.schedule(2000, () => ran.push(`second at ${clock.monotonic()}`));
  clock.schedule(1000, () => ran.push(`first at ${clock.monotonic()}`));
  const cancel = clock.schedule(1500, () => ran.push('never'));
  cancel();
  assert.equal(clock.now(), 1_000_000);
  await clock.advance(1.5);
  assert.deepEqual(ran, ['first at 1000']);
  await clock.advance(1);
  assert.deepEqual(ran, ['first at 1000', 'second at 2000']);
  assert.equal(clock.now(), 1_002_500);
});

test('a task that schedules its successor after awaiting keeps its rhythm', async () => {
  const clock = createClock(0);
  const beats: number[] = [];
  const beat = async (): Promise<void> => {
    beats.push(clock.monotonic());
    await Promise.resolve();
    clock.schedule(1000, () => void beat());
  };
  clock.schedule(1000, () => void beat());
  await clock.advance(3);
  assert.deepEqual(beats, [1000, 2000, 3000]);
});

test('after a sleep what became due runs once, however often it would have', async () => {
  const clock = createClock(0);
  const beats: number[] = [];
  const beat = (): void => {
    beats.push(clock.monotonic());
    clock.schedule(1000, beat);
  };
  clock.schedule(1000, beat);
  await clock.sleep(3600);
  assert.deepEqual(beats, [3_600_000]);
});

test('a step moves the wall clock and leaves durations alone', () => {
  const clock = createClock(5000);
  clock.step(-3);
  assert.deepEqual([clock.now(), clock.monotonic()], [2000, 0]);
});
