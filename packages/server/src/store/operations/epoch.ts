/**
 * Which life of the database this is.
 *
 * A restored backup brings back what was revoked since it was made. Raising the epoch after a restore ends every
 * authorization and session of before at once, since they are found only while their epoch is the database's; and every
 * link to set a password, since one that was used since would work again.
 */
import type { RecordedEffects } from '@castellan/audit';
import { changes, lockedRow, type Operation, row } from '../database.ts';
import { readInteger } from '../shape.ts';
import { putIntoOutbox } from './outbox.ts';

/** For a WHERE clause: INVARIANT: every look-up of an authorization or a session compares its epoch with this. */
export const currentEpoch = '(SELECT epoch FROM meta)';

export function* readEpoch(): Operation<number> {
  const found = yield* row('SELECT epoch FROM meta', []);
  return readInteger(found?.['epoch']);
}

export function* raiseEpoch(events: RecordedEffects): Operation<number> {
  const raised = yield* row('UPDATE meta SET epoch = epoch + 1 RETURNING epoch', []);
  yield* changes('DELETE FROM password_links', []);
  yield* putIntoOutbox(events);
  return readInteger(raised?.['epoch']);
}

/** Serialises what has no row of its own to lock. */
export function* lockDatabaseRow(): Operation<void> {
  yield* lockedRow('SELECT epoch FROM meta', []);
}
