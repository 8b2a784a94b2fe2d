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

/** Tokens that are compared in all; `npm run test:fuzz` asks for many more. */
const runs = Number(process.env['CASTELLAN_FUZZ_RUNS'] ?? 10_000);
const currentDate = new Date(now * 1000);
const options = { issuer, audience, algorithms: ['ES256'], typ: 'at+jwt', clockTolerance: 10, currentDate };

/** Whether it is accepted here; then the library must accept it too, and read the same. */
async function compare(token: string): Promise<boolean> {
  const ours = await verifier.verify(token).catch((error: unknown) => {
    assert.ok(error instanceof Refusal);
    return undefined;
  });
  if (ours === undefined) return false;
  const theirs = await jwtVerify(token, publicKey, options);
  assert.deepEqual({ ...ours.claims }, theirs.payload);
  assert.deepEqual({ ...ours.header }, theirs.protectedHeader);
  return true;
}

async function compareMany(tokens: fc.Arbitrary<string>, share: number): Promise<number> {
  let accepted = 0;
  const property = fc.asyncProperty(tokens, async (token) => {
    if (await compare(token)) accepted += 1;
  });
  await fc.assert(property, { numRuns: Math.ceil(runs * share) });
  return accepted;
}

test('R-159[verifier] S-53 R-151 whatever is accepted here, jose accepts with the same claims', async () => {
  const tokens = fc
    .tuple(headers, claims)
    .map(([header, payload]) => signText(JSON.stringify(header), JSON.stringify(payload)));
  const accepted = await compareMany(tokens, 0.4);
  assert.ok(accepted > runs * 0.04, `only ${accepted} were accepted: the comparison says little`);
});

/** Changes of a text at one place: what is cut out, what is put in. */
const cuts = fc.record({
  at: fc.nat(400),
  length: fc.constantFrom(0, 0, 1, 2),
  put: fc.oneof(
    fc.constantFrom('', '.', '=', '-', '_', '+', '/', ' ', '\n', '"', ',', '\\u0061', '"exp":1,', '{}', 'A', '%41'),
    fc.string({ maxLength: 3, unit: 'binary' }),
  ),
});
const cut = (text: string, changes: readonly { at: number; length: number; put: string }[]): string =>
  changes.reduce((whole, { at, length, put }) => {
    const place = at % (whole.length + 1);
    return whole.slice(0, place) + put + whole.slice(place + length);
  }, text);

const goodHeader = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: publicJwk.kid });
const goodClaims = JSON.stringify({ iss: issuer, aud: audience, iat: now, exp: now + 60, sub: 'person' });

test('R-159[verifier] S-53 R-149 a signed token with changed JSON is accepted only if jose accepts it, and read the same', async () => {
  const changes = fc.array(cuts, { maxLength: 2 });
  const tokens = fc
    .tuple(changes, changes)
    .map(([head, body]) => signText(cut(goodHeader, head), cut(goodClaims, body)));
  const accepted = await compareMany(tokens, 0.3);
  assert.ok(accepted > runs * 0.02, `only ${accepted} were accepted: the comparison says little`);
});

test('R-159[verifier] S-53 R-149 a token that was changed after it was signed is accepted by neither', async () => {
  const genuine = signText(goodHeader, goodClaims);
  assert.ok(await compare(genuine));
  const tokens = fc.array(cuts, { minLength: 1, maxLength: 3 }).map((changes) => cut(genuine, changes));
  await compareMany(tokens, 0.3);
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
