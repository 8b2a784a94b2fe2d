/** Vectors that others published: signatures at the edges of each algorithm, and the examples of the RFCs. */
import assert from 'node:assert/strict';
import { KeyObject, type VerifyKeyObjectInput, verify, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compactVerify } from 'jose';
import { Refusal } from '../oauth/refusal.ts';
import { algorithmEntry, type SignatureAlgorithm } from './algorithms.ts';
import { createJwtVerifier } from './jwt.ts';
import { type PublicKey, readJwkSet } from './key-set.ts';
import { localKeySource } from './key-source.ts';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

interface Group {
  readonly publicKey: { readonly modulus?: string; readonly publicExponent?: string };
  readonly publicKeyJwk?: object;
  readonly tests: readonly Vector[];
}

const read = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../../../../vectors/${file}`, import.meta.url), 'utf8')) as T;

const base64url = (hex: string): string => Buffer.from(hex.replace(/^00/, ''), 'hex').toString('base64url');

/** The key as an issuer would publish it, read by the verifier's own import. */
function importKey({ publicKeyJwk, publicKey }: Group, algorithm: SignatureAlgorithm): PublicKey | undefined {
  const { modulus = '', publicExponent = '' } = publicKey;
  const jwk = publicKeyJwk ?? { kty: 'RSA', n: base64url(modulus), e: base64url(publicExponent) };
  return readJwkSet({ keys: [{ ...jwk, kid: 'k', alg: algorithm, use: 'sig' }] }, 1).keys?.get('k')?.key;
}

const webAlgorithms: Readonly<Record<SignatureAlgorithm, object>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
};

/** The check that `jose` makes of a signature, over bytes that are no token. */
async function verifies(key: PublicKey, algorithm: SignatureAlgorithm, { msg, sig }: Vector): Promise<boolean> {
  const parameters = webAlgorithms[algorithm] as webcrypto.EcdsaParams &
    webcrypto.RsaPssParams &
    webcrypto.RsaHashedImportParams;
  return webcrypto.subtle.verify(parameters, key, Buffer.from(sig, 'hex'), Buffer.from(msg, 'hex'));
}

const files: readonly (readonly [SignatureAlgorithm, string, count: number])[] = [
  ['ES256', 'ecdsa-p256-sha256-p1363.json', 252],
  ['EdDSA', 'ed25519.json', 150],
  ['RS256', 'rsa-2048-sha256-pkcs1.json', 259],
  ['PS256', 'rsa-2048-sha256-pss.json', 108],
];

for (const [algorithm, file, expected] of files) {
  test(`R-152[verifier] S-53 every Wycheproof vector of ${algorithm} gets its verdict`, async () => {
    const { testGroups } = read<{ readonly testGroups: readonly Group[] }>(`wycheproof/${file}`);
    let count = 0;
    for (const group of testGroups) {
      const key = importKey(group, algorithm);
      if (group.publicKey.publicExponent === '03') {
        assert.equal(key, undefined, 'an exponent of 3 is not taken');
        count += group.tests.length;
        continue;
      }
      assert.ok(key, 'the key is one that the verifier takes');
      for (const vector of group.tests) {
        count += 1;
        const genuine = await verifies(key, algorithm, vector);
        if (vector.result === 'acceptable') continue;
        assert.equal(genuine, vector.result === 'valid', `${vector.tcId} ${vector.comment}`);
        // What signs here checks the same way, for whoever verifies without the library.
        const { hash, signing } = algorithmEntry(algorithm);
        const bytes = { message: Buffer.from(vector.msg, 'hex'), signature: Buffer.from(vector.sig, 'hex') };
        const ownKey: VerifyKeyObjectInput = { key: KeyObject.from(key), ...signing };
        assert.equal(verify(hash, bytes.message, ownKey, bytes.signature), genuine, String(vector.tcId));
      }
    }
    assert.equal(count, expected, 'no vector was lost');
  });
}

interface Example {
  readonly source: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: { readonly kty: 'EC' | 'RSA' | 'OKP' };
  readonly jws: string;
}

for (const { source, algorithm, key, jws } of read<{ readonly cases: readonly Example[] }>('jws-examples.json').cases) {
  test(`R-152[verifier] R-148 R-146 the signature of ${source} is genuine, and the example is no token`, async () => {
    const keys = localKeySource({ keys: [{ ...key, kid: 'k', alg: algorithm, use: 'sig' }] });
    const found = await keys.find('k', algorithm);
    assert.ok(found);
    await compactVerify(jws, found, { algorithms: [algorithm] });
    const [head = '', body = '', signature = ''] = jws.split('.');
    const changed = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await assert.rejects(compactVerify(changed, found, { algorithms: [algorithm] }));
    const rules = { issuer: 'https://joe.example', audience: 'https://api.example', now: () => 1_300_000_000_000 };
    const verifier = createJwtVerifier({ ...rules, algorithms: [algorithm], typ: null, keys, maxLifetime: 86_400 });
    await assert.rejects(verifier.verify(jws), (error) => error instanceof Refusal && error.reason === 'token_invalid');
  });
}
