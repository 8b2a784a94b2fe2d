import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySink, type RecordedEvent, type Sink } from '@castellan/audit';
import { createEventBuffer } from './events.ts';

const event = (id: string): RecordedEvent =>
  ({ id, type: 'failure', where: 'test', error: 'Error' }) as unknown as RecordedEvent;

function manualSchedule() {
  let task: (() => void) | undefined;
  const schedule = (_: number, run: () => void) => {
    task = run;
    return () => {
      task = undefined;
    };
  };
  return { schedule, run: () => task?.(), isPlanned: () => task !== undefined };
}

test('I-7[guard] R-223 events are delivered together and in order within a second, and the rest at the end', async () => {
  const sink = memorySink();
  const { schedule, run, isPlanned } = manualSchedule();
  const buffer = createEventBuffer([sink], { schedule });
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
  const { schedule, isPlanned } = manualSchedule();
  const buffer = createEventBuffer([shaky, sound], { schedule });
  buffer.record(event('a'));
  await buffer.flush();
  assert.equal(sound.events.length, 1);
  assert.equal(isPlanned(), true, 'another attempt is planned');
  buffer.record(event('b'));
  await buffer.flush();
  assert.deepEqual(delivered, ['a', 'b']);
});
