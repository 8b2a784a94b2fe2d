import type { RecordedEffects } from '@castellan/audit';
import { changes, lockedRow, type Operation, row } from '../database.ts';
import { readInteger } from '../shape.ts';
import { authorizations, refreshFamilies } from '../shapes.ts';
import type {
  AuthorizationRow,
  FoundFamily,
  PresentedRefresh,
  PresentedRefreshVerdict,
  RefreshFamilyRow,
} from '../store.ts';
import { currentEpoch } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';
import { revokeLive } from './revocation.ts';
import { personActive } from './standing.ts';

const withAuthorization = `SELECT ${refreshFamilies.select('f')}, ${authorizations.select('a')}, ${personActive('a.person_id')},
    CASE WHEN a.session_id IS NULL OR EXISTS (
      SELECT 1 FROM sessions s WHERE s.chain = a.session_chain AND s.epoch = a.epoch AND s.ended_at IS NULL
        AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2
    ) THEN 1 ELSE 0 END AS session_live
  FROM refresh_families f
  JOIN authorizations a ON a.id = f.authorization_id AND a.epoch = ${currentEpoch}
  WHERE f.id = $1`;
const authorizationOfFamily = `SELECT ${authorizations.select('a')} FROM authorizations a
  WHERE a.id = (SELECT authorization_id FROM refresh_families WHERE id = $1) AND a.epoch = ${currentEpoch}`;
const byId = `SELECT ${refreshFamilies.select('f')} FROM refresh_families f WHERE f.id = $1`;

export function* findFamily(id: string, now: number): Operation<FoundFamily | undefined> {
  const found = yield* row(withAuthorization, [id, now]);
  return (
    found && {
      family: refreshFamilies.read(found, 'f'),
      authorization: authorizations.read(found, 'a'),
      sessionLive: readInteger(found['session_live']) === 1,
      personActive: readInteger(found['person_active']) === 1,
    }
  );
}

export interface PresentedEvents {
  readonly rotated: RecordedEffects;
  readonly retried: RecordedEffects;
  readonly reused: RecordedEffects;
}

interface Presentation {
  readonly presented: PresentedRefresh;
  readonly events: PresentedEvents;
  readonly family: RefreshFamilyRow;
  readonly authorization: AuthorizationRow;
}

/** INVARIANT: the authorization's row is locked first, as in `redeemCode`: refresh and revocation are serialised. */
export function* presentRefresh(
  presented: PresentedRefresh,
  events: PresentedEvents,
): Operation<PresentedRefreshVerdict> {
  const locked = yield* lockedRow(authorizationOfFamily, [presented.family]);
  const found = yield* row(byId, [presented.family]);
  if (locked === undefined || found === undefined) return { verdict: 'unknown' };
  const authorization = authorizations.read(locked, 'a');
  const family = refreshFamilies.read(found, 'f');
  return yield* decide({ presented, events, family, authorization });
}

function* decide(presentation: Presentation): Operation<PresentedRefreshVerdict> {
  const { presented, family, authorization } = presentation;
  const { now, generation } = presented;
  if (authorization.revokedAt !== undefined) return { verdict: 'revoked' };
  if (now >= family.idleExpiresAt || now >= family.absoluteExpiresAt) return { verdict: 'expired' };
  if (generation > family.generation) return { verdict: 'refused' };
  if (generation === family.generation) return yield* rotate(presentation);
  const inWindow = family.retryUntil !== undefined && now < family.retryUntil;
  if (generation === family.generation - 1 && inWindow) return yield* retry(presentation);
  yield* revokeLive({ authorization, reason: 'refresh_reuse', now }, presentation.events.reused);
  return { verdict: 'reused' };
}

/**
 * One compare-and-swap on the live generation and its hash.
 *
 * INVARIANT: a rotation moves the idle limit, never beyond the absolute one, and never the absolute one itself.
 */
function* rotate({ presented, events, family }: Presentation): Operation<PresentedRefreshVerdict> {
  const retryable = presented.retryWindow > 0;
  const rotated = yield* changes(
    `UPDATE refresh_families
      SET generation = generation + 1, current_hash = $4, sealed_successor = $5, retry_until = $6, retries = 0,
        idle_expires_at = $7
      WHERE id = $1 AND generation = $2 AND current_hash = $3`,
    [
      presented.family,
      presented.generation,
      presented.presentedHash,
      presented.successorHash,
      retryable ? presented.sealedSuccessor : null,
      retryable ? presented.now + presented.retryWindow : null,
      Math.min(presented.idleExpiresAt, family.absoluteExpiresAt),
    ],
  );
  if (rotated === 0) return { verdict: 'refused' };
  yield* putIntoOutbox(events.rotated);
  return { verdict: 'rotated' };
}

/** That the predecessor's own text is presented is proven by the seal, which opens with nothing else. */
function* retry({ presented, events, family }: Presentation): Operation<PresentedRefreshVerdict> {
  const { sealedSuccessor } = family;
  if (sealedSuccessor === undefined || family.retries >= presented.retryLimit) return { verdict: 'refused' };
  yield* changes('UPDATE refresh_families SET retries = retries + 1 WHERE id = $1', [presented.family]);
  yield* putIntoOutbox(events.retried);
  return { verdict: 'retried', sealedSuccessor };
}
