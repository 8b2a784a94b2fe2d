import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, test } from 'node:test';
import { assertTokens, type Changes, createWorld, decodeJwt, get } from '@castellan/testkit';

const world = await createWorld({
  seed: 'id-token',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) => (one.id === 'other' ? { ...one, idTokenAlgorithm: 'ES256' } : one)),
  }),
});
after(() => world.close());
const web = world.client('web');

async function idTokenFor(
  id: string,
  changes: Changes = {},
): Promise<ReturnType<typeof decodeJwt> & { readonly token: string; readonly accessToken: string }> {
  const { idToken, accessToken } = assertTokens(await world.tokens(world.client(id), { changes }));
  return { ...decodeJwt(idToken), token: idToken, accessToken };
}

test('R-094[id-token] S-25 S-30 it says who signed in, where, for whom, and until when', async () => {
  const answer = await world.tokens(web);
  const { claims, header } = decodeJwt(assertTokens(answer).idToken);
  const { attempt } = answer.landing;
  assert.deepEqual([claims['iss'], claims['aud'], claims['sub']], [world.issuer, 'web', world.people.alice.id]);
  assert.equal(claims['nonce'], attempt.nonce);
  assert.equal(typeof claims['sid'], 'string');
  assert.equal(typeof claims['auth_time'], 'number');
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 300);
  assert.deepEqual([header['alg'], header['typ'] ?? 'JWT'], ['RS256', 'JWT']);
  for (const name of ['scope', 'client_id', 'authorization_details']) assert.equal(claims[name], undefined, name);
});

test('R-103[id-token] S-34 S-52 no profile data is in it, whatever the scope', async () => {
  const { claims } = await idTokenFor('web', { scope: 'openid profile email notes:read' });
  for (const name of ['name', 'given_name', 'email', 'email_verified', 'preferred_username']) {
    assert.equal(claims[name], undefined, name);
  }
});

test('R-094[id-token] S-29 without a nonce in the request there is none in the token', async () => {
  const { claims } = await idTokenFor('web', { nonce: undefined });
  assert.equal(claims['nonce'], undefined);
});

test('R-094[id-token] a long nonce comes back whole', async () => {
  const nonce = 'n'.repeat(384);
  assert.equal((await idTokenFor('web', { nonce })).claims['nonce'], nonce);
});

test('R-094[id-token] at_hash, if present, is the left half of the hash of the access token', async () => {
  const { claims, accessToken } = await idTokenFor('web');
  if (claims['at_hash'] === undefined) return;
  const digest = createHash('sha256').update(accessToken).digest();
  assert.equal(claims['at_hash'], digest.subarray(0, 16).toString('base64url'));
});

test('S-26[id-token,access-jwt] without openid in the scope there is no ID token', async () => {
  const answer = await world.tokens(web, { changes: { scope: 'notes:read' } });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.json['id_token'], undefined);
});

test('R-100[jwks] R-094[id-token] its signature is that of a published key, in the algorithm of the client', async () => {
  const jwks = await get(world.network.from('198.51.100.9'), String(world.metadata['jwks_uri']));
  const keys = jwks.json['keys'] as readonly Record<string, string>[];
  for (const [id, algorithm] of [
    ['web', 'RS256'],
    ['other', 'ES256'],
  ] as const) {
    const { token, header } = await idTokenFor(id);
    assert.equal(header['alg'], algorithm);
    const jwk = keys.find(({ kid }) => kid === header['kid']) ?? assert.fail('the key is not published');
    const [head, body, signature = ''] = token.split('.');
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
  }
});

test('R-106[login] R-094[id-token] sid is the same for all clients of one session and another after a new sign-in', async () => {
  const browser = world.browser();
  const first = decodeJwt(assertTokens(await world.tokens(web, { browser })).idToken).claims;
  const second = decodeJwt(assertTokens(await world.tokens(world.client('post'), { browser })).idToken).claims;
  const again = await world.tokens(web, { browser, changes: { prompt: 'login' } });
  const third = decodeJwt(assertTokens(again).idToken).claims;
  assert.equal(first['sid'], second['sid']);
  assert.notEqual(first['sid'], third['sid']);
  for (const cookie of browser.cookies.all()) assert.notEqual(cookie.value, third['sid']);
});
