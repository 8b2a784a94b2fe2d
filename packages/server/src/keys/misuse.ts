/**
 * Tokens that were signed with a key after it had ended: whoever signed them has the key, and it is not this server.
 *
 * An old token of an honest client names such a key too, and is no alarm: it says that it was issued before. So does a
 * forged one that is dated back, which nothing can tell from it; both are refused.
 */
import {
  createJwtVerifier,
  type JwtRules,
  type JwtVerifier,
  localKeySource,
  parseCompact,
  Refusal,
  type SignatureAlgorithm,
} from '@castellan/protocol';
import type { KeyRow } from '../store/store.ts';
import { jwkOf } from './jwk.ts';
import { isPublished, longestSkew } from './timetable.ts';

/** A key that somebody else signs with. */
export interface MisusedKey {
  readonly key: string;
  readonly algorithm: string;
  readonly ended: 'retired' | 'removed';
}

export interface MisuseDeps {
  readonly issuer: string;
  readonly now: () => number;
}

/** Looks at a token that was refused already; undefined unless its signature is genuine, and too late. */

export async function misuseOf(
  token: string,
  rows: readonly KeyRow[],
  { issuer, now }: MisuseDeps,
): Promise<MisusedKey | undefined> {
  try {
    const { header, claims } = parseCompact(token);
    const row = rows.find(({ kid }) => kid === header['kid']);
    if (row === undefined || isPublished(row, Math.floor(now() / 1000))) return undefined;
    const { aud, iat } = claims;
    const { typ } = header;
    if (typeof aud !== 'string' || typeof iat !== 'number' || typeof typ !== 'string') return undefined;
    if (iat <= (row.removedAt ?? row.verifiesFrom) + longestSkew) return undefined;
    const keys = localKeySource({ keys: [jwkOf(row)] });
    const algorithms = [row.algorithm as SignatureAlgorithm];
    const rules = { issuer, audience: aud, algorithms, typ, keys, now, clockTolerance: 60, maxLifetime: 86_400 };
    await createJwtVerifier(rules).verify(token);
    return { key: row.kid, algorithm: row.algorithm, ended: row.removedAt === undefined ? 'retired' : 'removed' };
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'token_invalid') return undefined;
    throw error;
  }
}

/** Is handed each token of ours that was refused. */
export type TellRefused = (token: string) => Promise<void>;

/** A verifier of our own tokens: whatever it refuses is looked at, for whoever refuses it looks no closer. */
export function watchedVerifier(rules: JwtRules, refused: TellRefused): JwtVerifier {
  const verifier = createJwtVerifier(rules);
  return {
    ...verifier,
    verify: async (token) => {
      try {
        return await verifier.verify(token);
      } catch (error) {
        if (error instanceof Refusal && error.reason === 'token_invalid') await refused(token);
        throw error;
      }
    },
  };
}
