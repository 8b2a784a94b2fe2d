/** One conformance table for every adapter: the same requests over a real socket, the same answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { type Carried, carriers, carryOver, carryOvertaken, type Mounting, type Sent } from '../testing/carriers.ts';
import { type NotesApi, startNotes } from '../testing/notes.ts';
import { fastifyPlugin } from './fastify.ts';
import { fetchHandler } from './fetch.ts';
import { honoHandler } from './hono.ts';

const json = { 'content-type': 'application/json' };
const large = `{"title":"${'x'.repeat(100_000)}"}`;
const options = { method: 'OPTIONS', target: '/notes/1' };

/** What is sent with a good token, and the status that every adapter answers with. */
const table: readonly (readonly [string, Sent, number])[] = [
  ['an own object', { method: 'GET', target: '/notes/1' }, 200],
  ['its head', { method: 'HEAD', target: '/notes/1' }, 200],
  ['its options', options, 405],
  ['a trace of it', { method: 'TRACE', target: '/notes/1' }, 405],
  ['a method of others', { method: 'PROPFIND', target: '/notes/1' }, 405],
  ['a foreign object', { method: 'GET', target: '/notes/42' }, 404],
  ['a list with a query', { method: 'GET', target: '/notes?state=open' }, 200],
  ['a change', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"title":"ä"}' }, 200],
  ['a function of others', { method: 'DELETE', target: '/notes/1' }, 403],
  ['an undeclared parameter', { method: 'GET', target: '/notes/1?x=1' }, 400],
  ['a repeated parameter', { method: 'GET', target: '/notes?state=open&state=closed' }, 400],
  ['an undeclared method', { method: 'POST', target: '/notes/1' }, 405],
  ['an encoded slash', { method: 'GET', target: '/notes%2F1' }, 400],
  ['an encoded slash below', { method: 'GET', target: '/notes/1%2F2' }, 400],
  ['a double encoding', { method: 'GET', target: '/notes/%2531' }, 400],
  ['another case', { method: 'GET', target: '/NOTES/1' }, 404],
  ['an empty segment', { method: 'GET', target: '//notes/1' }, 404],
  ['an empty id', { method: 'GET', target: '/notes/' }, 404],
  ['an unknown path', { method: 'GET', target: '/nothing' }, 404],
  ['an override header', { method: 'GET', target: '/notes/1', headers: { 'x-http-method-override': 'DELETE' } }, 400],
  ['an override of the path', { method: 'GET', target: '/health', headers: { 'x-original-url': '/notes/1' } }, 400],
  [
    'another media type',
    { method: 'PATCH', target: '/notes/1', headers: { 'content-type': 'text/plain' }, body: '{}' },
    415,
  ],
  ['no media type', { method: 'PATCH', target: '/notes/1', body: new TextEncoder().encode('{"title":"x"}') }, 415],
  [
    'an encoded body',
    { method: 'PATCH', target: '/notes/1', headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
    415,
  ],
  ['a large body', { method: 'PATCH', target: '/notes/1', headers: json, body: large }, 413],
  [
    'a body that is not UTF-8',
    { method: 'PATCH', target: '/notes/1', headers: json, body: Uint8Array.of(0x22, 0xff, 0x22) },
    400,
  ],
  ['a repeated member', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"title":"a","title":"b"}' }, 400],
  ['an undeclared member', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"hidden":"x"}' }, 400],
  ['a member of others', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"rank":9}' }, 400],
  ['a prototype', { method: 'PATCH', target: '/notes/1', headers: json, body: '{"__proto__":{}}' }, 400],
];

/** An API with room for the whole table, on a socket that is closed after the test. */
async function start(t: TestContext, name: string, mounting: Mounting = {}): Promise<Omit<NotesApi, 'send'> & Carried> {
  const api = await startNotes(({ routes }) => ({
    routes: Object.fromEntries(
      Object.entries(routes).map(([key, route]) => [
        key,
        route.kind === 'public' ? route : { ...route, limit: { count: 100, period: 60 } },
      ]),
    ),
  }));
  const carried = await carryOver(name, api.guard, mounting);
  t.after(carried.close);
  return { ...api, ...carried };
}

for (const name of Object.keys(carriers)) {
  test(`R-179[${name}] R-183[${name},guard] R-184[guard] R-177[guard] R-178[guard] R-165[guard] the conformance table holds over ${name}`, async (t) => {
    const api = await start(t, name);
    const authorization = `Bearer ${await api.token()}`;
    for (const [what, sent, status] of table) {
      const answer = await api.send({ ...sent, headers: { ...sent.headers, authorization } });
      assert.equal(answer.status, status, what);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
      assert.equal(answer.body === '', sent.method === 'HEAD', what);
      assert.ok(Number(answer.headers['content-length'] ?? 1) > 0, what);
      const type = status === 200 ? 'application/json' : 'application/problem+json';
      assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`, what);
      if (status === 200) continue;
      const problem = JSON.parse(answer.body) as Record<string, unknown>;
      assert.deepEqual(
        [problem['type'], problem['status'], typeof problem['correlation']],
        ['about:blank', status, 'string'],
      );
    }
    assert.equal(
      (await api.send({ ...options, headers: { authorization } })).headers['allow'],
      'DELETE, GET, HEAD, PATCH',
    );
    const nobody = await api.send({ method: 'GET', target: '/notes/1' });
    assert.deepEqual([nobody.status, nobody.headers['www-authenticate']?.toString().slice(0, 6)], [401, 'Bearer']);
    const purge = { method: 'DELETE', target: '/notes/42' };
    const keeper = `Bearer ${await api.token({ sub: 'theo', scope: 'notes:admin' })}`;
    const bodied = { ...purge, headers: { authorization: keeper, 'content-length': '2' }, body: '{}' };
    assert.equal((await api.send(bodied)).status, 413, 'a body that the route does not take');
    const gone = await api.send({ ...purge, headers: { authorization: keeper } });
    assert.deepEqual([gone.status, gone.body, gone.headers['content-type']], [204, '', undefined]);
    assert.equal((await api.outcomes()).length, table.length + 4, 'one event for each request');
  });

  test(`R-157[guard] R-180[${name}] repeated credentials and framing are refused over ${name}`, async (t) => {
    const { raw, token, outcomes } = await start(t, name);
    const line = `Authorization: Bearer ${await token()}\r\n`;
    const rest = 'Host: a\r\nConnection: close\r\n';
    assert.match(await raw(`GET /notes/1 HTTP/1.1\r\n${rest}${line}${line}\r\n`), /^HTTP\/1\.1 400 /);
    assert.deepEqual(
      (await outcomes()).map(({ reason }) => reason),
      ['credentials_malformed'],
    );
    const both = 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n';
    assert.match(await raw(`PATCH /notes/1 HTTP/1.1\r\n${rest}${line}${both}\r\n0\r\n\r\n`), /^HTTP\/1\.1 400 /);
    assert.equal((await outcomes()).length, 1, 'what cannot be framed is no request');
  });

  test(`R-179[${name}] the limit counts bytes as they arrive over ${name}, whatever the sender claims`, async (t) => {
    const { raw, token } = await start(t, name);
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const head = `PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${await token()}\r\nContent-Type: application/json\r\n`;
    const answer = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /connection: close/i);
  });

  test(`R-179[${name}] the body of a caller who is refused anyway is not read over ${name}`, async (t) => {
    const { raw } = await start(t, name);
    const head = 'PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';
    assert.match(await raw(`${head}Content-Length: 60000\r\n\r\n{`), /^HTTP\/1\.1 401 /);
  });

  test(`R-183[${name}] over ${name} a sender who hangs up in the middle of a body is recorded once`, async (t) => {
    const api = await start(t, name);
    const socket = api.connect();
    const head = `PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await api.token()}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ti`);
    await once(api.server, 'request');
    // The guard must be at the body by then: it reads it after everything else.
    await api.send({ method: 'GET', target: '/health' });
    socket.destroy();
    const ofPatch = async () => (await api.outcomes()).filter(({ route }) => route === 'PATCH /notes/:id');
    while ((await ofPatch()).length === 0) await api.send({ method: 'GET', target: '/nothing' });
    const aborted = await ofPatch();
    assert.deepEqual(
      aborted.map(({ reason, detail }) => [reason, detail]),
      [['malformed_request', 'the body ended too early']],
    );
  });
}

for (const name of Object.keys(carriers)) {
  test(`R-193[guard] R-190[guard] over ${name} every answer says what is left, and 429 when to come back, as the draft writes it`, async (t) => {
    const guarded = await startNotes(({ limits }) => ({ limits: { ...limits, perAddress: { count: 2, period: 60 } } }));
    const carried = await carryOver(name, guarded.guard);
    t.after(carried.close);
    const ask = async () => {
      const { status, headers } = await carried.send({ method: 'GET', target: '/health' });
      return [status, headers['ratelimit-policy'], headers['ratelimit'], headers['retry-after']];
    };
    const policy = '"address";q=2;w=60';
    assert.deepEqual(await ask(), [200, policy, '"address";r=1', undefined]);
    assert.deepEqual(await ask(), [200, policy, '"address";r=0;t=30', undefined]);
    assert.deepEqual(await ask(), [429, policy, '"address";r=0;t=30', '30']);
  });
}

for (const name of ['guard-node', 'express', 'fastify', 'hono']) {
  test(`R-164[guard] over ${name} dot segments and targets in absolute form are refused`, async (t) => {
    const { raw, token } = await start(t, name);
    const rest = `Host: a\r\nConnection: close\r\nAuthorization: Bearer ${await token()}\r\n\r\n`;
    for (const target of ['/x/../notes/1', '/notes/./1', '/notes/%2e%2e/1', 'http://a/notes/1']) {
      assert.match(await raw(`GET ${target} HTTP/1.1\r\n${rest}`), /^HTTP\/1\.1 400 /, target);
    }
  });
}

test('R-164[guard] over guard-fetch the path is judged as its URL says, which is what a handler would be given', async (t) => {
  const { send, token, outcomes } = await start(t, 'guard-fetch');
  const headers = { authorization: `Bearer ${await token()}` };
  const answer = await send({ method: 'GET', target: '/health/../notes/42', headers });
  assert.equal(answer.status, 404);
  assert.deepEqual(
    (await outcomes()).map(({ route, reason }) => [route, reason]),
    [['GET /notes/:id', 'object_not_found']],
  );
});

test('R-165[hono] R-179[hono] where Hono has no message of Node, its Request is guarded alike', async () => {
  const { guard, token, outcomes } = await startNotes();
  const app = new Hono().all(
    '*',
    honoHandler(guard, () => '192.0.2.1'),
  );
  const bearer = `Bearer ${await token()}`;
  const read = await app.request('https://a/health/../notes/1', { headers: { authorization: bearer } });
  assert.equal(read.status, 200);
  assert.equal(read.headers.get('content-length'), String((await read.text()).length));
  const large = await app.request('https://a/notes/1', {
    method: 'PATCH',
    headers: { authorization: bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'x'.repeat(70_000) }),
  });
  assert.equal(large.status, 413);
  assert.equal((await app.request('https://a/notes/1')).status, 401);
  assert.deepEqual(
    (await outcomes()).map(({ route, status, address }) => [route, status, address]),
    [
      ['GET /notes/:id', 200, '192.0.2.1'],
      ['PATCH /notes/:id', 413, '192.0.2.1'],
      ['GET /notes/:id', 401, '192.0.2.1'],
    ],
  );
});

test('R-176[guard-fetch] a body that was read before the guard is refused, and the event says why', async () => {
  const { guard, token, outcomes, notes } = await startNotes();
  const headers = { ...json, authorization: `Bearer ${await token()}` };
  const request = new Request('https://a/notes/1', { method: 'PATCH', headers, body: '{"title":"x"}' });
  await request.text();
  const answer = await fetchHandler(guard)(request, { address: '192.0.2.1' });
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /parser/);
  assert.equal(notes.get(1)?.title, 'Mine');
  assert.match((await outcomes())[0]?.detail ?? '', /^the body was read before the guard/);
});

for (const name of ['express', 'fastify', 'hono']) {
  test(`R-165[${name}] R-191[${name}] under a prefix of ${name} the guard sees the whole path`, async (t) => {
    const { send, token, outcomes } = await start(t, name, { prefix: '/notes' });
    const headers = { authorization: `Bearer ${await token()}` };
    for (const target of ['/notes', '/notes/1', '/notes?state=open']) {
      assert.equal((await send({ method: 'GET', target, headers })).status, 200, target);
    }
    assert.equal((await send({ method: 'GET', target: '/health' })).status, 404, 'not under the prefix');
    assert.deepEqual(
      (await outcomes()).map(({ route }) => route),
      ['GET /notes', 'GET /notes/:id', 'GET /notes'],
    );
  });

  test(`R-176[${name}] a body that ${name} has read before the guard is refused, and the event says why`, async (t) => {
    const { send, token, outcomes, notes } = await start(t, name, { parsed: true });
    const headers = { ...json, authorization: `Bearer ${await token()}` };
    const answer = await send({ method: 'PATCH', target: '/notes/1', headers, body: '{"title":"x"}' });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /parser/);
    assert.equal(notes.get(1)?.title, 'Mine');
    const [event] = await outcomes();
    assert.equal(event?.detail, 'the body was read before the guard: put the guard before every body parser');
    assert.equal((await send({ method: 'GET', target: '/notes/1', headers })).status, 200);
  });
}

// Express itself cannot go on after it.
for (const name of ['guard-node', 'fastify']) {
  test(`R-183[${name}] I-11[guard] over ${name} an answer that something else has given before ends nothing`, async (t) => {
    const { guard } = await startNotes();
    const carried = await carryOver(name, guard);
    t.after(carried.close);
    carried.server.prependOnceListener('request', (_, response) => response.end('out of time'));
    const first = await carried.send({ method: 'GET', target: '/health' });
    assert.deepEqual([first.status, first.body], [200, 'out of time']);
    assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, '{"status":"ok"}');
  });
}

for (const name of ['guard-node', 'express', 'fastify']) {
  test(`R-183[${name}] I-11[guard] over ${name} an answer that something else has given meanwhile ends nothing`, async (t) => {
    const { guard } = await startNotes();
    const carried = await carryOvertaken(name, guard);
    t.after(carried.close);
    const first = await carried.send({ method: 'GET', target: '/health' });
    assert.deepEqual([first.status, first.body], [200, 'out of time']);
    assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, '{"status":"ok"}');
  });
}

test("R-177[guard] R-176[fastify] what Fastify's inject makes up is guarded as what comes over a socket", async () => {
  const { guard, token, notes } = await startNotes();
  const app = fastify();
  await app.register(fastifyPlugin(guard));
  const authorization = `Bearer ${await token()}`;
  const send = async (method: 'GET' | 'PATCH', headers: Record<string, string | string[]>, payload?: string) =>
    app.inject({ method, url: '/notes/1', headers, ...(payload === undefined ? {} : { payload }) });
  const own = await send('GET', { authorization });
  assert.deepEqual([own.statusCode, own.json().title], [200, 'Mine']);
  assert.equal((await send('PATCH', { authorization, ...json }, '{"title":"Changed"}')).statusCode, 200);
  assert.equal(notes.get(1)?.title, 'Changed');
  assert.equal((await send('GET', {})).statusCode, 401);
  assert.equal((await send('GET', { authorization: [authorization, authorization] })).statusCode, 400);
  assert.equal((await send('GET', { authorization, 'X-HTTP-Method-Override': 'DELETE' })).statusCode, 400);
  assert.equal((await send('GET', { authorization, ...json }, '{}')).statusCode, 413);
});
