/** Makes one token of the corpus: a valid one with the mutation of the case. Written by hand, as an attacker would. */

import type { Members, TokenCase } from './corpus.ts';
import { type ForgeKeys, forgeries, otherAlgorithms, signWith } from './signatures.ts';

/** What a token is forged from. */
export interface Blank {
  readonly typ: string | undefined;
  /** The claims of a valid token, without times. */
  readonly claims: Members;
  /** Its times, relative to now. */
  readonly times: Readonly<Record<string, number>>;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly keys: ForgeKeys;
  /** The `kid` of another key of the same issuer, for another algorithm. */
  readonly otherKid: string;
}

/**
 * The token of a case.
 *
 * @throws {TypeError} when the case asks for a signature that is not known
 * @example const token = forge({ row: 'R-143', name: 'none', accepted: false, header: { alg: 'none' } }, blank);
 */
export function forge(one: TokenCase, blank: Blank): string {
  const { keys } = blank;
  const header = encode(headerOf(one, blank), one.bits === 'header');
  const payload = encode(claimsOf(one, blank), one.bits === 'payload');
  const input = `${header}.${payload}`;
  const forgery = forgeries[one.signature ?? 'genuine'];
  if (forgery === undefined) throw new TypeError(`no such signature: ${one.signature}`);
  const bytes = forgery(keys, input, signWith(keys.genuine, input));
  const signature = bytes.toString('base64url');
  return (one.form ?? '$header.$payload.$signature')
    .replaceAll('$signature-in-base64', bytes.toString('base64'))
    .replaceAll('$header', header)
    .replaceAll('$payload', payload)
    .replaceAll('$signature', one.bits === 'signature' ? setUnusedBit(signature) : signature);
}

function headerOf(one: TokenCase, blank: Blank): Buffer {
  const { algorithm, publicJwk } = blank.keys.genuine;
  const usual = { alg: algorithm, ...(blank.typ === undefined ? {} : { typ: blank.typ }), kid: publicJwk.kid };
  const header = without({ ...usual, ...fill(one.header ?? {}, blank) }, one.removeHeader);
  return bytesOf((one.headerText ?? '{$members}').replace('$members', () => inner(header)));
}

function claimsOf(one: TokenCase, { claims, times, now }: Blank): Buffer {
  const moments = Object.fromEntries(
    Object.entries({ ...times, ...one.times }).map(([name, offset]) => [name, now + offset]),
  );
  const all = without({ ...claims, ...moments, ...one.claims }, one.removeClaims);
  const text = (one.claimsText ?? '{$members}')
    .replace('$members', () => inner(all))
    .replace('$without-exp', () => inner(without(all, ['exp'])));
  return bytesOf(text);
}

/** The words that stand for something only known here. */
function fill(members: Members, { keys, otherKid }: Blank): Members {
  const { algorithm, publicJwk } = keys.genuine;
  const words = new Map<unknown, unknown>(
    Object.entries({
      '$lower-case': algorithm.toLowerCase(),
      $other: otherAlgorithms[algorithm],
      '$other-algorithm': otherKid,
      $key: publicJwk,
      '$other-key': keys.foreign.publicJwk,
    }),
  );
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, words.has(value) ? words.get(value) : value]),
  );
}

function without(members: Members, names: readonly string[] = []): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

function inner(members: Members): string {
  return JSON.stringify(members).slice(1, -1);
}

function bytesOf(text: string): Buffer {
  const [before = '', after] = text.split('$bytes');
  if (after === undefined) return Buffer.from(text);
  return Buffer.concat([Buffer.from(before), Buffer.from([0xc0, 0xaf]), Buffer.from(after)]);
}

/** JSON may be followed by spaces, which makes a segment end within a byte triple. */
function encode(bytes: Buffer, unusedBits: boolean): string {
  if (!unusedBits) return bytes.toString('base64url');
  const padding = bytes.length % 3 === 0 ? ' ' : '';
  return setUnusedBit(Buffer.concat([bytes, Buffer.from(padding)]).toString('base64url'));
}

/** Sets the lowest bit of the last letter, which stands for nothing; a segment of whole bytes has none. */
function setUnusedBit(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (text.length % 4 === 0) return `${text}=`;
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1];
}
