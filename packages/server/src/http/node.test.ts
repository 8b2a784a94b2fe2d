import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { turn } from '../../../testkit/src/clock.ts';
import type { CarriedRequest, Handle } from './handle.ts';
import { type Listening, largestBody, listen, nodeListener } from './node.ts';

const ok = {
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'set-cookie': ['a=1', 'b=2'] },
  body: 'ok',
};

interface Stage {
  readonly listening: Listening;
  readonly requests: CarriedRequest[];
  /** Sends bytes and reads until the server hangs up. */
  readonly talk: (...parts: readonly (string | Buffer)[]) => Promise<string>;
}

async function setUp(t: TestContext, handle?: Handle): Promise<Stage> {
  const requests: CarriedRequest[] = [];
  const record: Handle = async (request) => {
    requests.push(request);
    return request.unread === undefined ? ok : { ...ok, status: 413 };
  };
  const listening = await listen({ handle: handle ?? record }, { port: 0 });
  t.after(() => listening.close());
  return { listening, requests, talk: (...parts) => talk(listening.port, parts) };
}

function talk(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    // A connection that the server cuts may end with a reset; what came before counts.
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

const head = (line: string, ...headers: readonly string[]): string =>
  [line, 'Host: id.example', 'Connection: close', ...headers, '', ''].join('\r\n');

test('R-184[node] a request arrives as it was sent, and an answer leaves with each of its headers', async (t) => {
  const { talk, requests } = await setUp(t);
  const text = await talk(
    head('POST /a%2Fb//c?x=%20&y HTTP/1.1', 'Content-Length: 3', 'X-Two: 1', 'X-Two: 2', 'Cookie: a=1', 'Cookie: b=2'),
    'é=',
  );
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /set-cookie: a=1\r\nset-cookie: b=2\r\n/i);
  const [request] = requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.query, request?.body, request?.peer.address],
    ['POST', '/a%2Fb//c', 'x=%20&y', 'é=', '127.0.0.1'],
  );
  assert.deepEqual(request?.headers['x-two'], ['1', '2']);
});

test('R-179[node] a body of 64 KiB is read, one byte more is refused, announced or not', async (t) => {
  const { talk, requests } = await setUp(t);
  assert.equal(largestBody, 65_536);
  const body = 'a'.repeat(largestBody);
  assert.match(await talk(head('POST / HTTP/1.1', `Content-Length: ${body.length}`), body), /^HTTP\/1\.1 200 /);
  assert.equal(requests.at(-1)?.body.length, largestBody);
  const more = `${body}a`;
  assert.match(await talk(head('POST / HTTP/1.1', `Content-Length: ${more.length}`), more), /^HTTP\/1\.1 413 /);
  const chunked = `${more.length.toString(16)}\r\n${more}\r\n0\r\n\r\n`;
  assert.match(await talk(head('POST / HTTP/1.1', 'Transfer-Encoding: chunked'), chunked), /^HTTP\/1\.1 413 /);
  assert.deepEqual([requests.at(-1)?.unread, requests.at(-1)?.body], ['body_too_large', '']);
});

test('R-179[node] a body without end is cut off, with what was read bounded', async (t) => {
  const { listening, requests } = await setUp(t);
  const socket = connect(listening.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(head('POST / HTTP/1.1', 'Transfer-Encoding: chunked'));
  const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const feed = (): void => {
    if (socket.writable) socket.write(chunk, () => void turn().then(feed));
  };
  feed();
  await closed;
  assert.equal(requests.at(-1)?.unread, 'body_too_large');
});

test('R-179[node] bytes that are not UTF-8 are refused, never replaced', async (t) => {
  const { talk, requests } = await setUp(t);
  await talk(head('POST / HTTP/1.1', 'Content-Length: 3'), Buffer.from([0x61, 0xff, 0xfe]));
  assert.deepEqual([requests.at(-1)?.unread, requests.at(-1)?.body], ['malformed_request', '']);
});

test('R-180[node] messages that two readers would cut differently, and headers beyond bounds, reach no endpoint', async (t) => {
  const { talk, requests } = await setUp(t);
  const bad = [
    head('POST / HTTP/1.1', 'Content-Length: 3', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    head('POST / HTTP/1.1', 'Content-Length: 3', 'Content-Length: 4') + 'abc',
    head('POST / HTTP/1.1', 'Transfer-Encoding: chunked, identity') + '0\r\n\r\n',
    head('POST / HTTP/1.1', 'Content-Length: +3') + 'abc',
    head('GET / HTTP/1.1', `X: ${'a'.repeat(17_000)}`),
    head('GET / HTTP/1.1', 'X Y: 1'),
    'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
  ];
  for (const message of bad) assert.match(await talk(message), /^HTTP\/1\.1 4/, message.slice(0, 60));
  assert.deepEqual(requests, []);
});

test('I-11[node] a client that goes away in the middle ends nothing but itself', async (t) => {
  const { listening, talk } = await setUp(t);
  for (const part of ['POST / HT', head('POST / HTTP/1.1', 'Content-Length: 10') + 'abc']) {
    await new Promise<void>((resolve) => {
      const socket = connect(listening.port, '127.0.0.1', () => socket.write(part, () => socket.resetAndDestroy()));
      socket.on('close', () => resolve());
    });
  }
  assert.match(await talk(head('GET / HTTP/1.1')), /^HTTP\/1\.1 200 /);
});

test('R-183[node] I-11 an answer that cannot be written ends its connection, not the process', async (t) => {
  const handle: Handle = async ({ path }) =>
    path === '/bad'
      ? { ...ok, headers: { location: 'a\r\nb' } }
      : path === '/throw'
        ? Promise.reject(new Error('x'))
        : ok;
  const { talk } = await setUp(t, handle);
  assert.equal(await talk(head('GET /bad HTTP/1.1')), '');
  assert.equal(await talk(head('GET /throw HTTP/1.1')), '');
  assert.match(await talk(head('GET / HTTP/1.1')), /^HTTP\/1\.1 200 /);
});

test('R-195[node] a server that listens has a time limit for headers, whole requests, idle connections and unread answers', async (t) => {
  const { listening } = await setUp(t);
  const { timeouts } = listening;
  assert.ok(timeouts.headers > 0 && timeouts.headers <= 15_000);
  assert.ok(timeouts.request > 0 && timeouts.request <= 30_000);
  assert.ok(timeouts.keepAlive > 0 && timeouts.keepAlive <= 30_000);
  assert.ok(timeouts.stalled > 0 && timeouts.stalled <= 120_000);
});

test('R-195[node] closing ends idle and stuck connections within two seconds, and finishes what is being answered', async (t) => {
  const answered = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const handle: Handle = async () => {
    arrived.resolve();
    await answered.promise;
    return ok;
  };
  const { listening } = await setUp(t, handle);
  const open = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(listening.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', () => {});
    });
  const [idle, stuck, slow] = [await open(), await open(), await open()];
  stuck.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na');
  slow.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  const text = new Promise<string>((resolve) => slow.once('data', (chunk: Buffer) => resolve(chunk.toString())));
  await arrived.promise;
  const started = systemRuntime.monotonic();
  const closed = listening.close();
  answered.resolve();
  assert.match(await text, /^HTTP\/1\.1 200 /);
  await closed;
  assert.ok(systemRuntime.monotonic() - started < 2_000);
  for (const socket of [idle, stuck, slow]) socket.destroy();
});

test('R-184[node] the listener works on a server of one’s own', async (t) => {
  const server = createServer(nodeListener({ handle: async () => ok }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const answer = await talk((server.address() as AddressInfo).port, [head('GET / HTTP/1.1')]);
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

/** A stream whose pieces the test gives; it says how many were taken and whether its reader has gone. */
function givenStream() {
  const waiting: PromiseWithResolvers<IteratorResult<string, undefined>>[] = [];
  const state = { taken: 0, hasGone: false };
  const take = (): PromiseWithResolvers<IteratorResult<string, undefined>> => {
    const next = Promise.withResolvers<IteratorResult<string, undefined>>();
    waiting.push(next);
    return next;
  };
  const end = async (): Promise<IteratorResult<string, undefined>> => {
    state.hasGone = true;
    for (const one of waiting) one.resolve({ done: true, value: undefined });
    return { done: true, value: undefined };
  };
  const iterator = {
    next: () => {
      state.taken += 1;
      return take().promise;
    },
    return: end,
  };
  return {
    state,
    give: (value: string) => waiting.shift()?.resolve({ done: false, value }),
    fail: () => waiting.shift()?.reject(new Error('cut')),
    end,
    answer: {
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: '',
      stream: { [Symbol.asyncIterator]: () => iterator },
    },
  };
}

test('R-064[node] each piece of a stream goes out as it comes, and the end of the stream ends the answer', async (t) => {
  const { state, give, end, answer } = givenStream();
  const { listening } = await setUp(t, async () => answer);
  const response = await fetch(`http://127.0.0.1:${listening.port}/`);
  const reader = response.body?.getReader();
  for (const piece of ['one', 'two']) {
    give(piece);
    assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), piece);
  }
  await end();
  assert.equal((await reader?.read())?.done, true);
  assert.equal(state.taken, 3);
});

test('R-064[node] R-195 nothing more is taken from a stream than its reader takes, and one that has gone ends it', async (t) => {
  const { state, give, answer } = givenStream();
  const { listening } = await setUp(t, async () => answer);
  const socket = connect(listening.port, '127.0.0.1', () => socket.write(head('GET / HTTP/1.1')));
  socket.pause();
  const piece = 'x'.repeat(1_000_000);
  for (let count = 0, before = -1; state.taken !== before && count < 100; count += 1) {
    before = state.taken;
    give(piece);
    for (let turns = 0; turns < 200 && state.taken === before; turns += 1) await turn();
  }
  assert.ok(state.taken < 50, `${state.taken} pieces of a megabyte were taken for somebody who reads none`);
  socket.destroy();
  while (!state.hasGone) await turn();
});

test('R-064[node] R-195 a stream ends at once whose reader has gone before it began', async (t) => {
  const { state, answer } = givenStream();
  const asked = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.on('close', () => gone.resolve());
    nodeListener({
      handle: async () => {
        asked.resolve();
        await opened.promise;
        return answer;
      },
    })(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1', () => socket.write(head('GET / HTTP/1.1')));
  await asked.promise;
  socket.destroy();
  await gone.promise;
  opened.resolve();
  for (let turns = 0; turns < 200 && !state.hasGone; turns += 1) await turn();
  assert.ok(state.hasGone);
});

test('R-064[node] a stream that fails cuts the connection, so that nobody takes it for the end', async (t) => {
  const { give, fail, answer } = givenStream();
  const { listening } = await setUp(t, async () => answer);
  const response = await fetch(`http://127.0.0.1:${listening.port}/`);
  const reader = response.body?.getReader();
  give('one');
  await reader?.read();
  fail();
  await assert.rejects(async () => reader?.read());
});

test('R-064[node] R-183 a stream that fails when it is told to end ends nothing else', async (t) => {
  const ends = [
    (): never => {
      throw new Error('at once');
    },
    async (): Promise<never> => Promise.reject(new Error('later')),
  ];
  const told = ends.map(() => Promise.withResolvers<void>());
  const answers = ends.map((end, index) => {
    const { answer } = givenStream();
    const pieces = { ...answer.stream[Symbol.asyncIterator](), return: () => (told[index]?.resolve(), end()) };
    return { ...answer, stream: { [Symbol.asyncIterator]: () => pieces } };
  });
  const { listening } = await setUp(t, async () => answers.shift() ?? ok);
  for (const { promise } of told) {
    const socket = connect(listening.port, '127.0.0.1', () => socket.write(head('GET / HTTP/1.1')));
    await once(socket, 'data');
    socket.destroy();
    await promise;
  }
  assert.equal((await fetch(`http://127.0.0.1:${listening.port}/`)).status, 200);
});

test('R-064[node] R-195 a stream that waits for its turn ends with its connection', async (t) => {
  const { state, answer } = givenStream();
  const server = createServer((request, response) => {
    // As Node does before version 26 where an answer waits for another one.
    const emit = response.emit.bind(response);
    response.emit = (event: string, ...more: unknown[]) => event !== 'close' && emit(event, ...more);
    nodeListener({ handle: async () => answer })(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1', () => socket.write(head('GET / HTTP/1.1')));
  await once(socket, 'data');
  socket.destroy();
  for (let turns = 0; turns < 200 && !state.hasGone; turns += 1) await turn();
  assert.ok(state.hasGone);
});
