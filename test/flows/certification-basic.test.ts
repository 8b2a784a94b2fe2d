/** The modules of the plans «Basic OP» and «Form Post Basic OP» that apply to static clients, by their names. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt, post } from '@castellan/testkit';
import { certify, type Signed } from './certification-world.ts';

const profileClaims =
  'name given_name family_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at';
const scopeClaims: Readonly<Record<string, readonly string[]>> = {
  profile: profileClaims.split(' '),
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

const claimsOf = ({ idToken }: Pick<Signed, 'idToken'>): Readonly<Record<string, unknown>> => decodeJwt(idToken).claims;

for (const mode of ['query', 'form_post'] as const) {
  const { world, tokens, authorize } = await certify(mode);
  after(() => world.close());
  const userinfo = String(world.metadata['userinfo_endpoint']);
  const network = world.network.from('198.51.100.4');
  const module = (name: string, run: () => Promise<void>): void => {
    test(`oidcc-${name} (${mode})`, run);
  };

  module('server', async () => {
    const signed = await tokens();
    const claims = claimsOf(signed);
    assert.equal(signed.parameters.get('state'), signed.state);
    assert.equal(signed.parameters.get('iss'), world.issuer);
    assert.deepEqual([claims['iss'], claims['aud'], claims['nonce']], [world.issuer, 'web', signed.nonce]);
    assert.equal(decodeJwt(signed.idToken).header['alg'], 'RS256');
  });

  module('response-type-missing', async () => {
    const { page, parameters } = await authorize({ response_type: undefined });
    const error = parameters.get('error') ?? page.find('error-code')?.text ?? '';
    assert.match(error, /^(invalid_request|unsupported_response_type)$/);
  });

  module('userinfo-get', async () => {
    const signed = await tokens();
    const answer = await world.userinfo(signed.accessToken);
    assert.deepEqual([answer.status, answer.json['sub']], [200, claimsOf(signed)['sub']]);
  });

  module('userinfo-post-header', async () => {
    const { accessToken } = await tokens();
    const answer = await post(network, userinfo, {}, [['authorization', `Bearer ${accessToken}`]]);
    assert.equal(answer.status, 200);
  });

  // Refused on purpose, and only a warning there: a token in a form can be sent by any page.
  module('userinfo-post-body', async () => {
    const { accessToken } = await tokens();
    assert.equal((await post(network, userinfo, { access_token: accessToken })).status, 400);
  });

  module('ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const { parameters } = await authorize({ nonce: undefined });
    assert.ok((parameters.get('code') ?? '').length >= 22);
  });

  for (const scope of [...Object.keys(scopeClaims), Object.keys(scopeClaims).join(' ')]) {
    module(`scope-${scope.includes(' ') ? 'all' : scope}`, async () => {
      const signed = await tokens({ scope: `openid ${scope}` });
      const { json } = await world.userinfo(signed.accessToken);
      for (const claim of scope.split(' ').flatMap((one) => scopeClaims[one] ?? [])) {
        assert.ok(claim in json, claim);
        assert.ok(!(claim in claimsOf(signed)), `${claim} in the ID token`);
      }
    });
  }

  module('alternate-happy-flow', async () => {
    await tokens({ scope: 'email openid profile' });
  });

  for (const display of ['page', 'popup']) {
    module(`display-${display}`, async () => {
      await tokens({ display });
    });
  }

  module('prompt-login', async () => {
    const first = await tokens();
    await world.clock.advance(2);
    const second = await tokens({ prompt: 'login' }, { browser: first.browser });
    assert.ok(Number(claimsOf(second)['auth_time']) > Number(claimsOf(first)['auth_time']));
  });

  module('prompt-none-not-logged-in', async () => {
    const state = 'x'.repeat(128);
    const { parameters } = await authorize({ prompt: 'none', state });
    assert.deepEqual([parameters.get('error'), parameters.get('state')], ['login_required', state]);
  });

  module('prompt-none-logged-in', async () => {
    const first = await tokens();
    await world.clock.advance(2);
    const second = await tokens({ prompt: 'none' }, { browser: first.browser });
    for (const claim of ['sub', 'auth_time']) assert.equal(claimsOf(second)[claim], claimsOf(first)[claim]);
  });

  module('max-age-1', async () => {
    const first = await tokens();
    await world.clock.advance(2);
    const second = await tokens({ max_age: '1' }, { browser: first.browser });
    assert.ok(Number(claimsOf(second)['auth_time']) > Number(claimsOf(first)['auth_time']));
  });

  module('max-age-10000', async () => {
    const first = await tokens({ max_age: '10000' });
    await world.clock.advance(2);
    const second = await tokens({ max_age: '10000' }, { browser: first.browser });
    assert.equal(claimsOf(second)['auth_time'], claimsOf(first)['auth_time']);
  });

  module('ensure-request-with-unknown-parameter-succeeds', async () => {
    await tokens({ extra: 'foobar' });
  });

  module('id-token-hint', async () => {
    const first = await tokens();
    await world.clock.advance(3600);
    const second = await tokens({ prompt: 'none', id_token_hint: first.idToken }, { browser: first.browser });
    assert.equal(claimsOf(second)['sub'], claimsOf(first)['sub']);
  });

  for (const [name, changes] of [
    ['login-hint', { login_hint: 'buffy@example.com' }],
    ['ui-locales', { ui_locales: 'se' }],
    ['claims-locales', { claims_locales: 'se' }],
  ] as const) {
    module(name, async () => {
      await tokens(changes);
    });
  }

  module('ensure-request-with-acr-values-succeeds', async () => {
    const supported = world.metadata['acr_values_supported'] as readonly string[];
    const signed = await tokens({ acr_values: supported.join(' ') });
    assert.ok(supported.includes(String(claimsOf(signed)['acr'])));
    await tokens({ acr_values: 'urn:example:gold' });
  });

  for (const [name, seconds] of [
    ['codereuse', 1],
    ['codereuse-30seconds', 30],
  ] as const) {
    module(name, async () => {
      const signed = await tokens();
      await world.clock.advance(seconds);
      const again = await signed.redeem();
      assert.deepEqual([again.status, again.json['error']], [400, 'invalid_grant']);
    });
  }

  module('ensure-registered-redirect-uri', async () => {
    const { page } = await authorize({ redirect_uri: 'https://web.example/callback/unregistered' });
    assert.deepEqual([page.status, page.url.pathname], [400, '/authorize']);
    assert.equal(page.find('error-code')?.text, 'invalid_redirect_uri');
  });

  module('ensure-post-request-succeeds', async () => {
    const { url } = world.client('web').begin({ scope: 'openid' });
    const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
    const answer = await world.send('POST', url.pathname, { headers, body: url.search.slice(1) });
    assert.equal(answer.status, 303, 'and from there on by GET');
  });

  module('server-client-secret-post', async () => {
    await tokens({}, { client: 'post' });
  });

  module('unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    const { browser } = await tokens();
    const request = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
    const { parameters } = await authorize({ request }, { browser });
    assert.equal(parameters.get('error'), 'request_not_supported');
  });

  module('claims-essential', async () => {
    const signed = await tokens({ claims: JSON.stringify({ userinfo: { name: { essential: true } } }) });
    assert.equal((await world.userinfo(signed.accessToken)).json['name'], 'Suite Person');
    assert.equal(claimsOf(signed)['name'], undefined);
  });

  // Of the FAPI plans: whatever metadata says is supported can be had.
  module('claims-parameter-identity-claims', async () => {
    const supported = world.metadata['claims_supported'] as readonly string[];
    const all = Object.fromEntries(supported.map((claim) => [claim, null]));
    const signed = await tokens({ claims: JSON.stringify({ id_token: all, userinfo: all }) });
    for (const claim of supported) assert.ok(claim in claimsOf(signed), claim);
    const { json } = await world.userinfo(signed.accessToken);
    for (const claim of profileClaims.split(' ')) assert.ok(claim in json, claim);
  });

  module('refresh-token', async () => {
    const signed = await tokens({ scope: 'openid offline_access', prompt: 'consent' });
    await world.clock.advance(2);
    const foreign = await world.client('other').refresh(signed.refreshToken);
    assert.equal(foreign.json['error'], 'invalid_grant');
    const answer = await world.client('web').refresh(signed.refreshToken);
    assert.equal(answer.status, 200, answer.body);
    const [before, now] = [claimsOf(signed), claimsOf({ idToken: String(answer.json['id_token']) })];
    for (const claim of ['iss', 'sub', 'auth_time', 'azp']) assert.equal(now[claim], before[claim], claim);
    assert.ok(Number(now['iat']) > Number(before['iat']));
  });

  module('ensure-request-with-valid-pkce-succeeds', async () => {
    const verifier = 'a-verifier-of-the-suite-that-is-long-enough-000';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const { redeem } = await authorize({ code_challenge: challenge, code_challenge_method: 'S256' });
    assert.equal((await redeem()).json['error'], 'invalid_grant');
    assert.equal((await redeem({ code_verifier: verifier })).status, 200);
  });
}
