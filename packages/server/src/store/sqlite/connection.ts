/** One connection to a SQLite file: prepared statements, and running an operation on them. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { checkParameters, type StartOperation, type Statement, type StatementResult } from '../database.ts';

/** Milliseconds SQLite itself waits for a lock; the event loop stands still meanwhile. */
const busyTimeout = 20;

export interface Connection {
  /** Runs an operation from its first to its last statement without leaving this turn. */
  readonly run: <V>(start: StartOperation<V>) => V;
  readonly begin: () => void;
  readonly commit: () => void;
  /** Rolls back, if there is a transaction; never throws. */
  readonly rollback: () => void;
  readonly savepoint: () => void;
  readonly release: () => void;
  readonly rollbackToSavepoint: () => void;
  /** SQLite ends a transaction by itself after some errors. */
  readonly inTransaction: () => boolean;
  readonly pragma: (name: string) => unknown;
  readonly close: () => void;
}

interface Prepared {
  readonly statement: StatementSync;
  /** Which parameter each placeholder takes. */
  readonly order: readonly number[];
}

export function openConnection(path: string, readOnly: boolean): Connection {
  const database = new DatabaseSync(path, {
    readOnly,
    timeout: busyTimeout,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  const prepared = new Map<string, Prepared>();
  const command = (sql: string) => {
    const statement = database.prepare(sql);
    return () => void statement.run();
  };
  return Object.freeze({
    run: <V>(start: StartOperation<V>) =>
      run(start, (statement) => execute(prepare(database, prepared, statement.sql), statement)),
    begin: command('BEGIN IMMEDIATE'),
    commit: command('COMMIT'),
    rollback: () => rollback(database),
    savepoint: command('SAVEPOINT unit'),
    release: command('RELEASE unit'),
    rollbackToSavepoint: command('ROLLBACK TO unit'),
    inTransaction: () => database.isTransaction,
    pragma: (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0],
    close: () => database.close(),
  });
}

function run<V>(start: StartOperation<V>, execute: (statement: Statement) => StatementResult): V {
  const operation = start();
  let step = operation.next();
  while (!step.done) step = operation.next(execute(step.value));
  return step.value;
}

function execute({ statement, order }: Prepared, { parameters, expects }: Statement): StatementResult {
  checkParameters(parameters);
  const values = order.map((place) => parameters[place - 1] ?? null);
  if (expects === 'changes') return { rows: [], changes: Number(statement.run(...values).changes) };
  return { rows: statement.all(...values), changes: 0 };
}

/** `$1` would be a name to SQLite, so numbered placeholders become plain ones and their order is kept. */
function prepare(database: DatabaseSync, prepared: Map<string, Prepared>, sql: string): Prepared {
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  const order: number[] = [];
  const plain = sql.replace(/\$(\d+)/g, (_, place: string) => {
    order.push(Number(place));
    return '?';
  });
  const entry = { statement: database.prepare(plain), order };
  prepared.set(sql, entry);
  return entry;
}

function rollback(database: DatabaseSync): void {
  if (!database.isTransaction) return;
  try {
    database.exec('ROLLBACK');
  } catch {
    // The transaction has failed already; its callers are told so whether or not it could be rolled back.
  }
}
