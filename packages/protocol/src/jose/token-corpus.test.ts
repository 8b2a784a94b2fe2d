/** Every token of `vectors/tokens.json`, made for each algorithm and put to one strict verifier. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Refusal } from '../oauth/refusal.ts';
import { algorithmEntry, type SignatureAlgorithm } from './algorithms.ts';
import { parseCompact } from './jws.ts';
import { createJwtVerifier } from './jwt.ts';
import type { PublicJwk } from './key-set.ts';
import { localKeySource } from './key-source.ts';
import { generateSigningKey } from './signing-key.ts';

type Members = Record<string, unknown>;

interface Case {
  readonly row: string;
  readonly name: string;
  readonly accepted: boolean;
  readonly header?: Members;
  readonly removeHeader?: readonly string[];
  readonly headerText?: string;
  readonly claims?: Members;
  readonly removeClaims?: readonly string[];
  readonly times?: Record<string, number>;
  readonly claimsText?: string;
  readonly form?: string;
  readonly bits?: 'header' | 'payload' | 'signature';
  readonly signature?: string;
  readonly algorithms?: readonly SignatureAlgorithm[];
}

interface Corpus {
  readonly rules: {
    issuer: string;
    audience: string;
    typ: string;
    requiredClaims: string[];
    clockTolerance: number;
    maxLifetime: number;
  };
  readonly valid: { readonly claims: Members; readonly times: Record<string, number> };
  readonly cases: readonly Case[];
}

interface Pair {
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicJwk: PublicJwk;
}

const path = new URL('../../../../vectors/tokens.json', import.meta.url);
const corpus: Corpus = JSON.parse(readFileSync(path, 'utf8'));
const now = 1_700_000_000;
const others: Readonly<Record<SignatureAlgorithm, SignatureAlgorithm>> = {
  ES256: 'EdDSA',
  EdDSA: 'ES256',
  RS256: 'PS256',
  PS256: 'RS256',
};
const algorithms = Object.keys(others) as SignatureAlgorithm[];

const makePairs = async (): Promise<Map<SignatureAlgorithm, Pair>> => {
  const pairs = algorithms.map(async (algorithm) => ({ algorithm, ...(await generateSigningKey(algorithm)) }));
  return new Map((await Promise.all(pairs)).map((pair) => [pair.algorithm, pair]));
};
const [genuine, foreign] = await Promise.all([makePairs(), makePairs()]);
const pairOf = (pairs: Map<SignatureAlgorithm, Pair>, algorithm: SignatureAlgorithm): Pair => {
  const pair = pairs.get(algorithm);
  assert.ok(pair);
  return pair;
};

// All algorithms are allowed and all keys are in the set: the most that a confusion could use.
const verifier = createJwtVerifier({
  ...corpus.rules,
  algorithms,
  keys: localKeySource({ keys: [...genuine.values()].map((pair) => pair.publicJwk) }),
  now: () => now * 1000,
});

const without = (members: Members, names: readonly string[] = []): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
const inner = (members: Members): string => JSON.stringify(members).slice(1, -1);

/** The words that stand for something only known here. */
function fill(members: Members, algorithm: SignatureAlgorithm): Members {
  const words = new Map<unknown, unknown>(
    Object.entries({
      '$lower-case': algorithm.toLowerCase(),
      $other: others[algorithm],
      '$other-algorithm': pairOf(genuine, others[algorithm]).publicJwk.kid,
      $key: pairOf(genuine, algorithm).publicJwk,
      '$other-key': pairOf(foreign, algorithm).publicJwk,
    }),
  );
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, words.has(value) ? words.get(value) : value]),
  );
}

function bytesOf(text: string): Buffer {
  const [before = '', after] = text.split('$bytes');
  return after === undefined
    ? Buffer.from(text)
    : Buffer.concat([Buffer.from(before), Buffer.from([0xc0, 0xaf]), Buffer.from(after)]);
}

function headerOf(mutation: Case, algorithm: SignatureAlgorithm): { text: Buffer; alg: unknown } {
  const usual = { alg: algorithm, typ: corpus.rules.typ, kid: pairOf(genuine, algorithm).publicJwk.kid };
  const header = without({ ...usual, ...fill(mutation.header ?? {}, algorithm) }, mutation.removeHeader);
  const text = (mutation.headerText ?? '{$members}').replace('$members', () => inner(header));
  return { text: bytesOf(text), alg: header['alg'] };
}

function claimsOf(mutation: Case): Buffer {
  const times = { ...corpus.valid.times, ...mutation.times };
  const moments = Object.fromEntries(Object.entries(times).map(([name, offset]) => [name, now + offset]));
  const claims = without({ ...corpus.valid.claims, ...moments, ...mutation.claims }, mutation.removeClaims);
  const text = (mutation.claimsText ?? '{$members}')
    .replace('$members', () => inner(claims))
    .replace('$without-exp', () => inner(without(claims, ['exp'])));
  return bytesOf(text);
}

/** JSON may be followed by spaces, which makes a segment end within a byte triple. */
function encode(bytes: Buffer, unusedBits: boolean): string {
  if (!unusedBits) return bytes.toString('base64url');
  const padding = bytes.length % 3 === 0 ? ' ' : '';
  return setUnusedBit(Buffer.concat([bytes, Buffer.from(padding)]).toString('base64url'));
}

function setUnusedBit(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  assert.notEqual(text.length % 4, 0);
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1];
}

const signWith = (pair: Pair, input: string, algorithm = pair.algorithm): Buffer => {
  const entry = algorithmEntry(algorithm);
  return sign(entry.hash, Buffer.from(input), { key: pair.privateKey, ...entry.signing });
};

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const edwardsOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

type Forge = (pair: Pair, input: string, genuineSignature: Buffer) => Buffer;

const forgeries: Readonly<Record<string, Forge>> = {
  genuine: (_, __, signature) => signature,
  empty: () => Buffer.alloc(0),
  zero: (_, __, signature) => Buffer.alloc(signature.length),
  'one byte short': (_, __, signature) => signature.subarray(0, -1),
  'one byte more': (_, __, signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  'one bit off': (_, __, signature) => Buffer.from(signature.map((byte, at) => (at === 5 ? byte ^ 1 : byte))),
  twice: (_, __, signature) => Buffer.concat([signature, signature]),
  'of other claims': (pair) => signWith(pair, 'e30.e30'),
  'of the payload alone': (pair, input) => signWith(pair, input.split('.')[1] ?? ''),
  'other key': (pair, input) => signWith(pairOf(foreign, pair.algorithm), input),
  'other padding': (pair, input) => signWith(pair, input, others[pair.algorithm]),
  'as the header says': (pair, input) =>
    pair.publicJwk.kty === 'RSA' ? signWith(pair, input, others[pair.algorithm]) : signWith(pair, input),
  der: (pair, input) => sign('sha256', Buffer.from(input), pair.privateKey),
  order: () => Buffer.concat([toBytes(order), toBytes(order)]),
  'r zero': (_, __, signature) => Buffer.concat([Buffer.alloc(32), signature.subarray(32)]),
  's zero': (_, __, signature) => Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)]),
  's mirrored': (_, __, signature) =>
    Buffer.concat([signature.subarray(0, 32), toBytes(order - toNumber(signature.subarray(32)))]),
  's plus order': (_, __, signature) => {
    const s = toNumber(Buffer.from(signature.subarray(32)).reverse()) + edwardsOrder;
    return Buffer.concat([signature.subarray(0, 32), toBytes(s).reverse()]);
  },
  'hmac spki-pem': (pair, input) => hmac(publicKeyOf(pair).export({ format: 'pem', type: 'spki' }), input),
  'hmac spki-der': (pair, input) => hmac(publicKeyOf(pair).export({ format: 'der', type: 'spki' }), input),
  'hmac jwk': (pair, input) => hmac(JSON.stringify(pair.publicJwk), input),
  'hmac kid': (pair, input) => hmac(pair.publicJwk.kid, input),
  'hmac nothing': (_, input) => hmac('', input),
};

const publicKeyOf = (pair: Pair): KeyObject => createPublicKey(pair.privateKey);
const hmac = (secret: string | Buffer, input: string): Buffer => createHmac('sha256', secret).update(input).digest();

function make(mutation: Case, algorithm: SignatureAlgorithm): string {
  const header = encode(headerOf(mutation, algorithm).text, mutation.bits === 'header');
  const payload = encode(claimsOf(mutation), mutation.bits === 'payload');
  const pair = pairOf(genuine, algorithm);
  const input = `${header}.${payload}`;
  const forge = forgeries[mutation.signature ?? 'genuine'];
  assert.ok(forge, `no such signature: ${mutation.signature}`);
  const bytes = forge(pair, input, signWith(pair, input));
  const text = bytes.toString('base64url');
  return (mutation.form ?? '$header.$payload.$signature')
    .replaceAll('$signature-in-base64', bytes.toString('base64'))
    .replaceAll('$header', header)
    .replaceAll('$payload', payload)
    .replaceAll('$signature', mutation.bits === 'signature' ? setUnusedBit(text) : text);
}

const refused = (token: string) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.reason, 'token_invalid');
  const told = JSON.stringify([error.message, error.context]);
  for (const segment of token.split('.')) assert.ok(segment.length < 12 || !told.includes(segment), 'quotes the token');
  return true;
};

/** What the strict form alone refuses, whatever the library behind it would do. */
const rowsOfForm = ['R-145', 'R-147', 'R-149'];

for (const algorithm of algorithms) {
  describe(algorithm, () => {
    for (const mutation of corpus.cases) {
      if (mutation.algorithms?.includes(algorithm) === false) continue;
      const verdict = mutation.accepted ? 'accepted' : 'refused';
      test(`${mutation.row}[verifier] ${verdict}: ${mutation.name}`, async () => {
        const token = make(mutation, algorithm);
        if (mutation.accepted) assert.equal((await verifier.verify(token)).claims.iss, corpus.rules.issuer);
        else await assert.rejects(verifier.verify(token), refused(token));
        if (!mutation.accepted && rowsOfForm.includes(mutation.row)) assert.throws(() => parseCompact(token), Refusal);
      });
    }
  });
}
