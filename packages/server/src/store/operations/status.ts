/**
 * Whose bit is where, and which bits are set.
 *
 * A bit is set once and never cleared: an index belongs to one owner for good, so its row can go when every token that
 * names it has expired.
 */
import { changes, type Operation, row, rows, type SqlRow } from '../database.ts';
import { readInteger } from '../shape.ts';
import type { OwnedStatus, Service, StatusPosition } from '../status-store.ts';
import { currentEpoch } from './epoch.ts';
import { holdIfSwitchedOn } from './switched-off.ts';

/**
 * Seconds that a flip is kept: the longest life of an access token, and a minute each for the clocks of those who
 * accept tokens and of the nodes that issue them.
 */
const flipKept = 900 + 60 + 60;

export function* leaseStatusIndexes(count: number): Operation<number> {
  const leased = yield* row(`UPDATE status_counters SET value = value + $1 WHERE name = 'index' RETURNING value`, [
    count,
  ]);
  return readInteger(leased?.['value']) - count;
}

/**
 * A bit that is set already is told once more. Only a node that went on under a restored backup deals an index twice,
 * and what is ended then must end all the same.
 */
const setBit = `INSERT INTO status_flips (status_index, version, expires_at) VALUES ($1, 0, $2)
  ON CONFLICT (status_index) DO UPDATE SET version = 0, expires_at = excluded.expires_at`;

/**
 * The last step of an operation that takes the ground from tokens: sets the bits of their owners.
 *
 * INVARIANT: last, since the version's row stays locked until the commit: it lets commits become visible in the order
 * of their versions, without a gap, and whoever holds it waits for nothing.
 */
export function* flipStatuses(indexes: readonly number[], now: number): Operation<void> {
  if (indexes.length === 0) return;
  for (const index of indexes) yield* changes(setBit, [index, now + flipKept]);
  yield* changes(`UPDATE status_counters SET value = value + 1 WHERE name = 'version'`, []);
  // Nobody else's row has version 0: it would be one of a commit that did not happen yet.
  yield* changes(
    `UPDATE status_flips SET version = (SELECT value FROM status_counters WHERE name = 'version') WHERE version = 0`,
    [],
  );
}

const ofService = `SELECT status_index, ${currentEpoch} AS epoch FROM service_statuses
  WHERE client_id = $1 AND resource = $2`;

export function* findServiceStatus({ client, resource }: Service): Operation<OwnedStatus | undefined> {
  const found = yield* row(ofService, [client, resource]);
  return found && { statusIndex: readInteger(found['status_index']), epoch: readInteger(found['epoch']) };
}

/** INVARIANT: the client's row is held first: what begins after it was switched off would outlive that. */
export function* startServiceStatus(
  { client, resource }: Service,
  statusIndex: number,
): Operation<OwnedStatus | undefined> {
  if (!(yield* holdIfSwitchedOn(client))) return undefined;
  // The update changes nothing; it is there because RETURNING tells nothing of a row that was left alone.
  const held = yield* row(
    `INSERT INTO service_statuses (client_id, resource, status_index)
      VALUES ($1, $2, $3)
      ON CONFLICT (client_id, resource) DO UPDATE SET status_index = service_statuses.status_index
      RETURNING status_index, ${currentEpoch} AS epoch`,
    [client, resource, statusIndex],
  );
  return held && { statusIndex: readInteger(held['status_index']), epoch: readInteger(held['epoch']) };
}

/** A step of a larger operation: the client's tokens of before have no owner any more; answers rows with their indexes. */
export function* endServices(client: string): Operation<readonly SqlRow[]> {
  return yield* rows('DELETE FROM service_statuses WHERE client_id = $1 RETURNING status_index', [client]);
}

export function readStatusIndex(found: SqlRow): number {
  return readInteger(found['status_index']);
}

const position = `SELECT ${currentEpoch} AS epoch,
  (SELECT value FROM status_counters WHERE name = 'version') AS version,
  (SELECT value FROM status_counters WHERE name = 'index') AS next_index`;

export function* readStatusPosition(): Operation<StatusPosition> {
  const found = yield* row(position, []);
  return {
    epoch: readInteger(found?.['epoch']),
    version: readInteger(found?.['version']),
    endOfIndexes: readInteger(found?.['next_index']),
  };
}

export function* readStatusFlips(range: {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}): Operation<readonly number[]> {
  const found = yield* rows(
    'SELECT status_index FROM status_flips WHERE version > $1 AND version <= $2 ORDER BY status_index LIMIT $3',
    [range.after, range.upTo, range.limit],
  );
  return found.map(readStatusIndex);
}

export function* readFlippedIndexes(first: number, end: number): Operation<readonly number[]> {
  const found = yield* rows('SELECT status_index FROM status_flips WHERE status_index >= $1 AND status_index < $2', [
    first,
    end,
  ]);
  return found.map(readStatusIndex);
}
