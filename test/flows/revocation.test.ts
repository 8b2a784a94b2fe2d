/** Giving tokens back: what ends, at once and everywhere it is asked about; and what a stranger cannot end. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { audiences, type JsonAnswer, post } from '@castellan/testkit';
import { assertInactive, billsApi, createMachineWorld, notesApi, personTokens } from './machine-world.ts';

const machine = await createMachineWorld('revocation');
const { world, introspect, revoke } = machine;
after(machine.close);

function assertDone(answer: JsonAnswer): void {
  assert.deepEqual([answer.status, answer.body], [200, '']);
}

test('R-062[revoke] S-103[revoke] S-50 a refresh token ends its authorization: every access token of either format, and itself', async () => {
  const { accessToken, refreshToken, web } = await personTokens(machine);
  const bills = await web.refresh(refreshToken, { resource: audiences.bills });
  const opaque = String(bills.json['access_token']);
  const current = String(bills.json['refresh_token']);
  const profile = await web.refresh(current, { resource: world.issuer });
  const userinfo = String(profile.json['access_token']);
  assert.equal((await introspect(accessToken)).json['active'], true);
  assert.equal((await introspect(opaque, billsApi)).json['active'], true);
  assert.equal((await world.userinfo(userinfo)).status, 200);
  assertDone(await revoke(String(profile.json['refresh_token']), 'web'));
  assertInactive(await introspect(accessToken));
  assertInactive(await introspect(opaque, billsApi));
  assert.equal((await world.userinfo(userinfo)).status, 401);
  const after = await web.refresh(String(profile.json['refresh_token']));
  assert.deepEqual([after.status, after.json['error']], [400, 'invalid_grant']);
});

test('R-062[revoke] an access token ends alone, whatever its format', async () => {
  for (const [resource, api] of [
    [audiences.notes, notesApi],
    [audiences.bills, billsApi],
  ] as const) {
    const { accessToken, refreshToken, web } = await personTokens(machine, resource);
    assertDone(await revoke(accessToken, 'web'));
    assertInactive(await introspect(accessToken, api));
    const { json } = await web.refresh(refreshToken, { resource });
    assert.equal((await introspect(String(json['access_token']), api)).json['active'], true, resource);
  }
});

test('R-062[revoke] a service gives its own token back', async () => {
  const { json } = await world.client('batch').token({ grant_type: 'client_credentials', scope: 'notes:read' });
  const token = String(json['access_token']);
  assert.equal((await introspect(token)).json['sub'], 'client:batch');
  assertDone(await revoke(token, 'batch'));
  assertInactive(await introspect(token));
});

test('R-062[revoke] no other client ends a token, and none is ended by trying', async () => {
  const { accessToken, refreshToken, web } = await personTokens(machine);
  for (const stranger of ['other', 'post', 'spa', 'batch']) {
    for (const token of [accessToken, refreshToken]) {
      const answer = await revoke(token, stranger);
      assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_grant'], stranger);
    }
  }
  assert.equal((await introspect(accessToken)).json['active'], true);
  assert.equal((await web.refresh(refreshToken)).status, 200);
});

test('R-062[revoke] R-071 a client proves itself first, and a public one by nothing but its name', async () => {
  const { accessToken } = await personTokens(machine);
  const from = world.network.from('198.51.100.32');
  const answer = await post(from, `${world.issuer}/revoke`, { token: accessToken, client_id: 'web' });
  assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client']);
  assert.equal((await introspect(accessToken)).json['active'], true);
});

test('R-062[revoke] R-028 what is no token of ours, or over, is answered as if it had been revoked', async () => {
  const { accessToken, refreshToken } = await personTokens(machine);
  for (const token of ['x', 'a.b.c', `${accessToken}x`, refreshToken.slice(0, -8)])
    assertDone(await revoke(token, 'web'));
  assertDone(await revoke(refreshToken, 'web'));
  assertDone(await revoke(refreshToken, 'web'));
  const from = world.network.from('198.51.100.32');
  const { secret = '' } = world.client('post');
  const hinted = { token: 'x', token_type_hint: 'id_token', client_id: 'post', client_secret: secret };
  assertDone(await post(from, `${world.issuer}/revoke`, hinted));
});

test('R-027[revoke] by POST and form alone', async () => {
  const from = world.network.from('198.51.100.32');
  const { secret = '' } = world.client('post');
  const form = { client_id: 'post', client_secret: secret };
  for (const answer of [
    await post(from, `${world.issuer}/revoke`, form),
    await post(from, `${world.issuer}/revoke`, { ...form, token: ['a', 'b'] }),
    await post(from, `${world.issuer}/revoke?client_secret=x`, { ...form, token: 'a' }),
  ]) {
    assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_request']);
  }
  assert.equal((await world.send('GET', '/revoke')).status, 405);
});

test('R-062[revoke] it is recorded, once', async () => {
  const own = await createMachineWorld('revocation-events');
  const { accessToken, refreshToken } = await personTokens(own);
  for (const token of [accessToken, accessToken, refreshToken, refreshToken]) await own.revoke(token, 'web');
  await own.close();
  const types = own.world.events.map(({ type }) => type).filter((type) => type.endsWith('.revoked'));
  assert.deepEqual(types, ['access_token.revoked', 'authorization.revoked']);
});

for (const store of ['sqlite', 'postgres'] as const) {
  test(`R-063[revoke,${store}] what was answered with 200 is revoked after a restart too`, async () => {
    const own = await createMachineWorld(`revocation-${store}`, store);
    const kept = await personTokens(own);
    const jwt = await personTokens(own);
    const opaque = await personTokens(own, audiences.bills);
    assertDone(await own.revoke(jwt.accessToken, 'web'));
    assertDone(await own.revoke(opaque.refreshToken, 'web'));
    await own.world.restart();
    assert.equal((await own.introspect(kept.accessToken)).json['active'], true);
    assertInactive(await own.introspect(jwt.accessToken));
    assertInactive(await own.introspect(opaque.accessToken, billsApi));
    await own.close();
  });
}
