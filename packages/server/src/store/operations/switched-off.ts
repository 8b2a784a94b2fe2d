/**
 * Whether a client was disabled or removed, asked in the write that would give it something: a node may know of it for
 * up to a second less than the database does.
 */
import { heldRow, type Operation } from '../database.ts';

/**
 * A step of a larger operation. If the client is switched on, it stays so until the commit; those of a configuration
 * always are.
 *
 * INVARIANT: asked before anything is given: whoever switches the client off waits for this commit, and then ends what
 * it gave.
 */
export function* holdIfSwitchedOn(client: string): Operation<boolean> {
  const held = yield* heldRow(`SELECT state FROM registrations WHERE kind = 'client' AND id = $1`, [client]);
  return held === undefined || held['state'] === 'active';
}
