import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCompact, signJwt } from '@castellan/protocol';
import { form, issuer, openStage, profile, type Stage, testClient, told } from '../../stage.test.ts';

const everything = ['openid', 'profile', 'email', 'invoices:read'];

async function accessToken(stage: Stage, scopes: readonly string[] = everything): Promise<string> {
  const code = await stage.code('web', { scopes });
  return (await stage.redeem(code, { resource: issuer })).json.access_token ?? '';
}

async function ask(stage: Stage, token: string | undefined, method = 'GET'): ReturnType<Stage['token']> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return told(await stage.send(method, '/userinfo', { headers }));
}

test('R-065[userinfo] S-33 GET and POST tell what the scopes allow, and nobody may store it', async (t) => {
  const stage = await openStage(t);
  const token = await accessToken(stage);
  for (const method of ['GET', 'POST']) {
    const answer = await ask(stage, token, method);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(answer.json, {
      sub: stage.person.id,
      name: profile.name,
      given_name: profile.givenName,
      family_name: profile.familyName,
      updated_at: profile.updatedAt,
      email: profile.email,
      email_verified: true,
    });
  }
});

test('S-33[userinfo] each scope brings its own claims and no others', async (t) => {
  const stage = await openStage(t);
  assert.deepEqual((await ask(stage, await accessToken(stage, ['openid']))).json, { sub: stage.person.id });
  const withEmail = await ask(stage, await accessToken(stage, ['openid', 'email']));
  assert.deepEqual(Object.keys(withEmail.json), ['sub', 'email', 'email_verified']);
});

test('R-036[userinfo] R-065[userinfo] a client is not told what it may not ask for any more, whatever its token says', async (t) => {
  const stage = await openStage(t);
  const token = await accessToken(stage);
  stage.register(testClient('web', { scopes: new Set(['openid', 'email']) }));
  assert.deepEqual(Object.keys((await ask(stage, token)).json), ['sub', 'email', 'email_verified']);
  stage.register(testClient('web', { scopes: new Set(['email']) }));
  assert.deepEqual((await ask(stage, token)).json.error, 'insufficient_scope');
});

test('R-065[userinfo] S-32[userinfo] R-050 only an access token for the issuer itself opens it', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code('web', { scopes: everything }));
  const good = await accessToken(stage);
  const wrong = [json.access_token, json.id_token, json.refresh_token, good.slice(0, -4), good.replace('.', '..')];
  for (const token of wrong) {
    const answer = await ask(stage, token);
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token']);
    assert.match(String(answer.headers['www-authenticate']), /^Bearer error="invalid_token"/);
  }
});

test('R-065[userinfo] a token whose every claim is right but one is refused', async (t) => {
  const stage = await openStage(t);
  const now = Math.floor(stage.runtime.now() / 1000);
  const issued = parseCompact(await accessToken(stage)).claims;
  const good = {
    iss: issuer,
    aud: issuer,
    sub: stage.person.id,
    client_id: 'web',
    jti: issued['jti'],
    status: issued['status'],
    scope: 'openid',
    iat: now,
    exp: now + 300,
  };
  const key = await stage.keys.signer('ES256');
  const rsa = await stage.keys.signer('RS256');
  const send = async (...args: Parameters<typeof signJwt>) => (await ask(stage, await signJwt(...args))).status;
  assert.equal(await send(key, 'at+jwt', good), 200);
  assert.equal(await send(key, 'JWT', good), 401);
  assert.equal(await send(rsa, 'at+jwt', good), 401);
  for (const change of [
    { iss: 'https://evil.example' },
    { aud: 'web' },
    { exp: now - 11 },
    { exp: now + 901 },
    { iat: now + 60, exp: now + 300 },
    { sub: 'nobody' },
    { sub: undefined },
    { client_id: 'gone' },
    { client_id: ['web'] },
    { scope: undefined },
    { scope: ['openid'] },
    { jti: undefined },
    { status: undefined },
    { status: { status_list: { idx: 1, uri: `${issuer}/status/2.0` } } },
  ]) {
    assert.equal(await send(key, 'at+jwt', { ...good, ...change }), 401, JSON.stringify(change));
  }
  assert.equal(await send(key, 'at+jwt', { ...good, scope: 'openidx profile' }), 403);
});

test('R-065[userinfo] without openid it is too little, and the challenge says what is missing', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code('web', { scopes: ['profile'], resources: [issuer] });
  const { json } = await stage.redeem(code, { resource: issuer });
  const weak = await ask(stage, json.access_token);
  assert.equal(weak.status, 403);
  assert.match(String(weak.headers['www-authenticate']), /error="insufficient_scope".*scope="openid"/);
});

test('R-065[userinfo] without credentials the challenge is bare', async (t) => {
  const stage = await openStage(t);
  const answer = await ask(stage, undefined);
  assert.deepEqual([answer.status, answer.headers['www-authenticate']], [401, 'Bearer']);
});

test('R-065[userinfo] a token in the URL or in the body is refused, also beside a good header', async (t) => {
  const stage = await openStage(t);
  const token = await accessToken(stage);
  const authorization = `Bearer ${token}`;
  const attempts = [
    await stage.send('GET', '/userinfo', { query: `access_token=${token}` }),
    await stage.send('GET', '/userinfo', { query: `access_token=${token}`, headers: { authorization } }),
    await stage.send('POST', '/userinfo', { body: `access_token=${token}`, headers: form }),
    await stage.send('POST', '/userinfo', { body: `access_token=${token}`, headers: { ...form, authorization } }),
    await stage.send('GET', '/userinfo', { headers: { authorization: `Bearer ${token}, Bearer ${token}` } }),
  ];
  for (const answer of attempts) {
    assert.equal(answer.status, 400);
    assert.match(String(answer.headers['www-authenticate']), /error="invalid_request"/);
    assert.ok(!String(answer.body).includes(token));
  }
});

test('R-115[userinfo] a person who was locked since is told about no more, though the token still lives', async (t) => {
  const stage = await openStage(t);
  const token = await accessToken(stage);
  stage.setState('locked');
  const answer = await ask(stage, token);
  assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token']);
  stage.setState('active');
  assert.equal((await ask(stage, token)).status, 200);
});

test('R-065[userinfo] a token opens nothing once its time is over', async (t) => {
  const stage = await openStage(t);
  const token = await accessToken(stage);
  await stage.clock.advance(299);
  assert.equal((await ask(stage, token)).status, 200);
  await stage.clock.advance(12);
  assert.equal((await ask(stage, token)).status, 401);
});
