/**
 * What is erased, and when.
 *
 * INVARIANT: a missing row is always a refusal, so erasing one never revives anything. A row that a replay would be
 * recognised by stays `grace` beyond the last moment its artifact could have been accepted.
 */
import { changes, type Database, type Operation } from '../database.ts';

/** Seconds: longer than any access token lives, and long enough to recognise the replay of a code. */
export const grace = 86_400;

/**
 * Seconds: for what another node would accept again without it. The clock of this node may be ahead of the others, or
 * be set back (I-9, I-10): what it takes for over then is not.
 */
export const clockMargin: number = 3600;

/** Rows of one commit, so that a purge holds no lock and no event loop for long. */
const batch = 500;

interface Step {
  readonly sql: string;
  /** Rows go when their time lies this many seconds back. */
  readonly after: number;
}

/** A batch is chosen by this column. */
const purgeKeys: Readonly<Record<string, string>> = {
  password_links: 'person_id',
  used_assertions: 'jti',
  reference_tokens: 'token_hash',
  status_flips: 'status_index',
};

const steps: readonly Step[] = [
  // The live token of a family, once no predecessor may ask for it again. Its hash stays.
  {
    sql: `UPDATE refresh_families SET sealed_successor = NULL WHERE id IN (
      SELECT id FROM refresh_families WHERE sealed_successor IS NOT NULL AND retry_until <= $1 LIMIT $2)`,
    after: 0,
  },
  {
    sql: `DELETE FROM parked_requests WHERE id_hash IN (
      SELECT id_hash FROM parked_requests WHERE expires_at <= $1 LIMIT $2)`,
    after: 0,
  },
  // What has expired is refused for that alone: then neither its first use nor its revocation needs to be known.
  ...['password_links', 'reference_tokens'].map((table) => expired(table, 0)),
  // INVARIANT: without its row an assertion counts again, and a token stands again.
  ...['used_assertions', 'status_flips'].map((table) => expired(table, clockMargin)),
  // INVARIANT: redeemed or not, a code outlives its expiry by `grace`, or its replay would revoke nothing.
  {
    sql: 'DELETE FROM codes WHERE code_hash IN (SELECT code_hash FROM codes WHERE expires_at <= $1 LIMIT $2)',
    after: grace,
  },
  // A device that still polls is told for a while that its code has expired. No replay of one revokes anything.
  {
    sql: `DELETE FROM device_codes WHERE device_code_hash IN (
      SELECT device_code_hash FROM device_codes WHERE expires_at <= $1 LIMIT $2)`,
    after: 600,
  },
  // A replaced session stays as long as one that took over: its id is still in ID tokens, and a logout may name it.
  ...['ended_at', 'idle_expires_at', 'absolute_expires_at'].map((column) => ({
    sql: `DELETE FROM sessions WHERE id IN (
      SELECT s.id FROM sessions s WHERE s.${column} <= $1 AND NOT EXISTS (
        SELECT 1 FROM sessions o WHERE o.chain = s.chain AND o.ended_at IS NULL
          AND o.idle_expires_at > $1 AND o.absolute_expires_at > $1) LIMIT $2)`,
    after: grace,
  })),
  ...['idle_expires_at', 'absolute_expires_at'].map((column) => ({
    sql: `DELETE FROM refresh_families WHERE id IN (SELECT id FROM refresh_families WHERE ${column} <= $1 LIMIT $2)`,
    after: grace,
  })),
  // INVARIANT: after codes and families: an authorization goes only when nothing can be issued from it any more, and
  // what was issued from it has expired; and not before its session, whose end its client has to be told of.
  {
    sql: `DELETE FROM authorizations WHERE id IN (
      SELECT a.id FROM authorizations a WHERE a.created_at <= $1
        AND NOT EXISTS (SELECT 1 FROM refresh_families f WHERE f.authorization_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.authorization_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM device_codes d WHERE d.authorization_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.chain = a.session_chain) LIMIT $2)`,
    after: grace,
  },
];

function expired(table: string, after: number): Step {
  const key = purgeKeys[table];
  return {
    sql: `DELETE FROM ${table} WHERE expires_at <= $1 AND ${key} IN (
      SELECT ${key} FROM ${table} WHERE expires_at <= $1 LIMIT $2)`,
    after,
  };
}

/** Runs every step, each in commits of its own; a purge that is cut short is simply continued by the next. */
export async function purge(database: Pick<Database, 'single'>, now: number): Promise<number> {
  let total = 0;
  for (const step of steps) {
    let erased: number;
    do {
      erased = await database.single(() => erase(step, now));
      total += erased;
    } while (erased === batch);
  }
  return total;
}

function* erase(step: Step, now: number): Operation<number> {
  return yield* changes(step.sql, [now - step.after, batch]);
}
