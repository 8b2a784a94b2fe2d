/** oauth4webapi step by step: each answer goes through the library's own strict processing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Browser, type LiveIssuer, startLiveIssuer } from '@castellan/testkit';
import * as oauth from 'oauth4webapi';

let live: LiveIssuer;
before(async () => {
  live = await startLiveIssuer();
});
after(() => live[Symbol.asyncDispose]());

// The issuer is on loopback; with https this option is not needed.
const overHttp = { [oauth.allowInsecureRequests]: true } as const;

async function discover(algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(live.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...overHttp }));
}

interface SignedIn {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly browser: Browser;
  readonly tokens: oauth.TokenEndpointResponse;
}

async function signIn(id: 'web' | 'post' | 'spa' | 'native', algorithm: 'oidc' | 'oauth2'): Promise<SignedIn> {
  const as = await discover(algorithm);
  const { redirectUri, secret = '' } = live.registration(id);
  const client: oauth.Client = { client_id: id };
  const authentication = { web: oauth.ClientSecretBasic(secret || 'x'), post: oauth.ClientSecretPost(secret || 'x') };
  const own = id === 'web' || id === 'post' ? authentication[id] : oauth.None();
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(as.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid email notes:read',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  }).toString();
  const browser = live.browser();
  const landed = await live.visit(browser, url);
  const parameters = oauth.validateAuthResponse(as, client, landed.url, state);
  const additional = { additionalParameters: { resource: live.issuer }, ...overHttp };
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    own,
    parameters,
    redirectUri,
    verifier,
    additional,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  return { as, client, authentication: own, browser, tokens };
}

for (const [id, algorithm] of [
  ['web', 'oidc'],
  ['post', 'oauth2'],
  ['spa', 'oidc'],
  ['native', 'oauth2'],
] as const) {
  test(`S-12[code] S-19[refresh] S-35[discovery] oauth4webapi completes code, UserInfo and refresh as ${id}, found by ${algorithm}`, async () => {
    const { as, client, authentication, tokens } = await signIn(id, algorithm);
    const claims = oauth.getValidatedIdTokenClaims(tokens) ?? assert.fail('there is no ID token');
    assert.equal(claims.sub, live.person.id);
    const info = await oauth.userInfoRequest(as, client, tokens.access_token, overHttp);
    const profile = await oauth.processUserInfoResponse(as, client, claims.sub, info);
    assert.equal(profile.email, 'alice@example.org');

    const answer = await oauth.refreshTokenGrantRequest(
      as,
      client,
      authentication,
      tokens.refresh_token ?? '',
      overHttp,
    );
    const refreshed = await oauth.processRefreshTokenResponse(as, client, answer);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal(oauth.getValidatedIdTokenClaims(refreshed)?.sub, claims.sub);
  });
}

test('R-094[id-token] R-100[jwks] oauth4webapi verifies the signature of the ID token by the published keys', async () => {
  const { as, client, authentication, tokens } = await signIn('web', 'oidc');
  const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', overHttp);
  await oauth.processRefreshTokenResponse(as, client, answer);
  await oauth.validateApplicationLevelSignature(as, answer, overHttp);
});

test('R-032[access-jwt] oauth4webapi as a resource server accepts the access token for its audience only', async () => {
  const { as, tokens } = await signIn('web', 'oauth2');
  const request = new Request(`${live.issuer}/anything`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  const claims = await oauth.validateJwtAccessToken(as, request, live.issuer, overHttp);
  assert.equal(claims.client_id, 'web');
  await assert.rejects(oauth.validateJwtAccessToken(as, request, 'https://elsewhere.example', overHttp));
});

test('R-110[logout] after logout oauth4webapi is told invalid_grant, as an error it can read', async () => {
  const { as, client, authentication, browser, tokens } = await signIn('web', 'oidc');
  const url = new URL(as.end_session_endpoint ?? '');
  url.search = new URLSearchParams({
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: live.signedOutUri,
  }).toString();
  await browser.open(url);
  if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  assert.equal(browser.page().url.href, live.signedOutUri);
  const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', overHttp);
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, answer), { error: 'invalid_grant', status: 400 });
});
