import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, row } from '../database.ts';
import { optional, readInteger, readText, text } from '../shape.ts';
import type { AccessTokenGround, ReferenceToken, RevokedAccessToken } from '../store.ts';
import { currentEpoch } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';

export function* addReferenceToken(token: ReferenceToken): Operation<void> {
  yield* changes(
    `INSERT INTO reference_tokens (token_hash, authorization_id, claims, expires_at, epoch)
      VALUES ($1, $2, $3, $4, ${currentEpoch})`,
    [token.tokenHash, token.authorization ?? null, JSON.stringify(token.claims), token.expiresAt],
  );
}

export function* findReferenceToken(tokenHash: string): Operation<ReferenceToken | undefined> {
  const found = yield* row(
    `SELECT authorization_id, claims, expires_at FROM reference_tokens WHERE token_hash = $1 AND epoch = ${currentEpoch}`,
    [tokenHash],
  );
  return (
    found && {
      tokenHash,
      authorization: optional(text('authorization_id')).read(found['authorization_id']),
      claims: JSON.parse(readText(found['claims'])) as ReferenceToken['claims'],
      expiresAt: readInteger(found['expires_at']),
    }
  );
}

/** One SELECT, so that token, authorization and person are seen as they were at one moment. */
const standing = `SELECT
    (SELECT COUNT(*) FROM revoked_access_tokens r WHERE r.jti = $1) AS revoked,
    (SELECT COUNT(*) FROM authorizations a JOIN persons p ON p.id = a.person_id AND p.state = 'active'
      WHERE a.id = $2 AND a.epoch = ${currentEpoch} AND a.revoked_at IS NULL) AS authorized`;

export function* accessTokenStands({ jti, authorization }: AccessTokenGround): Operation<boolean> {
  const found = yield* row(standing, [jti, authorization ?? '']);
  if (readInteger(found?.['revoked']) > 0) return false;
  return authorization === undefined || readInteger(found?.['authorized']) === 1;
}

export function* revokeAccessToken(
  { jti, expiresAt, now }: RevokedAccessToken,
  events: RecordedEffects,
): Operation<'revoked' | 'already_revoked'> {
  const added = yield* changes(
    `INSERT INTO revoked_access_tokens (jti, revoked_at, expires_at) VALUES ($1, $2, $3) ON CONFLICT (jti) DO NOTHING`,
    [jti, now, expiresAt],
  );
  if (added === 0) return 'already_revoked';
  yield* putIntoOutbox(events);
  return 'revoked';
}
