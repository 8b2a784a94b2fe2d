/** Private keys: made, stored and read back. Does not own where they lie, nor their encryption at rest. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type AlgorithmEntry, algorithmEntry, minimumRsaBits, type SignatureAlgorithm } from './algorithms.ts';
import type { PublicJwk } from './key-set.ts';
import { jwkThumbprint } from './thumbprint.ts';

const generate = promisify(generateKeyPair);

/** A key that can sign, under the name by which verifiers find it. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
}

/**
 * Makes a key pair; the `kid` is the thumbprint, never one with a hyphen in front. RSA keys have 2048 bits and the exponent 65537.
 *
 * @example const { privateKey, publicJwk } = await generateSigningKey('ES256');
 * @see RFC 7517 §4, RFC 7638
 */
export async function generateSigningKey(
  algorithm: SignatureAlgorithm,
): Promise<{ readonly privateKey: KeyObject; readonly publicJwk: PublicJwk }> {
  const privateKey = await generatePrivateKey(algorithmEntry(algorithm));
  const publicJwk = await publicJwkOf(privateKey, algorithm);
  // Commands take the id of a key, and one thumbprint in 64 would be an option to them.
  return publicJwk.kid.startsWith('-') ? generateSigningKey(algorithm) : { privateKey, publicJwk };
}

async function generatePrivateKey(entry: AlgorithmEntry): Promise<KeyObject> {
  if (entry.kty === 'RSA') return (await generate('rsa', { modulusLength: minimumRsaBits })).privateKey;
  if (entry.kty === 'EC') return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
  return (await generate('ed25519')).privateKey;
}

/**
 * The public half of a key, as it is published.
 *
 * @throws {TypeError} when the key is not one for the algorithm
 * @example publicJwkOf(importSigningKey(row.privateKey), 'ES256');
 */
export async function publicJwkOf(privateKey: KeyObject, algorithm: SignatureAlgorithm): Promise<PublicJwk> {
  const { kty, crv } = algorithmEntry(algorithm);
  const { x, y, n, e, ...others } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (others.kty !== kty || others.crv !== crv) throw new TypeError(`The key is not one for ${algorithm}.`);
  const members = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x };
  const kid = await jwkThumbprint(members);
  return Object.freeze({ ...(members as Pick<PublicJwk, 'kty'>), kid, alg: algorithm, use: 'sig' as const });
}

/**
 * Reads a private key that {@link exportSigningKey} wrote.
 *
 * @throws {Error} of node:crypto when it is not one
 * @example const privateKey = importSigningKey(decrypted);
 */
export function importSigningKey(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}

/**
 * The private key as PKCS #8, DER, in clear: encrypt it before it goes anywhere.
 *
 * @example const sealed = seal(exportSigningKey(privateKey));
 */
export function exportSigningKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' });
}
