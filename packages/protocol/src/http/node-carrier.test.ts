import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { HttpRequest } from './message.ts';
import { nodeCarrier } from './node-carrier.ts';

let server: Server;
let seen: HttpRequest[] = [];

before(async () => {
  const handle = async (request: HttpRequest) => {
    seen.push(request);
    if (request.path === '/throws') throw new Error('a secret detail');
    if (request.path === '/splits') return { status: 200, headers: { location: '/\r\nset-cookie: a=b' }, body: '' };
    return { status: 200, headers: { 'set-cookie': ['a=1', 'b=2'], 'content-type': 'text/plain' }, body: 'héllo' };
  };
  server = createServer(nodeCarrier({ handle }, { maximumBytes: 16 })).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => void server.close());

/** Sends raw bytes, so that nothing repairs them on the way. */
async function raw(bytes: string | Buffer): Promise<string> {
  seen = [];
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const head = 'Host: a\r\nConnection: close\r\n';

test('a request arrives as it was sent: path and query untouched, repeated headers kept apart', async () => {
  const answer = await raw(`GET /a%2fb/../c?x=%31&y HTTP/1.1\r\n${head}Origin: one\r\nOrigin: two\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\n/i);
  assert.match(answer, /content-length: 6\r\n/i);
  assert.equal(seen[0]?.path, '/a%2fb/../c');
  assert.equal(seen[0]?.query, 'x=%31&y');
  assert.deepEqual(seen[0]?.headers['origin'], ['one', 'two']);
  assert.equal(seen[0]?.peer.address, '127.0.0.1');
});

test('the answer to HEAD has the length and no body', async () => {
  const answer = await raw(`HEAD / HTTP/1.1\r\n${head}\r\n`);
  assert.match(answer, /content-length: 6\r\n/i);
  assert.ok(answer.endsWith('\r\n\r\n'));
});

for (const [what, bytes, status] of [
  ['a declared body over the bound', `POST / HTTP/1.1\r\n${head}Content-Length: 17\r\n\r\n${'x'.repeat(17)}`, 413],
  [
    'a chunked body over the bound',
    `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n11\r\n${'x'.repeat(17)}\r\n0\r\n\r\n`,
    413,
  ],
  [
    'a body that is not UTF-8',
    Buffer.from(`POST / HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n\xff\xfe`, 'latin1'),
    400,
  ],
  ['a target in absolute form', `GET http://other.example/ HTTP/1.1\r\n${head}\r\n`, 400],
] as const) {
  test(`R-184 ${what} is refused before the handler sees it, and the answer cannot be sniffed`, async () => {
    const answer = await raw(bytes);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /x-content-type-options: nosniff/i);
    assert.match(answer, /content-type: text\/plain; charset=utf-8/i);
    assert.doesNotMatch(answer, /other\.example/);
    assert.deepEqual(seen, []);
  });
}

test('what a handler throws is answered with 500 and not told', async () => {
  const answer = await raw(`GET /throws HTTP/1.1\r\n${head}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(answer, /secret/);
});

test('an answer with a line break in a header is not sent at all, and the next request is served', async () => {
  assert.equal(await raw(`GET /splits HTTP/1.1\r\n${head}\r\n`).catch(() => ''), '');
  assert.match(await raw(`GET / HTTP/1.1\r\n${head}\r\n`), /^HTTP\/1\.1 200 /);
});

test('somebody who hangs up in the middle of a body disturbs nobody', async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`POST / HTTP/1.1\r\n${head}Content-Length: 10\r\n\r\nabc`);
  socket.destroy();
  assert.match(await raw(`GET / HTTP/1.1\r\n${head}\r\n`), /^HTTP\/1\.1 200 /);
});
