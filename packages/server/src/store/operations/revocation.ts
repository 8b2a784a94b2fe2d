/**
 * The ends of authorizations: steps of larger operations.
 *
 * INVARIANT: nothing else writes `revoked_at`. Whatever has to follow from an end follows from these two: its event, and
 * the bit of its access tokens, so that APIs which verify by themselves learn of it.
 */
import type { EventEnvelope, RecordedEffects, RevocationReason } from '@castellan/audit';
import { changes, lockedRow, type Operation, rows, type SqlValue } from '../database.ts';
import { optional, readText, text } from '../shape.ts';
import type { AuthorizationRow } from '../store.ts';
import { currentEpoch } from './epoch.ts';
import { inEnvelope, putIntoOutbox } from './outbox.ts';
import { endServices, flipStatuses, readStatusIndex } from './status.ts';

/**
 * A step of a larger operation that holds the authorization's lock; a family dies with its authorization.
 *
 * An authorization that has ended already has nothing left to revoke, so it gets no second event of its end.
 */
export function* revokeLive(
  revoke: { readonly authorization: AuthorizationRow; readonly reason: RevocationReason; readonly now: number },
  events: RecordedEffects,
): Operation<boolean> {
  const { authorization, reason, now } = revoke;
  if (authorization.revokedAt !== undefined) return false;
  yield* changes('UPDATE authorizations SET revoked_at = $2, revoked_reason = $3 WHERE id = $1', [
    authorization.id,
    now,
    reason,
  ]);
  yield* putIntoOutbox(events);
  yield* flipStatuses([authorization.statusIndex], now);
  return true;
}

/** Which authorizations end together. Those of sessions are only those that end with one: none with `offline_access`. */
type RevocationTarget =
  | { readonly of: 'session chain'; readonly chain: string }
  | { readonly of: 'sessions of person'; readonly person: string }
  | { readonly of: 'person'; readonly person: string }
  | { readonly of: 'person at client'; readonly person: string; readonly client: string }
  | { readonly of: 'client'; readonly client: string };

export interface MatchingRevocation {
  readonly target: RevocationTarget;
  readonly reason: RevocationReason;
  readonly now: number;
}

/**
 * A step of a larger operation: revokes every live authorization of the target, with an `authorization.revoked` event
 * for each in the envelope of the operation's own event, and answers how many there were. With a client goes what it got
 * for itself.
 */
export function* revokeMatching(revoke: MatchingRevocation, envelope: EventEnvelope): Operation<number> {
  const { reason, now } = revoke;
  const values = valuesOf(revoke.target);
  // One after the other: two ends that have some in common would else each hold what the other waits for.
  yield* lockedRow(`SELECT id FROM authorizations WHERE ${liveOf(revoke.target, 1)} ORDER BY id`, values);
  const revoked = yield* rows(
    `UPDATE authorizations SET revoked_at = $1, revoked_reason = $2
      WHERE ${liveOf(revoke.target, 3)} RETURNING id, client_id, person_id, status_index`,
    [now, reason, ...values],
  );
  yield* putIntoOutbox(
    revoked.map((found) => {
      const authorization = readText(found['id']);
      return inEnvelope(envelope, authorization, {
        type: 'authorization.revoked',
        authorization,
        client: readText(found['client_id']),
        person: readPerson(found['person_id']),
        reason,
      });
    }),
  );
  const ofServices = revoke.target.of === 'client' ? yield* endServices(revoke.target.client) : [];
  yield* flipStatuses([...revoked, ...ofServices].map(readStatusIndex), now);
  return revoked.length;
}

const readPerson = optional(text('person_id')).read;

/** For a WHERE clause whose values stand at this place and after it. */
function liveOf(target: RevocationTarget, at: 1 | 3): string {
  return `${matching(target.of, at)} AND revoked_at IS NULL AND epoch = ${currentEpoch}`;
}

function matching(of: RevocationTarget['of'], at: 1 | 3): string {
  switch (of) {
    case 'session chain':
      return `session_chain = $${at} AND offline = 0`;
    case 'sessions of person':
      return `person_id = $${at} AND offline = 0`;
    case 'person':
      return `person_id = $${at}`;
    case 'person at client':
      return `person_id = $${at} AND client_id = $${at + 1}`;
    case 'client':
      return `client_id = $${at}`;
  }
}

function valuesOf(target: RevocationTarget): readonly SqlValue[] {
  switch (target.of) {
    case 'session chain':
      return [target.chain];
    case 'sessions of person':
    case 'person':
      return [target.person];
    case 'person at client':
      return [target.person, target.client];
    case 'client':
      return [target.client];
  }
}
