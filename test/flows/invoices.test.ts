import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertDiscreet, assertTokens, decodeJwt, headerValue, type JsonAnswer } from '@castellan/testkit';
import { allScopes, createInvoicesWorld } from './invoices-world.ts';

const invoices = await createInvoicesWorld('invoices');
const { world, nora, theo, call } = invoices;
after(() => invoices[Symbol.asyncDispose]());
const noras = await invoices.token(nora);
const theos = await invoices.token(theo);

const ids = (answer: JsonAnswer): readonly number[] =>
  (answer.json['items'] as readonly { readonly id: number }[]).map(({ id }) => id);
const problems = (answer: JsonAnswer): readonly string[] =>
  (answer.json['problems'] as readonly { readonly path: string }[]).map(({ path }) => path);
/** An answer without the number to quote, which differs each time. */
const gist = ({ status, json }: JsonAnswer): unknown => ({ status, ...json, correlation: undefined });

test('S-10[guard] S-56 R-163 a person reads their own invoice, and their list holds nothing else', async () => {
  const one = await call(noras, 'GET /invoices/7');
  assert.deepEqual([one.status, one.json['number'], one.json['ownerId']], [200, 'INV-2026-0007', nora.id]);
  const items = (await call(noras, 'GET /invoices')).json['items'] as readonly { readonly ownerId: string }[];
  assert.ok(items.length > 3);
  assert.ok(items.every(({ ownerId }) => ownerId === nora.id));
});

test('R-163[guard] R-173 S-56 an invoice of somebody else looks exactly like one that is not there, to read and to change', async () => {
  for (const method of ['GET', 'PATCH'] as const) {
    const body = method === 'GET' ? undefined : { note: 'mine now' };
    const [foreign, missing] = [
      await call(noras, `${method} /invoices/42`, body),
      await call(noras, `${method} /invoices/9999`, body),
    ];
    assert.equal(foreign.status, 404);
    assert.deepEqual(gist(foreign), gist(missing));
    assert.deepEqual(foreign.headers.map(([name]) => name).sort(), missing.headers.map(([name]) => name).sort());
    assertDiscreet(foreign, 'Ravensburg');
  }
});

test('R-164[guard] ids in other spellings reach nothing else', async () => {
  for (const id of ['042', '42.0', '%34%32', '4\u200b2', '42%20', '+42', '0x2a', '42/', '42;a', '42?id=7']) {
    const answer = await call(noras, `GET /invoices/${id}`);
    assert.ok([400, 404].includes(answer.status), `${id}: ${answer.status}`);
    assertDiscreet(answer, 'Ravensburg');
  }
});

test('S-57[guard] R-165 the list of people is refused to an ordinary person and given to the accountant', async () => {
  assert.equal((await call(noras, 'GET /admin/users')).status, 403);
  assert.equal((await call(theos, 'GET /admin/users')).status, 200);
  for (const path of ['/ADMIN/users', '/admin/users/', '//admin/users', '/admin/%75sers', '/users/../admin/users']) {
    const answer = await call(noras, `GET ${path}`);
    assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
  }
});

test('R-165[guard] a header or a query does not change method or path', async () => {
  const transport = world.network.from('198.51.100.21');
  const headers = [
    ['authorization', `Bearer ${noras}`],
    ['x-http-method-override', 'PATCH'],
    ['x-original-url', '/admin/users'],
    ['x-rewrite-url', '/admin/users'],
  ] as const;
  const url = new URL('https://invoices-api.example/invoices/7?_method=PATCH');
  const answer = await transport({ method: 'GET', url, headers, body: '' });
  assert.ok(!answer.body.includes('isAdmin'));
  assert.ok([200, 400].includes(answer.status));
});

test('S-58[guard] S-84 S-85 R-166 R-176 fields that nobody may set are refused by name, and nothing changes', async () => {
  const before = (await call(noras, 'GET /invoices/7')).json;
  const changed = await call(noras, 'PATCH /invoices/7', { note: 'x', total: 1, ownerId: theo.id });
  assert.equal(changed.status, 400);
  assert.deepEqual([...problems(changed)].sort(), ['body.ownerId', 'body.total']);
  assert.deepEqual((await call(noras, 'GET /invoices/7')).json, before);

  const admin = await call(noras, 'PATCH /users/me', { displayName: 'Nora', isAdmin: true });
  assert.equal(admin.status, 400);
  assert.deepEqual(problems(admin), ['body.isAdmin']);
  const me = (await call(noras, 'GET /users/me')).json;
  assert.deepEqual([me['isAdmin'], me['displayName']], [false, 'Nora Lindqvist']);
});

test('R-178[guard] R-176 JSON with doubled, prototype or broken members changes nothing', async () => {
  const transport = world.network.from('198.51.100.22');
  const send = (body: string, type = 'application/json'): Promise<{ readonly status: number }> =>
    transport({
      method: 'PATCH',
      url: new URL('https://invoices-api.example/users/me'),
      headers: [
        ['authorization', `Bearer ${noras}`],
        ['content-type', type],
      ],
      body,
    });
  const bodies = [
    '{"displayName":"a","displayName":"b"}',
    '{"displayName":"a","__proto__":{"isAdmin":true}}',
    '{"displayName":"a","constructor":{"prototype":{"isAdmin":true}}}',
    '{"displayName":"a"',
    '{"displayName":1e999}',
    '[]',
    'null',
    '',
    '['.repeat(10_000),
  ];
  for (const body of bodies) assert.equal((await send(body)).status, 400, body.slice(0, 60));
  assert.equal((await send('{"displayName":"a"}', 'text/plain')).status, 415);
  assert.equal((await call(noras, 'GET /users/me')).json['displayName'], 'Nora Lindqvist');
});

test('R-166[guard] S-59 a person sees the fields they may see: the auditor’s remark is the accountant’s', async () => {
  const own = await call(noras, 'GET /invoices/9');
  const audited = await call(theos, 'GET /invoices/9');
  assert.equal('auditRemark' in own.json, false);
  assert.equal(audited.json['auditRemark'], 'Reminder sent twice.');
});

test('R-163[guard] the accountant reads everybody’s invoices and changes nobody’s but their own', async () => {
  assert.ok(ids(await call(theos, 'GET /invoices')).includes(42));
  assert.equal((await call(theos, 'PATCH /invoices/42', { note: 'x' })).status, 403);
  assert.equal((await call(theos, 'PATCH /invoices/12', { note: 'checked' })).json['note'], 'checked');
});

test('R-167[guard] R-158 a token without the scope opens nothing, however much its person may do, and is told which it lacks', async () => {
  const small = await invoices.token(theo, { scope: 'openid invoices:read' });
  const answer = await call(small, 'GET /admin/users');
  assert.equal(answer.status, 403);
  assert.match(headerValue(answer, 'www-authenticate') ?? '', /error="insufficient_scope".*scope="users:admin"/);
  assert.equal((await call(small, 'GET /invoices')).status, 200);
});

test('S-26[access-jwt] S-27[guard] S-32 S-46 R-050 R-157 only an access token for this API opens it', async () => {
  const cli = world.client('invoices-cli');
  const landing = await world.authorize(cli, { person: nora, changes: { scope: allScopes } });
  const forIssuer = assertTokens(
    await cli.redeem(landing.attempt, landing.parameters.get('code') ?? '', { resource: world.issuer }),
  );
  const forNotes = assertTokens(await world.tokens(world.client('web'), { person: nora }));
  const [head, body, signature = ''] = noras.split('.');
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  const others = {
    'an ID token': forIssuer.idToken,
    'a refresh token': forIssuer.refreshToken,
    'a token for UserInfo': forIssuer.accessToken,
    'a token for another API': forNotes.accessToken,
    'a token without signature': `${none}.${body}.`,
    'a changed signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'no token': 'x',
  };
  for (const [title, token] of Object.entries(others)) {
    const answer = await call(token, 'GET /invoices');
    assert.equal(answer.status, 401, title);
    assert.match(headerValue(answer, 'www-authenticate') ?? '', /^Bearer\b.*error="invalid_token"/, title);
    assertDiscreet(answer, token.slice(0, 40).padEnd(40, '-'));
  }
  const bare = await call(undefined, 'GET /invoices');
  assert.equal(bare.status, 401);
  assert.doesNotMatch(headerValue(bare, 'www-authenticate') ?? '', /error=/);
  const inQuery = await call(undefined, `GET /invoices?access_token=${noras}`);
  assert.ok([400, 401].includes(inQuery.status));
});

test('R-138[guard] who it is comes from the token alone', async () => {
  const transport = world.network.from('198.51.100.23');
  const headers = [
    ['authorization', `Bearer ${noras}`],
    ['x-user-id', theo.id],
    ['x-forwarded-user', theo.id],
    ['cookie', `sub=${theo.id}`],
  ] as const;
  const url = new URL('https://invoices-api.example/users/me');
  const answer = await transport({ method: 'GET', url, headers, body: '' });
  assert.match(answer.body, new RegExp(nora.id));
});

test('S-43[access-jwt] a token ends after its five minutes and the tolerance', async () => {
  const token = await invoices.token(nora);
  const { claims } = decodeJwt(token);
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 300);
  await world.clock.advance(299);
  assert.equal((await call(token, 'GET /invoices')).status, 200);
  await world.clock.advance(62);
  assert.equal((await call(token, 'GET /invoices')).status, 401);
});

test('I-7[guard] R-225 S-92 every call has one event that says who, what and why, and holds no token', async () => {
  const own = await createInvoicesWorld('invoices-events');
  const token = await own.token(own.nora);
  const lines = ['GET /invoices', 'GET /invoices/42', 'GET /admin/users', 'GET /nowhere', 'DELETE /invoices/7'];
  for (const line of lines) await own.call(token, line);
  await own.call('x'.repeat(40), 'GET /invoices');
  await own[Symbol.asyncDispose]();
  const decided = own.events.api.filter((event) => event.type === 'access.decided');
  assert.equal(decided.length, lines.length + 1);
  const denial = decided.find(({ status }) => status === 403);
  assert.deepEqual([denial?.outcome, denial?.principal, denial?.action], ['deny', own.nora.id, 'user.list']);
  const text = JSON.stringify(own.events.api);
  for (const secret of [token, token.split('.')[2] ?? '', 'x'.repeat(40)]) assert.ok(!text.includes(secret));
});
