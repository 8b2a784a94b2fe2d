import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertDiscreet, type Changes, createWorld, deliveredError, headerValue } from '@castellan/testkit';

const world = await createWorld({ seed: 'authorize-request' });
after(() => world.close());
const web = world.client('web');
const marker = 'zz-marker-zz';

/** Errors the client may learn of: its identity and redirect URI are right. */
const refusedToClient: readonly (readonly [rows: string, title: string, changes: Changes, error: string])[] = [
  ['R-004', 'a missing response_type', { response_type: undefined }, 'invalid_request'],
  ['R-004 S-21 S-70', 'the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
  ['R-004', 'the implicit flow of OpenID Connect', { response_type: 'id_token token' }, 'unsupported_response_type'],
  ['R-004', 'a hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['R-004', 'no response type at all', { response_type: 'none' }, 'unsupported_response_type'],
  ['R-004', 'an unknown response_type', { response_type: marker }, 'unsupported_response_type'],
  ['R-018', 'the fragment response mode', { response_mode: 'fragment' }, 'invalid_request'],
  ['R-018', 'an unknown response mode', { response_mode: marker }, 'invalid_request'],
  ['R-003 S-23', 'a missing challenge', { code_challenge: undefined }, 'invalid_request'],
  [
    'R-003',
    'a challenge without its method, which would mean plain',
    { code_challenge_method: undefined },
    'invalid_request',
  ],
  ['R-003', 'the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['R-003', 'an unknown method', { code_challenge_method: marker }, 'invalid_request'],
  ['R-003', 'the method in other letters', { code_challenge_method: 's256' }, 'invalid_request'],
  ['R-003', 'a challenge that is too short', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
  ['R-003', 'a challenge that is too long', { code_challenge: 'a'.repeat(129) }, 'invalid_request'],
  ['R-003', 'a challenge outside its alphabet', { code_challenge: '+'.repeat(43) }, 'invalid_request'],
  ['R-016', 'a scope the client does not have', { scope: `openid ${marker}` }, 'invalid_scope'],
  ['R-016', 'a scope with a quote in it', { scope: `openid "${marker}` }, 'invalid_scope'],
  ['R-016', 'a scope in other letters', { scope: 'OPENID' }, 'invalid_scope'],
  ['R-017', 'an unknown resource', { resource: `https://${marker}.example` }, 'invalid_target'],
  ['R-017', 'a relative resource', { resource: `/${marker}` }, 'invalid_target'],
  ['R-017', 'a resource with a fragment', { resource: 'https://notes.example#x' }, 'invalid_target'],
  ['R-017', 'a resource with a slash more', { resource: 'https://notes.example/' }, 'invalid_target'],
  ['R-014', 'an unknown prompt', { prompt: marker }, 'invalid_request'],
  ['R-014', 'prompt=none together with another', { prompt: 'none login' }, 'invalid_request'],
  ['R-014', 'a max_age that is not a number', { max_age: marker }, 'invalid_request'],
  ['R-014', 'a negative max_age', { max_age: '-1' }, 'invalid_request'],
  ['R-082', 'a request object', { request: marker }, 'request_not_supported'],
  [
    'R-083',
    'a request_uri, which is not fetched',
    { request_uri: `https://${marker}.example/` },
    'request_uri_not_supported',
  ],
  ['R-099', 'a registration', { registration: '{}' }, 'registration_not_supported'],
];

for (const [rows, title, changes, error] of refusedToClient) {
  test(`${rows}[authorize] R-005 R-015 ${title} is refused with ${error}, on a page with a way back`, async () => {
    const browser = world.browser();
    const attempt = web.begin(changes);
    const page = await browser.open(attempt.url);
    const delivered = deliveredError(page, web.redirectUri);
    assert.equal(delivered?.error, error, page.text);
    assert.equal(delivered.via, 'link', 'nobody who has not signed in is bounced');
    assert.equal(delivered.parameters.get('iss'), world.issuer);
    assert.equal(delivered.parameters.get('state'), attempt.state);
    assert.equal(delivered.parameters.get('code'), null);
    assert.equal(page.status, 400);
    assert.equal(headerValue(page.answer, 'location'), undefined);
    assertDiscreet(page.answer, marker);
  });
}

/** Errors nobody may carry anywhere: it is not certain where the request came from. */
const refusedToPerson: readonly (readonly [rows: string, title: string, changes: Changes, word: string])[] = [
  ['R-002', 'a missing client_id', { client_id: undefined }, 'invalid_request'],
  ['R-002', 'an empty client_id', { client_id: '' }, 'invalid_request'],
  ['R-002', 'an unknown client_id', { client_id: marker }, 'invalid_client'],
  ['R-002', 'a client_id that JavaScript objects have', { client_id: '__proto__' }, 'invalid_client'],
  ['R-002 R-006', 'a repeated client_id', { client_id: ['web', 'other'] }, 'invalid_request'],
  ['R-001 R-002', 'a missing redirect_uri', { redirect_uri: undefined }, 'invalid_redirect_uri'],
  [
    'R-001 R-002',
    'an unregistered redirect_uri',
    { redirect_uri: `https://${marker}.example/` },
    'invalid_redirect_uri',
  ],
  [
    'R-001 R-002',
    'the redirect_uri of another client',
    { redirect_uri: 'https://other.example/callback' },
    'invalid_redirect_uri',
  ],
  ['R-002 R-006', 'a repeated redirect_uri', { redirect_uri: [web.redirectUri, web.redirectUri] }, 'invalid_request'],
];

for (const [rows, title, changes, word] of refusedToPerson) {
  test(`${rows}[authorize] ${title} ends on an error page at /authorize and leads nowhere`, async () => {
    const page = await world.browser().open(web.begin(changes).url);
    const delivered = deliveredError(page, 'https://');
    assert.deepEqual([delivered?.via, delivered?.error], ['page', word], page.text);
    assert.equal(page.status, 400);
    assert.equal(page.url.pathname, '/authorize');
    assert.equal(headerValue(page.answer, 'location'), undefined);
    assert.equal(page.refresh, undefined);
    assertDiscreet(page.answer, marker);
  });
}

const single = ['response_type', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method', 'prompt'];
for (const name of single) {
  test(`R-006[authorize] a repeated ${name} is refused and says nothing of either value`, async () => {
    const values = [marker, web.begin().url.searchParams.get(name) ?? 'login'];
    const page = await world.browser().open(web.begin({ [name]: values }).url);
    const delivered = deliveredError(page, web.redirectUri);
    assert.equal(delivered?.error, 'invalid_request', page.text);
    if (name === 'state') assert.equal(delivered.parameters.get('state'), null);
    assertDiscreet(page.answer, marker);
  });
}

test('R-006[authorize] an unknown parameter is ignored and an empty one counts as omitted', async () => {
  const landing = await world.authorize(web, { changes: { [marker]: marker, prompt: '', max_age: '', nonce: '' } });
  assert.ok(landing.parameters.get('code'), landing.page.text);
});

test('R-006 R-017[authorize] two resources may be named, and both are in the grant', async () => {
  const landing = await world.authorize(web, {
    changes: { resource: ['https://notes.example', 'https://bills.example'], scope: 'openid notes:read bills:read' },
  });
  assert.ok(landing.parameters.get('code'), landing.page.text);
  const code = landing.parameters.get('code') ?? '';
  const tokens = await web.redeem(landing.attempt, code, { resource: 'https://bills.example' });
  assert.equal(tokens.status, 200, tokens.body);
});

test('R-005[authorize] success, denial and the silent refusal carry iss and the state as it was', async () => {
  const state = 'a/+ %&=?ü'.repeat(30);
  const allowed = await world.authorize(web, { changes: { state } });
  const denied = await world.authorize(web, { changes: { state, prompt: 'consent' }, consent: 'deny' });
  const cancelled = await world.authorize(web, { changes: { state }, cancel: true });
  const silent = await world.authorize(web, { changes: { state, prompt: 'none' } });
  for (const { parameters } of [allowed, denied, cancelled, silent]) {
    assert.deepEqual([parameters.getAll('iss'), parameters.getAll('state')], [[world.issuer], [state]]);
  }
  const errors = [denied, cancelled, silent].map(({ parameters }) => parameters.get('error'));
  assert.deepEqual(errors, ['access_denied', 'access_denied', 'login_required']);
});

test('R-007[code] codes are 128 bit or more, in characters a URL keeps', async () => {
  const landings = await Promise.all([world.authorize(web), world.authorize(web)]);
  const codes = landings.map(({ parameters }) => parameters.get('code') ?? '');
  for (const code of codes) assert.match(code, /^[A-Za-z0-9._~-]{32,256}$/);
  assert.notEqual(codes[0], codes[1]);
});

test('R-020[authorize,login,discovery,logout] Host and Forwarded headers have no part in any URL', async () => {
  const evil = 'evil.example';
  const forged = [
    ['host', evil],
    ['x-forwarded-host', evil],
    ['x-forwarded-proto', 'http'],
    ['forwarded', `host=${evil};proto=http`],
  ] as const;
  const { pathname, search } = web.begin().url;
  for (const path of [pathname + search, '/.well-known/openid-configuration', '/authorize', '/login', '/logout']) {
    assertDiscreet(await world.send('GET', path, { headers: forged }), evil);
  }
});

test('R-014[authorize] a POST with the parameters in a form does the same as a GET', async () => {
  const attempt = web.begin();
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
  const answer = await world.send('POST', '/authorize', { headers, body: attempt.url.search.slice(1) });
  assert.ok([200, 302, 303].includes(answer.status), `${answer.status} ${answer.body}`);
  assert.doesNotMatch(answer.body, /error-code/);
});

test('R-004[authorize] parameters of a POST in both query and form are not mixed', async () => {
  const attempt = web.begin();
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
  const path = `/authorize?redirect_uri=${encodeURIComponent('https://evil.example/')}`;
  const answer = await world.send('POST', path, { headers, body: attempt.url.search.slice(1) });
  assertDiscreet(answer, 'evil.example');
});
