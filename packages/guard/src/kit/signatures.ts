/**
 * Signatures that must not verify, made by hand: the library that verifies could not make most of them.
 *
 * For tests of an API with keys that were made for it. None of this can sign with a key it was not given.
 */
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { algorithmEntry, type PublicJwk, type SignatureAlgorithm } from '@castellan/protocol';

/** A key made for a test. */
export interface KeyPair {
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicJwk: PublicJwk;
}

/** The key of the issuer that is played, and one that nobody trusts. */
export interface ForgeKeys {
  readonly genuine: KeyPair;
  readonly foreign: KeyPair;
}

/** The algorithm of the same or the next family that a confusion would swap in. */
export const otherAlgorithms: Readonly<Record<SignatureAlgorithm, SignatureAlgorithm>> = {
  ES256: 'EdDSA',
  EdDSA: 'ES256',
  RS256: 'PS256',
  PS256: 'RS256',
};

export const signWith = (pair: KeyPair, input: string, algorithm: SignatureAlgorithm = pair.algorithm): Buffer => {
  const { hash, signing } = algorithmEntry(algorithm);
  return sign(hash, Buffer.from(input), { key: pair.privateKey, ...signing });
};

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const edwardsOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const hmac = (secret: string | Buffer, input: string): Buffer => createHmac('sha256', secret).update(input).digest();
const publicKeyOf = (pair: KeyPair): KeyObject => createPublicKey(pair.privateKey);

type Forgery = (keys: ForgeKeys, input: string, signature: Buffer) => Buffer;

/** By the names that the corpus uses. `input` is what is signed, `signature` the genuine one. */
export const forgeries: Readonly<Record<string, Forgery>> = {
  genuine: (_, __, signature) => signature,
  empty: () => Buffer.alloc(0),
  zero: (_, __, signature) => Buffer.alloc(signature.length),
  'one byte short': (_, __, signature) => signature.subarray(0, -1),
  'one byte more': (_, __, signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  'one bit off': (_, __, signature) => Buffer.from(signature.map((byte, at) => (at === 5 ? byte ^ 1 : byte))),
  twice: (_, __, signature) => Buffer.concat([signature, signature]),
  'of other claims': ({ genuine }) => signWith(genuine, 'e30.e30'),
  'of the payload alone': ({ genuine }, input) => signWith(genuine, input.split('.')[1] ?? ''),
  'other key': ({ foreign }, input) => signWith(foreign, input),
  'other padding': ({ genuine }, input) => signWith(genuine, input, otherAlgorithms[genuine.algorithm]),
  'as the header says': ({ genuine }, input) =>
    genuine.publicJwk.kty === 'RSA'
      ? signWith(genuine, input, otherAlgorithms[genuine.algorithm])
      : signWith(genuine, input),
  der: ({ genuine }, input) => sign('sha256', Buffer.from(input), genuine.privateKey),
  order: () => Buffer.concat([toBytes(order), toBytes(order)]),
  'r zero': (_, __, signature) => Buffer.concat([Buffer.alloc(32), signature.subarray(32)]),
  's zero': (_, __, signature) => Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)]),
  's mirrored': (_, __, signature) =>
    Buffer.concat([signature.subarray(0, 32), toBytes(order - toNumber(signature.subarray(32)))]),
  's plus order': (_, __, signature) => {
    const s = toNumber(Buffer.from(signature.subarray(32)).reverse()) + edwardsOrder;
    return Buffer.concat([signature.subarray(0, 32), toBytes(s).reverse()]);
  },
  'hmac spki-pem': ({ genuine }, input) => hmac(publicKeyOf(genuine).export({ format: 'pem', type: 'spki' }), input),
  'hmac spki-der': ({ genuine }, input) => hmac(publicKeyOf(genuine).export({ format: 'der', type: 'spki' }), input),
  'hmac jwk': ({ genuine }, input) => hmac(JSON.stringify(genuine.publicJwk), input),
  'hmac kid': ({ genuine }, input) => hmac(genuine.publicJwk.kid, input),
  'hmac nothing': (_, input) => hmac('', input),
  'hmac secret': (_, input) => hmac('secret', input),
};
