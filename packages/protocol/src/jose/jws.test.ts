import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../oauth/refusal.ts';
import { algorithmEntry, algorithmOfKey, isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { parseCompact, signJwt } from './jws.ts';
import { generateSigningKey } from './signing-key.ts';

const algorithms: readonly SignatureAlgorithm[] = ['ES256', 'RS256', 'PS256', 'EdDSA'];
const { privateKey, publicJwk } = await generateSigningKey('EdDSA');
const key = { kid: publicJwk.kid, algorithm: 'EdDSA' as const, privateKey };
const refused = (error: unknown) => error instanceof Refusal && error.reason === 'token_invalid';

for (const algorithm of algorithms) {
  test(`R-152[verifier] ${algorithm} signs in the form of RFC 7518 §3, checked with node:crypto alone`, async () => {
    const pair = await generateSigningKey(algorithm);
    const token = await signJwt({ kid: 'k', algorithm, privateKey: pair.privateKey }, 'at+jwt', { sub: 'a' });
    const [header = '', payload = '', signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    assert.equal(bytes.length, pair.publicJwk.kty === 'RSA' ? 256 : 64);
    const { hash, signing } = algorithmEntry(algorithm);
    const publicKey = createPublicKey(pair.privateKey);
    assert.ok(verify(hash, Buffer.from(`${header}.${payload}`), { key: publicKey, ...signing }, bytes));
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: algorithm,
      typ: 'at+jwt',
      kid: 'k',
    });
  });
}

test('R-149[verifier] the example of RFC 7515 appendix A.3 is read, line breaks in its claims included', () => {
  const { header, claims } = parseCompact(
    'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  );
  assert.deepEqual({ ...header }, { alg: 'ES256' });
  assert.deepEqual({ ...claims }, { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true });
});

test('R-149[verifier] whatever claims are signed are read back', async () => {
  const claims = fc.dictionary(
    fc.string().filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name)),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.array(fc.string())),
  );
  await fc.assert(
    fc.asyncProperty(claims, async (written) => {
      const token = await signJwt(key, 'JWT', written);
      const json = JSON.stringify(written);
      if (json.isWellFormed() && !/\\ud[89a-f]/.test(json)) {
        assert.deepEqual(parseCompact(token).claims, JSON.parse(json));
      }
    }),
  );
});

test('R-149[verifier] R-178 no text makes the reader throw anything but a refusal that quotes nothing', () => {
  const segment = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  );
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      try {
        parseCompact(segments.join('.'));
      } catch (error) {
        assert.ok(refused(error));
        assert.match((error as Refusal).context.detail ?? '', /^[a-z0-9 -]+$/i);
      }
    }),
  );
});

test('R-146[verifier] a kid is text of at most 128 characters', async () => {
  parseCompact(await signJwt({ ...key, kid: 'a'.repeat(128) }, 'JWT', {}));
  for (const kid of ['', 'a'.repeat(129)]) {
    const token = await signJwt({ ...key, kid }, 'JWT', {});
    assert.throws(() => parseCompact(token), refused);
  }
});

test('R-143[verifier] a name is an algorithm only when it is spelled exactly so', () => {
  for (const algorithm of algorithms) assert.ok(isSignatureAlgorithm(algorithm));
  for (const value of [
    'none',
    'None',
    'es256',
    'HS256',
    'ES384',
    '',
    'toString',
    '__proto__',
    null,
    undefined,
    1,
    ['ES256'],
  ]) {
    assert.ok(!isSignatureAlgorithm(value), String(value));
  }
});

test('R-142[verifier] a key has one algorithm: the one it names, or the one of its type', () => {
  assert.equal(algorithmOfKey({ kty: 'RSA' }), 'RS256');
  assert.equal(algorithmOfKey({ kty: 'RSA', alg: 'PS256' }), 'PS256');
  assert.equal(algorithmOfKey({ kty: 'EC', crv: 'P-256' }), 'ES256');
  assert.equal(algorithmOfKey({ kty: 'OKP', crv: 'Ed25519' }), 'EdDSA');
  for (const jwk of [
    {},
    { kty: 'EC' },
    { kty: 'EC', crv: 'P-384' },
    { kty: 'EC', crv: 'P-256', alg: 'RS256' },
    { kty: 'RSA', alg: 'ES256' },
    { kty: 'RSA', crv: 'P-256' },
    { kty: 'RSA', alg: 'RSA-OAEP' },
    { kty: 'RSA', alg: null },
    { kty: 'OKP', crv: 'X25519' },
    { kty: 'OKP', crv: 'Ed448' },
    { kty: 'oct', alg: 'HS256' },
  ]) {
    assert.equal(algorithmOfKey(jwk), undefined, JSON.stringify(jwk));
  }
});

test('R-149[verifier] a header that comes again is the same to the last member, and nobody can change it for the next', async () => {
  const { header } = parseCompact(await signJwt(key, 'at+jwt', { sub: 'a' }));
  const again = parseCompact(await signJwt(key, 'at+jwt', { sub: 'b' }));
  assert.deepEqual(again.header, { alg: 'EdDSA', typ: 'at+jwt', kid: publicJwk.kid });
  assert.deepEqual(again.claims, { sub: 'b' });
  assert.throws(() => Object.assign(header, { alg: 'none' }), TypeError);
  assert.throws(() => Object.assign(again.header, { alg: 'none' }), TypeError);
});

test('R-149[verifier] what lies inside a member of a header is read anew each time', () => {
  const [head, body] = [{ alg: 'EdDSA', note: { to: 'a' } }, {}].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const read = (): { to: string } => parseCompact(`${head}.${body}.AA`).header['note'] as { to: string };
  read().to = 'b';
  assert.deepEqual(read(), { to: 'a' });
});

test('R-145[verifier] a header that was refused is refused again', () => {
  const [head, body] = [{ alg: 'EdDSA', crit: ['b64'] }, {}].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  for (let times = 0; times < 3; times += 1) assert.throws(() => parseCompact(`${head}.${body}.AA`), refused);
});
