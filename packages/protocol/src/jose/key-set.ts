/**
 * Public keys as a JSON Web Key Set: its wire form, and reading one so that only usable public keys are left.
 *
 * Owns: which keys may verify. Does not own: where a set comes from (`key-source`, `remote-key-source`).
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64url } from '../encoding.ts';
import { isJsonObject } from '../strict-json.ts';
import {
  algorithmEntry,
  algorithmOfKey,
  maximumRsaBits,
  minimumRsaBits,
  type SignatureAlgorithm,
} from './algorithms.ts';

/** A public key on the wire. */
export interface PublicJwk {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly use: 'sig';
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** A set of public keys on the wire. */
export interface JwkSet {
  readonly keys: readonly PublicJwk[];
}

/** A public key that may verify with one algorithm and do nothing else: the key itself is bound to both. */
export type PublicKey = ReturnType<KeyObject['toCryptoKey']>;

/** A key that may verify, with the one algorithm it is used with. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: PublicKey;
}

/** The usable keys of a set by `kid`, or why the whole set is refused. */
export type JwkSetReading =
  | { readonly problem?: undefined; readonly keys: ReadonlyMap<string, VerificationKey> }
  | { readonly problem: string; readonly keys?: undefined };

/** A `kid` is a name and no place: characters are free, the length is not. */
export const maximumKidLength = 128;

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/**
 * Reads a key set. A private or symmetric key, or a `kid` that two usable keys share, spoils the set: whoever
 * publishes that is not in control of it. Keys that cannot verify here are left out: other types and curves, keys for
 * encryption, keys without `kid`, RSA keys under 2048 or over 8192 bits, points that are not on the curve.
 *
 * @example const { keys, problem } = readJwkSet(document, 64);
 * @see RFC 7517 §5
 */
export function readJwkSet(document: unknown, maximumKeys: number): JwkSetReading {
  const list = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(list)) return { problem: 'the key set has no list of keys' };
  if (list.length > maximumKeys) return { problem: 'the key set has too many keys' };
  const keys = new Map<string, VerificationKey>();
  for (const jwk of list as readonly unknown[]) {
    if (!isJsonObject(jwk)) return { problem: 'a key is not an object' };
    if (jwk['kty'] === 'oct' || privateMembers.some((member) => Object.hasOwn(jwk, member))) {
      return { problem: 'a key is private or symmetric' };
    }
    const key = verificationKey(jwk);
    if (key === undefined) continue;
    if (keys.has(key.kid)) return { problem: 'two keys have the same kid' };
    keys.set(key.kid, key);
  }
  return { keys };
}

function verificationKey(jwk: Readonly<Record<string, unknown>>): VerificationKey | undefined {
  const { kid, use, key_ops: operations } = jwk;
  const algorithm = algorithmOfKey(jwk);
  if (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength || algorithm === undefined)
    return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  const key = publicKey(jwk);
  if (key === undefined) return undefined;
  return { kid, algorithm, key: key.toCryptoKey(algorithmEntry(algorithm).webCrypto, true, ['verify']) };
}

function publicKey(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  const members = jwk['kty'] === 'RSA' ? ['n', 'e'] : jwk['kty'] === 'EC' ? ['x', 'y'] : ['x'];
  for (const member of members) {
    const value = jwk[member];
    const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined;
    if (bytes === undefined || (jwk['kty'] !== 'RSA' && bytes.length !== 32)) return undefined;
  }
  const { kty, crv, x, y, n, e } = jwk;
  return createKey({ kty, crv, x, y, n, e } as JsonWebKey);
}

function createKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return jwk.kty !== 'RSA' || isStrongRsa(key) ? key : undefined;
  } catch {
    // A point that is not on the curve, or numbers that are no key: the key is left out.
    return undefined;
  }
}

/** An exponent below 65537 or even is no accident either (FIPS 186-5 §5.4). */
function isStrongRsa(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  return (
    modulusLength >= minimumRsaBits &&
    modulusLength <= maximumRsaBits &&
    publicExponent >= 65_537n &&
    publicExponent % 2n === 1n
  );
}
