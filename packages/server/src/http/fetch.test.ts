import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchHandler } from './fetch.ts';
import type { CarriedRequest } from './handle.ts';
import { largestBody } from './node.ts';

function setUp(status = 200): {
  requests: CarriedRequest[];
  send: (path: string, init?: RequestInit) => Promise<Response>;
} {
  const requests: CarriedRequest[] = [];
  const handler = fetchHandler({
    handle: async (request) => {
      requests.push(request);
      return {
        status,
        headers: { 'set-cookie': ['a=1', 'b=2'], 'content-type': 'text/plain' },
        body: status === 304 ? '' : 'ok',
      };
    },
  });
  return {
    requests,
    send: (path, init) => handler(new Request(`https://id.example${path}`, init), { address: '192.0.2.1' }),
  };
}

test('R-184[fetch] a request arrives as it was sent, from the address the caller names, and the answer with all headers', async () => {
  const { requests, send } = setUp();
  const headers = { 'x-forwarded-for': '203.0.113.9', 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await send('/token?a=%20', { method: 'POST', headers, body: 'é=1' });
  assert.equal(await answer.text(), 'ok');
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  const [request] = requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.query, request?.body, request?.peer.address],
    ['POST', '/token', 'a=%20', 'é=1', '192.0.2.1'],
  );
  assert.deepEqual(request?.headers['content-type'], ['application/x-www-form-urlencoded']);
});

test('R-179[fetch] a body beyond 64 KiB, or not in UTF-8, is not handed on', async () => {
  const { requests, send } = setUp();
  await send('/', { method: 'POST', body: 'a'.repeat(largestBody) });
  await send('/', { method: 'POST', body: 'a'.repeat(largestBody + 1) });
  await send('/', { method: 'POST', body: new Uint8Array([0xff]) });
  assert.deepEqual(
    requests.map(({ body, unread }) => [body.length, unread]),
    [
      [largestBody, undefined],
      [0, 'body_too_large'],
      [0, 'malformed_request'],
    ],
  );
});

test('R-184[fetch] an answer without body is one', async () => {
  const answer = await setUp(304).send('/');
  assert.deepEqual([answer.status, answer.body], [304, null]);
});

test('R-064[fetch] a stream is carried piece by piece, and ends when its reader goes', async () => {
  const pieces = ['one', 'two', 'three'];
  let hasGone = false;
  const iterator = {
    next: async () => ({ done: false as const, value: pieces.shift() ?? '' }),
    return: async () => {
      hasGone = true;
      return { done: true as const, value: undefined };
    },
  };
  const answer = { status: 200, headers: {}, body: '', stream: { [Symbol.asyncIterator]: () => iterator } };
  const carry = fetchHandler({ handle: async () => answer });
  const response = await carry(new Request('https://id.example/'), { address: '192.0.2.1' });
  const reader = response.body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'one');
  await reader?.cancel();
  assert.equal(hasGone, true);
});
