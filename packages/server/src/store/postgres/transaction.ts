/** Runs one operation on PostgreSQL: a single statement, or a short transaction that is retried when it has to be. */
import { Refusal, type Runtime } from '@castellan/protocol';
import {
  checkParameters,
  type Operation,
  type StartOperation,
  type Statement,
  type StatementResult,
  type StoreOptions,
} from '../database.ts';
import { backOff, type Connection, type Connections } from './connections.ts';
import { asFailure, asksForRetry, isLostConnection, sqlState } from './outage.ts';

export interface TransactionDeps extends StoreOptions {
  readonly connections: Connections;
  readonly runtime: Pick<Runtime, 'schedule'>;
}

/** More than the pool has connections: after a failover every one of them may turn out to be dead. */
const attempts = 12;

/** One run of an operation on one connection. */
interface Run {
  readonly connection: Connection;
  /** From here on the effect may be there though the connection breaks. */
  uncertain: boolean;
}

/** A call to the database failed; kept apart from errors of the operation itself. */
class DatabaseFailure extends Error {
  override readonly name = 'DatabaseFailure';
  readonly failure: unknown;
  readonly sql: string;

  constructor(failure: unknown, sql: string) {
    super('a call to the database failed');
    this.failure = failure;
    this.sql = sql;
  }
}

/** Runs an operation whose one statement reads, outside of any transaction. */
export function runRead<V>(deps: TransactionDeps, start: StartOperation<V>): Promise<V> {
  return attempt(deps, ({ connection }) => drive(connection, start()));
}

/** Runs an operation whose one statement is a commit of its own. */
export function runSingle<V>(deps: TransactionDeps, start: StartOperation<V>): Promise<V> {
  return attempt(deps, async (run) => {
    deps.faults?.('before_write');
    run.uncertain = true;
    const value = await drive(run.connection, start());
    deps.faults?.('after_commit');
    return value;
  });
}

/** Runs an operation of several statements as one commit. */
export function runTransaction<V>(deps: TransactionDeps, start: StartOperation<V>): Promise<V> {
  return attempt(deps, async (run) => {
    const { connection } = run;
    deps.faults?.('before_write');
    // INVARIANT: READ COMMITTED: after waiting for a locked row, the next statement sees what its holder committed.
    await command(connection, 'BEGIN ISOLATION LEVEL READ COMMITTED');
    const value = await drive(connection, start());
    deps.faults?.('before_commit');
    run.uncertain = true;
    await commit(connection);
    deps.faults?.('after_commit');
    return value;
  });
}

async function attempt<V>(deps: TransactionDeps, work: (run: Run) => Promise<V>): Promise<V> {
  for (let tries = 1; ; tries += 1) {
    const run: Run = { connection: await deps.connections.acquire(), uncertain: false };
    try {
      const value = await work(run);
      run.connection.release();
      return value;
    } catch (error) {
      await giveBack(run.connection, error);
      if (!(error instanceof DatabaseFailure)) throw error;
      if (tries === attempts || !mayRepeat(run, error.failure)) throw asFailure(error.failure, error.sql);
      if (asksForRetry(error.failure)) await backOff(deps.runtime, tries);
    }
  }
}

/** INVARIANT: an operation is run again only when it surely had no effect. */
function mayRepeat(run: Run, failure: unknown): boolean {
  return asksForRetry(failure) || (!run.uncertain && isLostConnection(failure));
}

async function drive<V>(connection: Connection, operation: Operation<V>): Promise<V> {
  let step = operation.next();
  while (!step.done) step = operation.next(await execute(connection, step.value));
  return step.value;
}

async function execute(connection: Connection, statement: Statement): Promise<StatementResult> {
  checkParameters(statement.parameters);
  const { name, text } = prepared(statement);
  try {
    const result = await connection.query({ name, text, values: [...statement.parameters] });
    return { rows: result.rows, changes: result.rowCount ?? 0 };
  } catch (error) {
    throw new DatabaseFailure(error, statement.sql);
  }
}

const lockOf = { rows: '', 'locked rows': ' FOR UPDATE', 'held rows': ' FOR SHARE', changes: '' } as const;

/** The names of prepared statements, the same on every connection of this process. */
const names = new Map<string, string>();

function prepared({ sql, expects }: Statement): { readonly name: string; readonly text: string } {
  const text = sql + lockOf[expects];
  let name = names.get(text);
  if (name === undefined) {
    name = `castellan_${names.size + 1}`;
    names.set(text, name);
  }
  return { name, text };
}

async function command(connection: Connection, sql: string): Promise<string> {
  try {
    return (await connection.query(sql)).command;
  } catch (error) {
    throw new DatabaseFailure(error, sql);
  }
}

/**
 * INVARIANT: only the database's own word `COMMIT` is success. A connection that breaks here leaves the outcome
 * unknown, so the caller is told of a failure and may safely try again; a transaction that had failed before answers
 * `ROLLBACK` without an error.
 */
async function commit(connection: Connection): Promise<void> {
  const answer = await command(connection, 'COMMIT');
  if (answer !== 'COMMIT') throw new Refusal('store_unavailable', { detail: 'PostgreSQL: the commit was rolled back' });
}

/** A connection goes back to the pool only when it surely has no transaction open any more. */
async function giveBack(connection: Connection, error: unknown): Promise<void> {
  const broken = error instanceof DatabaseFailure && sqlState(error.failure) === undefined;
  if (broken) return connection.release(true);
  try {
    await connection.query('ROLLBACK');
    connection.release();
  } catch {
    connection.release(true);
  }
}
