/** What the authorization and the token endpoint must never do, and that they do what metadata says of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  assertRefused,
  assertTokens,
  audiences,
  type Browser,
  type Changes,
  createWorld,
  decodeJwt,
  deliveredError,
  type RelyingParty,
} from '@castellan/testkit';

const world = await createWorld({
  seed: 'authorize-truth',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) =>
      one.id === 'other' ? { ...one, responseModes: ['query', 'form_post'] } : one,
    ),
  }),
});
after(() => world.close());
const [web, other] = [world.client('web'), world.client('other')];
const supported = (name: string): readonly string[] => world.metadata[`${name}_supported`] as readonly string[];

const resource = [audiences.notes, audiences.bills];

async function signedIn(client: RelyingParty = web): Promise<Browser> {
  const browser = world.browser();
  const changes = { scope: supported('scopes').join(' '), resource };
  assert.notEqual((await world.authorize(client, { browser, changes })).parameters.get('code'), null);
  return browser;
}

/** The error that a browser with a session brings to the client, and whether anything else came with it. */
async function refused(browser: Browser, changes: Changes, client = web): Promise<string | undefined> {
  const page = await browser.open(client.begin(changes).url);
  const told = deliveredError(page, client.redirectUri);
  for (const { answer } of browser.trail.slice(-2)) {
    const location = answer.headers.find(([name]) => name === 'location')?.[1] ?? '';
    assert.doesNotMatch(location, /#|[?&](code|access_token|id_token|token)=/);
  }
  assert.equal(page.url.hash, '');
  return told?.error;
}

test('S-21[authorize] S-70[authorize] R-004[authorize] R-099[authorize] no response type but code gives anything, in any order or mode', async () => {
  assert.deepEqual(supported('response_types'), ['code']);
  const browser = await signedIn();
  for (const type of [
    'token',
    'id_token',
    'id_token token',
    'code token',
    'code id_token',
    'token code id_token',
    'none',
    'CODE',
    'code ',
    'password',
  ]) {
    assert.equal(await refused(browser, { response_type: type }), 'unsupported_response_type', type);
    assert.match(String(await refused(browser, { response_type: type, response_mode: 'fragment' })), /^(unsupp|inv)/);
  }
  assert.equal(await refused(browser, { response_type: ['code', 'token'] }), 'invalid_request');
});

test('S-22[token] S-70[token] R-029[token] no spelling of the password grant gives a token, to any client', async () => {
  const { loginName: username, password } = world.people.alice;
  for (const id of ['web', 'post', 'spa', 'native', 'trusted', 'batch', 'tv']) {
    const client = world.client(id);
    for (const grant of ['password', 'PASSWORD', 'urn:ietf:params:oauth:grant-type:password', 'implicit']) {
      const form = { grant_type: grant, username, password, scope: 'openid notes:read' };
      assertRefused(await client.token(form), 400, 'unsupported_grant_type');
    }
    const smuggled = await client.token({ grant_type: ['password', 'refresh_token'], username, password });
    assertRefused(smuggled, 400, 'invalid_request');
  }
  assert.ok(supported('grant_types').every((grant) => !/password|implicit/.test(grant)));
});

test('S-23[authorize] R-099[authorize] every client needs a challenge of the one method that metadata names', async () => {
  assert.deepEqual(supported('code_challenge_methods'), ['S256']);
  for (const id of ['web', 'post', 'trusted', 'spa']) {
    const client = world.client(id);
    const browser = world.browser();
    assertTokens(await world.tokens(client, { browser }));
    const verifier = 'v'.repeat(43);
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: '', code_challenge_method: 'S256' },
      { code_challenge: verifier, code_challenge_method: 'plain' },
      { code_challenge: verifier, code_challenge_method: undefined },
      { code_challenge: verifier, code_challenge_method: 's256' },
      { code_challenge: 'too-short' },
    ]) {
      assert.equal(await refused(browser, changes, client), 'invalid_request', JSON.stringify(changes));
    }
  }
});

test('R-016[authorize] a scope is well-formed and one the client may ask for, or nothing is granted', async () => {
  const browser = await signedIn();
  for (const scope of [undefined, '', ' openid', 'openid  profile', 'openid\tprofile', 'openid "x"', 'a\\b', 'é']) {
    assert.equal(await refused(browser, { scope }), 'invalid_scope', `${scope}`);
  }
  const narrow = world.client('narrow');
  const own = world.browser();
  await world.authorize(narrow, { browser: own });
  for (const scope of ['openid profile', 'openid notes:write', 'notes:read nothing', 'OPENID', 'claim:email']) {
    assert.equal(await refused(own, { scope }, narrow), 'invalid_scope', scope);
  }
  assert.equal(await refused(own, { scope: ['openid', 'notes:read'] }, narrow), 'invalid_request');
});

test('R-099[authorize] R-018[authorize] what metadata says works, works, and what it denies is refused by the right word', async () => {
  const browser = await signedIn(other);
  for (const mode of supported('response_modes')) {
    const page = await browser.open(other.begin({ response_mode: mode }).url);
    assert.ok(page.find('arrived') ?? page.find('continue'), mode);
  }
  for (const mode of ['fragment', 'jwt', 'query.jwt', 'web_message', 'okta_post_message']) {
    assert.equal(await refused(browser, { response_mode: mode }, other), 'invalid_request', mode);
  }
  for (const scope of supported('scopes')) {
    const asked = scope === 'openid' ? scope : `openid ${scope}`;
    const page = await browser.open(other.begin({ scope: asked, resource }).url);
    assert.notEqual(page.url.searchParams.get('code'), null, scope);
  }
  for (const acr of supported('acr_values')) {
    const { parameters, attempt } = await world.authorize(other, { browser, changes: { acr_values: acr } });
    assert.equal(parameters.get('iss'), world.issuer);
    const { idToken } = assertTokens(await other.redeem(attempt, parameters.get('code') ?? ''));
    assert.equal(decodeJwt(idToken).claims['acr'], acr);
  }
  const denied = { request: 'request_not_supported', request_uri: 'request_uri_not_supported' } as const;
  for (const [name, error] of Object.entries(denied)) {
    assert.equal(world.metadata[`${name}_parameter_supported`], false);
    assert.equal(await refused(browser, { [name]: 'https://evil.example/' }, other), error);
  }
  assert.equal(world.metadata['claims_parameter_supported'], true);
});

test('S-103[userinfo] UserInfo is there for GET and POST, says who it is about, and to nobody else', async () => {
  const { attempt, parameters } = await world.authorize(web, { changes: { scope: 'openid' } });
  const answer = await web.redeem(attempt, parameters.get('code') ?? '', { resource: world.issuer });
  const { accessToken } = assertTokens(answer);
  assert.deepEqual((await world.userinfo(accessToken)).json, { sub: world.people.alice.id });
  const headers = [['authorization', `Bearer ${accessToken}`]] as const;
  const { pathname } = new URL(String(world.metadata['userinfo_endpoint']));
  assert.equal((await world.send('POST', pathname, { headers })).status, 200);
  assert.equal((await world.send('GET', pathname)).status, 401);
});

test('I-6[authorize] a refused request leaves session, consents, codes and tokens as they were', async () => {
  const own = await createWorld({ seed: 'authorize-refused' });
  const client = own.client('web');
  const browser = own.browser();
  const first = await own.authorize(client, { browser, changes: { scope: 'openid notes:read' } });
  const cookies = JSON.stringify(browser.cookies.all());
  for (const changes of [
    { scope: 'openid nothing' },
    { response_type: 'token' },
    { resource: 'https://nowhere.example' },
    { code_challenge_method: 'plain' },
    { prompt: 'none', scope: 'openid notes:read notes:write' },
    { prompt: 'none', max_age: '0' },
    { prompt: 'none login' },
    { max_age: '-1' },
    { id_token_hint: 'x' },
    { claims: '[]' },
    { request: 'x' },
    { redirect_uri: 'https://evil.example/' },
    { client_id: 'nobody' },
  ] as readonly Changes[]) {
    await own.authorize(client, { browser, changes: { scope: 'openid notes:read', ...changes } });
  }
  assert.equal(JSON.stringify(browser.cookies.all()), cookies);
  const still = await own.authorize(client, { browser, changes: { scope: 'openid notes:read', prompt: 'none' } });
  assert.notEqual(still.parameters.get('code'), null, 'the same session and consent');
  assertTokens(await client.redeem(first.attempt, first.parameters.get('code') ?? ''));
  await own.close();
  const made = own.events.map(({ type }) => type);
  for (const [type, times] of Object.entries({
    'session.started': 1,
    'authorization.granted': 2,
    'code.redeemed': 1,
  })) {
    assert.equal(made.filter((one) => one === type).length, times, type);
  }
  assert.ok(!made.some((type) => /revoked|ended|replayed/.test(type)), made.join(' '));
});
