import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret, Refusal } from '@castellan/protocol';
import { createAuthenticator } from './authenticate.ts';
import { type Client, clientDirectory } from './client.ts';

const secret = 'castellan_cs_0123456789abcdefghijklmnopqrstuv';

function client(id: string, authentication: Client['authentication']): Client {
  return {
    id,
    name: id,
    kind: authentication === 'none' ? 'native' : 'web',
    authentication,
    secretHashes: authentication === 'none' ? [] : [hashSecret(secret)],
    grants: new Set(['authorization_code']),
    redirectUris: [],
    postLogoutRedirectUris: [],
    scopes: new Set(),
    ownScopes: new Set(),
    resources: [],
    defaultResource: '',
    idTokenAlgorithm: 'RS256',
    consent: 'ask',
    sector: undefined,
  };
}

const clients = clientDirectory([
  client('basic', 'client_secret_basic'),
  client('post', 'client_secret_post'),
  client('public', 'none'),
  client('a b:c', 'client_secret_basic'),
]);

function basic(id: string, password: string): string {
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

const check = createAuthenticator({ find: clients.find, checkAssertion: async () => 'no assertion is genuine here' });

async function authenticate(parameters: Record<string, string>, ...authorization: string[]): Promise<string> {
  const headers = authorization.length === 0 ? {} : { authorization };
  return (await check({ headers }, parameters, { identify: () => undefined })).id;
}

async function refusalOf(parameters: Record<string, string>, ...authorization: string[]): Promise<Refusal> {
  try {
    await authenticate(parameters, ...authorization);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return assert.fail('it was accepted');
}

test('R-071[token] each client proves itself by its registered method', async () => {
  assert.equal(await authenticate({}, basic('basic', secret)), 'basic');
  assert.equal(await authenticate({ client_id: 'basic' }, basic('basic', secret)), 'basic');
  assert.equal(await authenticate({ client_id: 'post', client_secret: secret }), 'post');
  assert.equal(await authenticate({ client_id: 'public' }), 'public');
});

test('R-071[token] no other method will do, though the secret is right', async () => {
  const cases: [Record<string, string>, ...string[]][] = [
    [{ client_id: 'basic', client_secret: secret }],
    [{ client_id: 'basic' }],
    [{}, basic('post', secret)],
    [{ client_id: 'post' }],
    [{ client_id: 'public', client_secret: secret }],
    [{ client_id: 'public', client_secret: 'anything' }],
    [{}, basic('public', secret)],
    [{ client_id: 'basic', client_assertion: 'x', client_assertion_type: 'y' }],
  ];
  for (const [parameters, ...authorization] of cases) {
    assert.equal((await refusalOf(parameters, ...authorization)).reason, 'client_authentication_failed');
  }
});

test('R-071[token] two methods in one request are refused, also two of the same', async () => {
  const header = basic('basic', secret);
  for (const [parameters, ...authorization] of [
    [{ client_id: 'basic', client_secret: secret }, header],
    [{ client_assertion: 'x', client_assertion_type: 'y' }, header],
    [{ client_id: 'post', client_secret: secret, client_assertion: 'x' }],
    [{}, header, header],
  ] as [Record<string, string>, ...string[]][]) {
    assert.equal((await refusalOf(parameters, ...authorization)).reason, 'client_authentication_repeated');
  }
});

test('R-075[token] an unknown client and a wrong secret look alike', async () => {
  const known = await refusalOf({ client_id: 'post', client_secret: 'wrong' });
  const unknown = await refusalOf({ client_id: 'nobody', client_secret: 'wrong' });
  assert.equal(known.reason, unknown.reason);
  assert.equal(known.context.challenge, unknown.context.challenge);
  const knownBasic = await refusalOf({}, basic('basic', 'wrong'));
  const unknownBasic = await refusalOf({}, basic('nobody', 'wrong'));
  assert.equal(knownBasic.reason, unknownBasic.reason);
  assert.deepEqual([knownBasic.context.challenge, unknownBasic.context.challenge], ['Basic', 'Basic']);
});

test('R-075[token] the secret of nobody opens nothing: empty ones, hashes and other secrets are refused', async () => {
  for (const wrong of ['wrong', hashSecret(secret), `${secret} `, secret.slice(0, -1), secret.toUpperCase()]) {
    assert.equal((await refusalOf({ client_id: 'post', client_secret: wrong })).reason, 'client_authentication_failed');
    assert.equal(
      (await refusalOf({ client_id: 'nobody', client_secret: wrong })).reason,
      'client_authentication_failed',
    );
  }
  assert.equal((await refusalOf({ client_id: 'nobody' })).reason, 'client_authentication_failed');
  assert.equal((await refusalOf({})).reason, 'missing_parameter');
});

test('R-074[client-secret] Basic is base64 of form-encoded halves, in one spelling', async () => {
  assert.equal(await authenticate({}, basic('a+b%3Ac', secret)), 'a b:c');
  const good = basic('basic', secret);
  for (const header of [
    basic('basic', encodeURIComponent(secret)).replace('Basic ', 'Basic  '),
    `${good}=`,
    `${good.slice(0, 10)}\n${good.slice(10)}`,
    good.replace('Basic', 'Bearer'),
    'Basic',
    `Basic ${Buffer.from('basic').toString('base64')}`,
    basic('basic', '%zz'),
    basic('basic', ''),
  ]) {
    const refusal = await refusalOf({}, header);
    assert.equal(refusal.reason, 'client_authentication_failed', header);
    assert.equal(refusal.context.challenge, 'Basic');
  }
});

test('R-071[token] the client named in the form must be the one in Basic', async () => {
  const refusal = await refusalOf({ client_id: 'post' }, basic('basic', secret));
  assert.equal(refusal.reason, 'client_authentication_failed');
});

test('R-225[events] no refusal carries what was sent', async () => {
  for (const refusal of [
    await refusalOf({}, basic('basic', 'hunter2-hunter2')),
    await refusalOf({ client_id: 'evil<script>', client_secret: 'hunter2-hunter2' }),
    await refusalOf({ client_id: 'basic', client_assertion: 'hunter2-hunter2' }),
  ]) {
    const told = JSON.stringify([refusal.message, refusal.context]);
    assert.ok(!told.includes('hunter2') && !told.includes('script'), told);
  }
});
