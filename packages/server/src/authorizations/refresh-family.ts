/**
 * The form of refresh tokens: `castellan_rt_family.generation.secret.tag_checksum`.
 *
 * The tag proves that this server made the text, before anything is looked up: a made-up token does nothing, so only a
 * genuine older generation can revoke a family. The successor is kept sealed under a key that only its predecessor
 * yields, so the store alone never holds a usable token.
 *
 * Owns: making, parsing and sealing. Does not own: deciding what a presented token does (the store, atomically).
 */
import { createHmac, hkdfSync } from 'node:crypto';
import {
  createPrefixedToken,
  parsePrefixedToken,
  type Runtime,
  secretsEqual,
  tokenPrefixes,
} from '@castellan/protocol';
import { type SealContext, seal, unseal } from '../keys/seal.ts';

/** Where a token stands; the secret is part of the text alone. */
export interface RefreshPosition {
  /** The id of the family; part of its tokens and never of an event. */
  readonly family: string;
  /** A counter from 1, never a time. */
  readonly generation: number;
}

const purpose = 'castellan refresh token v1';
/** 16 random bytes, a counter, 32 random bytes, 32 bytes of HMAC. */
const syntax = /^([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,14})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/**
 * Makes the token of a position, with a new secret.
 *
 * @example createRefreshToken({ family, generation: 1 }, { tagKey, runtime });
 */
export function createRefreshToken(
  position: RefreshPosition,
  deps: { readonly tagKey: Buffer; readonly runtime: Pick<Runtime, 'randomBytes'> },
): string {
  const secret = deps.runtime.randomBytes(32).toString('base64url');
  const tag = tagOf({ ...position, secret }, deps.tagKey);
  return createPrefixedToken(tokenPrefixes.refreshToken, `${position.family}.${position.generation}.${secret}.${tag}`);
}

/** The position of a token that this server made; undefined for any other text. */
export function parseRefreshToken(text: string, tagKey: Buffer): RefreshPosition | undefined {
  const payload = parsePrefixedToken(tokenPrefixes.refreshToken, text);
  const [, family, counter, secret, tag] = syntax.exec(payload ?? '') ?? [];
  if (family === undefined || secret === undefined || tag === undefined) return undefined;
  const generation = Number(counter);
  const genuine = secretsEqual(tag, tagOf({ family, generation, secret }, tagKey));
  return genuine ? { family, generation } : undefined;
}

/** Seals the successor of a presented token so that only who holds that token can have it. */
export function sealSuccessor(
  successor: string,
  presented: { readonly token: string; readonly position: RefreshPosition },
  runtime: Pick<Runtime, 'randomBytes'>,
): string {
  return seal(Buffer.from(successor), successorContext(presented), runtime);
}

/**
 * Opens the successor with the token that was presented again.
 *
 * @throws {Error} when it was sealed for another token
 */
export function unsealSuccessor(
  sealed: string,
  presented: { readonly token: string; readonly position: RefreshPosition },
): string {
  return unseal(sealed, successorContext(presented)).toString();
}

function successorContext(presented: { readonly token: string; readonly position: RefreshPosition }): SealContext {
  const { family, generation } = presented.position;
  const key = Buffer.from(hkdfSync('sha256', presented.token, '', 'castellan refresh successor', 32));
  return { key, belongsTo: `${family}.${generation}` };
}

/** The separator cannot occur in any of the parts, so no two positions share a text. */
function tagOf(token: RefreshPosition & { readonly secret: string }, tagKey: Buffer): string {
  const text = [purpose, token.family, token.generation, token.secret].join('|');
  return createHmac('sha256', tagKey).update(text).digest('base64url');
}
