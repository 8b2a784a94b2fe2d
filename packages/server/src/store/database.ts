/**
 * What an operation is, and what a driver offers to run it.
 *
 * An operation is a generator: it yields statements, is handed their results and returns its verdict. So its rules are
 * written once, though SQLite runs it synchronously inside a grouped commit and PostgreSQL asynchronously inside a
 * transaction of its own.
 *
 * Owns: that shape. Does not own: any SQL (`operations/`, `migrations/`), nor how it is run (`sqlite/`, `postgres/`).
 */

export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, unknown>>;

/** One statement; its text is constant, so that a driver prepares it once. */
export interface Statement {
  /** Parameters are `$1`, `$2`, …; each may be used several times. */
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  /**
   * `locked rows` and `held rows` are read for a decision: nobody else may change them before the commit. Held ones
   * others may hold too, so those who only rely on a row do not wait for each other.
   */
  readonly expects: 'rows' | 'locked rows' | 'held rows' | 'changes';
}

export interface StatementResult {
  readonly rows: readonly SqlRow[];
  readonly changes: number;
}

export type Operation<V> = Generator<Statement, V, StatementResult>;

/** Begins an operation; a driver may call it again when the database asked for a retry. */
export type StartOperation<V> = () => Operation<V>;

/** Differences between the databases that a migration has to write down. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** A 64-bit integer. */
  readonly integer: string;
  /** A primary key that counts up and never gives a number out twice. */
  readonly sequence: string;
  /** After the closing bracket of CREATE TABLE. */
  readonly tableOptions: string;
  /** Counts, as `n`, the tables called `$1`. */
  readonly countTables: string;
}

/** A database that is open. Every promise settles after the commit, and rejects when it is not known to be durable. */
export interface Database {
  readonly dialect: Dialect;
  /** Runs an operation of one reading statement; it sees what is committed, nothing else. */
  readonly read: <V>(start: StartOperation<V>) => Promise<V>;
  /** Runs an operation of one writing statement, which is a commit of its own. */
  readonly single: <V>(start: StartOperation<V>) => Promise<V>;
  /** Runs an operation of several statements as one commit. */
  readonly transact: <V>(start: StartOperation<V>) => Promise<V>;
  /** Waits for what is under way, then closes. */
  readonly close: () => Promise<void>;
}

/** Where a test can make the store fail. */
export type FaultPoint = 'before_write' | 'before_commit' | 'after_commit';

/** What a store may be opened with besides its place and runtime. */
export interface StoreOptions {
  /** For tests only: called at each point of each commit; when it throws, the store behaves as in an outage there. */
  readonly faults?: (point: FaultPoint) => void;
}

export function* rows(sql: string, parameters: readonly SqlValue[]): Operation<readonly SqlRow[]> {
  return (yield { sql, parameters, expects: 'rows' }).rows;
}

export function* row(sql: string, parameters: readonly SqlValue[]): Operation<SqlRow | undefined> {
  return (yield { sql, parameters, expects: 'rows' }).rows[0];
}

/** The row, kept from changing until the commit. */
export function* lockedRow(sql: string, parameters: readonly SqlValue[]): Operation<SqlRow | undefined> {
  return (yield { sql, parameters, expects: 'locked rows' }).rows[0];
}

/** The row, kept from changing until the commit by whoever relies on it. */
export function* heldRow(sql: string, parameters: readonly SqlValue[]): Operation<SqlRow | undefined> {
  return (yield { sql, parameters, expects: 'held rows' }).rows[0];
}

/** How many rows the statement changed. */
export function* changes(sql: string, parameters: readonly SqlValue[]): Operation<number> {
  return (yield { sql, parameters, expects: 'changes' }).changes;
}

/**
 * Refuses text that the databases would keep differently from how it was given.
 *
 * PostgreSQL has no U+0000 in text, and both replace lone surrogates, so that two names could become one.
 *
 * @throws {TypeError} for such text
 */
export function checkParameters(parameters: readonly SqlValue[]): void {
  for (const value of parameters) {
    if (typeof value === 'string' && !isStorable(value)) {
      throw new TypeError('a stored text must be well-formed Unicode without U+0000');
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new TypeError('a stored number must be a safe integer');
    }
  }
}

/** Whether both databases keep the text exactly as it is. */
export function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
