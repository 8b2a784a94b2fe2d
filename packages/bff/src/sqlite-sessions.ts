/**
 * The session port on SQLite: one file of its own, readable by its owner only.
 *
 * Every operation is one short synchronous transaction; with `synchronous=FULL` it is on disk when the promise
 * settles. When another process holds the write lock, the operation waits without blocking the event loop.
 *
 * Owns: the tables of the BFF. Does not own: the meaning of a row.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { RecordedEffects, RecordedEvent } from '@castellan/audit';
import { type Runtime, refuse } from '@castellan/protocol';
import type { LoginRow, SessionPort, SessionRow } from './session-port.ts';

const schemaVersion = 1;

const schema = `
  CREATE TABLE logins (
    state_hash TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, sealed TEXT NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX logins_expiry ON logins (expires_at);
  CREATE TABLE sessions (
    secret_hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, issuer TEXT NOT NULL, subject TEXT NOT NULL,
    sealed TEXT NOT NULL, version INTEGER NOT NULL, refresh_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL, absolute_expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_idle ON sessions (idle_expires_at);
  CREATE INDEX sessions_absolute ON sessions (absolute_expires_at);
  CREATE TABLE outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL) STRICT;
`;

/**
 * Opens the sessions in a file, which is created with mode 0600 when it is not there.
 *
 * @param file a path, or `:memory:` in a test
 * @throws {Error} when the file cannot be opened, or was written by a later version
 * @example const sessions = openSqliteSessions('.castellan/web.sqlite', systemRuntime);
 */
export function openSqliteSessions(file: string, runtime: Pick<Runtime, 'schedule'>): SessionPort {
  if (file !== ':memory:') {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  }
  const database = new DatabaseSync(file);
  prepareFile(database);
  const context: Context = { database, write: (unit) => retried(() => transaction(database, unit), runtime) };
  return {
    ...loginOperations(context),
    ...sessionOperations(context),
    ...refreshOperations(context),
    ...outboxOperations(context),
    close: async () => database.close(),
  };
}

interface Context {
  readonly database: DatabaseSync;
  /** Runs a unit in a transaction of its own. */
  readonly write: <T>(unit: () => T) => Promise<T>;
}

function prepareFile(database: DatabaseSync): void {
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  // A build of SQLite can ignore a pragma without a word; a session that a power cut undoes is not worth starting.
  if (database.prepare('PRAGMA synchronous').get()?.['synchronous'] !== 2)
    throw new Error('The session file cannot be written with synchronous=FULL.');
  transaction(database, () => {
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (found > schemaVersion) throw new Error(`The session file has version ${found}; this program knows 1.`);
    if (found === 0) database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
  });
  // From here on a wait would stall all requests: give up soon, and try again later.
  database.exec('PRAGMA busy_timeout = 20');
}

function transaction<T>(database: DatabaseSync, unit: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = unit();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // Some errors, such as a full disk, make SQLite roll back by itself.
    }
    throw error;
  }
}

const busyCode = 5;
const attempts = 20;

async function retried<T>(operation: () => T, runtime: Pick<Runtime, 'schedule'>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return operation();
    } catch (error) {
      const code = (error as { readonly errcode?: number }).errcode ?? 0;
      if ((code & 0xff) !== busyCode) throw error;
      if (attempt >= attempts) refuse('store_unavailable', { detail: 'the session file is locked', retryAfter: 1 });
      await new Promise<void>((resolve) => runtime.schedule(attempt * 5, resolve));
    }
  }
}

function loginOperations({ database, write }: Context): Pick<SessionPort, 'beginLogin' | 'consumeLogin'> {
  const insert = database.prepare('INSERT INTO logins VALUES (?, ?, ?, ?)');
  const purgeLogins = database.prepare('DELETE FROM logins WHERE expires_at <= ?');
  const purgeSessions = database.prepare('DELETE FROM sessions WHERE idle_expires_at <= ? OR absolute_expires_at <= ?');
  const consume = database.prepare(
    'DELETE FROM logins WHERE state_hash = ? AND browser_hash = ? RETURNING state_hash, browser_hash, sealed, expires_at',
  );
  return {
    beginLogin: (row, now) =>
      write(() => {
        purgeLogins.run(now);
        purgeSessions.run(now, now);
        insert.run(row.stateHash, row.browserHash, row.sealed, row.expiresAt);
      }),
    consumeLogin: ({ stateHash, browserHash, now }) =>
      write(() => {
        const row = consume.get(stateHash, browserHash);
        return row === undefined || Number(row['expires_at']) <= now ? undefined : loginRow(row);
      }),
  };
}

function sessionOperations({
  database,
  write,
}: Context): Pick<SessionPort, 'startSession' | 'findSession' | 'touchSession' | 'endSession'> {
  const live = 'secret_hash = ? AND idle_expires_at > ? AND absolute_expires_at > ?';
  const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)');
  const find = database.prepare(`SELECT * FROM sessions WHERE ${live}`);
  const touch = database.prepare(`UPDATE sessions SET idle_expires_at = min(?, absolute_expires_at) WHERE ${live}`);
  const end = database.prepare('DELETE FROM sessions WHERE secret_hash = ?');
  const endLive = database.prepare(`DELETE FROM sessions WHERE ${live}`);
  const append = database.prepare('INSERT INTO outbox (event) VALUES (?)');
  const record = (events: RecordedEffects): void => {
    for (const event of events) append.run(JSON.stringify(event));
  };
  return {
    startSession: ({ session, replaces, now }, events) =>
      write(() => {
        if (replaces !== undefined && endLive.run(replaces, now, now).changes > 0) record(events.replaced);
        insert.run(...sessionColumns(session));
        record(events.started);
      }),
    findSession: async (secretHash, now) => {
      const row = find.get(secretHash, now, now);
      return row === undefined ? undefined : sessionRow(row);
    },
    touchSession: ({ secretHash, idleExpiresAt, now }) =>
      write(() => void touch.run(idleExpiresAt, secretHash, now, now)),
    endSession: (secretHash, events) =>
      write(() => {
        if (end.run(secretHash).changes === 0) return 'not_live';
        record(events);
        return 'ended';
      }),
  };
}

function refreshOperations({
  database,
  write,
}: Context): Pick<SessionPort, 'claimRefresh' | 'releaseRefresh' | 'updateSession'> {
  const claim = database.prepare(
    'UPDATE sessions SET refresh_until = ? WHERE secret_hash = ? AND version = ? AND refresh_until <= ?',
  );
  const versionOf = database.prepare('SELECT version FROM sessions WHERE secret_hash = ?');
  const release = database.prepare('UPDATE sessions SET refresh_until = 0 WHERE secret_hash = ? AND version = ?');
  const update = database.prepare(
    'UPDATE sessions SET sealed = ?, version = version + 1, refresh_until = 0 WHERE secret_hash = ? AND version = ?',
  );
  return {
    claimRefresh: ({ secretHash, version, until, nowMs }) =>
      write(() => {
        if (claim.run(until, secretHash, version, nowMs).changes > 0) return 'claimed';
        return versionOf.get(secretHash)?.['version'] === version ? 'busy' : 'changed';
      }),
    releaseRefresh: (secretHash, version) => write(() => void release.run(secretHash, version)),
    updateSession: ({ secretHash, version, sealed }) =>
      write(() => (update.run(sealed, secretHash, version).changes > 0 ? 'updated' : 'changed')),
  };
}

function outboxOperations({ database, write }: Context): Pick<SessionPort, 'readOutbox' | 'dropFromOutbox'> {
  const read = database.prepare('SELECT sequence, event FROM outbox ORDER BY sequence LIMIT ?');
  const drop = database.prepare('DELETE FROM outbox WHERE sequence = ?');
  return {
    readOutbox: async (limit) =>
      read.all(limit).map((row) => ({
        sequence: Number(row['sequence']),
        event: JSON.parse(String(row['event'])) as RecordedEvent,
      })),
    dropFromOutbox: (sequences) =>
      write(() => {
        for (const sequence of sequences) drop.run(sequence);
      }),
  };
}

type Columns = Readonly<Record<string, unknown>>;

function loginRow(row: Columns): LoginRow {
  return {
    stateHash: String(row['state_hash']),
    browserHash: String(row['browser_hash']),
    sealed: String(row['sealed']),
    expiresAt: Number(row['expires_at']),
  };
}

function sessionColumns(row: SessionRow): (string | number)[] {
  return [
    row.secretHash,
    row.id,
    row.issuer,
    row.subject,
    row.sealed,
    row.version,
    row.createdAt,
    row.idleExpiresAt,
    row.absoluteExpiresAt,
  ];
}

function sessionRow(row: Columns): SessionRow {
  return {
    id: String(row['id']),
    secretHash: String(row['secret_hash']),
    issuer: String(row['issuer']),
    subject: String(row['subject']),
    sealed: String(row['sealed']),
    version: Number(row['version']),
    createdAt: Number(row['created_at']),
    idleExpiresAt: Number(row['idle_expires_at']),
    absoluteExpiresAt: Number(row['absolute_expires_at']),
  };
}
