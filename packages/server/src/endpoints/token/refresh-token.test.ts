import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrefixedToken, newId, parseCompact, tokenPrefixes } from '@castellan/protocol';
import { createRefreshToken, parseRefreshToken } from '../../authorizations/refresh-family.ts';
import { deriveKey } from '../../keys/master-key.ts';
import {
  type Asked,
  invoices,
  issuer,
  masterKey,
  openStage,
  reports,
  type Stage,
  type StageOptions,
  testClient,
} from '../../stage.test.ts';

const day = 86_400;
const offline: Asked = { scopes: ['openid', 'offline_access', 'invoices:read', 'invoices:write'] };
const tagKey = deriveKey(masterKey, 'refresh-tag');

interface Started {
  readonly stage: Stage;
  readonly token: string;
}

async function start(
  t: Parameters<typeof openStage>[0],
  asked = offline,
  options: StageOptions = {},
): Promise<Started> {
  const stage = await openStage(t, options);
  const { json } = await stage.redeem(await stage.code('web', asked));
  return { stage, token: json.refresh_token ?? '' };
}

test('R-039[refresh,sqlite] S-44 S-72 I-2 each use rotates; an older generation ends the family and is told', async (t) => {
  const { stage, token } = await start(t);
  const second = (await stage.refresh(token)).json.refresh_token;
  const third = (await stage.refresh(second)).json.refresh_token;
  assert.equal(new Set([token, second, third]).size, 3);
  const stolen = await stage.refresh(token);
  assert.deepEqual([stolen.status, stolen.json.error], [400, 'invalid_grant']);
  assert.equal((await stage.refresh(third)).json.error, 'invalid_grant');
  assert.deepEqual((await stage.effects()).slice(-2), ['refresh.reused', 'authorization.revoked']);
});

test('R-041[refresh,sqlite] a retry of the predecessor gets the same successor and a fresh access token', async (t) => {
  const { stage, token } = await start(t);
  const first = await stage.refresh(token);
  await stage.clock.advance(9);
  const retry = await stage.refresh(token);
  assert.equal(retry.json.refresh_token, first.json.refresh_token);
  assert.notEqual(retry.json.access_token, first.json.access_token);
  assert.equal((await stage.refresh(retry.json.refresh_token)).status, 200);
});

test('R-041[refresh,sqlite] a retry is checked as any refresh is: scope and resource as asked now', async (t) => {
  const { stage, token } = await start(t);
  const first = await stage.refresh(token);
  const retry = await stage.refresh(token, { scope: 'invoices:read' });
  assert.deepEqual([retry.json.scope, retry.json.refresh_token], ['invoices:read', first.json.refresh_token]);
  const other = await stage.refresh(token, { resource: issuer });
  assert.equal(parseCompact(other.json.access_token ?? '').claims['aud'], issuer);
  assert.equal((await stage.refresh(token, { resource: reports })).json.error, 'invalid_target');
  assert.equal((await stage.refresh(first.json.refresh_token)).status, 200);
});

test('R-041[refresh,sqlite] after the window the predecessor is stolen goods', async (t) => {
  const { stage, token } = await start(t);
  const first = await stage.refresh(token);
  await stage.clock.advance(10);
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(first.json.refresh_token)).json.error, 'invalid_grant');
});

test('R-041[refresh,sqlite] more retries than allowed are refused and change nothing', async (t) => {
  const { stage, token } = await start(t, offline, { refreshRetry: { window: 10, limit: 2 } });
  const first = await stage.refresh(token);
  assert.equal((await stage.refresh(token)).status, 200);
  assert.equal((await stage.refresh(token)).status, 200);
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(first.json.refresh_token)).status, 200);
});

test('R-041[refresh,sqlite] once the successor was used, its predecessor ends the family', async (t) => {
  const { stage, token } = await start(t);
  const second = (await stage.refresh(token)).json.refresh_token;
  const third = (await stage.refresh(second)).json.refresh_token;
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(third)).json.error, 'invalid_grant');
});

test('R-041[refresh,sqlite] R-045 I-6 another client gets nothing within the window, and ends nothing', async (t) => {
  const { stage, token } = await start(t);
  const first = await stage.refresh(token);
  assert.equal((await stage.refresh(token, {}, 'other')).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(first.json.refresh_token, {}, 'other')).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(first.json.refresh_token)).status, 200);
});

test('R-041[refresh,sqlite] without a window every second use ends the family', async (t) => {
  const { stage, token } = await start(t, offline, { refreshRetry: { window: 0, limit: 5 } });
  const first = await stage.refresh(token);
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(first.json.refresh_token)).json.error, 'invalid_grant');
});

test('R-040[refresh,sqlite] I-2 of ten refreshes at once all that succeed bring the same successor', async (t) => {
  const { stage, token } = await start(t, offline, { refreshRetry: { window: 10, limit: 60 } });
  const answers = await Promise.all(Array.from({ length: 10 }, () => stage.refresh(token)));
  const successors = new Set(answers.map(({ json }) => json.refresh_token));
  assert.deepEqual([successors.size, answers.every(({ status }) => status === 200)], [1, true]);
  assert.equal((await stage.refresh([...successors][0])).status, 200);
});

test('R-034[refresh] I-6 a made-up token does nothing, even one that names a family and an old generation', async (t) => {
  const { stage, token } = await start(t);
  const current = (await stage.refresh(token)).json.refresh_token ?? '';
  const family = parseRefreshToken(current, tagKey)?.family ?? '';
  const forged = createRefreshToken({ family, generation: 1 }, { tagKey: Buffer.alloc(32), runtime: stage.runtime });
  const [, , own = '', tag = ''] = current.slice('castellan_rt_'.length, -7).split('.');
  const aged = createPrefixedToken(tokenPrefixes.refreshToken, [family, '1', own, tag].join('.'));
  await stage.clock.advance(60);
  for (const text of [forged, aged, current.slice(0, -1), 'x', `${current} `]) {
    assert.equal((await stage.refresh(text)).json.error, 'invalid_grant');
  }
  assert.ok(!(await stage.effects()).includes('refresh.reused'));
  assert.equal((await stage.refresh(current)).status, 200);
});

test('R-034[refresh] I-6 a genuine token of a family that is not there, or of a generation to come, does nothing', async (t) => {
  const { stage, token } = await start(t);
  const { family } = parseRefreshToken(token, tagKey) ?? { family: '' };
  const deps = { tagKey, runtime: stage.runtime };
  for (const position of [
    { family: newId(stage.runtime), generation: 1 },
    { family, generation: 1 },
    { family, generation: 2 },
  ]) {
    const answer = await stage.refresh(createRefreshToken(position, deps));
    assert.equal(answer.json.error, 'invalid_grant');
  }
  assert.equal((await stage.refresh(token)).status, 200);
});

test('R-046[refresh] a smaller scope shrinks the access token, not the family', async (t) => {
  const { stage, token } = await start(t);
  const small = await stage.refresh(token, { scope: 'invoices:read' });
  assert.equal(small.json.scope, 'invoices:read');
  assert.equal(small.json.id_token, undefined);
  const whole = await stage.refresh(small.json.refresh_token);
  assert.equal(whole.json.scope, 'invoices:read invoices:write');
  const more = await stage.refresh(whole.json.refresh_token, { scope: 'invoices:read reports:read' });
  assert.deepEqual([more.status, more.json.error], [400, 'invalid_scope']);
  assert.equal((await stage.refresh(whole.json.refresh_token)).status, 200);
});

test('R-046[refresh] the other resources of the authorization by name, one at a time', async (t) => {
  const { stage, token } = await start(t);
  const first = await stage.refresh(token, { resource: issuer });
  const claims = parseCompact(first.json.access_token ?? '').claims;
  assert.deepEqual([claims['aud'], claims['scope']], [issuer, 'openid']);
  const body = new URLSearchParams([
    ...Object.entries({ client_id: 'web', client_secret: 'castellan_cs_0123456789abcdefghijklmnopqrstuv' }),
    ...Object.entries({ grant_type: 'refresh_token', refresh_token: first.json.refresh_token ?? '' }),
    ['resource', issuer],
    ['resource', invoices],
  ]).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const both = await stage.send('POST', '/token', { headers, body });
  assert.match(String(both.body), /"invalid_target"/);
});

test('R-049[refresh] R-036 a scope or grant that the client lost is not issued again', async (t) => {
  const { stage, token } = await start(t);
  stage.register(testClient('web', { scopes: new Set(['openid', 'invoices:read']) }));
  const less = await stage.refresh(token);
  assert.equal(less.json.scope, 'invoices:read');
  stage.register(testClient('web', { scopes: new Set() }));
  assert.equal((await stage.refresh(less.json.refresh_token)).json.error, 'invalid_scope');
  stage.register(testClient('web', { resources: [issuer] }));
  assert.equal((await stage.refresh(less.json.refresh_token, { resource: invoices })).json.error, 'invalid_target');
  stage.register(testClient('web', { grants: new Set(['authorization_code']) }));
  assert.equal((await stage.refresh(less.json.refresh_token)).json.error, 'unauthorized_client');
  stage.register(testClient('web'));
  assert.equal((await stage.refresh(less.json.refresh_token)).json.scope, 'invoices:read invoices:write');
});

test('R-047[refresh,sqlite] a family ends after 14 idle days', async (t) => {
  const { stage, token } = await start(t);
  await stage.clock.advance(14 * day - 1);
  const next = await stage.refresh(token);
  assert.equal(next.status, 200);
  await stage.clock.advance(14 * day);
  assert.equal((await stage.refresh(next.json.refresh_token)).json.error, 'invalid_grant');
});

test('R-047[refresh,sqlite] a family ends after 30 days, however often it was used', async (t) => {
  const { stage, token } = await start(t);
  let current = token;
  for (let days = 10; days < 30; days += 10) {
    await stage.clock.advance(10 * day);
    current = (await stage.refresh(current)).json.refresh_token ?? '';
  }
  await stage.clock.advance(10 * day - 1);
  current = (await stage.refresh(current)).json.refresh_token ?? '';
  assert.ok(current);
  await stage.clock.advance(1);
  assert.equal((await stage.refresh(current)).json.error, 'invalid_grant');
});

test('R-048[refresh,sqlite] without offline_access a family ends with its session, with it it goes on', async (t) => {
  const stage = await openStage(t);
  const bound = (await stage.redeem(await stage.code())).json.refresh_token;
  const free = (await stage.redeem(await stage.code('web', offline))).json.refresh_token;
  const { id, person } = stage.session;
  const now = Math.floor(stage.runtime.now() / 1000);
  const events = stage.exchange.effects({ type: 'session.ended', session: id, person, reason: 'logout' });
  await stage.store.endSession({ id, reason: 'logout', now }, events);
  assert.equal((await stage.refresh(bound)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(free)).status, 200);
});

test('R-049[refresh] R-048[refresh,sqlite] a client that lost offline_access has nothing that outlives a session', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code('web', offline));
  const fewer = [...testClient('web').scopes].filter((scope) => scope !== 'offline_access');
  stage.register(testClient('web', { scopes: new Set(fewer) }));
  const still = await stage.refresh(json.refresh_token);
  assert.equal(still.status, 200, 'the session lives');
  const { id, person } = stage.session;
  const now = Math.floor(stage.runtime.now() / 1000);
  const events = stage.exchange.effects({ type: 'session.ended', session: id, person, reason: 'logout' });
  await stage.store.endSession({ id, reason: 'logout', now }, events);
  assert.equal((await stage.refresh(still.json.refresh_token)).json.error, 'invalid_grant');
});

test('R-048[refresh,sqlite] without offline_access a family ends when its session has run out', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code());
  await stage.clock.advance(12 * 3600);
  assert.equal((await stage.refresh(json.refresh_token)).json.error, 'invalid_grant');
});

test('R-036[refresh] R-122 a person who was disabled meanwhile gets nothing', async (t) => {
  const { stage, token } = await start(t);
  stage.setState('disabled');
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  stage.setState('active');
  assert.equal((await stage.refresh(token)).status, 200);
});

test('R-045[refresh] a confidential client proves itself for every refresh', async (t) => {
  const { stage, token } = await start(t);
  const answer = await stage.refresh(token, { client_secret: 'wrong' });
  assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_client']);
  assert.equal((await stage.refresh(token, { client_secret: '' })).json.error, 'invalid_client');
  assert.equal((await stage.refresh(token)).status, 200);
});

test('R-042[refresh,sqlite] I-10 a clock that stepped back neither revives nor ends a family', async (t) => {
  const { stage, token } = await start(t);
  const second = (await stage.refresh(token)).json.refresh_token;
  stage.clock.step(-3600);
  const third = (await stage.refresh(second)).json.refresh_token;
  assert.ok(third);
  assert.equal((await stage.refresh(token)).json.error, 'invalid_grant');
  assert.equal((await stage.refresh(third)).json.error, 'invalid_grant');
});

test('S-20[refresh-token,sqlite] R-033[sqlite] neither rows nor events hold a token that works', async (t) => {
  const { stage, token } = await start(t);
  const next = (await stage.refresh(token)).json.refresh_token ?? '';
  const { family } = parseRefreshToken(next, tagKey) ?? { family: '' };
  const rows = JSON.stringify(await stage.store.findFamily(family, 0));
  const told = JSON.stringify([stage.events, await stage.store.readOutbox(1000)]);
  for (const text of [token, next]) {
    const [, , own = '', tag = ''] = text.slice('castellan_rt_'.length, -7).split('.');
    for (const part of [text, own, tag]) assert.ok(!rows.includes(part) && !told.includes(part));
  }
  assert.ok(!told.includes(family), 'the id of a family is part of its tokens');
});
