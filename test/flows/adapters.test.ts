import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { fetchHandler, type Listening, listen } from '@castellan/server';
import {
  assertDiscreet,
  createWorld,
  type HeaderPairs,
  headerValue,
  headerValues,
  socketTransport,
  type Transport,
  type World,
} from '@castellan/testkit';

interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers?: HeaderPairs;
  readonly body?: string;
}

const form: HeaderPairs = [['content-type', 'application/x-www-form-urlencoded']];

/** What the transport itself adds, or what differs from request to request. */
const transportOnly = new Set([
  'connection',
  'keep-alive',
  'date',
  'content-length',
  'transfer-encoding',
  'set-cookie',
]);

suite('the same answers over node:http and fetch', () => {
  let world: World;
  let listening: Listening;
  const carriers: Record<'node' | 'fetch', Transport> = { node: socketTransport, fetch: socketTransport };
  before(async () => {
    world = await createWorld({ seed: 'adapters' });
    listening = await listen(world.server(), { port: 0 });
    const handle = fetchHandler(world.server());
    carriers.node = (request) =>
      socketTransport({
        ...request,
        url: new URL(request.url.pathname + request.url.search, `http://127.0.0.1:${listening.port}`),
      });
    carriers.fetch = async ({ method, url, headers, body }) => {
      const init = { method, headers: headers.map(([name, value]) => [name, value] as [string, string]) };
      const answer = await handle(new Request(url, body === '' ? init : { ...init, body }), {
        address: '198.51.100.5',
      });
      return { status: answer.status, headers: [...answer.headers], body: await answer.text() };
    };
  });
  after(async () => {
    await listening.close();
    await world.close();
  });

  const messages = (): readonly Message[] => [
    { method: 'GET', path: '/.well-known/openid-configuration' },
    { method: 'HEAD', path: '/jwks' },
    { method: 'GET', path: `/authorize${world.client('web').begin().url.search}` },
    { method: 'GET', path: `/authorize${world.client('web').begin({ prompt: 'none' }).url.search}` },
    { method: 'GET', path: '/authorize?client_id=%ff' },
    { method: 'GET', path: '/authorize?client_id=web&client_id=web' },
    { method: 'GET', path: '/login?client=%ff&client=web&client=web' },
    { method: 'POST', path: '/token', headers: form, body: 'grant_type=password&username=ü' },
    { method: 'POST', path: '/token', headers: [['content-type', 'application/json']], body: '{}' },
    { method: 'OPTIONS', path: '/token', headers: [['origin', 'https://spa.example']] },
    { method: 'GET', path: '/userinfo', headers: [['authorization', 'Bearer x']] },
    { method: 'DELETE', path: '/token' },
    { method: 'GET', path: '/nothing/here' },
  ];

  for (const name of ['node', 'fetch'] as const) {
    test(`R-184[${name}] R-183 each answer arrives as the endpoint gave it, typed and not sniffed`, async () => {
      for (const message of messages()) {
        const { method, path, headers = [], body = '' } = message;
        const plain = await world.send(method, path, { headers, body });
        const carried = await carriers[name]({ method, url: new URL(path, world.issuer), headers, body });
        assert.equal(carried.status, plain.status, `${method} ${path}`);
        for (const [header] of plain.headers) {
          if (transportOnly.has(header.toLowerCase())) continue;
          // Origins hand out a new location for each parked request.
          if (header.toLowerCase() === 'location' && path.includes('code_challenge')) continue;
          assert.equal(headerValue(carried, header), headerValue(plain, header), `${method} ${path} ${header}`);
        }
        assert.equal(headerValues(carried, 'set-cookie').length, headerValues(plain, 'set-cookie').length);
        assert.equal(headerValue(carried, 'x-content-type-options'), 'nosniff');
        if (carried.body !== '')
          assert.match(headerValue(carried, 'content-type') ?? '', /charset=utf-8|^application\/json$/);
        assertDiscreet(carried);
      }
    });
  }

  test('R-179[node,fetch] R-180[node] I-11[node] a body beyond 64 KiB gets 413, one that is not UTF-8 gets 400, and the next request an answer', async () => {
    for (const carrier of [carriers.node, carriers.fetch]) {
      const large = await carrier({
        method: 'POST',
        url: new URL('/token', world.issuer),
        headers: form,
        body: `grant_type=${'a'.repeat(70_000)}`,
      });
      assert.equal(large.status, 413);
      assert.equal(headerValue(large, 'cache-control'), 'no-store');
      const json = await carrier({
        method: 'POST',
        url: new URL('/token', world.issuer),
        headers: [['content-type', 'application/json']],
        body: '{}',
      });
      assert.ok([400, 415].includes(json.status), `${json.status}`);
    }
    assert.match(await raw(Buffer.from('grant_type=\xff\xfe', 'latin1')), /^HTTP\/1\.1 400 /);
    const next = await carriers.node({ method: 'GET', url: new URL('/jwks', world.issuer), headers: [], body: '' });
    assert.equal(next.status, 200);
  });

  test('R-180[node] I-11 requests that two readers would cut differently are refused', async () => {
    const smuggled = [
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /jwks HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\naaaa',
      'POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
      'GET /jwks HTTP/1.1\nHost: x\nX: y\n\n\r\n\r\n',
      'GET /jwks HTTP/1.1\r\n\r\n',
      'GET /jwks HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n',
      `GET /jwks HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    ];
    for (const text of smuggled) {
      const answer = await talk(Buffer.from(text));
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, text.slice(0, 60));
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer, and nothing for what was smuggled');
    }
  });

  const raw = (body: Buffer): Promise<string> => {
    const head = `POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
    return talk(Buffer.concat([Buffer.from(head), body]));
  };

  /** Sends bytes as they are and reads until the server hangs up, or has answered and we do. */
  const talk = (bytes: Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(listening.port, '127.0.0.1', () => socket.end(bytes));
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
});
