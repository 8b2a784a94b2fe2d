import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, rows } from '../database.ts';
import type { HeldNotice, LogoutNoticeRow } from '../logout-store.ts';
import { logoutNotices } from '../shapes.ts';
import { putIntoOutbox } from './outbox.ts';

/**
 * A step of every operation that ends a session chain.
 *
 * Also of authorizations that were revoked before or that live on (`offline_access`): what ends is what the client
 * has made of an ID token, so only those with `openid` count.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions
 */
export function* queueLogouts(chain: string, now: number): Operation<void> {
  yield* changes(
    `INSERT INTO logout_notices (client_id, person_id, session_id, sector, queued_at, next_at, attempts)
      SELECT DISTINCT a.client_id, a.person_id, a.session_id, a.sector, CAST($2 AS BIGINT), CAST($2 AS BIGINT), 0 FROM authorizations a
      WHERE a.session_chain = $1 AND a.session_id IS NOT NULL AND a.person_id IS NOT NULL
        AND a.scopes LIKE '%"openid"%'`,
    [chain, now],
  );
}

const due = `SELECT ${logoutNotices.select('n')} FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY client_id ORDER BY next_at, sequence) AS place
    FROM logout_notices WHERE next_at <= $1) n
  WHERE n.place <= $3 ORDER BY n.next_at, n.sequence LIMIT $2`;

export interface DueLogouts {
  readonly now: number;
  readonly limit: number;
  readonly each: number;
}

export function* dueLogouts({ now, limit, each }: DueLogouts): Operation<readonly LogoutNoticeRow[]> {
  const found = yield* rows(due, [now, limit, each]);
  return found.map((notice) => logoutNotices.read(notice, 'n'));
}

export function* holdLogout(
  hold: HeldNotice & { readonly now: number; readonly until: number },
): Operation<'held' | 'taken'> {
  const held = yield* changes(
    'UPDATE logout_notices SET attempts = attempts + 1, next_at = $4 WHERE sequence = $1 AND attempts = $2 AND next_at <= $3',
    [hold.sequence, hold.attempts, hold.now, hold.until],
  );
  return held === 0 ? 'taken' : 'held';
}

export function* postponeLogout(held: HeldNotice & { readonly until: number }): Operation<void> {
  yield* changes('UPDATE logout_notices SET next_at = $3 WHERE sequence = $1 AND attempts = $2', [
    held.sequence,
    held.attempts,
    held.until,
  ]);
}

export function* finishLogout(held: HeldNotice, events: RecordedEffects | undefined): Operation<'finished' | 'lost'> {
  const finished = yield* changes('DELETE FROM logout_notices WHERE sequence = $1 AND attempts = $2', [
    held.sequence,
    held.attempts,
  ]);
  if (finished === 0) return 'lost';
  if (events !== undefined) yield* putIntoOutbox(events);
  return 'finished';
}
