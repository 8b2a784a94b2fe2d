/**
 * The compact form of signed tokens: written with node:crypto, read strictly, never verified here.
 *
 * Owns: the form. Does not own: whether a signature is genuine (`jwt`), or what a token must claim.
 */
import { sign } from 'node:crypto';
import { createBoundedMap } from '../bounded-map.ts';
import { decodeBase64url, isBase64url } from '../encoding.ts';
import { Refusal } from '../oauth/refusal.ts';
import { isJsonObject, readJson } from '../strict-json.ts';
import { algorithmEntry } from './algorithms.ts';
import { maximumKidLength } from './key-set.ts';
import type { SigningKey } from './signing-key.ts';

/** The kinds of token we sign; each verifier accepts exactly one of them (RFC 8725 §3.11). */
export type JwtType = 'at+jwt' | 'JWT' | 'logout+jwt' | 'statuslist+jwt' | 'token-introspection+jwt' | 'userinfo+jwt';

/** Larger tokens are refused unread. */
export const maximumTokenLength = 16_384;
const maximumDepth = 16;

/** Headers that name keys, change what is signed, or wrap another token. `crit` has no member we understand. */
const refusedHeaders = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc', 'cty'];

/**
 * Signs claims. The signature is made off the event loop.
 *
 * Does not check the claims: that is the business of whoever mints.
 *
 * @throws {Error} of node:crypto when the key is not one for its algorithm
 * @example const token = await signJwt(key, 'at+jwt', { iss, sub, aud, exp, iat, jti, client_id });
 * @see RFC 7515 §5.1, §7.1
 */
export async function signJwt(key: SigningKey, typ: JwtType, claims: object): Promise<string> {
  const entry = algorithmEntry(key.algorithm);
  const input = `${encode({ alg: key.algorithm, typ, kid: key.kid })}.${encode(claims)}`;
  const signature = await new Promise<Buffer>((resolve, reject) => {
    sign(entry.hash, Buffer.from(input), { key: key.privateKey, ...entry.signing }, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
  return `${input}.${signature.toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token as it was sent. Nothing in it is to be trusted. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Reads the compact form strictly and verifies nothing: three segments in canonical base64url, the first two JSON
 * objects in UTF-8 without repeated members, a header without anything that names a key or changes the form, and
 * `alg`, `typ` and `kid` as text when they are there.
 *
 * @throws {Refusal} `token_invalid`
 * @example const { iss } = parseCompact(token).claims; // to pick the rules, and for nothing else
 * @see RFC 7515 §7.1, RFC 8725 §3.1 to §3.12
 */
export function parseCompact(token: string): UnverifiedJwt {
  if (token.length > maximumTokenLength) throw invalid('the token is too large');
  // Dots are looked for, since cutting a text at each of them takes longer than reading what is between them.
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0) throw invalid('not three segments');
  // INVARIANT: all that is left, so a further segment is refused as well: base64url has no dot.
  if (!isBase64url(token.slice(second + 1))) throw invalid('not canonical base64url');
  return { header: readHeader(token.slice(0, first)), claims: readObject(token.slice(first + 1, second)) };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The tokens of an issuer have the same header, so it is read once; short ones only, or anybody could fill the memory. */
const knownHeaders = createBoundedMap<string, JsonObject>(64);
const longestKnownHeader = 512;

function readHeader(segment: string): JsonObject {
  const known = knownHeaders.get(segment);
  if (known !== undefined) return known;
  const header = readObject(segment);
  checkHeader(header);
  // INVARIANT: checked above, and handed out to many: so nothing in it can be changed.
  Object.freeze(header);
  const isKept = segment.length <= longestKnownHeader && Object.values(header).every(isText);
  // A copy of the text: a part of a token would keep all of it in memory.
  if (isKept) knownHeaders.set(Buffer.from(segment).toString('latin1'), header);
  return header;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function readObject(segment: string): JsonObject {
  const bytes = decodeBase64url(segment);
  if (bytes === undefined) throw invalid('not canonical base64url');
  const { value, problem } = readJson(bytes, { maxLength: maximumTokenLength, maxDepth: maximumDepth });
  if (problem !== undefined) throw invalid(problem);
  if (!isJsonObject(value)) throw invalid('not a JSON object');
  return value;
}

function checkHeader(header: Readonly<Record<string, unknown>>): void {
  const refused = refusedHeaders.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) throw invalid(`the header has ${refused}`);
  const { alg, typ, kid } = header;
  if (typeof alg !== 'string') throw invalid('the header has no alg');
  if (typ !== undefined && typeof typ !== 'string') throw invalid('typ is not text');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength)) {
    throw invalid('kid is not text of at most 128 characters');
  }
}

function invalid(detail: string): Refusal {
  return new Refusal('token_invalid', { detail });
}
