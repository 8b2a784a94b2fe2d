import { Refusal } from '@castellan/protocol';

/**
 * The database answered that it cannot do this now, whatever was asked; whole classes by their first two characters.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const outageClasses: ReadonlySet<string> = new Set(['08', '28', '53', '57', '58', '40', 'F0', 'XX']);

/** Read-only (a standby after a failover), lock not available, database missing. */
const outageCodes: ReadonlySet<string> = new Set(['25006', '55P03', '3D000']);

/** The SQLSTATE of an error that the database itself has sent. */
export function sqlState(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'severity' in error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Whether the transaction was surely rolled back and asks to be run again: serialization failure or deadlock.
 *
 * INVARIANT: 40003 (statement completion unknown) is not among them: it may have been committed.
 */
export function asksForRetry(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** Whether the connection is gone, as after a restart or a failover; not: whether the database was too slow. */
export function isLostConnection(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return state === '57P01';
  return error instanceof Error && error.message !== 'Query read timeout';
}

/**
 * What a failed call to the database becomes: a Refusal in an outage, else an error that names the statement.
 *
 * INVARIANT: the database's own message is dropped: it quotes values («Key (login_name)=(…) already exists»).
 */
export function asFailure(error: unknown, sql: string): Error {
  const state = sqlState(error);
  if (state === undefined)
    return new Refusal('store_unavailable', { detail: `PostgreSQL: ${connectionProblem(error)}` });
  if (outageClasses.has(state.slice(0, 2)) || outageCodes.has(state)) {
    return new Refusal('store_unavailable', { detail: `PostgreSQL: SQLSTATE ${state}` });
  }
  return new Error(`PostgreSQL refused a statement with SQLSTATE ${state}: ${sql}`);
}

/** Error codes of the system («ECONNREFUSED»); messages may hold the connection string. */
function connectionProblem(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no connection, or no answer in time';
}
