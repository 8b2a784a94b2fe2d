import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatStatusEvent,
  readEventStream,
  readStatusChange,
  type StatusChange,
  type StreamPart,
} from './status-feed.ts';

const issuer = 'https://id.example';
const message = { iss: issuer, iat: 1_800_000_000, jti: 'abc' };
const change: StatusChange = {
  epoch: 1,
  version: 7,
  since: 5,
  lists: new Map([
    [`${issuer}/status/1.0`, [1, 65_535]],
    [`${issuer}/status/1.3`, [0]],
  ]),
};

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 1000): Promise<readonly StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of readEventStream(inPieces(text, size))) parts.push(part);
  return parts;
}

const dataOf = (part: StreamPart | undefined): string => (part === undefined || part === 'comment' ? '' : part.data);

test('R-064[protocol] a change is read as it was told, however the stream is cut into pieces', async () => {
  const start: StatusChange = { epoch: 2, version: 9, since: undefined, lists: new Map() };
  const text = `retry: 1000\n${formatStatusEvent(message, start)}:\n\n${formatStatusEvent(message, change)}`;
  for (const size of [1, 2, 7, 1000]) {
    const parts = await read(text, size);
    assert.equal(parts.length, 3);
    assert.deepEqual(readStatusChange(dataOf(parts[0]), issuer), start);
    assert.equal(parts[1], 'comment');
    assert.deepEqual(readStatusChange(dataOf(parts[2]), issuer), change);
    assert.equal((parts[2] as { id: string }).id, '1.7');
  }
  assert.deepEqual(await read(text.replaceAll('\n', '\r\n'), 3), await read(text));
});

test('R-064[protocol] an event that was not ended is none, and one without an end is not gathered for ever', async () => {
  assert.deepEqual(await read('data: {"a":1}\n'), []);
  await assert.rejects(read(`data: ${'x'.repeat(300_000)}`), RangeError);
  await assert.rejects(read('data: x\n'.repeat(60_000)), RangeError);
});

test('R-064[protocol] what is no change of the lists of this issuer is none', () => {
  const [, , line = ''] = formatStatusEvent(message, change).split('\n');
  const data = line.slice('data: '.length);
  assert.notEqual(readStatusChange(data, issuer), undefined);
  assert.equal(readStatusChange(data, 'https://other.example'), undefined);
  const told = JSON.parse(data) as { events: Record<string, Record<string, unknown>> };
  const [type = ''] = Object.keys(told.events);
  const changed = (edit: Record<string, unknown>): string =>
    JSON.stringify({ ...told, events: { [type]: { ...told.events[type], ...edit } } });
  for (const edit of [
    { epoch: '1' },
    { version: -1 },
    { version: 1.5 },
    { since: 8 },
    { since: null },
    { lists: null },
    { lists: [] },
    { lists: { x: 7 } },
    { lists: { x: ['7'] } },
    { lists: { x: [-1] } },
  ]) {
    assert.equal(readStatusChange(changed(edit), issuer), undefined, JSON.stringify(edit));
  }
  for (const text of ['', 'null', '[]', '{', '{"iss":"https://id.example"}', data.replace('{', '{"iss":"x",')]) {
    assert.equal(readStatusChange(text, issuer), undefined, text);
  }
});
