/** One conformance table for every adapter: the same requests, the same answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { type NotesApi, startNotes } from '../testing/notes.ts';
import { fetchHandler } from './fetch.ts';
import { nodeListener } from './node.ts';

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

interface Adapter {
  readonly send: (sent: Sent) => Promise<Received>;
  readonly close: () => Promise<void>;
}

async function listen(guard: Pick<NotesApi['guard'], 'handle'>): Promise<Server> {
  const server = createServer(nodeListener(guard)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function overNode(guard: NotesApi['guard']): Promise<Adapter> {
  const server = await listen(guard);
  return {
    send: async ({ method, target, headers = {}, body }) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port: portOf(server), method, path: target, headers });
      outgoing.end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function overFetch(guard: NotesApi['guard']): Promise<Adapter> {
  const handle = fetchHandler(guard);
  return {
    send: async ({ method, target, headers = {}, body }) => {
      const init = { method, headers, ...(body === undefined ? {} : { body: body as BodyInit }) };
      const response = await handle(new Request(`https://api.example${target}`, init), { address: '192.0.2.1' });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    },
    close: async () => undefined,
  };
}

const adapters = { 'guard-node': overNode, 'guard-fetch': overFetch } as const;
const json = { 'content-type': 'application/json' };
const large = `{"title":"${'x'.repeat(100_000)}"}`;

/** What is sent with a good token, and the status that every adapter answers with. */
const table: readonly (readonly [string, Sent, number])[] = [
  ['an own object', { method: 'GET', target: '/notes/1' }, 200],
  ['its head', { method: 'HEAD', target: '/notes/1' }, 200],
  ['a foreign object', { method: 'GET', target: '/notes/42' }, 404],
  ['a list with a query', { method: 'GET', target: '/notes?state=open' }, 200],
  ['a change', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"title":"ä"}' }, 200],
  ['a function of others', { method: 'DELETE', target: '/notes/1' }, 403],
  ['an undeclared parameter', { method: 'GET', target: '/notes/1?x=1' }, 400],
  ['an undeclared method', { method: 'POST', target: '/notes/1' }, 405],
  ['an encoded slash', { method: 'GET', target: '/notes%2F1' }, 400],
  ['a double encoding', { method: 'GET', target: '/notes/%2531' }, 400],
  ['an empty segment', { method: 'GET', target: '//notes/1' }, 404],
  ['an empty id', { method: 'GET', target: '/notes/' }, 404],
  ['an override header', { method: 'GET', target: '/notes/1', headers: { 'x-http-method-override': 'DELETE' } }, 400],
  [
    'another media type',
    { method: 'PATCH', target: '/notes/1', headers: { 'content-type': 'text/plain' }, body: '{}' },
    415,
  ],
  ['no media type', { method: 'PATCH', target: '/notes/1', body: new TextEncoder().encode('{"title":"x"}') }, 415],
  ['a large body', { method: 'PATCH', target: '/notes/1', headers: json, body: large }, 413],
  [
    'a body that is not UTF-8',
    { method: 'PATCH', target: '/notes/1', headers: json, body: Uint8Array.of(0x22, 0xff, 0x22) },
    400,
  ],
  ['a repeated member', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"title":"a","title":"b"}' }, 400],
];

for (const [name, start] of Object.entries(adapters)) {
  test(`R-179[${name}] R-183[guard] R-184[guard] the conformance table holds over ${name}`, async () => {
    const api = await startNotes();
    const adapter = await start(api.guard);
    try {
      const authorization = `Bearer ${await api.token()}`;
      for (const [what, sent, status] of table) {
        const answer = await adapter.send({ ...sent, headers: { ...sent.headers, authorization } });
        assert.equal(answer.status, status, what);
        assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
        assert.match(String(answer.headers['content-type']), /json; charset=utf-8$/, what);
        assert.equal(answer.body === '', sent.method === 'HEAD', what);
        assert.ok(Number(answer.headers['content-length'] ?? 1) > 0, what);
      }
      const nobody = await adapter.send({ method: 'GET', target: '/notes/1' });
      assert.deepEqual([nobody.status, nobody.headers['www-authenticate']?.toString().slice(0, 6)], [401, 'Bearer']);
      const purge = { method: 'DELETE', target: '/notes/42' };
      const keeper = `Bearer ${await api.token({ sub: 'theo', scope: 'notes:admin' })}`;
      const gone = await adapter.send({ ...purge, headers: { authorization: keeper } });
      assert.deepEqual([gone.status, gone.body, gone.headers['content-type']], [204, '', undefined]);
      assert.equal((await api.outcomes()).length, table.length + 2, 'one event for each request');
    } finally {
      await adapter.close();
    }
  });
}

/** Sends raw bytes over a socket, and answers with all that comes back. */
async function raw(guard: NotesApi['guard'], bytes: string): Promise<string> {
  const server = await listen(guard);
  try {
    const socket = connect(portOf(server), '127.0.0.1');
    socket.write(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('R-179[guard-node] the limit counts bytes as they arrive, whatever the sender claims', async () => {
  const { guard, token } = await startNotes();
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
  const head = `PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await token()}\r\nContent-Type: application/json\r\n`;
  const answer = await raw(guard, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /connection: close/i);
});

test('R-179[guard-node] the body of a caller who is refused anyway is not read', async () => {
  const { guard } = await startNotes();
  const answer = await raw(guard, 'PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{');
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.match(answer, /connection: close/i);
});

test('R-157[guard] two Authorization headers are refused over a real connection', async () => {
  const { guard, token } = await startNotes();
  const line = `Authorization: Bearer ${await token()}\r\n`;
  const answer = await raw(guard, `GET /notes/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}${line}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 400 /);
});

test('R-164[guard] dot segments and targets in absolute form are refused over a real connection', async () => {
  const { guard, token } = await startNotes();
  const rest = `Host: a\r\nConnection: close\r\nAuthorization: Bearer ${await token()}\r\n\r\n`;
  for (const target of ['/x/../notes/1', '/notes/./1', 'http://a/notes/1']) {
    assert.match(await raw(guard, `GET ${target} HTTP/1.1\r\n${rest}`), /^HTTP\/1\.1 400 /, target);
  }
});

test('R-183[guard] a sender who hangs up in the middle of a body disturbs nobody and is recorded once', async () => {
  const api = await startNotes();
  const answered = Promise.withResolvers<void>();
  const handle: typeof api.guard.handle = async (...message) => {
    const answer = await api.guard.handle(...message);
    answered.resolve();
    return answer;
  };
  const server = await listen({ handle });
  try {
    const socket = connect(portOf(server), '127.0.0.1');
    const head = `PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await api.token()}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ti`);
    await once(server, 'request');
    socket.destroy();
    await answered.promise;
    const response = await fetch(`http://127.0.0.1:${portOf(server)}/health`);
    assert.equal(response.status, 200);
    assert.deepEqual(
      (await api.outcomes()).map(({ reason }) => reason),
      ['malformed_request', undefined],
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
