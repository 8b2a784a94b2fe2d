import assert from 'node:assert/strict';
import { test } from 'node:test';
import { form, openStage, redirectUri, secret, testClient, verifier } from '../../stage.test.ts';

test('R-028[token] an answer is JSON that nobody may store, with exactly the members of the specification', async (t) => {
  const stage = await openStage(t);
  const { status, headers, json } = await stage.redeem(await stage.code());
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'no-store');
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.deepEqual(Object.keys(json).toSorted(), [
    'access_token',
    'expires_in',
    'id_token',
    'refresh_token',
    'scope',
    'token_type',
  ]);
  assert.deepEqual([json.token_type, Number(json.expires_in)], ['Bearer', 300]);
});

test('R-028[token] a refusal names its error and nothing of what was sent', async (t) => {
  const stage = await openStage(t);
  const cases: [Record<string, string>, number, string][] = [
    [{}, 400, 'invalid_request'],
    [{ grant_type: 'evil"<x>' }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'authorization_code' }, 400, 'invalid_request'],
    [{ grant_type: 'authorization_code', code: 'evil"<x>' }, 400, 'invalid_grant'],
    [{ grant_type: 'refresh_token', refresh_token: 'evil"<x>' }, 400, 'invalid_grant'],
    [{ client_id: 'evil"<x>' }, 401, 'invalid_client'],
  ];
  for (const [parameters, status, error] of cases) {
    const answer = await stage.token(parameters);
    assert.deepEqual([answer.status, answer.json.error], [status, error], JSON.stringify(parameters));
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.ok(!answer.text.includes('evil'));
  }
});

test('R-029[token] there is no password grant, nor any other that is not offered', async (t) => {
  const stage = await openStage(t);
  for (const grant of ['password', 'implicit', 'constructor', '__proto__', 'AUTHORIZATION_CODE']) {
    const answer = await stage.token({ grant_type: grant, username: 'anna', password: 'anna' });
    assert.deepEqual([answer.status, answer.json.error], [400, 'unsupported_grant_type'], grant);
  }
});

test('R-027[token] R-006 a repeated parameter is refused, an empty one is absent, an unknown one is ignored', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const good = { client_id: 'web', client_secret: secret, grant_type: 'authorization_code', code };
  for (const [name, value] of Object.entries(good)) {
    const body = `${new URLSearchParams(good)}&${new URLSearchParams({ [name]: value })}`;
    const answer = await stage.send('POST', '/token', { headers: form, body });
    assert.equal(answer.status, 400, name);
    assert.match(String(answer.body), /"invalid_request"/);
  }
  assert.equal((await stage.redeem(code, { unknown: 'x', scope: '', resource: '' })).status, 200);
});

test('R-027[token] secrets in the URL are refused, though they are right', async (t) => {
  const stage = await openStage(t);
  const code = await stage.code();
  const good = new URLSearchParams({
    client_id: 'web',
    client_secret: secret,
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }).toString();
  for (const query of [`client_secret=${secret}`, `code=${code}`, 'refresh_token=x', 'x=1&password=']) {
    const answer = await stage.send('POST', '/token', { headers: form, query, body: good });
    assert.equal(answer.status, 400, query);
    assert.match(String(answer.body), /"invalid_request".*URL/);
  }
  assert.equal((await stage.send('POST', '/token', { headers: form, query: good, body: '' })).status, 400);
  assert.equal((await stage.send('POST', '/token', { headers: form, body: good })).status, 200);
  const headers = { ...form, 'content-type': 'application/json' };
  assert.equal((await stage.send('POST', '/token', { headers, body: '{}' })).status, 415);
  assert.equal((await stage.send('GET', '/token', { query: 'grant_type=refresh_token' })).status, 405);
});

test('R-075[token] S-36 a client that tried Basic is challenged, an unknown one like a known one', async (t) => {
  const stage = await openStage(t);
  stage.register(testClient('basic', { authentication: 'client_secret_basic' }));
  const answers = await Promise.all(
    ['basic', 'nobody'].map((id) =>
      stage.send('POST', '/token', {
        headers: { ...form, authorization: `Basic ${Buffer.from(`${id}:wrong`).toString('base64')}` },
        body: 'grant_type=refresh_token',
      }),
    ),
  );
  const [known, unknown] = answers;
  assert.equal(known?.status, 401);
  assert.match(String(known?.headers['www-authenticate']), /^Basic realm=/);
  assert.deepEqual([unknown?.status, unknown?.body, unknown?.headers], [known?.status, known?.body, known?.headers]);
});

test('R-075[token] guessing is limited by address, failures included', async (t) => {
  const stage = await openStage(t, { limits: { tokenPerAddress: { count: 3, period: 60 } } });
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    statuses.push((await stage.token({ client_secret: `guess-${attempt}` })).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
});

test('R-075[token] a client has a budget of its own, and nobody else spends it', async (t) => {
  const stage = await openStage(t, { limits: { tokenPerClient: { count: 2, period: 60 } } });
  const codes = [await stage.code(), await stage.code(), await stage.code()];
  await stage.token({ client_secret: 'wrong' });
  await stage.token({ client_secret: 'wrong' });
  const statuses: number[] = [];
  for (const code of codes) statuses.push((await stage.redeem(code)).status);
  assert.deepEqual(statuses, [200, 200, 429]);
  const limited = await stage.redeem(codes[2] ?? '');
  assert.ok(Number(limited.headers['retry-after']) >= 1);
  assert.equal((await stage.token({ grant_type: 'refresh_token' }, 'other')).status, 400);
  await stage.clock.advance(Number(limited.headers['retry-after']));
  assert.equal((await stage.redeem(codes[2] ?? '')).status, 200, 'a limit consumes nothing');
});

test('R-030[code,refresh] a client uses the grants it registered', async (t) => {
  const stage = await openStage(t);
  const { json } = await stage.redeem(await stage.code());
  stage.register(testClient('web', { grants: new Set(['authorization_code']) }));
  assert.equal((await stage.refresh(json.refresh_token)).json.error, 'unauthorized_client');
  stage.register(testClient('web', { grants: new Set(['refresh_token']) }));
  assert.equal((await stage.redeem(await stage.code())).json.error, 'unauthorized_client');
});

test('I-7[events] R-223[events] a request ends in one outcome event that names its client', async (t) => {
  const stage = await openStage(t);
  await stage.redeem(await stage.code());
  const outcomes = stage.events.filter((event) => event.type === 'request.answered');
  assert.deepEqual(
    outcomes.map((event) => [event.endpoint, event.status, event.client]),
    [['token', 200, 'web']],
  );
  const issued = stage.events.filter((event) => event.type === 'token.issued');
  assert.deepEqual(
    issued.map((event) => event.kind),
    ['access_token', 'id_token'],
  );
});
