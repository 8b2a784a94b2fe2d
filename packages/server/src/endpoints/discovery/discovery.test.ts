import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { issuer, openStage, told } from '../../stage.test.ts';

test('R-099[discovery] S-35 the document says what works today and offers nothing weak', async (t) => {
  const stage = await openStage(t);
  const { status, json, headers } = told(await stage.send('GET', '/discovery'));
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.deepEqual(json, {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ],
    revocation_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'RS256'],
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'RS256'],
    introspection_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
    end_session_endpoint: `${issuer}/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    jwks_uri: `${issuer}/jwks`,
    scopes_supported: [
      'openid',
      'profile',
      'email',
      'address',
      'phone',
      'offline_access',
      'invoices:read',
      'invoices:write',
      'reports:read',
    ],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
    userinfo_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'RS256'],
    code_challenge_methods_supported: ['S256'],
    acr_values_supported: ['urn:castellan:acr:password'],
    claim_types_supported: ['normal'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      'name',
      'given_name',
      'family_name',
      'middle_name',
      'nickname',
      'preferred_username',
      'profile',
      'picture',
      'website',
      'gender',
      'birthdate',
      'zoneinfo',
      'locale',
      'updated_at',
      'email',
      'email_verified',
      'phone_number',
      'phone_number_verified',
      'address',
    ],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
  });
});

test('R-020[discovery] R-029 no header of the request changes a byte of the document', async (t) => {
  const stage = await openStage(t);
  const plain = await stage.send('GET', '/discovery');
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
  assert.deepEqual((await stage.send('GET', '/discovery', { headers })).body, plain.body);
});

test('R-099[discovery] S-36[jwks] a reader that has the document is told so, in every spelling of its tag', async (t) => {
  const stage = await openStage(t);
  for (const path of ['/discovery', '/jwks']) {
    const etag = String((await stage.send('GET', path)).headers['etag']);
    assert.match(etag, /^"[A-Za-z0-9_-]{22}"$/);
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await stage.send('GET', path, { headers: { 'if-none-match': tag } });
      assert.deepEqual([answer.status, answer.body, answer.headers['etag']], [304, '', etag]);
    }
    assert.equal((await stage.send('GET', path, { headers: { 'if-none-match': '"x"' } })).status, 200);
  }
});

test('R-100[jwks] S-36 the key set holds public keys only, each with name, use and one algorithm', async (t) => {
  const stage = await openStage(t);
  const { json, text } = told(await stage.send('GET', '/jwks'));
  const keys = json['keys'] as unknown as readonly Record<string, string>[];
  assert.deepEqual(new Set(keys.map((key) => key['alg'])), new Set(['ES256', 'RS256']));
  assert.equal(keys.length, 2);
  assert.equal(new Set(keys.map((key) => key['kid'])).size, keys.length);
  for (const key of keys) {
    assert.equal(key['use'], 'sig');
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key), member);
    const details = createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails;
    assert.ok(details?.namedCurve === 'prime256v1' || (details?.modulusLength ?? 0) >= 2048);
  }
  assert.ok(!text.includes('sealed'));
});
