/** Asking what a token is worth: who is told, what, and that nobody else learns anything. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createJwtVerifier, hashSecret, type JwkSet, localKeySource, tokenPrefixes } from '@castellan/protocol';
import { audiences, basic, headerValue, type JsonAnswer, post } from '@castellan/testkit';
import { assertInactive, billsApi, createMachineWorld, notesApi, personTokens, secrets } from './machine-world.ts';

const machine = await createMachineWorld('introspection');
const { world, introspect } = machine;
after(machine.close);

test('R-059[introspect] S-103[introspect] S-51 an API learns of a JWT for itself who, through whom and for what', async () => {
  const { accessToken } = await personTokens(machine);
  const answer = await introspect(accessToken);
  assert.equal(answer.status, 200, answer.body);
  const { active, iss, aud, sub, client_id, scope, token_type, exp, iat } = answer.json;
  assert.deepEqual(
    [active, iss, aud, sub, client_id, scope, token_type],
    [true, world.issuer, audiences.notes, world.people.alice.id, 'web', 'notes:read', 'Bearer'],
  );
  assert.equal(Number(exp) - Number(iat), 300);
  assert.equal(headerValue(answer, 'cache-control'), 'no-store');
});

test('R-034[access-opaque] R-032[access-opaque] S-51 an opaque token says nothing by itself and is known by the whole of it', async () => {
  const { accessToken } = await personTokens(machine, audiences.bills);
  assert.match(accessToken, new RegExp(`^${tokenPrefixes.accessToken}[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$`));
  const answer = await introspect(accessToken, billsApi);
  assert.deepEqual(
    [answer.json['active'], answer.json['aud'], answer.json['scope']],
    [true, audiences.bills, 'bills:read'],
  );
  assert.equal(Number(answer.json['exp']) - Number(answer.json['iat']), 300);
  for (const bad of [
    accessToken.slice(0, -1),
    `${accessToken} `,
    accessToken.replace('_at_', '_rt_'),
    hashSecret(accessToken),
  ]) {
    assertInactive(await introspect(bad, billsApi));
  }
  await world.clock.advance(301);
  assertInactive(await introspect(accessToken, billsApi));
});

test('R-059[introspect] R-060 a token for another API is inactive, in either format', async () => {
  const jwt = await personTokens(machine);
  const opaque = await personTokens(machine, audiences.bills);
  assertInactive(await introspect(jwt.accessToken, billsApi));
  assertInactive(await introspect(opaque.accessToken, notesApi));
});

test('R-060[introspect] whatever is not active is told as exactly that', async () => {
  const { accessToken, refreshToken } = await personTokens(machine);
  const [head, body] = accessToken.split('.');
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${body}.`;
  for (const bad of ['x', 'a.b.c', `${head}.${body}.AAAA`, unsigned, refreshToken])
    assertInactive(await introspect(bad));
  await world.clock.advance(301);
  assertInactive(await introspect(accessToken));
});

test('R-059[introspect] R-071[introspect] only who proves to be an API or a client is answered', async () => {
  const { accessToken } = await personTokens(machine);
  const wrong = await introspect(accessToken, basic('notes-api', secrets.bills));
  const nobody = await introspect(accessToken, basic('nobody', secrets.notes));
  const none = await introspect(accessToken, []);
  const from = world.network.from('198.51.100.31');
  const open = await post(from, `${world.issuer}/introspect`, { token: accessToken, client_id: 'spa' });
  for (const answer of [wrong, nobody, open]) {
    assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client'], answer.body);
  }
  assert.equal(none.status, 400);
  const inUrl = await post(
    from,
    `${world.issuer}/introspect?access_token=${accessToken}`,
    { token: accessToken },
    notesApi,
  );
  assert.deepEqual([inUrl.status, inUrl.json['error']], [400, 'invalid_request']);
  const other = await world.send('GET', '/introspect', { headers: notesApi });
  assert.equal(other.status, 405);
});

test('R-027[introspect] R-028 the token comes in a form, once', async () => {
  const from = world.network.from('198.51.100.31');
  const twice = await post(from, `${world.issuer}/introspect`, { token: ['a', 'b'] }, notesApi);
  const missing = await post(from, `${world.issuer}/introspect`, {}, notesApi);
  for (const answer of [twice, missing]) {
    assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_request']);
    assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  }
});

test('R-059[introspect] a refresh token is active for its own client, for no other and for no API', async () => {
  const { refreshToken, web } = await personTokens(machine);
  const as = (id: string) => introspect(refreshToken, basic(id, world.client(id).secret ?? ''));
  const own = await as('web');
  assert.deepEqual([own.json['active'], own.json['client_id'], own.json['sub']], [true, 'web', world.people.alice.id]);
  assertInactive(await as('other'));
  assertInactive(await introspect(refreshToken));
  const { json } = await web.refresh(refreshToken);
  assertInactive(await as('web'));
  const next = await introspect(String(json['refresh_token']), basic('web', web.secret ?? ''));
  assert.equal(next.json['active'], true);
});

test('R-059[introspect] a client learns nothing of access tokens, not even of its own', async () => {
  const { accessToken, web } = await personTokens(machine);
  assertInactive(await introspect(accessToken, basic('web', web.secret ?? '')));
});

test('R-061[introspect] S-33 asked for by Accept, the answer is signed for the API that asks', async () => {
  const { accessToken } = await personTokens(machine);
  const accept = [['accept', 'application/token-introspection+jwt']] as const;
  const answers = [await introspect(accessToken, notesApi, accept), await introspect('x', notesApi, accept)];
  const jwks = JSON.parse((await world.send('GET', '/jwks')).body) as JwkSet;
  const verifier = createJwtVerifier({
    issuer: world.issuer,
    audience: 'notes-api',
    algorithms: ['ES256'],
    typ: 'token-introspection+jwt',
    keys: localKeySource(jwks),
    now: world.clock.now,
    maxLifetime: 60,
    maxAge: 60,
  });
  const told = [];
  for (const answer of answers) {
    assert.equal(headerValue(answer, 'content-type'), 'application/token-introspection+jwt');
    const { claims } = await verifier.verify(answer.body);
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'iat', 'iss', 'token_introspection']);
    told.push(claims['token_introspection']);
  }
  const [active, inactive] = told as readonly JsonAnswer['json'][];
  assert.deepEqual([active?.['active'], active?.['sub']], [true, world.people.alice.id]);
  assert.deepEqual(inactive, { active: false });
});

test('R-073[client-secret] of an API with two secrets both are good, until one is taken out', async () => {
  const { accessToken } = await personTokens(machine, audiences.bills);
  for (const secret of [secrets.bills, secrets.billsNext]) {
    assert.equal((await introspect(accessToken, basic('bills-api', secret))).json['active'], true);
  }
  const third = await introspect(accessToken, basic('bills-api', secrets.notes));
  assert.equal(third.status, 401);
});
