import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecorder, type RecordedEvent, recordEvents, type Sink } from '@castellan/audit';
import { createClock, turn, until } from '../../../testkit/src/clock.ts';
import { seededRandom } from '../../../testkit/src/random.ts';
import { type EventFlow, startEventFlow } from './events.ts';

const randomBytes = seededRandom('events');

const recorder = createRecorder({ source: 'https://id.example' }, { now: () => 0, randomBytes });

function event(): RecordedEvent {
  return recordEvents(recorder, 'correlation', [{ type: 'sign_in.succeeded', person: 'alice', address: 'x' }])[0];
}

function tellLoss(lost: number): RecordedEvent {
  return recordEvents(recorder, 'correlation', [{ type: 'failure', where: 'events', error: `${lost}` }])[0];
}

interface Stage {
  readonly flow: EventFlow;
  readonly clock: ReturnType<typeof createClock>;
  readonly delivered: RecordedEvent[];
  readonly outbox: { sequence: number; event: RecordedEvent }[];
  readonly sink: { isDown: boolean; isClosed: boolean; attempts: number };
  readonly storeState: { isDown: boolean };
}

function setUp(leftOver: readonly RecordedEvent[] = []): Stage {
  const clock = createClock(0);
  const delivered: RecordedEvent[] = [];
  const outbox = leftOver.map((one, index) => ({ sequence: index, event: one }));
  const state = { isDown: false, isClosed: false, attempts: 0 };
  const sink: Sink = {
    deliver: async (events) => {
      state.attempts += 1;
      if (state.isDown) throw new Error('the disk is full');
      delivered.push(...events);
    },
    close: async () => {
      state.isClosed = true;
    },
  };
  const storeState = { isDown: false };
  const store = {
    readOutbox: async (limit: number) => {
      if (storeState.isDown) throw new Error('no connection');
      return outbox.slice(0, limit);
    },
    dropFromOutbox: async (sequences: readonly number[]) => {
      for (const sequence of sequences) {
        outbox.splice(
          outbox.findIndex((row) => row.sequence === sequence),
          1,
        );
      }
    },
  };
  const flow = startEventFlow({ store, sinks: [sink], runtime: clock, tellLoss });
  return { flow, clock, delivered, outbox, sink: state, storeState };
}

test('R-226[events] what an earlier life left in the outbox is delivered at the start, all of it', async () => {
  const left = Array.from({ length: 450 }, event);
  const { delivered, outbox } = setUp(left);
  await until(() => outbox.length === 0);
  assert.deepEqual(delivered, left);
});

test('R-226[events] a nudge delivers what was committed, without waiting for a timer', async () => {
  const { flow, delivered, outbox } = setUp();
  outbox.push({ sequence: 1, event: event() });
  flow.nudge();
  await until(() => delivered.length === 1);
});

test('R-226[events] what is committed right after a delivery goes with the next one, a moment later', async () => {
  const { flow, clock, delivered, outbox, sink } = setUp();
  const commit = (sequence: number) => {
    outbox.push({ sequence, event: event() });
    flow.nudge();
  };
  commit(1);
  await until(() => outbox.length === 0);
  const before = sink.attempts;
  for (let sequence = 2; sequence <= 20; sequence += 1) commit(sequence);
  await clock.advance(0.04);
  assert.equal(delivered.length, 1);
  await clock.advance(0.02);
  assert.deepEqual([delivered.length, outbox.length, sink.attempts - before], [20, 0, 1]);
});

test('R-223[events] other events are delivered within a second', async () => {
  const { flow, clock, delivered } = setUp();
  await clock.advance(0);
  flow.record(event());
  await clock.advance(0.9);
  assert.equal(delivered.length, 0);
  await clock.advance(0.2);
  assert.equal(delivered.length, 1);
});

test('R-226[events] a sink that fails gets everything again, and nothing leaves the outbox before it has it', async () => {
  const { flow, clock, delivered, outbox, sink } = setUp();
  sink.isDown = true;
  const [committed, noticed] = [event(), event()];
  outbox.push({ sequence: 1, event: committed });
  flow.record(noticed);
  flow.nudge();
  await clock.advance(5);
  assert.deepEqual([delivered.length, outbox.length], [0, 1]);
  sink.isDown = false;
  await clock.advance(2);
  assert.deepEqual(delivered, [committed, noticed]);
  assert.equal(outbox.length, 0);
});

test('I-11[node] I-7[events] a sink that stays down does not take the memory along: the oldest go, and that is told', async () => {
  const { flow, clock, delivered, sink } = setUp();
  sink.isDown = true;
  for (let count = 0; count < 10_500; count += 1) flow.record({ ...event(), id: `${count}` });
  await clock.advance(2);
  sink.isDown = false;
  await clock.advance(2);
  const [loss, first] = delivered;
  assert.deepEqual(loss?.type === 'failure' && [loss.where, loss.error], ['events', '500']);
  assert.deepEqual([first?.id, delivered.at(-1)?.id, delivered.length], ['500', '10499', 10_001]);
  flow.record(event());
  await clock.advance(2);
  assert.equal(delivered.length, 10_002, 'the loss is told once');
});

test('I-7[events] R-226 no flood of requests within a second pushes out what went before', async () => {
  const { flow, clock, delivered } = setUp();
  flow.record({ ...event(), id: 'attack' });
  for (let wave = 0; wave < 40; wave += 1) {
    for (let count = 0; count < 500; count += 1) flow.record(event());
    await clock.advance(0);
  }
  await flow.flush();
  assert.deepEqual([delivered[0]?.id, delivered.length], ['attack', 20_001]);
});

test('I-11[node] R-223[events] a flood while a sink is away is not a flood of deliveries', async () => {
  const { flow, sink } = setUp();
  sink.isDown = true;
  for (let count = 0; count < 15_000; count += 1) {
    flow.record(event());
    if (count % 100 === 0) await turn();
  }
  assert.equal(sink.attempts, 1, 'the next one waits for the second');
});

test('R-226[events] while the store cannot be read, the sinks still hear what is refused', async () => {
  const { flow, clock, delivered, storeState } = setUp();
  storeState.isDown = true;
  flow.record(event());
  await clock.advance(2);
  assert.equal(delivered.length, 1);
});

test('I-7[events] closing delivers what waits, closes the sinks, and leaves no timer', async () => {
  const { flow, clock, delivered, outbox, sink } = setUp();
  flow.record(event());
  outbox.push({ sequence: 1, event: event() });
  await flow.close();
  assert.equal(delivered.length, 2);
  assert.equal(sink.isClosed, true);
  outbox.push({ sequence: 2, event: event() });
  await clock.advance(60);
  assert.equal(delivered.length, 2);
});
