/** openid-client as an application uses it: against a running issuer, over sockets, with its own checks on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LiveIssuer, signIn, startLiveIssuer } from '@castellan/testkit';
import * as client from 'openid-client';

let live: LiveIssuer;
before(async () => {
  live = await startLiveIssuer();
});
after(() => live[Symbol.asyncDispose]());

const authentication = {
  web: client.ClientSecretBasic,
  post: client.ClientSecretPost,
  spa: client.None,
  native: client.None,
} as const;

/** Discovery as the library does it; http is let through because the issuer is on loopback. */
async function discover(id: keyof typeof authentication): Promise<client.Configuration> {
  const { secret } = live.registration(id);
  const method = id === 'spa' || id === 'native' ? client.None() : authentication[id](secret);
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(live.issuer), id, secret, method, options);
}

for (const id of ['web', 'post', 'spa', 'native'] as const) {
  test(`S-1[authorize,token,id-token,access-jwt] S-4[code] S-6[code] S-12[code] S-19[refresh] openid-client signs a person in, refreshes, reads UserInfo and signs out as ${id}`, async () => {
    const config = await discover(id);
    const { redirectUri } = live.registration(id);
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email notes:read',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    });
    const browser = live.browser();
    const landed = await live.visit(browser, url);

    const tokens = await client.authorizationCodeGrant(
      config,
      landed.url,
      { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true, maxAge: 300 },
      { resource: live.issuer },
    );
    const claims = tokens.claims() ?? assert.fail('there is no ID token');
    assert.equal(claims.sub, live.person.id);
    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.deepEqual([info.name, info.email], ['Alice Archer', 'alice@example.org']);

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource: live.issuer });
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal((await client.fetchUserInfo(config, refreshed.access_token, claims.sub)).sub, claims.sub);

    const isWeb = id !== 'native';
    const logout = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      ...(isWeb ? { post_logout_redirect_uri: live.signedOutUri, state: 'bye' } : {}),
    });
    await browser.open(logout);
    if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
    if (isWeb) assert.equal(browser.page().url.href, `${live.signedOutUri}?state=bye`);
    else assert.match(browser.page().text, /You are signed out/);
    await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token ?? ''), { error: 'invalid_grant' });
  });
}

test('R-005[authorize] openid-client sees a refusal as the error it is', async () => {
  const config = await discover('web');
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: live.registration('web').redirectUri,
    scope: 'openid',
    prompt: 'none',
    state: 'state',
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: 'S256',
  });
  const landed = await live.visit(live.browser(), url);
  await assert.rejects(client.authorizationCodeGrant(config, landed.url, { expectedState: 'state' }), {
    error: 'login_required',
  });
});

for (const id of ['tv', 'box'] as const) {
  test(`S-18[device] R-055[device] R-056[device] openid-client polls the device flow to its end as ${id}`, async () => {
    const { secret } = live.registration(id);
    const method = id === 'tv' ? client.None() : client.ClientSecretBasic(secret);
    const options = { execute: [client.allowInsecureRequests] };
    const config = await client.discovery(new URL(live.issuer), id, secret, method, options);
    const started = await client.initiateDeviceAuthorization(config, { scope: 'openid notes:read' });
    const browser = live.browser();
    await browser.open(started.verification_uri_complete ?? '');
    await browser.click('device-continue');
    await signIn(browser, live.person);
    await browser.click('device-allow');
    const tokens = await client.pollDeviceAuthorizationGrant(config, started);
    assert.equal(tokens.claims()?.sub, live.person.id);
    assert.equal(tokens.scope, 'notes:read');
    await assert.rejects(client.pollDeviceAuthorizationGrant(config, { ...started, interval: 1 }), {
      error: 'invalid_grant',
    });
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    assert.notEqual(refreshed.access_token, tokens.access_token);
  });
}
