import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  assertTokens,
  type Browser,
  createWorld,
  decodeJwt,
  get,
  headerValue,
  type JsonAnswer,
} from '@castellan/testkit';

const world = await createWorld({
  seed: 'userinfo-signed',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((client) =>
      client.id === 'web' ? { ...client, userinfoAlgorithm: 'ES256' } : client,
    ),
  }),
});
after(() => world.close());

async function ask(id: string): Promise<{ readonly browser: Browser; readonly answer: JsonAnswer }> {
  const client = world.client(id);
  const browser = world.browser();
  const { attempt, parameters } = await world.authorize(client, { browser, changes: { scope: 'openid email' } });
  const answer = await client.redeem(attempt, parameters.get('code') ?? '', { resource: world.issuer });
  return { browser, answer: await world.userinfo(assertTokens(answer).accessToken) };
}

test('R-061[userinfo] S-33 UserInfo is signed for the client that is registered so, and for that client', async () => {
  const { answer } = await ask('web');
  assert.equal(headerValue(answer, 'content-type'), 'application/jwt');
  const { header, claims } = decodeJwt(answer.body);
  assert.deepEqual([header['alg'], header['typ']], ['ES256', 'userinfo+jwt']);
  const { alice } = world.people;
  const email = { email: alice.loginName, email_verified: true };
  assert.deepEqual(claims, { iss: world.issuer, aud: 'web', sub: alice.id, ...email });
  const plain = await ask('other');
  assert.equal(headerValue(plain.answer, 'content-type'), 'application/json');
});

test('R-061[userinfo] the signature is one of a published key', async () => {
  const { answer } = await ask('web');
  const [head = '', body = '', signature = ''] = answer.body.split('.');
  const jwks = await get(world.network.from('198.51.100.3'), String(world.metadata['jwks_uri']));
  const keys = jwks.json['keys'] as readonly (JsonWebKey & { readonly kid: string })[];
  const jwk = keys.find(({ kid }) => kid === decodeJwt(answer.body).header['kid']);
  assert.ok(jwk !== undefined);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  const bytes = Buffer.from(signature, 'base64url');
  assert.equal(await crypto.subtle.verify(algorithm, key, bytes, Buffer.from(`${head}.${body}`)), true);
});

test('R-061[userinfo] R-148 what UserInfo signs is neither an access token nor an ID token', async () => {
  const { browser, answer } = await ask('web');
  assert.equal((await world.userinfo(answer.body)).status, 401);
  const changes = { scope: 'openid email', prompt: 'none', id_token_hint: answer.body };
  const { parameters } = await world.authorize(world.client('web'), { browser, changes });
  assert.equal(parameters.get('error'), 'invalid_request');
});

test('R-099[discovery] metadata names the algorithms of UserInfo', () => {
  assert.deepEqual(world.metadata['userinfo_signing_alg_values_supported'], ['RS256', 'ES256', 'PS256', 'EdDSA']);
});
