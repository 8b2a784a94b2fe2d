import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Limit, Take } from './gcra.ts';
import type { LimitStore } from './limit-store.ts';
import { memoryLimitStore } from './memory-limit-store.ts';
import { type StoreChange, surviveOutages } from './outage.ts';

const limit: Limit = { count: 5, period: 60 };

/** A shared store that can be taken away, and a clock to turn. */
function setUp(mode: 'fails' | 'hangs' | 'waits' | 'answers' = 'answers') {
  let elapsed = 0;
  let tasks: { readonly due: number; readonly run: () => void }[] = [];
  const clock = { now: () => 1_800_000_000_000 + elapsed, monotonic: () => elapsed };
  const held: (() => void)[] = [];
  const state = { mode, asked: 0, memory: memoryLimitStore({ capacity: 100 }) };
  const shared: LimitStore = {
    reach: 'shared',
    take: (key, used, at) => {
      state.asked += 1;
      if (state.mode === 'hangs') return new Promise<Take>(() => undefined);
      if (state.mode === 'waits') {
        return new Promise<Take>((resolve) => {
          held.push(() => resolve(state.memory.take(key, used, at)));
        });
      }
      if (state.mode === 'fails') throw new Error('connection refused to redis://:secret@10.0.0.1');
      return Promise.resolve(state.memory.take(key, used, at));
    },
  };
  const changes: StoreChange[] = [];
  const schedule = (delay: number, run: () => void) => {
    const task = { due: elapsed + delay, run };
    tasks.push(task);
    return () => {
      tasks = tasks.filter((one) => one !== task);
    };
  };
  const store = surviveOutages(shared, {
    runtime: { schedule },
    tell: (change) => changes.push(change),
    capacity: 100,
  });
  const advance = async (milliseconds: number): Promise<void> => {
    elapsed += milliseconds;
    for (const task of tasks.filter(({ due }) => due <= elapsed)) task.run();
    await new Promise(setImmediate);
  };
  const take = async (key = 'a'): Promise<boolean> => (await store.take(key, limit, clock)).admitted;
  const admit = async (times: number): Promise<number> => {
    let admitted = 0;
    for (let index = 0; index < times; index += 1) if (await take()) admitted += 1;
    return admitted;
  };
  const answerAll = (): void => {
    for (const answer of held) answer();
  };
  return { answerAll, state, changes, advance, take, admit, clock, store, waiting: () => tasks.length };
}

const told = (changes: readonly StoreChange[]) => changes.map(({ type }) => type);

test('R-192[limits] I-8[limits] without its store a node goes on with the same limit, and says so once', async () => {
  const { admit, changes, state, advance } = setUp('fails');
  assert.equal(await admit(50), 5, 'no more than the limit, and not nothing');
  assert.equal(state.asked, 1, 'a lost store is left alone for a second');
  assert.deepEqual(told(changes), ['limit_store.lost']);
  for (let second = 0; second < 12; second += 1) await advance(1000);
  assert.equal(await admit(50), 1, 'and what time gives back');
  assert.deepEqual(told(changes), ['limit_store.lost']);
});

test('R-192[limits] who has used a limit up gets no second one when the store goes away, nor when it comes back empty', async () => {
  const { admit, state, changes, advance } = setUp();
  assert.equal(await admit(10), 5);
  state.mode = 'fails';
  assert.equal(await admit(10), 0);
  state.mode = 'answers';
  state.memory = memoryLimitStore({ capacity: 100 });
  await advance(1000);
  assert.equal(await admit(10), 0);
  assert.deepEqual(told(changes), ['limit_store.lost', 'limit_store.back']);
  await advance(60_000);
  assert.equal(await admit(10), 5);
});

test('R-192[limits] a store that does not answer is waited for 200 ms, by nobody else, and nothing piles up', async () => {
  const { take, admit, advance, state, changes, waiting } = setUp('hangs');
  const first = take();
  await advance(199);
  assert.deepEqual([waiting(), told(changes)], [1, []]);
  await advance(1);
  assert.equal(await first, true);
  assert.deepEqual(told(changes), ['limit_store.lost']);
  assert.equal(await admit(1000), 4);
  assert.deepEqual([state.asked, waiting()], [1, 0]);
  for (let second = 0; second < 3000; second += 1) {
    await advance(1000);
    const takes = [take('b'), take('c'), take('d')];
    await advance(200);
    await Promise.all(takes);
  }
  assert.ok(
    state.asked > 1030 && state.asked < 1050,
    `${state.asked}: one look a second, and one a minute after a thousand`,
  );
  state.mode = 'answers';
  await advance(60_000);
  assert.equal(await take('e'), true);
  assert.deepEqual(told(changes), ['limit_store.lost', 'limit_store.back'], 'a store that answers again is used again');
});

test('R-192[limits] while a store is slow for a crowd nobody gets a second allowance beside its own', async () => {
  const { take, admit, state, changes, answerAll } = setUp('waits');
  const crowd = Array.from({ length: 1000 }, () => take('b'));
  await new Promise(setImmediate);
  assert.equal(await admit(10), 5, 'counted here');
  state.mode = 'answers';
  answerAll();
  await Promise.all(crowd);
  assert.equal(await admit(10), 0, 'and not once more there');
  assert.deepEqual(changes, []);
});

test('R-192[limits] while the store answers, it alone decides, and a refused take costs nothing', async () => {
  const { take, state, clock, changes, advance } = setUp();
  for (let index = 0; index < 5; index += 1) state.memory.take('a', limit, clock);
  for (let index = 0; index < 50; index += 1) assert.equal(await take(), false);
  await advance(12_000);
  assert.equal(await take(), true, 'what this node was refused does not count against it');
  assert.deepEqual(changes, []);
});

test('R-192[limits] a limit that limits nothing is no outage, and a store of one node is left as it is', async () => {
  const { store, clock, changes } = setUp();
  await assert.rejects(async () => store.take('a', { count: 0, period: 1 }, clock), TypeError);
  assert.deepEqual(changes, []);
  const memory = memoryLimitStore({ capacity: 10 });
  assert.equal(surviveOutages(memory, { runtime: { schedule: () => () => undefined }, tell: () => undefined }), memory);
});
