import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLimitStore } from '@castellan/limits';
import { wireRefusals } from '@castellan/protocol';
import { publicRoute } from './route.ts';
import { api, issuer, type Message, notesRoutes, startNotes } from './testing/notes.ts';

const metadata = `${api}/.well-known/oauth-protected-resource`;

test('S-79[guard] S-55[guard] a person reads an own object, cut to its readable fields', async () => {
  const { send, token } = await startNotes();
  const answer = await send('GET', '/notes/1', { token: await token() });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { id: 1, ownerId: 'nora', title: 'Mine', rank: 1, state: 'open' });
});

test('R-173[guard] R-163 S-56 S-92 a foreign object is refused exactly like one that does not exist', async () => {
  const { send, token, outcomes, clock } = await startNotes();
  const bearer = { token: await token() };
  for (const method of ['GET', 'PATCH']) {
    const message: Message = method === 'PATCH' ? { ...bearer, body: '{"title":"x"}' } : bearer;
    const foreign = await send(method, '/notes/42', message);
    // Time gives back what each request takes of the limits, of which the headers tell.
    clock.advance(3);
    const missing = await send(method, '/notes/4711', message);
    clock.advance(3);
    assert.equal(foreign.status, 404);
    const { correlation: _, ...told } = foreign.json;
    const { correlation: __, ...toldOfNothing } = missing.json;
    assert.deepEqual(told, toldOfNothing);
    assert.deepEqual(foreign.headers, missing.headers);
  }
  const denials = (await outcomes()).filter(({ outcome }) => outcome === 'deny');
  assert.deepEqual(
    denials.map(({ object, principal, reason, detail }) => [object, principal, reason, detail]),
    [
      ['note/42', 'nora', 'object_not_found', 'no rule permits it'],
      ['note/4711', 'nora', 'object_not_found', 'no such object'],
      ['note/42', 'nora', 'object_not_found', 'no rule permits it'],
      ['note/4711', 'nora', 'object_not_found', 'no such object'],
    ],
  );
});

test('R-158[guard] each row of the error table gets its challenge', async () => {
  const { send, token } = await startNotes();
  const described = (error: string, reason: keyof typeof wireRefusals) =>
    `Bearer error="${error}", error_description="${wireRefusals[reason].description}"`;
  const cases: readonly [string, Message, number, string | undefined][] = [
    ['no credentials', {}, 401, `Bearer resource_metadata="${metadata}"`],
    [
      'another scheme',
      { headers: { authorization: ['Basic bm9yYTpwYXNz'] } },
      401,
      `Bearer resource_metadata="${metadata}"`,
    ],
    [
      'two tokens',
      { headers: { authorization: ['Bearer a', 'Bearer b'] } },
      400,
      `${described('invalid_request', 'credentials_malformed')}, resource_metadata="${metadata}"`,
    ],
    [
      'a token that is none',
      { token: 'abc' },
      401,
      `${described('invalid_token', 'token_invalid')}, resource_metadata="${metadata}"`,
    ],
    [
      'a token without the scope',
      { token: await token({ scope: 'other' }) },
      403,
      `${described('insufficient_scope', 'insufficient_scope')}, scope="notes:read", resource_metadata="${metadata}"`,
    ],
    ['a caller who is unknown here', { token: await token({ sub: 'unknown' }) }, 403, undefined],
  ];
  for (const [what, message, status, challenge] of cases) {
    const answer = await send('GET', '/notes/1', message);
    assert.equal(answer.status, status, what);
    assert.equal(answer.headers['www-authenticate'], challenge, what);
  }
  const bare = await send('GET', '/notes/1');
  assert.equal(bare.json['error'], undefined, 'no error information without credentials');
});

test('R-158[guard] R-167[guard] the challenge names all scopes of the rule at once, also for an own object', async () => {
  const { send, token } = await startNotes();
  const answer = await send('PATCH', '/notes/1', {
    token: await token({ scope: 'notes:read' }),
    body: '{"title":"x"}',
  });
  assert.equal(answer.status, 403);
  assert.match(String(answer.headers['www-authenticate']), /scope="notes:read notes:write"/);
});

test('R-165[guard] S-57[guard] S-80[guard] a function of others is refused, whether its object exists or not', async () => {
  const { send, token, notes } = await startNotes();
  const bearer = { token: await token({ scope: 'notes:admin' }) };
  for (const id of [1, 42, 4711]) assert.equal((await send('DELETE', `/notes/${id}`, bearer)).status, 403);
  assert.equal(notes.size, 3);
  const keeper = { token: await token({ sub: 'theo', scope: 'notes:admin' }) };
  assert.equal((await send('DELETE', '/notes/42', keeper)).status, 204);
  assert.equal(notes.has(42), false);
});

test('R-165[guard] no header and no parameter changes the method or the path', async () => {
  const { send, token, notes } = await startNotes();
  const bearer = await token({ sub: 'theo', scope: 'notes:admin notes:read' });
  for (const name of [
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
  ]) {
    const answer = await send('GET', '/notes/42', { token: bearer, headers: { [name]: ['DELETE'] } });
    assert.equal(answer.status, 400, name);
  }
  assert.equal((await send('GET', '/notes/42?_method=DELETE', { token: bearer })).status, 400);
  assert.equal(notes.size, 3);
});

test('R-177[guard] a header that frames, routes or authorizes a message comes once, also when both say the same', async () => {
  const { send, token, outcomes } = await startNotes();
  const bearer = await token();
  for (const name of ['content-encoding', 'content-length', 'content-type', 'host', 'transfer-encoding']) {
    const answer = await send('GET', '/notes/1', { token: bearer, headers: { [name]: ['1', '1'] } });
    assert.equal(answer.status, 400, name);
    assert.equal((await outcomes()).at(-1)?.detail, `repeated header: ${name}`);
  }
  const twice = await send('GET', '/notes/1', { headers: { authorization: [`Bearer ${bearer}`, `Bearer ${bearer}`] } });
  assert.equal(twice.status, 400);
  assert.match(String(twice.headers['www-authenticate']), /invalid_request/);
  const other = await send('GET', '/notes/1', { token: bearer, headers: { accept: ['text/html', 'text/plain'] } });
  assert.equal(other.status, 200, 'others may be lists');
});

test('R-165[guard] a method that is not declared is refused with those that are', async () => {
  const { send, token } = await startNotes();
  for (const method of ['POST', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'MADE-UP']) {
    const answer = await send(method, '/notes/1', { token: await token() });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers['allow'], 'DELETE, GET, HEAD, PATCH', method);
  }
});

test('R-165[guard] HEAD is ruled as GET and has its headers, without its body', async () => {
  const { send, token } = await startNotes();
  assert.equal((await send('HEAD', '/notes/1')).status, 401);
  assert.equal((await send('HEAD', '/notes/42', { token: await token() })).status, 404);
  const get = await send('GET', '/notes/1', { token: await token() });
  const head = await send('HEAD', '/notes/1', { token: await token() });
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(get.body)));
});

test('R-166[guard] S-58[guard] S-81[guard] S-84[guard] a field that may not be set is refused by name, and nothing is changed', async () => {
  const { send, token, notes } = await startNotes();
  const before = notes.get(1);
  const cases: readonly [string, readonly string[]][] = [
    ['{"title":"x","rank":0}', ['body.rank']],
    ['{"title":"x","isAdmin":true}', ['body.isAdmin']],
    ['{"ownerId":"theo","hidden":"x"}', ['body.ownerId', 'body.hidden']],
    ['{"id":2}', ['body.id']],
  ];
  for (const [body, paths] of cases) {
    const answer = await send('PATCH', '/notes/1', { token: await token(), body });
    assert.equal(answer.status, 400);
    const problems = answer.json['problems'] as readonly { path: string }[];
    assert.deepEqual(
      problems.map(({ path }) => path),
      paths,
    );
  }
  assert.equal(notes.get(1), before);
  const answer = await send('PATCH', '/notes/1', { token: await token(), body: '{"title":"New"}' });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { id: 1, ownerId: 'nora', title: 'New', rank: 1, state: 'open' });
});

test('R-167[guard] the state of the object forbids, and whoever may see it is told so', async () => {
  const { send, token, outcomes } = await startNotes();
  const answer = await send('PATCH', '/notes/2', { token: await token(), body: '{"title":"x"}' });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers['www-authenticate'], undefined);
  assert.deepEqual((await outcomes())[0]?.rules, ['closed-notes-stay']);
});

test('R-163[guard] R-166[guard] S-59[guard] a list holds permitted rows only, and a handler that lists others is a failure', async () => {
  const { send, token } = await startNotes();
  const list = await send('GET', '/notes', { token: await token() });
  const items = list.json['items'] as readonly Record<string, unknown>[];
  assert.deepEqual(
    items.map(({ id }) => id),
    [1, 2],
  );
  for (const item of items) assert.equal('hidden' in item, false);
  const leak = await send('GET', '/leaks', { token: await token() });
  assert.equal(leak.status, 500);
  assert.doesNotMatch(String(leak.body), /Foreign|Mine/);
});

test('R-138[guard] who calls comes from the token alone', async () => {
  const { send, token } = await startNotes();
  const headers = { 'x-user-id': ['theo'], 'x-forwarded-user': ['theo'], cookie: ['user=theo'] };
  assert.equal((await send('GET', '/notes/42', { token: await token(), headers })).status, 404);
  assert.equal((await send('GET', '/notes/42?sub=theo', { token: await token() })).status, 400);
  const body = '{"title":"x","ownerId":"theo","sub":"theo","principal":{"id":"theo"}}';
  assert.equal((await send('PATCH', '/notes/42', { token: await token(), body })).status, 400);
});

test('R-168[guard] a client that calls for itself gets nothing of a person, though the policy loads it as one', async () => {
  const confused = await startNotes(() => ({ principal: () => ({ kind: 'person', id: 'nora', role: 'writer' }) }));
  const machine = await confused.token({ sub: 'web' });
  assert.equal((await confused.send('GET', '/notes/1', { token: machine })).status, 403);
  const honest = await startNotes();
  assert.equal((await honest.send('GET', '/notes/1', { token: await honest.token({ sub: 'web' }) })).status, 403);
});

test('R-170[guard] R-183[guard] what fails is denied and recorded, and the answer tells nothing but a number to quote', async () => {
  const broken = (): never => {
    throw new Error('a secret detail');
  };
  const starts = [
    startNotes(() => ({ principal: broken })),
    startNotes(() => ({ principal: async () => broken() })),
    startNotes(({ limits }) => ({ limits: { ...limits, store: { reach: 'node', take: broken } } })),
    startNotes(({ policy }) => ({ policy: { ...policy, decide: broken } })),
  ];
  for (const start of starts) {
    const { send, token, outcomes } = await start;
    const answer = await send('GET', '/notes/1', { token: await token() });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(JSON.stringify(answer), /secret|stack|\.ts/);
    const [event, ...more] = await outcomes();
    assert.equal(more.length, 0);
    assert.equal(event?.outcome, 'failure');
    assert.equal(event.correlation, answer.json['correlation']);
    assert.doesNotMatch(JSON.stringify(event), /secret/);
  }
  const { send, token } = await startNotes();
  assert.equal((await send('GET', '/fails', { token: await token() })).status, 500);
  assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 200, 'the process lives on');
});

test('R-183[guard] a public route that has nothing to say is answered', async () => {
  const nothing = publicRoute('the load balancer asks', () => undefined);
  const { send, outcomes } = await startNotes(({ routes }) => ({ routes: { ...routes, 'GET /nothing': nothing } }));
  const { status, body, headers } = await send('GET', '/nothing');
  assert.deepEqual([status, body, headers['content-length']], [200, 'null', '4']);
  assert.equal((await outcomes()).length, 1);
});

test('R-170[guard] an object that was loaded without a field that a rule asks about is denied', async () => {
  const { send, token, notes, outcomes } = await startNotes();
  const { ownerId: _, ...partial } = notes.get(1) as NonNullable<ReturnType<typeof notes.get>>;
  notes.set(1, partial as never);
  assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 404);
  assert.equal((await outcomes())[0]?.detail, 'resource.ownerId is missing');
});

test('R-170[guard] data that does not come in time denies', async () => {
  const asked = Promise.withResolvers<void>();
  const principal = (): Promise<never> => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  const { send, token, clock } = await startNotes(() => ({ principal }));
  const pending = send('GET', '/notes/1', { token: await token() });
  await asked.promise;
  clock.advance(11);
  assert.equal((await pending).status, 503);
});

test('S-65[guard] S-66 I-7 R-223 R-224 each request has exactly one outcome event, with principal, action, object and rules', async () => {
  const { send, token, outcomes } = await startNotes();
  await send('GET', '/notes/1', { token: await token() });
  await send('GET', '/notes', { token: await token() });
  await send('GET', '/health');
  await send('GET', '/nowhere');
  await send('GET', '/notes/1');
  const events = await outcomes();
  assert.deepEqual(
    events.map(({ route, status, outcome, principal, client, action, object, rules, reason }) =>
      JSON.stringify([route, status, outcome, principal, client, action, object, rules, reason]),
    ),
    [
      ['GET /notes/:id', 200, 'permit', 'nora', 'web', 'note.read', 'note/1', ['owner-reads'], undefined],
      ['GET /notes', 200, 'permit', 'nora', 'web', 'note.list', 'note', ['owner-reads'], undefined],
      ['GET /health', 200, 'permit', undefined, undefined, undefined, undefined, [], undefined],
      ['none', 404, 'deny', undefined, undefined, undefined, undefined, [], 'not_found'],
      ['GET /notes/:id', 401, 'deny', undefined, undefined, undefined, undefined, [], 'credentials_missing'],
    ].map((row) => JSON.stringify(row)),
  );
  assert.equal(new Set(events.map(({ correlation }) => correlation)).size, 5);
});

test('R-225[guard] no token and no part of one is in any event or answer', async () => {
  const { send, token, outcomes, sink } = await startNotes();
  const good = await token();
  const forged = `${good.slice(0, -8)}AAAAAAAA`;
  const answers = [
    await send('GET', '/notes/1', { token: good }),
    await send('GET', '/notes/1', { token: forged }),
    await send('GET', `/notes/1?access_token=${good}`),
    await send('GET', '/notes/1', { headers: { authorization: [`Bearer ${good} ${good}`] } }),
    await send('PATCH', '/notes/1', { token: good, body: `{"${good.slice(0, 60)}":1,"title":"x"}` }),
  ];
  await outcomes();
  const parts = good.split('.').map((part) => part.slice(0, 24));
  const written = JSON.stringify(sink.events) + JSON.stringify(answers.map(({ headers }) => headers));
  for (const part of parts) assert.equal(written.includes(part), false);
});

test('R-188[guard] R-190 R-191 R-193 S-60 S-86 a subject is limited on each route by its canonical name, an address over all', async () => {
  const { send, token, clock, outcomes, sink } = await startNotes(() => ({
    limits: { store: memoryLimitStore({ capacity: 100 }), perAddress: { count: 30, period: 60 } },
  }));
  const bearer = { token: await token() };
  const statuses: number[] = [];
  for (let count = 0; count < 21; count += 1) statuses.push((await send('GET', `/notes/${count % 2}1`, bearer)).status);
  assert.equal(statuses.filter((status) => status === 429).length, 1, 'different ids share the limit of the route');
  const limited = await send('GET', '/notes/1', bearer);
  assert.ok(Number(limited.headers['retry-after']) >= 1);
  assert.equal((await send('GET', '/notes', bearer)).status, 200, 'another route has its own');
  assert.equal(
    (await send('GET', '/notes/1', { token: await token({ sub: 'theo' }) })).status,
    404,
    'so has another person',
  );
  for (let count = 0; count < 10; count += 1) await send('GET', '/nowhere');
  assert.equal((await send('GET', '/health')).status, 429, 'the address has used its own up');
  assert.equal((await send('GET', '/health', { address: '192.0.2.2' })).status, 200);
  clock.advance(60);
  assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 200);
  assert.equal((await outcomes()).filter(({ reason }) => reason === 'rate_limited').length, 7);
  assert.equal(sink.events.filter(({ type }) => type === 'limit.hit').length, 7);
});

test('R-189[guard] the address of a limit comes from configured proxies only', async () => {
  const { send } = await startNotes(() => ({
    limits: { store: memoryLimitStore({ capacity: 100 }), perAddress: { count: 3, period: 60 } },
    trustedProxies: ['10.0.0.0/8'],
  }));
  const health = (address: string, forwarded: string) =>
    send('GET', '/health', { address, headers: { 'x-forwarded-for': [forwarded] } });
  for (let count = 0; count < 3; count += 1) await health('192.0.2.9', `198.51.100.${count}`);
  assert.equal((await health('192.0.2.9', '198.51.100.77')).status, 429, 'a client cannot choose its address');
  assert.equal((await health('10.0.0.1', '198.51.100.5')).status, 200);
});

test('R-105[guard] the metadata of the resource is exact, public, and where the challenge says', async () => {
  const { send } = await startNotes();
  const answer = await send('GET', '/.well-known/oauth-protected-resource');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual(answer.json, {
    resource: api,
    authorization_servers: [issuer],
    scopes_supported: ['notes:admin', 'notes:read', 'notes:write'],
    bearer_methods_supported: ['header'],
    resource_name: 'Notes',
  });
  const nested = await startNotes(() => ({ resource: `${api}/v1/`, documentation: 'https://docs.example/notes' }));
  const path = '/.well-known/oauth-protected-resource/v1';
  const document = await nested.send('GET', path);
  assert.equal(document.json['resource'], `${api}/v1/`, 'the identifier, character for character');
  assert.equal(document.json['resource_documentation'], 'https://docs.example/notes');
  const challenge = await nested.send('GET', '/notes/1');
  assert.equal(challenge.headers['www-authenticate'], `Bearer resource_metadata="${api}${path}"`);
});

test('R-184[guard] every answer says what it is and cannot be sniffed or kept', async () => {
  const { send, token, notes } = await startNotes();
  const bearer = { token: await token({ scope: 'notes:read notes:write' }) };
  for (const name of Object.keys(notesRoutes(notes))) {
    const [method = '', path = ''] = name.split(' ');
    for (const message of [{}, bearer]) {
      const { headers, status, body } = await send(method, path.replace(':id', '1'), message);
      assert.equal(headers['x-content-type-options'], 'nosniff', name);
      assert.equal(headers['cache-control'], 'no-store', name);
      if (status !== 204)
        assert.match(String(headers['content-type']), /^application\/(problem\+)?json; charset=utf-8$/);
      else assert.equal(body, '');
    }
  }
});

test('R-157[guard] a token in the query is refused, with and without one in the header', async () => {
  const { send, token } = await startNotes();
  const good = await token();
  assert.equal((await send('GET', `/notes/1?access_token=${good}`)).status, 401);
  const both = await send('GET', `/notes/1?access_token=${good}`, { token: good });
  assert.equal(both.status, 400);
  assert.match(String(both.headers['www-authenticate']), /error="invalid_request"/);
  const body = `{"access_token":"${good}","title":"x"}`;
  assert.equal((await send('PATCH', '/notes/1', { body })).status, 401);
});

test('S-99[guard] R-162 R-186 a public route needs no token and receives nothing', async () => {
  let received: unknown[] = [];
  const { send } = await startNotes(({ routes }) => ({
    routes: {
      ...routes,
      'GET /open': publicRoute('for the test', (...all: unknown[]) => {
        received = all;
        return {};
      }),
    },
  }));
  assert.equal((await send('GET', '/open?x=1')).status, 200);
  assert.deepEqual(received, []);
});
