import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySink, type RecordedEvent, type Sink } from '@castellan/audit';
import { createEventBuffer } from './events.ts';

const event = (id: string): RecordedEvent =>
  ({ id, source: 'Notes', type: 'failure', where: 'test', error: 'Error' }) as unknown as RecordedEvent;

function manualSchedule() {
  let task: (() => void) | undefined;
  const schedule = (_: number, run: () => void) => {
    task = run;
    return () => {
      task = undefined;
    };
  };
  return {
    schedule,
    now: () => 0,
    randomBytes: (size: number) => Buffer.alloc(size),
    run: () => task?.(),
    isPlanned: () => task !== undefined,
  };
}

test('I-7[guard] R-223 events are delivered together and in order within a second, and the rest at the end', async () => {
  const sink = memorySink();
  const { run, isPlanned, ...runtime } = manualSchedule();
  const buffer = createEventBuffer([sink], runtime);
  buffer.record(event('a'));
  buffer.record(event('b'));
  assert.equal(sink.events.length, 0);
  run();
  await buffer.flush();
  buffer.record(event('c'));
  await buffer.close();
  assert.deepEqual(
    sink.events.map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  assert.equal(isPlanned(), false);
});

test('I-7[guard] a sink that fails is tried again, keeps its order, and disturbs no other', async () => {
  const delivered: string[] = [];
  let failures = 1;
  const shaky: Sink = {
    deliver: async (events) => {
      failures -= 1;
      if (failures >= 0) throw new Error('down');
      delivered.push(...events.map(({ id }) => id));
    },
    close: async () => undefined,
  };
  const sound = memorySink();
  const { isPlanned, ...runtime } = manualSchedule();
  const buffer = createEventBuffer([shaky, sound], runtime);
  buffer.record(event('a'));
  await buffer.flush();
  assert.equal(sound.events.length, 1);
  assert.equal(isPlanned(), true, 'another attempt is planned');
  buffer.record(event('b'));
  await buffer.flush();
  assert.deepEqual(delivered, ['a', 'b']);
});

test('R-223[guard] I-7[guard] a flood of requests within one second pushes no event out', async () => {
  const sink = memorySink();
  const buffer = createEventBuffer([sink], manualSchedule());
  buffer.record(event('the attack'));
  for (let count = 0; count < 12_000; count += 1) {
    buffer.record(event('noise'));
    if (count % 100 === 0) await Promise.resolve();
  }
  await buffer.close();
  assert.equal(sink.events[0]?.id, 'the attack');
  assert.equal(sink.events.length, 12_001);
});

test('R-223[guard] a sink that takes nothing for long loses the oldest, and is told once how many', async () => {
  let fails = true;
  const taken: RecordedEvent[] = [];
  const sink: Sink = {
    deliver: async (events) => {
      if (fails) throw new Error('down');
      taken.push(...events);
    },
    close: async () => undefined,
  };
  const buffer = createEventBuffer([sink], manualSchedule());
  for (let count = 0; count < 10_003; count += 1) buffer.record(event(`n${count}`));
  await buffer.flush();
  fails = false;
  buffer.record(event('last'));
  await buffer.flush();
  const [loss, ...rest] = taken;
  assert.ok(loss?.type === 'failure' && loss.error.startsWith('4 events were lost'));
  assert.equal(loss.source, 'Notes');
  assert.deepEqual([rest[0]?.id, rest.length, rest.at(-1)?.id], ['n4', 10_000, 'last']);
  buffer.record(event('after'));
  await buffer.close();
  assert.equal(taken.at(-1)?.id, 'after');
  assert.equal(taken.length, 10_002);
});

test('R-223[guard] I-11[guard] a flood while a sink is away is not a flood of deliveries', async () => {
  let attempts = 0;
  const sink: Sink = {
    deliver: async () => {
      attempts += 1;
      throw new Error('down');
    },
    close: async () => undefined,
  };
  const buffer = createEventBuffer([sink], manualSchedule());
  for (let count = 0; count < 15_000; count += 1) {
    buffer.record(event('noise'));
    if (count % 100 === 0) await new Promise(setImmediate);
  }
  assert.equal(attempts, 1, 'the next one waits for the second');
});
