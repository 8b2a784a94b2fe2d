/** Errors and answers of the API's own code that are no ordinary ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { publicRoute } from './route.ts';
import { type NotesApi, startNotes } from './testing/notes.ts';

const failing = (error: unknown): Promise<NotesApi> =>
  startNotes(() => ({
    principal: () => {
      throw error;
    },
  }));

test('R-183[guard] I-11[guard] an error that quotes what was sent neither holds others up nor enters the event', async () => {
  for (const sent of [`\n    at ${'a'.repeat(60_000)}`, '\n    at secret.ts:1:1']) {
    const { send, token, sink, guard } = await failing(new Error(`not a title: ${sent}`));
    const bearer = await token();
    const started = systemRuntime.monotonic();
    assert.equal((await send('GET', '/notes/1', { token: bearer })).status, 500);
    assert.ok(systemRuntime.monotonic() - started < 1000, 'milliseconds');
    await guard.flush();
    const [failure] = sink.events.filter(({ type }) => type === 'failure');
    assert.match(JSON.stringify(failure), /"error":"Error at failures\.test\.ts:\d+"/);
  }
});

test('R-183[guard] I-11[guard] whatever is thrown is answered and recorded, also where asking what it is throws', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const strange = [Symbol('name'), { toString: 1, valueOf: 1 }, undefined].map((name) =>
    Object.assign(new Error('x'), { name, stack: name }),
  );
  for (const thrown of [...strange, proxy, Object.create(null), undefined]) {
    const { send, token, outcomes } = await failing(thrown);
    assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 500);
    const recorded = await outcomes();
    assert.deepEqual(
      recorded.map(({ outcome }) => outcome),
      ['failure'],
    );
  }
});

test('R-183[guard] an answer that JSON has no words for is a failure, and recorded as one', async () => {
  for (const answer of [() => 'x', Symbol('x'), { toJSON: () => undefined }, 1n]) {
    const { send, outcomes } = await startNotes(() => ({
      routes: { 'GET /health': publicRoute('the load balancer asks', () => answer) },
    }));
    assert.equal((await send('GET', '/health')).status, 500);
    const recorded = await outcomes();
    assert.deepEqual(
      recorded.map(({ status, outcome }) => [status, outcome]),
      [[500, 'failure']],
    );
  }
});
