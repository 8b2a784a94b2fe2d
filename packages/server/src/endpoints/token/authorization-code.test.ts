import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrefixedToken, parseCompact, tokenPrefixes } from '@castellan/protocol';
import { openStage, redirectUri, reports, testClient, verifier } from '../../stage.test.ts';

test('R-023[code,sqlite] S-72 a code buys tokens once; a valid second redemption ends all that came of it', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const first = await stage.redeem(code);
  assert.equal(first.status, 200);
  const second = await stage.redeem(code);
  assert.deepEqual([second.status, second.json.error], [400, 'invalid_grant']);
  assert.equal((await stage.refresh(first.json.refresh_token)).json.error, 'invalid_grant');
  assert.deepEqual((await stage.effects()).slice(-3), ['code.redeemed', 'code.replayed', 'authorization.revoked']);
});

test('R-023[code,sqlite] I-1 of ten redemptions at once one succeeds', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const answers = await Promise.all(Array.from({ length: 10 }, () => stage.redeem(code)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test('R-026[code,sqlite] R-024 I-6 whatever does not fit is refused, and the code is still good', async (t) => {
  const stage = await openStage(t);
  stage.register(testClient('public', { kind: 'native', authentication: 'none', secretHashes: [] }));
  const code = await stage.code();
  const refused: [Record<string, string>, string, string?][] = [
    [{}, 'invalid_grant', 'other'],
    [{}, 'invalid_grant', 'public'],
    [{ redirect_uri: 'https://evil.example/' }, 'invalid_grant'],
    [{ redirect_uri: `${redirectUri}/` }, 'invalid_grant'],
    [{ redirect_uri: '' }, 'invalid_request'],
    [{ code_verifier: '' }, 'invalid_grant'],
    [{ code_verifier: `${verifier}x` }, 'invalid_grant'],
    [{ code_verifier: 'short' }, 'invalid_grant'],
    [{ client_secret: 'wrong' }, 'invalid_client'],
    [{ resource: reports }, 'invalid_target'],
    [{ resource: 'https://evil.example/' }, 'invalid_target'],
    [{ grant_type: 'refresh_token' }, 'invalid_request'],
  ];
  for (const [changes, error, client] of refused) {
    const answer = await stage.redeem(code, changes, client);
    assert.equal(answer.json.error, error, JSON.stringify(changes));
    assert.equal(answer.json.access_token, undefined);
  }
  assert.ok(!(await stage.effects()).includes('code.replayed'));
  assert.equal((await stage.redeem(code)).status, 200);
});

test('R-025[code] a verifier is always due, since every code has a challenge', async (t) => {
  const stage = await openStage(t);
  const answer = await stage.redeem(await stage.code(), { code_verifier: '' });
  assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
});

test('R-007[code,sqlite] a code is dead after 60 seconds, and has 256 bits', async (t) => {
  const stage = await openStage(t);
  const [late, timely] = [await stage.code(), await stage.code()];
  assert.match(late, /^castellan_ac_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
  await stage.clock.advance(59);
  assert.equal((await stage.redeem(timely)).status, 200);
  await stage.clock.advance(1);
  assert.equal((await stage.redeem(late)).json.error, 'invalid_grant');
});

test('R-023[code,sqlite] I-6 a replay after the code has expired is refused, and ends nothing', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const { json } = await stage.redeem(code);
  await stage.clock.advance(60);
  assert.equal((await stage.redeem(code)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(json.refresh_token)).status, 200);
});

test('R-035[code] no other secret passes as a code, whatever its checksum says', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const { json } = await stage.redeem(code);
  const payload = code.slice('castellan_ac_'.length, -7);
  const texts = [
    json.refresh_token,
    json.access_token,
    payload,
    createPrefixedToken(tokenPrefixes.session, payload),
    createPrefixedToken(tokenPrefixes.authorizationCode, `${payload}x`),
    `${code} `,
  ];
  for (const text of texts) assert.equal((await stage.redeem(text ?? '')).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(code)).json.error, 'invalid_grant');
});

test('R-036[code] R-122 a person who was locked meanwhile gets nothing', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  stage.setState('locked');
  assert.equal((await stage.redeem(code)).json.error, 'invalid_grant');
  stage.setState('active');
  assert.equal((await stage.redeem(code)).status, 200);
});

test('R-036[code] R-049 a client gets what it may have now, not what it might have had', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  stage.register(testClient('web', { grants: new Set() }));
  assert.equal((await stage.redeem(code)).json.error, 'unauthorized_client');
  stage.register(testClient('web', { scopes: new Set(['openid', 'invoices:read']) }));
  const { json } = await stage.redeem(code);
  assert.equal(json.scope, 'invoices:read');
});

test('R-110[logout] a code of a session that was ended buys nothing', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const { id, person } = stage.session;
  const now = Math.floor(stage.runtime.now() / 1000);
  const events = stage.exchange.effects({ type: 'session.ended', session: id, person, reason: 'logout' });
  await stage.store.endSession({ id, reason: 'logout', now }, events);
  assert.equal((await stage.redeem(code)).json.error, 'invalid_grant');
});

test('S-29[id-token] the nonce of the request comes back in the ID token, once', async (t) => {
  const stage = await openStage(t);
  const first = await stage.redeem(await stage.code('web', { nonce: 'n-0S6_WzA2Mj' }));
  assert.equal(parseCompact(first.json.id_token ?? '').claims['nonce'], 'n-0S6_WzA2Mj');
  const without = await stage.redeem(await stage.code());
  assert.equal(parseCompact(without.json.id_token ?? '').claims['nonce'], undefined);
  const refreshed = await stage.refresh(first.json.refresh_token);
  assert.equal(parseCompact(refreshed.json.id_token ?? '').claims['nonce'], undefined);
});

test('R-030[code] only a client that registered it gets a refresh token', async (t) => {
  const stage = await openStage(t);
  stage.register(testClient('web', { grants: new Set(['authorization_code']) }));
  const { status, json } = await stage.redeem(await stage.code());
  assert.deepEqual([status, json.refresh_token], [200, undefined]);
});
