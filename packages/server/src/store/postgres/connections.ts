/** The bounded pool of connections, each checked for durability before its first use. */
import type { Runtime } from '@castellan/protocol';
import { Refusal, refuse } from '@castellan/protocol';
import { Pool, type PoolClient, TypeOverrides, types } from 'pg';
import { asFailure } from './outage.ts';

export type Connection = PoolClient;

export interface Connections {
  /** @throws {Refusal} `store_unavailable` without a connection in time, `overloaded` when too many wait already */
  readonly acquire: () => Promise<Connection>;
  readonly close: () => Promise<void>;
}

/** Milliseconds. */
const timeouts = {
  connect: 5_000,
  /** The database gives a statement up. */
  statement: 5_000,
  /** A node that stops between two statements must not hold its locks. */
  idleInTransaction: 10_000,
  /** We give the database up: longer than its own limit, so that only a dead connection gets here. */
  answer: 8_000,
} as const;

const largestPool = 10;

/** Operations that may wait for a connection; more would wait longer than anyone does for an answer. */
const longestWait = 1_000;

export function openConnections(url: string): Connections {
  const pool = new Pool({
    connectionString: url,
    max: largestPool,
    connectionTimeoutMillis: timeouts.connect,
    query_timeout: timeouts.answer,
    keepAlive: true,
    application_name: 'castellan',
    types: integersAsNumbers(),
  });
  // INVARIANT: without a listener, an idle connection that the database closes would end the process.
  pool.on('error', () => undefined);
  const prepared = new WeakSet<Connection>();
  return {
    acquire: async () => {
      if (pool.waitingCount >= longestWait) refuse('overloaded', { detail: 'PostgreSQL: all connections busy' });
      try {
        return await acquire(pool, prepared);
      } catch (error) {
        throw error instanceof Refusal ? error : asFailure(error, 'CONNECT');
      }
    },
    close: () => pool.end(),
  };
}

async function acquire(pool: Pool, prepared: WeakSet<Connection>): Promise<Connection> {
  const connection = await pool.connect();
  if (prepared.has(connection)) return connection;
  // While a connection is lent out the pool does not listen; its error also rejects the statement under way.
  connection.on('error', () => undefined);
  try {
    await prepareConnection(connection);
  } catch (error) {
    connection.release(true);
    throw error;
  }
  prepared.add(connection);
  return connection;
}

/** `remote_apply` promises still more than `on`; every other setting promises less. */
const durable: ReadonlySet<unknown> = new Set(['on', 'remote_apply']);

/**
 * INVARIANT: no statement runs on a connection whose commits do not wait for the disk: the setting is asked for and
 * then read back, since a role or a pooler may have another opinion.
 */
async function prepareConnection(client: Connection): Promise<void> {
  await client.query(
    `SELECT set_config('statement_timeout', '${timeouts.statement}', false),
      set_config('idle_in_transaction_session_timeout', '${timeouts.idleInTransaction}', false),
      set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)`,
  );
  const { rows } = await client.query(`SELECT current_setting('synchronous_commit') AS effective`);
  if (!durable.has(rows[0]?.effective)) {
    refuse('store_unavailable', { detail: 'PostgreSQL does not keep synchronous_commit=on' });
  }
}

/** 64-bit integers as numbers; all of ours are far below 2^53, and one that is not fails when it is read. */
function integersAsNumbers(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return overrides;
}

/** A short wait before a transaction is run again, longer each time. */
export function backOff(runtime: Pick<Runtime, 'schedule'>, attempt: number): Promise<void> {
  return new Promise((resolve) => {
    runtime.schedule(attempt * 5, resolve);
  });
}
