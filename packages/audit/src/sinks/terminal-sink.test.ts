import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RecordedEvent, SecurityEvent } from '../event.ts';
import { createRecorder, recordEvents } from '../recorder.ts';
import { terminalSink } from './terminal-sink.ts';

const recorder = createRecorder(
  { source: 'issuer' },
  { now: () => 1_700_000_000_250, randomBytes: (size) => Buffer.alloc(size) },
);
const record = (event: SecurityEvent): RecordedEvent => recordEvents(recorder, 'correlation', [event])[0];

async function linesOf(...events: readonly SecurityEvent[]): Promise<readonly string[]> {
  const lines: string[] = [];
  await terminalSink((line) => lines.push(line)).deliver(events.map(record));
  return lines;
}

test('R-226[events] an event is one short line without its envelope', async () => {
  assert.deepEqual(
    await linesOf(
      { type: 'sign_in.failed', person: undefined, address: '203.0.113.9', reason: 'wrong_password' },
      { type: 'session.started', session: 's-1', person: 'p-1', methods: ['pwd', 'otp'] },
      { type: 'failure', where: 'store', error: 'disk full' },
    ),
    [
      '22:13:20.250 issuer  sign_in.failed  address=203.0.113.9 reason=wrong_password\n',
      '22:13:20.250 issuer  session.started  session=s-1 person=p-1 methods=pwd,otp\n',
      '22:13:20.250 issuer  failure  where=store error="disk full"\n',
    ],
  );
});

for (const [name, address] of Object.entries({
  'begin a line of its own': 'x\n12:00:00.000 issuer  sign_in.succeeded  person=admin',
  'return to the start of the line': 'x\r12:00:00.000 issuer  sign_in.succeeded',
  'colour or clear the terminal': '\u001b[2J\u001b[31m',
  'set the title of the terminal': '\u001b]0;evil\u0007',
  'use the eight bit form of an escape': '\u009b2J',
  'go back over what was written': 'admin\b\b\b\b\b',
  'reverse the direction of writing': '\u202enimda',
  'hide in characters without width': 'ad\u200bmin',
  'break the line the Unicode way': 'a\u2028b\u2029c\u0085d',
  'pass for other letters': '\u0430dmin',
})) {
  test(`R-226[events] nobody can ${name} through an event`, async () => {
    const [line = ''] = await linesOf({ type: 'limit.hit', limit: 'sign-in', address });
    assert.match(line, /^[\x20-\x7e]+\n$/);
  });
}

test('R-226[events] a value cannot pass for another member of the event', async () => {
  const [line] = await linesOf({ type: 'failure', where: 'x person=admin', error: 'a="b"' });
  assert.equal(line, '22:13:20.250 issuer  failure  where="x person=admin" error="a=\\"b\\""\n');
});

test('R-226[events] whatever an event holds, it is one line of printable ASCII of bounded length', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(text, text, async (where, error) => {
      const lines = await linesOf({ type: 'failure', where, error });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /^[\x20-\x7e]+\n$/);
      assert.ok((lines[0]?.length ?? 0) < 5000);
    }),
  );
});

test('R-224[events] all settings of a start are left to the sinks that keep them', async () => {
  const settings = { issuer: 'https://a.example', store: 'sqlite' };
  assert.deepEqual(await linesOf({ type: 'server.started', settings }), ['22:13:20.250 issuer  server.started\n']);
});
