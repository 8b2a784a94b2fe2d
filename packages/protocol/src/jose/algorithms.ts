/** The signature algorithms: one entry for each fact, so that nothing else names a hash, a curve or a padding. */
import { constants } from 'node:crypto';

/** All of them, the most widely understood first: what an operator may choose from, and what metadata names. */
export const signatureAlgorithms: readonly ['RS256', 'ES256', 'PS256', 'EdDSA'] = ['RS256', 'ES256', 'PS256', 'EdDSA'];

/** `EdDSA` means Ed25519 only. There is no symmetric algorithm, so a public key can never act as a shared secret. */
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** What signing and checking with one algorithm need. */
export interface AlgorithmEntry {
  readonly name: SignatureAlgorithm;
  readonly kty: 'EC' | 'RSA' | 'OKP';
  readonly crv?: 'P-256' | 'Ed25519';
  /** The hash that `crypto.sign` is given; null when the algorithm has its own. */
  readonly hash: 'sha256' | null;
  /** What `crypto.sign` is told besides the key. */
  readonly signing: {
    readonly dsaEncoding?: 'ieee-p1363';
    readonly padding?: number;
    readonly saltLength?: number;
  };
  /** What a key that verifies is bound to, by its name in Web Cryptography. */
  readonly webCrypto: { readonly name: string; readonly hash?: 'SHA-256'; readonly namedCurve?: 'P-256' };
}

const entries: Readonly<Record<SignatureAlgorithm, AlgorithmEntry>> = Object.freeze({
  ES256: {
    name: 'ES256',
    kty: 'EC',
    crv: 'P-256',
    hash: 'sha256',
    // RFC 7518 §3.4: R and S side by side, 32 bytes each, not DER.
    signing: { dsaEncoding: 'ieee-p1363' },
    webCrypto: { name: 'ECDSA', namedCurve: 'P-256' },
  },
  RS256: {
    name: 'RS256',
    kty: 'RSA',
    hash: 'sha256',
    signing: { padding: constants.RSA_PKCS1_PADDING },
    webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  },
  PS256: {
    name: 'PS256',
    kty: 'RSA',
    hash: 'sha256',
    // RFC 7518 §3.5: the salt is as long as the hash.
    signing: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    webCrypto: { name: 'RSA-PSS', hash: 'SHA-256' },
  },
  EdDSA: { name: 'EdDSA', kty: 'OKP', crv: 'Ed25519', hash: null, signing: {}, webCrypto: { name: 'Ed25519' } },
});

/** Bits of the RSA keys we make; shorter ones are never used (RFC 7518 §3.3). */
export const minimumRsaBits = 2048;
/** Checking with longer ones costs more than a request is worth. */
export const maximumRsaBits = 8192;

/**
 * The entry of an algorithm.
 *
 * @example algorithmEntry('ES256').crv; // 'P-256'
 */
export function algorithmEntry(algorithm: SignatureAlgorithm): AlgorithmEntry {
  return entries[algorithm];
}

/**
 * Whether a value is the name of an algorithm that exists here, spelled exactly so. `none`, in any spelling, is not.
 *
 * @example isSignatureAlgorithm('none'); // false
 */
export function isSignatureAlgorithm(value: unknown): value is SignatureAlgorithm {
  return typeof value === 'string' && Object.hasOwn(entries, value);
}

/**
 * The one algorithm that a key is used with: the one it names; without a name, RS256, ES256 or EdDSA by its type.
 * Undefined when type, curve and name do not belong together.
 *
 * INVARIANT: a key has one algorithm only, whatever a token claims (RFC 8725 §3.1). An RSA key that names none is
 * never used with PS256.
 */
export function algorithmOfKey(key: {
  readonly kty?: unknown;
  readonly crv?: unknown;
  readonly alg?: unknown;
}): SignatureAlgorithm | undefined {
  return Object.values(entries).find(
    (entry) => entry.kty === key.kty && entry.crv === key.crv && (key.alg === undefined || entry.name === key.alg),
  )?.name;
}
