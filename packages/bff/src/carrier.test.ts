import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecorder, type RecordedEvent, recordEvents, type Sink } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { createClock, turn } from '@castellan/testkit';
import { createCarrier } from './carrier.ts';

const recorder = createRecorder({ source: 'shop' }, systemRuntime);
const event = (where: string) => recordEvents(recorder, 'c', [{ type: 'failure', where, error: '' }] as const);

function setUp(changes: { readonly outbox?: () => Promise<never> } = {}) {
  const clock = createClock(0);
  const delivered: RecordedEvent[] = [];
  const state = { fails: false, closed: 0, attempts: 0 };
  const sink: Sink = {
    deliver: async (events) => {
      state.attempts += 1;
      if (state.fails) throw new Error('the disk is full');
      delivered.push(...events);
    },
    close: async () => {
      state.closed += 1;
    },
  };
  const sessions = { readOutbox: changes.outbox ?? (async () => []), dropFromOutbox: async () => undefined };
  const tellLoss = (lost: number): RecordedEvent => event(`${lost} lost`)[0];
  const carrier = createCarrier({ sessions, runtime: clock, sinks: [sink], tellLoss });
  const where = (): readonly unknown[] => delivered.map((one) => (one.type === 'failure' ? one.where : one.type));
  return { carrier, clock, state, where };
}

test('R-223[bff] what waits is delivered within a second, in order, and what is left when the app closes', async () => {
  const { carrier, clock, state, where } = setUp();
  carrier.add(event('a'));
  carrier.add(event('b'));
  await clock.advance(1);
  assert.deepEqual(where(), ['a', 'b']);
  carrier.add(event('c'));
  await carrier.close();
  assert.deepEqual(where(), ['a', 'b', 'c']);
  assert.equal(state.closed, 1);
});

test('R-223[bff] a flood does not wait for the second, so it pushes nothing out', async () => {
  const { carrier, where } = setUp();
  carrier.add(event('the attack'));
  for (let count = 0; count < 12_000; count += 1) {
    carrier.add(event('noise'));
    if (count % 100 === 0) await turn();
  }
  await carrier.close();
  assert.equal(where()[0], 'the attack');
  assert.equal(where().length, 12_001);
});

test('R-223[bff] sinks that take nothing for long lose the oldest, and are told how many', async () => {
  const { carrier, clock, state, where } = setUp();
  state.fails = true;
  for (let count = 0; count < 10_003; count += 1) carrier.add(event(`n${count}`));
  await clock.advance(1);
  state.fails = false;
  await clock.advance(1);
  assert.deepEqual(where().slice(0, 2), ['3 lost', 'n3']);
  assert.equal(where().length, 10_001);
});

test('R-223[bff] I-11[bff] a flood while a sink is away is not a flood of deliveries', async () => {
  const { carrier, state } = setUp();
  state.fails = true;
  for (let count = 0; count < 15_000; count += 1) {
    carrier.add(event('noise'));
    if (count % 100 === 0) await turn();
  }
  assert.equal(state.attempts, 1, 'the next one waits for the second');
});

test('R-223[bff] an outage of the session store keeps no refusal from the sinks', async () => {
  const { carrier, clock, where } = setUp({ outbox: () => Promise.reject(new Error('locked')) });
  carrier.add(event('refused'));
  await clock.advance(1);
  assert.deepEqual(where(), ['refused']);
});
