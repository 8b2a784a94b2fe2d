import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { algorithmEntry, type SignatureAlgorithm } from './algorithms.ts';
import { readJwkSet } from './key-set.ts';
import { localKeySource } from './key-source.ts';
import { exportSigningKey, generateSigningKey, importSigningKey, publicJwkOf } from './signing-key.ts';
import { jwkThumbprint } from './thumbprint.ts';

const path = new URL('../../../../vectors/thumbprints.json', import.meta.url);
const { cases }: { cases: { name: string; jwk: Record<string, unknown>; thumbprint: string }[] } = JSON.parse(
  readFileSync(path, 'utf8'),
);
const algorithms: readonly SignatureAlgorithm[] = ['ES256', 'RS256', 'PS256', 'EdDSA'];
const made = await Promise.all(algorithms.map(generateSigningKey));
const jwks = made.map(({ publicJwk }) => publicJwk);
const [ec, rsa] = jwks as unknown as [Record<string, unknown>, Record<string, unknown>];

for (const { name, jwk, thumbprint } of cases) {
  test(`R-100[protocol] the thumbprint of ${name}`, async () => {
    assert.equal(await jwkThumbprint(jwk), thumbprint);
  });
}

test('R-100[protocol] a made key is published without its private part, under its thumbprint', async () => {
  for (const { privateKey, publicJwk } of made) {
    const privateJwk = privateKey.export({ format: 'jwk' });
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      assert.ok(!Object.hasOwn(publicJwk, member));
      const secret = privateJwk[member];
      if (typeof secret === 'string') assert.ok(!JSON.stringify(publicJwk).includes(secret));
    }
    assert.equal(publicJwk.kid, await jwkThumbprint({ ...publicJwk }));
    assert.equal(publicJwk.use, 'sig');
    assert.ok(
      createPublicKey({ key: { ...publicJwk } as JsonWebKey, format: 'jwk' }).equals(createPublicKey(privateKey)),
    );
  }
  assert.equal(made[1]?.privateKey.asymmetricKeyDetails?.modulusLength, 2048);
});

test('R-100[protocol] a private key comes back from its stored form', async () => {
  for (const [index, algorithm] of algorithms.entries()) {
    const key = made[index];
    assert.ok(key);
    const restored = importSigningKey(exportSigningKey(key.privateKey));
    assert.ok(restored.equals(key.privateKey));
    assert.deepEqual(await publicJwkOf(restored, algorithm), key.publicJwk);
  }
  const [first] = made;
  assert.ok(first);
  await assert.rejects(publicJwkOf(first.privateKey, 'RS256'), TypeError);
  assert.throws(() => importSigningKey(Buffer.from('nothing')));
});

test('R-142[verifier] R-144[verifier] a key verifies by its own algorithm, and serves for nothing else', async () => {
  const { keys = new Map() } = readJwkSet({ keys: jwks }, 4);
  const nothing = Buffer.alloc(32);
  for (const { kid, algorithm, key } of keys.values()) {
    assert.deepEqual(key.usages, ['verify']);
    for (const other of algorithms) {
      if (other === algorithm) continue;
      const { webCrypto } = algorithmEntry(other);
      const parameters = { hash: 'SHA-256', saltLength: 32, ...webCrypto };
      await assert.rejects(webcrypto.subtle.verify(parameters, key, nothing, nothing), `${kid} as ${other}`);
    }
    await assert.rejects(webcrypto.subtle.verify('HMAC', key, nothing, nothing));
    await assert.rejects(webcrypto.subtle.encrypt('RSA-OAEP', key, nothing));
  }
});

test('R-142[verifier] a key answers for its own algorithm only', () => {
  const source = localKeySource({ keys: jwks });
  for (const jwk of jwks) {
    for (const algorithm of algorithms) {
      assert.equal(source.find(jwk.kid, algorithm) !== undefined, algorithm === jwk.alg);
    }
  }
});

const refused = (keys: unknown, problem: string) => assert.equal(readJwkSet({ keys }, 64).problem, problem);

test('R-100[protocol] a private or symmetric key spoils the set, also one that verifies', () => {
  for (const { privateKey } of made) {
    const { kty, ...jwk } = privateKey.export({ format: 'jwk' });
    refused([...jwks, { kty, ...jwk, kid: 'x' }], 'a key is private or symmetric');
  }
  refused([{ kty: 'oct', kid: 'x' }], 'a key is private or symmetric');
  refused([{ ...ec, k: 'AAAA' }], 'a key is private or symmetric');
  refused([{ ...ec, d: null }], 'a key is private or symmetric');
});

test('R-100[protocol] a kid that two keys share spoils the set', () => {
  refused([ec, ec], 'two keys have the same kid');
  refused([ec, { ...rsa, kid: ec['kid'] }], 'two keys have the same kid');
});

test('R-154[verifier] what is no key set, or too large a one, is refused', () => {
  for (const document of [null, [], 'keys', {}, { keys: {} }, { keys: null }]) {
    assert.equal(readJwkSet(document, 64).problem, 'the key set has no list of keys');
  }
  refused([null], 'a key is not an object');
  refused(['key'], 'a key is not an object');
  assert.equal(readJwkSet({ keys: [ec, rsa] }, 1).problem, 'the key set has too many keys');
});

const unusable: Readonly<Record<string, () => unknown>> = {
  'for encryption': () => ({ ...rsa, use: 'enc' }),
  'with operations that do not verify': () => ({ ...rsa, key_ops: ['encrypt'] }),
  'with operations as text': () => ({ ...rsa, key_ops: 'verify' }),
  'of another algorithm': () => ({ ...rsa, alg: 'RSA-OAEP' }),
  'of an algorithm that does not fit its type': () => ({ ...rsa, alg: 'ES256' }),
  'of an unknown type': () => ({ kty: 'AKP', kid: 'x', alg: 'ML-DSA-44', pub: 'AAAA' }),
  'of another curve': () => ({ ...ec, crv: 'P-384' }),
  'without kid': () => ({ ...ec, kid: undefined }),
  'with an empty kid': () => ({ ...ec, kid: '' }),
  'with a number as kid': () => ({ ...ec, kid: 1 }),
  'with a kid over 128 characters': () => ({ ...ec, kid: 'a'.repeat(129) }),
  'with a point that is not on the curve': () => ({ ...ec, y: ec['x'] }),
  'with the point at infinity': () => ({ ...ec, x: 'A'.repeat(43), y: 'A'.repeat(43) }),
  'with a coordinate that is too short': () => ({ ...ec, x: 'AAAA' }),
  'with a coordinate in base64': () => ({ ...ec, x: `${String(ec['x']).slice(0, 42)}=` }),
  'without a coordinate': () => ({ ...ec, y: undefined }),
  'with 1024 bits': () => ({ ...weakRsa(1024, 65_537), kid: 'x' }),
  'with the exponent 3': () => ({ ...weakRsa(2048, 3), kid: 'x' }),
  'with the exponent 1': () => ({ ...rsa, e: 'AQ' }),
  'with an even exponent': () => ({ ...rsa, e: 'AQAA' }),
  'with an endless modulus': () => ({ ...rsa, n: Buffer.alloc(2049, 255).toString('base64url') }),
};

const weakRsa = (modulusLength: number, publicExponent: number) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' });

for (const [name, key] of Object.entries(unusable)) {
  test(`R-152[verifier] a key ${name} is left out, and its neighbours stay`, () => {
    const other = jwks[3];
    assert.ok(other);
    const { keys } = readJwkSet({ keys: [key(), other] }, 64);
    assert.deepEqual([...(keys ?? new Map()).keys()], [other.kid]);
  });
}

test('R-142[verifier] an RSA key that names no algorithm is one for RS256 and never for PS256', () => {
  const source = localKeySource({ keys: [{ ...rsa, alg: undefined } as never] });
  assert.notEqual(source.find(String(rsa['kid']), 'RS256'), undefined);
  assert.equal(source.find(String(rsa['kid']), 'PS256'), undefined);
});

test('R-146[verifier] a kid is looked up in a map, not in an object', () => {
  const source = localKeySource({ keys: jwks });
  for (const kid of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '']) {
    assert.equal(source.find(kid, 'ES256'), undefined);
  }
});

test('R-155[verifier] a set without a usable key makes no source', () => {
  assert.throws(() => localKeySource({ keys: [] }), TypeError);
  assert.throws(() => localKeySource({ keys: [{ ...ec, crv: 'P-521' } as never] }), TypeError);
  assert.throws(() => localKeySource({ keys: [{ ...ec, d: 'x' } as never] }), TypeError);
});

test('R-154[verifier] no document makes the reader throw', () => {
  const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use', 'key_ops', 'd');
  const value = fc.oneof(fc.constantFrom('EC', 'RSA', 'OKP', 'P-256', 'Ed25519', 'AQAB', 'sig'), fc.jsonValue());
  const key = fc.dictionary(member, value);
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ keys: fc.array(fc.oneof(key, fc.jsonValue())) })), (document) => {
      const { keys, problem } = readJwkSet(document, 64);
      assert.equal(keys === undefined, problem !== undefined);
    }),
  );
});
