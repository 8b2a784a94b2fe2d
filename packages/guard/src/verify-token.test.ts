import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { publicJwkOf, signJwt } from '@castellan/protocol';
import { api, issuer, startNotes } from './testing/notes.ts';

const encode = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('S-27[guard] S-26 S-32 S-46 R-050 R-148[verifier] S-45 only an access token of the pinned issuer, for this audience, in time, is accepted', async () => {
  const { send, token, clock, key } = await startNotes();
  const now = Math.floor(clock.now() / 1000);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const bad: Readonly<Record<string, string>> = {
    'an ID token': await token({ aud: 'web', nonce: 'n', at_hash: 'h' }, 'JWT'),
    'an ID token for this audience': await token({ nonce: 'n', at_hash: 'h' }, 'JWT'),
    'an ID token dressed as an access token': await token({ at_hash: 'h' }),
    'a refresh token': 'castellan_rt_abc.1.secret.tag',
    'a token for another API': await token({ aud: 'https://other.example' }),
    'a token for an audience that begins alike': await token({ aud: `${api}/` }),
    'a token without audience': await token({ aud: undefined }),
    'a token of another issuer': await token({ iss: 'https://evil.example' }),
    'a token of an issuer that begins alike': await token({ iss: `${issuer}/` }),
    'an expired token': await token({ iat: now - 400, exp: now - 100 }),
    'a token from the future': await token({ iat: now + 100, exp: now + 200 }),
    'a token not yet valid': await token({ nbf: now + 100 }),
    'a token that lives too long': await token({ exp: now + 301 }),
    'a token without subject': await token({ sub: undefined }),
    'a token without client': await token({ client_id: undefined }),
    'a token without id': await token({ jti: undefined }),
    'a bound token as plain bearer': await token({ cnf: { jkt: 'thumbprint' } }),
    'a token with an unknown confirmation': await token({ cnf: {} }),
    'a token whose scope cannot be read': await token({ scope: 'notes:read "x"' }),
    'a token whose scope is no text': await token({ scope: { read: true } }),
    'a token by another key under the same kid': await signJwt({ ...key, privateKey: other }, 'at+jwt', {
      iss: issuer,
      aud: api,
      sub: 'nora',
      client_id: 'web',
      jti: 'j',
      scope: 'notes:read',
      iat: now,
      exp: now + 60,
    }),
  };
  for (const [what, text] of Object.entries(bad)) {
    const answer = await send('GET', '/notes/1', { token: text });
    assert.equal(answer.status, 401, what);
    assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/, what);
  }
  assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 200);
  assert.equal(
    (await send('GET', '/notes/1', { token: await token({ aud: ['https://x.example', api] }) })).status,
    200,
  );
});

test('S-37[verifier] S-38 S-74 S-73 R-141 no token chooses its algorithm: none, HS256 with the public key, and its kin', async () => {
  const { send, token, key } = await startNotes();
  const [, claims = '', signature = ''] = (await token()).split('.');
  const publicKey = createPublicKey(key.privateKey);
  const secrets = [
    publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    JSON.stringify(publicKey.export({ format: 'jwk' })),
    publicKey.export({ format: 'der', type: 'spki' }),
    '',
  ];
  const headers = ['none', 'None', 'NONE', 'nOnE', ''].map((alg) => ({ alg, typ: 'at+jwt', kid: key.kid }));
  const tokens = headers.flatMap((header) => [
    `${encode(header)}.${claims}.`,
    `${encode(header)}.${claims}.${signature}`,
  ]);
  for (const secret of secrets) {
    const head = encode({ alg: 'HS256', typ: 'at+jwt', kid: key.kid });
    const tag = createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url');
    tokens.push(`${head}.${claims}.${tag}`);
  }
  for (const text of tokens) assert.equal((await send('GET', '/notes/1', { token: text })).status, 401);
});

test('S-39[verifier] a kid is looked up in a map and nowhere else', async () => {
  const { send, token, key, fetched } = await startNotes();
  await send('GET', '/notes/1', { token: await token() });
  const claims = encode({ iss: issuer, aud: api, sub: 'nora', client_id: 'web', jti: 'j', iat: 1, exp: 2 });
  const kids = [
    '../../etc/passwd',
    "' OR 1=1 --",
    'https://evil.example/jwks',
    '__proto__',
    'constructor',
    '',
    'x'.repeat(5000),
  ];
  for (const kid of kids) {
    const head = encode({ alg: 'ES256', typ: 'at+jwt', kid });
    const signature = sign('sha256', Buffer.from(`${head}.${claims}`), {
      key: key.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    const answer = await send('GET', '/notes/1', { token: `${head}.${claims}.${signature.toString('base64url')}` });
    assert.equal(answer.status, 401, kid.slice(0, 20));
  }
  assert.equal(fetched(), 1, 'made-up names cost the issuer nothing while the pause lasts');
});

test('S-76[verifier] R-153 a key that leaves the set ends what it signed, remembered or not', async () => {
  const { send, token, clock, publish, fetched } = await startNotes();
  const bearer = { token: await token({ exp: Math.floor(clock.now() / 1000) + 300 }) };
  for (let count = 0; count < 5; count += 1) assert.equal((await send('GET', '/notes/1', bearer)).status, 200);
  assert.equal(fetched(), 1, 'the key set is fetched once');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  publish([await publicJwkOf(privateKey, 'ES256')]);
  clock.advance(301);
  assert.equal((await send('GET', '/notes/1', bearer)).status, 401);
});

test('R-153[verifier] a remembered token still expires', async () => {
  const { send, token, clock } = await startNotes();
  const bearer = { token: await token() };
  assert.equal((await send('GET', '/notes/1', bearer)).status, 200);
  clock.advance(311);
  assert.equal((await send('GET', '/notes/1', bearer)).status, 401);
});

test('R-160[verifier] S-9 a foreign issuer is accepted by configuration, with its own keys, type and claim names', async () => {
  // The shape of Keycloak: typ JWT, azp for the client, an audience list; keys of its own.
  const foreign = 'https://id.example/realms/acme';
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = await publicJwkOf(privateKey, 'RS256');
  const key = { kid: jwk.kid, algorithm: 'RS256', privateKey } as const;
  const jwksUri = `${foreign}/protocol/openid-connect/certs`;
  const notes = await startNotes(({ issuers }) => ({
    issuers: [
      ...issuers,
      {
        issuer: foreign,
        audience: 'notes-api',
        algorithms: ['RS256'],
        typ: 'JWT',
        jwksUri,
        maxLifetime: 3600,
        claims: { client: 'azp' },
      },
    ],
  }));
  const now = Math.floor(notes.clock.now() / 1000);
  const base = { iss: foreign, aud: ['account', 'notes-api'], sub: 'nora', azp: 'spa', typ: 'Bearer', sid: 's' };
  const claims = { ...base, iat: now, exp: now + 3600, scope: 'notes:read profile' };
  assert.equal(
    (await notes.send('GET', '/notes/1', { token: await signJwt(key, 'JWT', claims) })).status,
    503,
    'its keys cannot be had yet, which says nothing about the token',
  );
  notes.publishAt(jwksUri, [jwk]);
  notes.clock.advance(2);
  assert.equal((await notes.send('GET', '/notes/1', { token: await signJwt(key, 'JWT', claims) })).status, 200);
  assert.equal((await notes.send('GET', '/notes/1', { token: await notes.token() })).status, 200, 'ours goes on');
  const crossed = [
    await signJwt(key, 'JWT', { ...claims, iss: issuer }),
    await signJwt(key, 'at+jwt', { ...claims, aud: api, iss: issuer, client_id: 'web', jti: 'j', exp: now + 200 }),
    await notes.token({ iss: foreign, aud: 'notes-api' }, 'JWT'),
    await signJwt(key, 'at+jwt', claims),
    await signJwt(key, 'JWT', { ...claims, aud: api }),
  ];
  for (const token of crossed) assert.equal((await notes.send('GET', '/notes/1', { token })).status, 401);
});

test('R-148[verifier] R-141 however the type is spelled, an access token of RFC 9068 has all that it demands', async () => {
  for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT']) {
    const { send, token } = await startNotes(({ issuers }) => ({ issuers: [{ ...issuers[0], typ }] }));
    assert.equal((await send('GET', '/notes/1', { token: await token() })).status, 200, typ);
    for (const claim of ['sub', 'client_id', 'iat', 'jti', 'exp', 'aud', 'iss']) {
      const answer = await send('GET', '/notes/1', { token: await token({ [claim]: undefined }) });
      assert.equal(answer.status, 401, `${typ} without ${claim}`);
    }
  }
});
