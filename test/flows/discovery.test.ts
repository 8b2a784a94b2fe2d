import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, createWorld, decodeJwt, headerValue, type JsonAnswer, post } from '@castellan/testkit';

const world = await createWorld({ seed: 'discovery' });
after(() => world.close());
const { metadata } = world;
const list = (name: string): readonly string[] => metadata[name] as readonly string[];
const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];

test('R-099[discovery] S-35 both documents say the same, for exactly this issuer, as JSON that may be cached', async () => {
  const bodies: unknown[] = [];
  for (const path of documents) {
    const answer = await world.send('GET', path);
    assert.equal(answer.status, 200);
    assert.match(headerValue(answer, 'content-type') ?? '', /^application\/json\b/);
    assert.match(headerValue(answer, 'cache-control') ?? '', /max-age=\d+/);
    assert.equal(headerValue(answer, 'access-control-allow-origin'), '*');
    bodies.push(JSON.parse(answer.body));
  }
  assert.deepEqual(bodies[0], bodies[1]);
  assert.equal(metadata['issuer'], world.issuer);
});

test('R-099[discovery] R-029 S-21 S-22 it never offers none, plain, implicit or password, and says false where silence means true', () => {
  assert.deepEqual(list('response_types_supported'), ['code']);
  assert.deepEqual(list('code_challenge_methods_supported'), ['S256']);
  const device = 'urn:ietf:params:oauth:grant-type:device_code';
  const grants = ['authorization_code', 'client_credentials', 'refresh_token', device];
  assert.deepEqual([...list('grant_types_supported')].sort(), grants);
  assert.equal(metadata['request_parameter_supported'], false);
  assert.equal(metadata['request_uri_parameter_supported'], false);
  assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
  assert.ok(list('id_token_signing_alg_values_supported').includes('RS256'));
  for (const name of Object.keys(metadata).filter((key) => key.endsWith('alg_values_supported'))) {
    for (const algorithm of list(name)) assert.match(algorithm, /^(RS256|PS256|ES256|EdDSA)$/, name);
  }
  assert.ok(list('scopes_supported').includes('openid'));
  assert.deepEqual([...list('token_endpoint_auth_methods_supported')].sort(), [
    'client_secret_basic',
    'client_secret_post',
    'none',
    'private_key_jwt',
  ]);
});

test('R-099[discovery] nothing is in it that the certification suite would not know', () => {
  const known =
    /^(issuer|jwks_uri|(authorization|device_authorization|token|userinfo|end_session)_endpoint|(scopes|response_types|response_modes|grant_types|subject_types|claims|claim_types|acr_values|ui_locales|code_challenge_methods|prompt_values|token_endpoint_auth_methods)_supported|(id_token|userinfo)_signing_alg_values_supported|(claims|request|request_uri)_parameter_supported|require_request_uri_registration|authorization_response_iss_parameter_supported|backchannel_logout(_session)?_supported|(service_documentation|op_policy_uri|op_tos_uri)|token_endpoint_auth_signing_alg_values_supported|(revocation|introspection)_endpoint(_auth_methods_supported|_auth_signing_alg_values_supported)?|introspection_signing_alg_values_supported)$/;
  for (const name of Object.keys(metadata)) assert.match(name, known);
});

test('R-099[discovery] every endpoint it names answers, on https', async () => {
  const endpoints = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name));
  assert.ok(endpoints.length >= 5);
  for (const [name, url] of endpoints) {
    const { pathname, protocol, origin } = new URL(String(url));
    assert.deepEqual([protocol, origin], ['https:', world.issuer], name);
    const answer = await world.send('GET', pathname);
    assert.ok(![404, 500, 501].includes(answer.status), `${name} answers ${answer.status}`);
  }
});

test('R-099[discovery] every scope it names can be had, and every claim it names for UserInfo is there', async () => {
  const web = world.client('web');
  for (const scope of list('scopes_supported')) {
    const changes = {
      scope: scope === 'openid' ? scope : `openid ${scope}`,
      prompt: 'consent',
      resource: ['https://notes.example', 'https://bills.example'],
    };
    const { parameters } = await world.authorize(web, { changes });
    assert.ok(parameters.get('code'), `${scope}: ${parameters}`);
  }
  const all = await world.authorize(web, { changes: { scope: 'openid profile email', prompt: 'consent' } });
  const answer = await web.redeem(all.attempt, all.parameters.get('code') ?? '', { resource: world.issuer });
  const { idToken, accessToken } = assertTokens(answer);
  const info = (await world.userinfo(accessToken)).json;
  const told = new Set([...Object.keys(info), ...Object.keys(decodeJwt(idToken).claims)]);
  for (const claim of ['sub', 'name', 'email', 'email_verified', 'iss', 'aud', 'exp', 'iat', 'auth_time']) {
    assert.ok(told.has(claim), claim);
    assert.ok(
      metadata['claims_supported'] === undefined || list('claims_supported').includes(claim),
      `${claim} is named`,
    );
  }
});

test('R-099[discovery] every prompt it names is known, and every authentication method works', async () => {
  for (const prompt of metadata['prompt_values_supported'] === undefined ? [] : list('prompt_values_supported')) {
    const { page, parameters } = await world.authorize(world.client('web'), { changes: { prompt } });
    assert.notEqual(parameters.get('error'), 'invalid_request', prompt);
    assert.equal(page.find('error-code'), undefined, prompt);
  }
  const clients: Readonly<Record<string, string>> = {
    client_secret_basic: 'web',
    client_secret_post: 'post',
    none: 'spa',
  };
  // Assertions are proven in private-key-jwt.test.ts.
  const methods = list('token_endpoint_auth_methods_supported').filter((method) => method !== 'private_key_jwt');
  for (const method of methods) {
    assertTokens(await world.tokens(world.client(clients[method] ?? method)));
  }
});

test('R-100[jwks] S-36 public keys only, each with kid, use and alg, strong enough, unique, and cacheable', async () => {
  const answer = await world.send('GET', new URL(String(metadata['jwks_uri'])).pathname);
  const { keys } = JSON.parse(answer.body) as { readonly keys: readonly Record<string, string>[] };
  assert.match(headerValue(answer, 'cache-control') ?? '', /max-age=\d+/);
  assert.ok(keys.length >= 2);
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
  for (const key of keys) {
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) assert.equal(key[member], undefined, member);
    assert.equal(key['use'], 'sig');
    assert.match(`${key['kty']} ${key['alg']}`, /^(EC ES256|RSA (RS|PS)256|OKP EdDSA)$/);
    if (key['kty'] === 'RSA') assert.ok(Buffer.from(key['n'] ?? '', 'base64url').length >= 256);
  }
});

test('R-101[keys] keys outlive a restart, and tokens of before still count', async () => {
  const path = new URL(String(metadata['jwks_uri'])).pathname;
  const before = await world.send('GET', path);
  const web = world.client('web');
  const { attempt, parameters } = await world.authorize(web);
  const tokens = assertTokens(await web.redeem(attempt, parameters.get('code') ?? '', { resource: world.issuer }));
  await world.restart();
  assert.equal((await world.send('GET', path)).body, before.body);
  assert.equal((await world.userinfo(tokens.accessToken)).status, 200);
});

test('R-020[discovery] R-099 an issuer with a path has its documents where each specification says', async () => {
  const own = await createWorld({ seed: 'with-path', issuer: 'https://host.example/tenant/one' });
  const network = own.network.from('198.51.100.8');
  const paths = [
    '/tenant/one/.well-known/openid-configuration',
    '/.well-known/openid-configuration/tenant/one',
    '/.well-known/oauth-authorization-server/tenant/one',
  ];
  for (const path of paths) {
    const answer = await network({ method: 'GET', url: new URL(path, own.issuer), headers: [], body: '' });
    assert.equal(answer.status, 200, path);
    const document = JSON.parse(answer.body) as Record<string, unknown>;
    assert.equal(document['issuer'], own.issuer);
    assert.ok(String(document['token_endpoint']).startsWith(`${own.issuer}/`));
  }
  const root = await network({ method: 'GET', url: new URL('/token', own.issuer), headers: [], body: '' });
  assert.equal(root.status, 404, 'another issuer may live beside it');
  assertTokens(await own.tokens(own.client('web')));
  await own.close();
});

test('R-099[discovery] R-186 what it does not name is not served', async () => {
  const grants = ['implicit', 'password', 'urn:ietf:params:oauth:grant-type:token-exchange'];
  for (const grant of grants) {
    const web = world.client('web');
    const answer: JsonAnswer = await web.token({ grant_type: grant });
    assert.equal(answer.json['error'], 'unsupported_grant_type');
  }
  const unnamed = ['/par', '/register'];
  for (const path of unnamed) {
    assert.equal((await post(world.network.from('198.51.100.8'), world.issuer + path, {})).status, 404, path);
  }
});
