import { changes, type Operation, row } from '../database.ts';
import { parkedRequests } from '../shapes.ts';
import type { ParkedRequestRow } from '../store.ts';

const byIdHash = `SELECT ${parkedRequests.select('r')} FROM parked_requests r
  WHERE r.id_hash = $1 AND r.expires_at > $2`;

/** Denial is final: a denied request is still found, to be answered, but takes no sign-in, consent or code any more. */
const open = 'id_hash = $1 AND expires_at > $2 AND denied_at IS NULL';

export function* parkRequest(request: ParkedRequestRow): Operation<void> {
  yield* changes(parkedRequests.insert, parkedRequests.values(request));
}

export function* findParkedRequest(idHash: string, now: number): Operation<ParkedRequestRow | undefined> {
  const found = yield* row(byIdHash, [idHash, now]);
  return found && parkedRequests.read(found, 'r');
}

export function* denyParkedRequest(idHash: string, now: number): Operation<'denied' | 'gone'> {
  const denied = yield* changes(
    'UPDATE parked_requests SET denied_at = COALESCE(denied_at, $2) WHERE id_hash = $1 AND expires_at > $2',
    [idHash, now],
  );
  return denied === 0 ? 'gone' : 'denied';
}

export function* dropParkedRequest(idHash: string): Operation<void> {
  yield* changes('DELETE FROM parked_requests WHERE id_hash = $1', [idHash]);
}

/** A step of a larger operation; answers whether the request was still open. */
export function* rememberSession(idHash: string, now: number, session: string): Operation<boolean> {
  return (yield* changes(`UPDATE parked_requests SET session_id = $3 WHERE ${open}`, [idHash, now, session])) === 1;
}

/** A step of a larger operation; answers whether the request was still open. */
export function* markConsented(idHash: string, now: number): Operation<boolean> {
  return (yield* changes(`UPDATE parked_requests SET consented_at = $2 WHERE ${open}`, [idHash, now])) === 1;
}

/** A step of a larger operation; answers whether the request was still open. */
export function* takeParkedRequest(idHash: string, now: number): Operation<boolean> {
  return (yield* changes(`DELETE FROM parked_requests WHERE ${open}`, [idHash, now])) === 1;
}
