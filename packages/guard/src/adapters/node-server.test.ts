import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { startNotes } from '../testing/notes.ts';
import { nodeListener } from './node.ts';
import { nodeServer } from './node-server.ts';

test('R-195[guard-node] R-180[guard-node] a server has a time for headers, requests, idle connections and unread answers, and bounds for headers', async () => {
  const { guard } = await startNotes();
  const server = nodeServer(guard);
  assert.deepEqual(
    [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout, server.timeout],
    [10_000, 15_000, 5000, 60_000],
  );
  assert.deepEqual([server.maxHeadersCount, server.maxConnections], [100, 10_000]);
});

test('R-195[guard-node] who sends its headers drop by drop is cut off, and others are answered', async (t) => {
  const { guard } = await startNotes();
  const server = nodeServer(guard);
  // Sooner than in earnest; the look at slow connections comes every two seconds.
  server.headersTimeout = 100;
  server.requestTimeout = 100;
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const slow = connect(port, '127.0.0.1');
  slow.write('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  const chunks: Buffer[] = [];
  for await (const chunk of slow) chunks.push(chunk as Buffer);
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 408 /);
  const quick = connect(port, '127.0.0.1');
  quick.write('GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const [answer] = (await once(quick, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
});

test('R-195[guard-node] a body that does not come to its end within ten seconds is answered with 408, whatever carries it', async () => {
  const { guard, clock, token, outcomes } = await startNotes();
  const never = new Promise<string>(() => undefined);
  const { promise: reading, resolve: begin } = Promise.withResolvers<void>();
  const answer = guard.handle(
    {
      method: 'PATCH',
      path: '/notes/1',
      query: '',
      headers: { authorization: [`Bearer ${await token()}`], 'content-type': ['application/json'] },
      body: '',
      peer: { address: '192.0.2.1' },
    },
    () => {
      begin();
      return never;
    },
  );
  await reading;
  clock.advance(9.9);
  assert.deepEqual(await outcomes(), []);
  clock.advance(0.1);
  const { status, body } = await answer;
  assert.equal(status, 408);
  assert.match(String(body), /took too long/);
  assert.equal((await outcomes())[0]?.reason, 'request_timeout');
});

test('R-183[guard-node] over HTTP/2, which it does not carry, every request is answered with 500, and told of', async (t) => {
  const { guard, outcomes } = await startNotes();
  const server = createHttp2Server(nodeListener(guard) as never).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => client.close());
  for (const body of ['', '{"title":"Changed"}']) {
    const stream = client.request({ ':method': 'POST', ':path': '/health' });
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 500);
    stream.resume();
    await once(stream, 'close');
  }
  assert.deepEqual(
    (await outcomes()).map(({ status }) => status),
    [500, 500],
  );
});
