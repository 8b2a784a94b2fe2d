import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createJwtVerifier, parseCompact } from '@castellan/protocol';
import { invoices, issuer, openStage, profile, reports, startAt, testClient } from '../stage.test.ts';

const now = startAt / 1000;

test('S-31[access-jwt] R-032[access-jwt] S-43 an access token is for one API, for minutes, and says no more than needed', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code());
  const { header, claims } = parseCompact(json.access_token ?? '');
  assert.deepEqual([header['typ'], header['alg']], ['at+jwt', 'ES256']);
  const { jti, status, ...rest } = claims;
  assert.match(String(jti), /^v1\.[A-Za-z0-9_-]{67}$/);
  assert.deepEqual(Object.keys(status as object), ['status_list']);
  assert.deepEqual(rest, {
    iss: issuer,
    aud: invoices,
    sub: stage.person.id,
    client_id: 'web',
    iat: now,
    exp: now + 300,
    scope: 'invoices:read invoices:write',
    auth_time: now,
    acr: 'urn:castellan:acr:password',
  });
});

test('S-71[access-jwt] no resource gets a token of more than 15 minutes', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code('web', { scopes: ['reports:read'], resources: [reports] });
  const { json } = await stage.redeem(code);
  const { claims } = parseCompact(json.access_token ?? '');
  assert.deepEqual([Number(claims['exp']) - now, Number(json.expires_in)], [900, 900]);
});

test('R-094[id-token] S-25 S-30 an ID token says who signed in, when, how, and for whom', async (t) => {
  const stage = await openStage(t);
  await stage.clock.advance(5);
  const { json } = await stage.redeem(await stage.code('web', { nonce: 'abc' }));
  const { header, claims } = parseCompact(json.id_token ?? '');
  assert.deepEqual([header['typ'], header['alg']], ['JWT', 'RS256']);
  const half = createHash('sha256')
    .update(json.access_token ?? '')
    .digest()
    .subarray(0, 16);
  assert.deepEqual(claims, {
    iss: issuer,
    aud: 'web',
    sub: stage.person.id,
    iat: now + 5,
    exp: now + 305,
    nonce: 'abc',
    sid: stage.session.id,
    auth_time: now,
    acr: 'urn:castellan:acr:password',
    amr: ['pwd'],
    at_hash: half.toString('base64url'),
  });
});

test('R-094[id-token] the algorithm of an ID token is the one its client registered', async (t) => {
  const stage = await openStage(t);
  stage.register(testClient('web', { idTokenAlgorithm: 'ES256' }));
  const { json } = await stage.redeem(await stage.code());
  assert.equal(parseCompact(json.id_token ?? '').header['alg'], 'ES256');
});

test('R-103[access-jwt,id-token] S-34[access-jwt,id-token] tokens are small and hold nothing of the profile', async (t) => {
  const stage = await openStage(t);
  const scopes = ['openid', 'profile', 'email', 'invoices:read'];
  const { json } = await stage.redeem(await stage.code('web', { scopes }));
  for (const token of [json.access_token ?? '', json.id_token ?? '']) {
    assert.ok(token.length < 1000, `${token.length} characters`);
    const text = JSON.stringify(parseCompact(token));
    for (const value of Object.values(profile)) assert.ok(!text.includes(String(value)), String(value));
  }
});

test('R-094[id-token] without openid there is no ID token', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code('web', { scopes: ['invoices:read'] }));
  assert.deepEqual([json.scope, json.id_token], ['invoices:read', undefined]);
});

test('S-30[id-token] S-31[access-jwt] neither token passes for the other', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code());
  const rules = { issuer, keys: stage.keys.source, now: stage.runtime.now, maxLifetime: 900 };
  const access = createJwtVerifier({ ...rules, audience: invoices, algorithms: ['ES256', 'RS256'], typ: 'at+jwt' });
  const id = createJwtVerifier({ ...rules, audience: 'web', algorithms: ['ES256', 'RS256'], typ: 'JWT' });
  await access.verify(json.access_token ?? '');
  await id.verify(json.id_token ?? '');
  await assert.rejects(access.verify(json.id_token ?? ''), { reason: 'token_invalid' });
  await assert.rejects(id.verify(json.access_token ?? ''), { reason: 'token_invalid' });
});

test('S-31[access-jwt] no two tokens are the same', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code());
  const again = await stage.refresh(json.refresh_token);
  const ids = [json, again.json].map((one) => parseCompact(one.access_token ?? '').claims['jti']);
  assert.notEqual(ids[0], ids[1]);
});
