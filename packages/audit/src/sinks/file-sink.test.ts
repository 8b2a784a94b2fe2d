import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RecordedEvent } from '../event.ts';
import { createRecorder, recordEvents } from '../recorder.ts';
import { fileSink } from './file-sink.ts';
import { memorySink } from './memory-sink.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-file-sink-'));
after(() => rmSync(folder, { recursive: true }));

const recorder = createRecorder(
  { source: 'issuer' },
  { now: () => 1_700_000_000_000, randomBytes: (size) => Buffer.alloc(size) },
);
const failure = (error: string): RecordedEvent =>
  recordEvents(recorder, 'correlation', [{ type: 'failure', where: 'test', error }])[0];
const read = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n');
const errorsIn = (path: string): readonly unknown[] =>
  read(path)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).error);

test('R-226[events] events are lines of JSON in a file and a folder that only the owner may read', async () => {
  const path = join(folder, 'new', 'deep', 'events.jsonl');
  const sink = fileSink(path);
  await sink.deliver([]);
  await sink.deliver([failure('a'), failure('b')]);
  await sink.close();
  assert.deepEqual(read(path), [JSON.stringify(failure('a')), JSON.stringify(failure('b')), '']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'new')).mode & 0o777, 0o700);
});

test('R-226[events] an event is one line, whatever it holds', async () => {
  const path = join(folder, 'lines.jsonl');
  const sink = fileSink(path);
  const errors = ['a\nb', 'a\r\nb', '{"type":"forged"}\n', '\u2028', '\u0000', '"'];
  await sink.deliver(errors.map(failure));
  await sink.close();
  assert.deepEqual(errorsIn(path), errors);
  assert.equal(read(path).length, errors.length + 1);
});

test('R-226[events] deliveries at the same time keep their order and never mix', async () => {
  const path = join(folder, 'order.jsonl');
  const sink = fileSink(path);
  const errors = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(20_000)}`);
  await Promise.all(errors.map((error) => sink.deliver([failure(error)])));
  await sink.close();
  assert.deepEqual(errorsIn(path), errors);
});

test('R-226[events] what was there stays', async () => {
  const path = join(folder, 'append.jsonl');
  for (const error of ['first', 'second']) {
    const sink = fileSink(path);
    await sink.deliver([failure(error)]);
    await sink.close();
  }
  assert.deepEqual(errorsIn(path), ['first', 'second']);
});

test('R-226[events] a line that a crash has cut does not spoil the next one', async () => {
  const path = join(folder, 'cut.jsonl');
  writeFileSync(path, `${JSON.stringify(failure('whole'))}\n`);
  appendFileSync(path, '{"id":"cut off he');
  const sink = fileSink(path);
  await sink.deliver([failure('next')]);
  await sink.close();
  const [whole = '', cut, next = ''] = read(path);
  assert.equal(JSON.parse(whole).error, 'whole');
  assert.equal(cut, '{"id":"cut off he');
  assert.equal(JSON.parse(next).error, 'next');
});

test('R-226[events] what cannot be written rejects, and the next delivery tries anew', async () => {
  const path = join(folder, 'blocked');
  mkdirSync(path);
  const sink = fileSink(path);
  await assert.rejects(sink.deliver([failure('lost')]));
  await assert.rejects(sink.deliver([failure('lost')]));
  renameSync(path, join(folder, 'moved'));
  await sink.deliver([failure('kept')]);
  await sink.close();
  assert.deepEqual(errorsIn(path), ['kept']);
});

test('R-226[events] the memory sink keeps what it is given, in order', async () => {
  const sink = memorySink();
  await sink.deliver([failure('a'), failure('b')]);
  await sink.deliver([failure('b')]);
  await sink.close();
  assert.deepEqual(
    sink.events.map((event) => event.type === 'failure' && event.error),
    ['a', 'b', 'b'],
  );
});
