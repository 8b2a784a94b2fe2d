import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, row } from '../database.ts';
import { optional, readInteger, readText, text } from '../shape.ts';
import type { AccessTokenGround, AccessTokenRevocation, ReferenceToken } from '../store.ts';
import { currentEpoch } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';
import { mayAct } from './standing.ts';
import { flipStatuses } from './status.ts';

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

/** INVARIANT: a token stands on the index it carries: its owner lives, in this epoch, and still has that index. */
const standingOfPerson = `SELECT COUNT(*) AS n FROM authorizations a
  WHERE a.id = $1 AND a.status_index = $2 AND a.epoch = $3 AND a.epoch = ${currentEpoch} AND a.revoked_at IS NULL
    AND ${mayAct('a.person_id')}`;
const standingOfService = `SELECT COUNT(*) AS n FROM service_statuses
  WHERE client_id = $1 AND resource = $2 AND status_index = $3 AND ${currentEpoch} = $4`;

export function* accessTokenStands(ground: AccessTokenGround): Operation<boolean> {
  const { authorization, client, resource, statusIndex, epoch } = ground;
  const found = yield* authorization === undefined
    ? row(standingOfService, [client, resource, statusIndex, epoch])
    : row(standingOfPerson, [authorization, statusIndex, epoch]);
  return readInteger(found?.['n']) === 1;
}

export function* revokeAccessToken(
  { ground, freshIndex, now }: AccessTokenRevocation,
  events: RecordedEffects,
): Operation<'revoked' | 'already_revoked'> {
  const { authorization, client, resource, statusIndex, epoch } = ground;
  const taken = yield* authorization === undefined
    ? changes(
        `DELETE FROM service_statuses
          WHERE client_id = $1 AND resource = $2 AND status_index = $3 AND ${currentEpoch} = $4`,
        [client, resource, statusIndex, epoch],
      )
    : changes(
        `UPDATE authorizations SET status_index = $4
          WHERE id = $1 AND status_index = $2 AND epoch = $3 AND epoch = ${currentEpoch} AND revoked_at IS NULL`,
        [authorization, statusIndex, epoch, freshIndex],
      );
  if (taken === 0) return 'already_revoked';
  yield* putIntoOutbox(events);
  yield* flipStatuses([statusIndex], now);
  return 'revoked';
}
