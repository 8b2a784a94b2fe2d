/**
 * Brings a database to the schema this program knows: forward only, one numbered step after the other.
 *
 * Owns: the list of steps, the bookkeeping and the lock row that lets one process at a time migrate.
 * Does not own: what a step contains (`NNNN-name.ts`).
 */
import { epochSeconds, type Runtime } from '@castellan/protocol';
import { changes, type Database, type Dialect, type Operation, row } from '../database.ts';
import { readInteger } from '../shape.ts';
import { initial } from './0001-initial.ts';
import { machineTokens } from './0010-machine-tokens.ts';
import { deviceCodes } from './0020-device-codes.ts';
import { keysChange } from './0030-keys-change.ts';
import { registry } from './0040-registry.ts';
import { statusLists } from './0050-status-lists.ts';
import { passwordLinks } from './0060-password-links.ts';
import { askedClaims } from './0070-asked-claims.ts';
import { logoutNotices } from './0080-logout-notices.ts';
import { holdMigrationLock, releaseMigrationLock, takeMigrationLock } from './lock.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: (dialect: Dialect) => readonly string[];
}

/** INVARIANT: a released step never changes, and versions count up without a gap. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'initial', statements: initial },
  { version: 2, name: 'device-codes', statements: deviceCodes },
  { version: 3, name: 'machine-tokens', statements: machineTokens },
  { version: 4, name: 'keys-change', statements: keysChange },
  { version: 5, name: 'registry', statements: registry },
  { version: 6, name: 'status-lists', statements: statusLists },
  { version: 7, name: 'password-links', statements: passwordLinks },
  { version: 8, name: 'asked-claims', statements: askedClaims },
  { version: 9, name: 'logout-notices', statements: logoutNotices },
];

export type MigrationRuntime = Pick<Runtime, 'now' | 'randomBytes' | 'schedule'>;

/**
 * Applies the missing steps, each in a transaction of its own.
 *
 * A database that is current is only read, so that a server may run under a role that cannot change the schema.
 *
 * @throws {Error} when the database was written by a newer program, or when another process keeps migrating
 */
export async function migrate(
  database: Database,
  runtime: MigrationRuntime,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  const newest = steps.at(-1)?.version ?? 0;
  if ((await checkedVersion(database, newest)) === newest) return;
  await createBookkeeping(database);
  const holder = await takeMigrationLock(database, runtime);
  try {
    const version = await checkedVersion(database, newest);
    for (const step of steps.filter((candidate) => candidate.version > version)) {
      await database.transact(() => apply({ step, holder, dialect: database.dialect, now: epochSeconds(runtime) }));
    }
  } finally {
    await releaseMigrationLock(database, holder);
  }
}

/** {@link migrate} for a database that was just opened: when it cannot be used it is closed again. */
export async function migrateOpened(database: Database, runtime: MigrationRuntime): Promise<void> {
  try {
    await migrate(database, runtime);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function checkedVersion(database: Database, newest: number): Promise<number> {
  const version = await schemaVersion(database);
  if (version > newest) {
    throw new Error(
      `The database has schema version ${version}, but this program knows versions up to ${newest}. ` +
        'Run the newer program, or restore a backup that was made before it migrated the database.',
    );
  }
  return version;
}

async function schemaVersion(database: Database): Promise<number> {
  if (!(await hasBookkeeping(database))) return 0;
  return database.read(function* () {
    const found = yield* row('SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations', []);
    return readInteger(found?.['version']);
  });
}

function hasBookkeeping(database: Database): Promise<boolean> {
  return database.read(function* () {
    const found = yield* row(database.dialect.countTables, ['schema_migrations']);
    return readInteger(found?.['n']) > 0;
  });
}

async function createBookkeeping(database: Database): Promise<void> {
  const { integer, tableOptions } = database.dialect;
  const create = function* (): Operation<void> {
    yield* changes(
      `CREATE TABLE IF NOT EXISTS migration_lock (
        id ${integer} PRIMARY KEY CHECK (id = 1),
        holder TEXT NOT NULL,
        expires_at ${integer} NOT NULL
      )${tableOptions}`,
      [],
    );
    yield* changes(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
        version ${integer} PRIMARY KEY,
        name TEXT NOT NULL,
        applied_at ${integer} NOT NULL
      )${tableOptions}`,
      [],
    );
  };
  try {
    await database.transact(create);
  } catch (error) {
    // PostgreSQL's IF NOT EXISTS fails when another process creates the table in the same moment; then it is there.
    if (!(await hasBookkeeping(database))) throw error;
  }
}

interface Application {
  readonly step: Migration;
  readonly holder: string;
  readonly dialect: Dialect;
  readonly now: number;
}

function* apply({ step, holder, dialect, now }: Application): Operation<void> {
  yield* holdMigrationLock(holder, now);
  for (const statement of step.statements(dialect)) yield* changes(statement, []);
  yield* changes('INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)', [
    step.version,
    step.name,
    now,
  ]);
}
