/**
 * Whether a client was disabled or removed, asked in the write that would give it something: a node may know of it for
 * up to a second less than the database does.
 */
import { lockedRow, type Operation, row } from '../database.ts';
import { readInteger } from '../shape.ts';

/** For a WHERE clause: whether the client whose id is at this place is switched off. Those of a configuration never are. */
function switchedOff(place: `$${number}`): string {
  return `EXISTS (SELECT 1 FROM registrations r WHERE r.kind = 'client' AND r.id = ${place} AND r.state <> 'active')`;
}

const asked = `SELECT COUNT(*) AS n FROM meta WHERE ${switchedOff('$1')}`;

/** A step of a larger operation. */
export function* isSwitchedOff(client: string): Operation<boolean> {
  const found = yield* row(asked, [client]);
  return readInteger(found?.['n']) > 0;
}

/** The same, for what is seldom enough to wait: if it is not, it stays so until the commit. */
export function* holdIfSwitchedOn(client: string): Operation<boolean> {
  const held = yield* lockedRow(`SELECT state FROM registrations WHERE kind = 'client' AND id = $1`, [client]);
  return held === undefined || held['state'] === 'active';
}
