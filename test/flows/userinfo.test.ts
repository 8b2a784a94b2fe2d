import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, audiences, createWorld, headerValue, post } from '@castellan/testkit';

const world = await createWorld({ seed: 'userinfo' });
after(() => world.close());
const web = world.client('web');
const url = String(world.metadata['userinfo_endpoint']);
const network = world.network.from('198.51.100.4');

async function tokenFor(scope: string): Promise<string> {
  const { attempt, parameters } = await world.authorize(web, { changes: { scope } });
  const answer = await web.redeem(attempt, parameters.get('code') ?? '', { resource: world.issuer });
  return assertTokens(answer).accessToken;
}

test('R-065[userinfo] S-33 it tells exactly what the scope allows', async () => {
  const expected: readonly (readonly [string, readonly string[]])[] = [
    ['openid', ['sub']],
    ['openid email', ['email', 'email_verified', 'sub']],
    ['openid profile', ['name', 'sub']],
    ['openid profile email', ['email', 'email_verified', 'name', 'sub']],
  ];
  for (const [scope, names] of expected) {
    const answer = await world.userinfo(await tokenFor(scope));
    assert.equal(answer.status, 200, answer.body);
    const known = Object.keys(answer.json).filter((name) => !['updated_at', 'preferred_username'].includes(name));
    assert.deepEqual(known.sort(), names, scope);
    assert.equal(answer.json['sub'], world.people.alice.id);
    assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  }
});

test('R-065[userinfo] GET and POST with a bearer header do the same', async () => {
  const token = await tokenFor('openid email');
  const bearer = [['authorization', `Bearer ${token}`]] as const;
  const got = await world.userinfo(token);
  const posted = await network({ method: 'POST', url: new URL(url), headers: bearer, body: '' });
  const form = await post(network, url, {}, bearer);
  assert.deepEqual([posted.status, posted.body], [200, got.body]);
  assert.deepEqual([form.status, form.body], [200, got.body]);
});

test('R-157[userinfo] the token is taken from one Authorization header alone, never from query or body', async () => {
  const token = await tokenFor('openid');
  const inQuery = await network({ method: 'GET', url: new URL(`${url}?access_token=${token}`), headers: [], body: '' });
  const inBody = await post(network, url, { access_token: token });
  const twice = await world.userinfo(token, [
    ['authorization', `Bearer ${token}`],
    ['authorization', `Bearer ${token}`],
  ]);
  for (const answer of [inQuery, inBody, twice]) assert.ok([400, 401].includes(answer.status), answer.body);
});

test('R-158[userinfo] a bare challenge without credentials, invalid_token with bad ones', async () => {
  const bare = await world.userinfo('', []);
  assert.equal(bare.status, 401);
  assert.match(headerValue(bare, 'www-authenticate') ?? '', /^Bearer\b/);
  assert.doesNotMatch(headerValue(bare, 'www-authenticate') ?? '', /error=/);
  const token = await tokenFor('openid');
  const [head, body, signature = ''] = token.split('.');
  const changed = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  for (const bad of ['x', changed, `${head}.${body}.`, `${token}.`]) {
    const answer = await world.userinfo(bad);
    assert.equal(answer.status, 401, answer.body);
    assert.match(headerValue(answer, 'www-authenticate') ?? '', /error="invalid_token"/);
  }
});

test('R-065[userinfo] S-32 S-46 an access token for another audience and an ID token are refused', async () => {
  const answer = await world.tokens(web);
  const { accessToken, idToken } = assertTokens(answer);
  for (const token of [accessToken, idToken]) assert.equal((await world.userinfo(token)).status, 401);
  const billing = await world.authorize(web, {
    changes: { scope: 'openid bills:read', resource: audiences.bills },
  });
  const bills = await web.redeem(billing.attempt, billing.parameters.get('code') ?? '');
  assert.equal((await world.userinfo(assertTokens(bills).accessToken)).status, 401);
});

test('R-065[userinfo] the token is dead after its five minutes and the tolerance', async () => {
  const token = await tokenFor('openid');
  await world.clock.advance(299);
  assert.equal((await world.userinfo(token)).status, 200);
  await world.clock.advance(62);
  assert.equal((await world.userinfo(token)).status, 401);
});
