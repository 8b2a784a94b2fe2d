/** The module of the plan «Config OP» and those of «RP-Initiated Logout OP», by their names. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Browser, type Changes, formOf, get, type Page } from '@castellan/testkit';
import { certify } from './certification-world.ts';

const { world, tokens, authorize } = await certify('query');
after(() => world.close());
const endpoint = String(world.metadata['end_session_endpoint']);
const bye = 'https://web.example/bye';
const strings = (name: string): readonly string[] => world.metadata[name] as readonly string[];

async function logout(browser: Browser, parameters: Changes): Promise<Page> {
  await browser.open(`${endpoint}?${formOf(parameters)}`);
  if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  return browser.page();
}

async function assertSignedOut(browser: Browser): Promise<void> {
  const { parameters } = await authorize({ prompt: 'none' }, { browser });
  assert.equal(parameters.get('error'), 'login_required');
}

function assertStays(page: Page, code: string): void {
  assert.deepEqual([page.status, page.url.pathname, page.find('error-code')?.text], [400, '/logout', code], page.text);
}

test('R-099[discovery] oidcc-discovery-endpoint-verification', async () => {
  const answer = await get(world.network.from('198.51.100.3'), `${world.issuer}/.well-known/openid-configuration`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json['issuer'], world.issuer);
  for (const [name, value] of Object.entries(answer.json)) {
    if (name.endsWith('_endpoint') || name === 'jwks_uri') assert.match(String(value), /^https:/, name);
  }
  assert.deepEqual(strings('response_types_supported'), ['code']);
  assert.ok(strings('scopes_supported').includes('openid'));
  assert.ok(strings('id_token_signing_alg_values_supported').includes('RS256'));
  for (const name of ['subject_types_supported', 'claims_supported', 'code_challenge_methods_supported']) {
    assert.ok(strings(name).length > 0, name);
  }
  const jwks = await get(world.network.from('198.51.100.3'), String(answer.json['jwks_uri']));
  const keys = jwks.json['keys'] as readonly Readonly<Record<string, string>>[];
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
  for (const key of keys) assert.deepEqual([key['use'], key['d'], typeof key['alg']], ['sig', undefined, 'string']);
});

test('oidcc-rp-initiated-logout-discovery-endpoint-verification', () => {
  assert.match(endpoint, /^https:/);
});

test('R-110[logout] oidcc-rp-initiated-logout', async () => {
  const { browser, idToken } = await tokens();
  const state = 'a'.repeat(64);
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: bye, state });
  assert.equal(page.url.href, `${bye}?state=${state}`);
  await assertSignedOut(browser);
});

test('R-111[logout] oidcc-rp-initiated-logout-no-state', async () => {
  const { browser, idToken } = await tokens();
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: bye });
  assert.equal(page.url.href, bye);
  await assertSignedOut(browser);
});

for (const [name, uri] of [
  ['bad-post-logout-redirect-uri', 'https://web.example/unregistered'],
  ['query-added-to-post-logout-redirect-uri', `${bye}?foo=bar`],
] as const) {
  test(`R-111[logout] oidcc-rp-initiated-logout-${name}`, async () => {
    const { browser, idToken } = await tokens();
    const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: uri, state: 's' });
    assertStays(page, 'invalid_post_logout_redirect_uri');
  });
}

test('R-111[logout] oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
  const { browser, idToken } = await tokens();
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  const hint = `${header}.${idToken.split('.')[1]}.`;
  assertStays(await logout(browser, { id_token_hint: hint, post_logout_redirect_uri: bye }), 'invalid_id_token_hint');
});

test('R-111[logout] oidcc-rp-initiated-logout-bad-id-token-hint', async () => {
  const { browser, idToken } = await tokens();
  const [header, claims] = idToken.split('.');
  const hint = `${header}.${claims}.${Buffer.alloc(256, 7).toString('base64url')}`;
  assertStays(await logout(browser, { id_token_hint: hint, post_logout_redirect_uri: bye }), 'invalid_id_token_hint');
});

for (const [name, parameters] of [
  ['no-id-token-hint', { post_logout_redirect_uri: bye, state: 's' }],
  ['no-params', {}],
  ['only-state', { state: 's' }],
] as const) {
  test(`R-111[logout] oidcc-rp-initiated-logout-${name}`, async () => {
    const { browser } = await tokens();
    const page = await logout(browser, parameters);
    assert.equal(page.url.origin, world.issuer);
    assert.match(page.text, /You are signed out/);
    await assertSignedOut(browser);
  });
}

test('R-111[logout] oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
  const { browser, idToken } = await tokens();
  const page = await logout(browser, { id_token_hint: idToken });
  assert.match(page.text, /You are signed out/);
  await assertSignedOut(browser);
});
