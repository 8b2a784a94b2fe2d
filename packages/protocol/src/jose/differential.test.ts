/** Against the library alone: whatever our strictness lets through, `jose` accepts too and reads the same. */
import assert from 'node:assert/strict';
import { createPublicKey, sign } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CompactEncrypt, jwtVerify } from 'jose';
import { Refusal } from '../oauth/refusal.ts';
import { createJwtVerifier } from './jwt.ts';
import { localKeySource } from './key-source.ts';
import { generateSigningKey } from './signing-key.ts';

const { privateKey, publicJwk } = await generateSigningKey('ES256');
const publicKey = createPublicKey(privateKey);
const now = 1_700_000_000;
const issuer = 'https://login.example';
const audience = 'https://api.example';
const verifier = createJwtVerifier({
  issuer,
  audience,
  algorithms: ['ES256'],
  typ: 'at+jwt',
  keys: localKeySource({ keys: [publicJwk] }),
  now: () => now * 1000,
  maxLifetime: 900,
});

const signText = (header: string, claims: string): string => {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(claims).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
};

const oddities = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>('ES256', 'none', issuer, [audience], now),
);
const usual = <T>(value: T) => fc.oneof({ arbitrary: fc.constant<unknown>(value), weight: 12 }, oddities);
const types = fc.constantFrom<unknown>('at+jwt', 'application/at+jwt', 'AT+JWT', 'application/AT+jwt', 'jwt');
const usualHeader = fc.record({ alg: usual('ES256'), typ: types, kid: usual(publicJwk.kid) });
const oddHeader = fc.record(
  { crit: oddities, b64: fc.boolean(), cty: oddities, extra: oddities },
  { requiredKeys: [] },
);
const headers = fc
  .tuple(usualHeader, fc.oneof({ arbitrary: fc.constant({}), weight: 6 }, oddHeader))
  .map(([members, odd]) => ({ ...members, ...odd }));
const moment = fc.oneof(
  fc.integer({ min: now - 60, max: now }),
  fc.double({ min: now - 20, max: now + 20, noNaN: true }),
  usual(now),
);
const claims = fc.record(
  {
    iss: usual(issuer),
    aud: fc.oneof(usual(audience), fc.constant<unknown>([audience, 'b'])),
    exp: fc.oneof(fc.integer({ min: now, max: now + 800 }), moment),
    iat: moment,
    nbf: moment,
    sub: usual('person'),
    extra: oddities,
  },
  { requiredKeys: ['iss', 'aud', 'exp'] },
);

test('R-159[verifier] R-151 whatever is accepted here, jose accepts with the same claims', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(headers, claims, async (header, payload) => {
      const token = signText(JSON.stringify(header), JSON.stringify(payload));
      const ours = await verifier.verify(token).catch((error: unknown) => {
        assert.ok(error instanceof Refusal);
        return undefined;
      });
      if (ours === undefined) return;
      accepted += 1;
      const currentDate = new Date(now * 1000);
      const options = { issuer, audience, algorithms: ['ES256'], typ: 'at+jwt', clockTolerance: 10, currentDate };
      const theirs = await jwtVerify(token, publicKey, options);
      assert.deepEqual({ ...ours.claims }, theirs.payload);
      assert.deepEqual({ ...ours.header }, theirs.protectedHeader);
    }),
    { numRuns: 1000 },
  );
  assert.ok(accepted > 100, `only ${accepted} were accepted: the comparison says little`);
});

test('R-156[verifier] R-147 an encrypted token is refused, whatever it holds', async () => {
  const rsa = await generateSigningKey('RS256');
  const inside = signText(
    JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: publicJwk.kid }),
    JSON.stringify({ iss: issuer, aud: audience, iat: now, exp: now + 60 }),
  );
  await verifier.verify(inside);
  for (const header of [
    { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: rsa.publicJwk.kid },
    { alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', kid: publicJwk.kid },
  ]) {
    const token = await new CompactEncrypt(Buffer.from(inside))
      .setProtectedHeader(header)
      .encrypt(createPublicKey(rsa.privateKey));
    await assert.rejects(
      verifier.verify(token),
      (error) => error instanceof Refusal && error.reason === 'token_invalid',
    );
  }
});

test('R-152[verifier] an Ed25519 key of small order verifies nothing, though R = identity and S = 0 would fit it', async () => {
  const encodings = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ];
  for (const encoding of encodings) {
    const x = Buffer.from(encoding, 'hex').toString('base64url');
    const keys = localKeySource({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid: 'k', alg: 'EdDSA', use: 'sig' }] });
    const weak = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      keys,
      now: () => now * 1000,
      maxLifetime: 900,
    });
    for (let jti = 0; jti < 16; jti += 1) {
      const [header, payload] = signText(
        JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k' }),
        JSON.stringify({ iss: issuer, aud: audience, iat: now, exp: now + 60, jti: String(jti) }),
      ).split('.');
      const signature = Buffer.alloc(64);
      signature[0] = 1;
      const token = `${header}.${payload}.${signature.toString('base64url')}`;
      await assert.rejects(weak.verify(token), (error) => error instanceof Refusal && error.reason === 'token_invalid');
    }
  }
});
