import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeOf, Refusal } from '@castellan/protocol';
import { type Client, clientDirectory } from '../clients/client.ts';
import { issuerResource, type Resource, resourceDirectory } from '../resources/resource.ts';
import { type CheckDeps, type CheckedFor, checkRequest, recheckRequest } from './check.ts';
import { parseParameters } from './parse.ts';

const issuer = 'https://id.example';
const [things, bills] = ['https://things.example', 'https://bills.example'];
const redirectUri = 'https://web.example/callback?keep=1';
const challenge = challengeOf('a'.repeat(43));

const resource = (audience: string, scope: string): Resource => ({
  audience,
  name: audience,
  scopes: new Map([[scope, 'do it']]),
  algorithm: 'ES256',
  accessTokenLifetime: 300,
  tokenFormat: 'jwt',
});
const resources = resourceDirectory([
  issuerResource(issuer, 300),
  resource(things, 'things:read'),
  resource(bills, 'bills:read'),
  resource('https://foreign.example', 'foreign'),
]);

const web: Client = {
  id: 'web',
  name: 'Web',
  kind: 'web',
  authentication: 'client_secret_basic',
  secretHashes: ['x'],
  grants: new Set(['authorization_code']),
  redirectUris: [redirectUri],
  postLogoutRedirectUris: [],
  scopes: new Set(['openid', 'profile', 'offline_access', 'things:read', 'bills:read']),
  ownScopes: new Set(),
  resources: [issuer, things, bills],
  defaultResource: things,
  idTokenAlgorithm: 'RS256',
  consent: 'ask',
  sector: undefined,
};
const native: Client = {
  ...web,
  id: 'native',
  kind: 'native',
  redirectUris: ['http://127.0.0.1/cb', 'com.example.app:/cb'],
};

const deps: CheckDeps = {
  clients: clientDirectory([web, native]),
  resources,
  hintedSubject: async (hint, client) => (hint === 'good' && client === 'web' ? 'alice' : undefined),
  signedIn: false,
};

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

function query(changes: Changes = {}): string {
  const parameters: Changes = {
    response_type: 'code',
    client_id: 'web',
    redirect_uri: redirectUri,
    scope: 'openid things:read',
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) form.append(name, one);
  }
  return form.toString();
}

async function check(changes?: Changes, more: Partial<CheckDeps> = {}): Promise<CheckedFor> {
  return checkRequest(parseParameters(query(changes)), { ...deps, ...more });
}

async function refusal(changes: Changes, more: Partial<CheckDeps> = {}): Promise<Refusal> {
  try {
    await check(changes, more);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  return assert.fail(`not refused: ${JSON.stringify(changes)}`);
}

test('R-014[authorize] a good request is checked whole and keeps what it said', async () => {
  const { client, request } = await check({ max_age: '600', login_hint: 'alice', prompt: 'login consent' });
  assert.equal(client, web);
  assert.deepEqual(request, {
    client: 'web',
    redirectUri,
    responseMode: 'query',
    state: 'the state',
    scopes: ['openid', 'things:read'],
    resources: [things, issuer],
    codeChallenge: challenge,
    prompt: ['login', 'consent'],
    nonce: 'the nonce',
    maxAge: 600,
    loginHint: 'alice',
  });
});

const toPerson: readonly (readonly [title: string, changes: Changes, reason: string])[] = [
  ['no client', { client_id: undefined }, 'missing_parameter'],
  ['an unknown client', { client_id: 'nobody' }, 'unknown_client'],
  ['a client named by a prototype', { client_id: 'constructor' }, 'unknown_client'],
  ['two clients', { client_id: ['web', 'web'] }, 'repeated_parameter'],
  ['no redirect URI', { redirect_uri: undefined }, 'redirect_uri_mismatch'],
  ['another redirect URI', { redirect_uri: 'https://evil.example/' }, 'redirect_uri_mismatch'],
  ['a redirect URI with more after it', { redirect_uri: `${redirectUri}&x=1` }, 'redirect_uri_mismatch'],
  ['a redirect URI without its query', { redirect_uri: 'https://web.example/callback' }, 'redirect_uri_mismatch'],
  ['a redirect URI in other letters', { redirect_uri: redirectUri.replace('web', 'WEB') }, 'redirect_uri_mismatch'],
  ['two redirect URIs', { redirect_uri: [redirectUri, 'https://evil.example/'] }, 'repeated_parameter'],
  ['a web client on a loopback port', { redirect_uri: 'http://127.0.0.1:1/cb' }, 'redirect_uri_mismatch'],
  ['two states', { state: ['a', 'b'] }, 'repeated_parameter'],
  ['a state that is too long to come back whole', { state: 'a'.repeat(2049) }, 'invalid_parameter'],
  ['a state with a line break', { state: 'a\r\nb' }, 'invalid_parameter'],
];

for (const [title, changes, reason] of toPerson) {
  test(`R-001[authorize] R-002 ${title}: the refusal has nowhere to go, signed in or not, silent or not`, async () => {
    for (const more of [{ signedIn: false }, { signedIn: true }]) {
      const error = await refusal({ ...changes, prompt: 'none' }, more);
      assert.equal(error.reason, reason);
      assert.equal(error.context.target, undefined);
    }
  });
}

const toClient: readonly (readonly [rows: string, title: string, changes: Changes, reason: string])[] = [
  ['R-004', 'no response type', { response_type: undefined }, 'missing_parameter'],
  ['R-004 S-21', 'the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
  ['R-004 S-21', 'the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['R-018', 'the fragment', { response_mode: 'fragment' }, 'unsupported_response_mode'],
  ['R-003 S-23', 'no challenge', { code_challenge: undefined }, 'challenge_required'],
  ['R-003 S-23', 'no method, which means plain', { code_challenge_method: undefined }, 'challenge_method_unsupported'],
  ['R-003 S-23', 'plain', { code_challenge_method: 'plain' }, 'challenge_method_unsupported'],
  ['R-003 S-23', 'a verifier as challenge', { code_challenge: 'a'.repeat(44) }, 'invalid_parameter'],
  ['R-006', 'a repeated parameter, though unknown', { whatever: ['a', 'b'] }, 'repeated_parameter'],
  ['R-014', 'none with another prompt', { prompt: 'login none' }, 'invalid_parameter'],
  ['R-014', 'an unknown prompt', { prompt: 'create' }, 'invalid_parameter'],
  ['R-014', 'a max_age of a half', { max_age: '0.5' }, 'invalid_parameter'],
  ['R-014', 'a max_age in the exponent', { max_age: '1e3' }, 'invalid_parameter'],
  ['R-014', 'a hint that is not ours', { id_token_hint: 'bad' }, 'invalid_parameter'],
  ['R-016', 'no scope', { scope: undefined }, 'scope_malformed'],
  ['R-016', 'two spaces', { scope: 'openid  things:read' }, 'scope_malformed'],
  ['R-016', 'a scope of other clients', { scope: 'openid email' }, 'scope_not_allowed'],
  ['R-017', 'an unregistered resource', { resource: 'https://nowhere.example' }, 'resource_invalid'],
  ['R-017', 'a resource of other clients', { resource: 'https://foreign.example' }, 'resource_invalid'],
  ['R-017', 'one good resource and one bad', { resource: [things, 'https://nowhere.example'] }, 'resource_invalid'],
  ['R-017', 'a scope without its resource', { scope: 'openid bills:read' }, 'scope_not_allowed'],
  ['R-017', 'profile data without UserInfo', { scope: 'profile things:read' }, 'scope_not_allowed'],
  ['R-018', 'a request object', { request: 'e30.e30.' }, 'request_object_unsupported'],
  ['R-018', 'a request by reference', { request_uri: 'urn:x' }, 'request_uri_unsupported'],
  ['R-018', 'a registration', { registration: '{}' }, 'registration_unsupported'],
];

for (const [rows, title, changes, reason] of toClient) {
  test(`${rows}[authorize] R-015 ${title} is refused to the client, by itself only where somebody is signed in`, async () => {
    const error = await refusal(changes);
    assert.equal(error.reason, reason);
    assert.deepEqual(error.context.target, {
      redirectUri,
      state: 'the state',
      responseMode: 'query',
      automatic: false,
    });
    assert.equal((await refusal(changes, { signedIn: true })).context.target?.automatic, true);
    if ('prompt' in changes) return;
    assert.equal((await refusal({ ...changes, prompt: 'none' })).context.target?.automatic, true);
  });
}

test('R-030[code] S-11 a client without the grant gets no code, and loses a request that waits when it loses the grant', async () => {
  const service = { ...web, grants: new Set(['client_credentials']) };
  const { reason, context } = await refusal({}, { clients: clientDirectory([service]) });
  assert.deepEqual([reason, context.target?.redirectUri], ['grant_not_allowed', redirectUri]);
  const { request } = await check();
  assert.throws(
    () => recheckRequest(request, service, resources),
    (error) => error instanceof Refusal && error.reason === 'grant_not_allowed',
  );
});

test('R-001[authorize] a native client may use any loopback port, and only that differs', async () => {
  const good = ['http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb', 'com.example.app:/cb'];
  for (const uri of good) {
    const { request } = await check({ client_id: 'native', redirect_uri: uri });
    assert.equal(request.redirectUri, uri);
  }
  for (const uri of [
    'http://localhost:1/cb',
    'http://127.0.0.1:1/cb/',
    'https://127.0.0.1:1/cb',
    'http://127.0.0.1:1@evil.example/cb',
  ]) {
    assert.equal((await refusal({ client_id: 'native', redirect_uri: uri })).reason, 'redirect_uri_mismatch');
  }
});

test('R-017[authorize] without a resource it is the default one, with openid the issuer as well', async () => {
  assert.deepEqual((await check({ scope: 'things:read' })).request.resources, [things]);
  assert.deepEqual((await check({ scope: 'openid' })).request.resources, [things, issuer]);
  const both = await check({ scope: 'openid bills:read things:read', resource: [bills, things] });
  assert.deepEqual(both.request.resources, [bills, things, issuer]);
  assert.deepEqual((await check({ scope: 'offline_access things:read' })).request.resources, [things]);
});

test('R-005[authorize] a state and a nonce of 2048 characters come back whole', async () => {
  const [state, nonce] = ['sé &%'.repeat(400), 'n'.repeat(2048)];
  const { request } = await check({ state, nonce });
  assert.deepEqual([request.state, request.nonce], [state, nonce]);
});

test('R-014[authorize] a hint names its person, and a login hint that is no login name is dropped', async () => {
  const { request } = await check({ id_token_hint: 'good', login_hint: 'x'.repeat(321) });
  assert.equal(request.subject, 'alice');
  assert.equal(request.loginHint, undefined);
});

test('R-036[code] what was parked is checked again when the configuration has changed meanwhile', async () => {
  const { request } = await check();
  recheckRequest(request, web, resources);
  const changed: readonly Partial<Client>[] = [
    { redirectUris: ['https://web.example/other'] },
    { scopes: new Set(['openid']) },
    { resources: [issuer, bills] },
  ];
  for (const change of changed) {
    assert.throws(() => recheckRequest(request, { ...web, ...change }, resources), Refusal);
  }
});

test('R-183[node] an error that is no refusal stays what it is', async () => {
  const broken = async (): Promise<never> => {
    throw new RangeError('broken');
  };
  await assert.rejects(check({ id_token_hint: 'good' }, { hintedSubject: broken }), RangeError);
});
