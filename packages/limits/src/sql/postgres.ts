/** Limits in PostgreSQL, and in what speaks it. */
import type { LimitStore } from '../limit-store.ts';
import type { MarkStore } from '../mark-store.ts';
import { checkNamespace } from '../store-key.ts';
import {
  findMarkStatement,
  firstMarkStatement,
  markTable,
  nextMarkStatement,
  purgeSharedMarksStatement,
  sqlMarks,
} from './mark-table.ts';
import {
  limitTable,
  lowerStatement,
  purgeSharedStatement,
  readStatement,
  type SqlLimitOptions,
  sqlTakes,
  takeStatement,
} from './table.ts';

/** As much of a pool or client of `pg` as the store uses. */
export interface PostgresPool {
  readonly query: (text: string, values?: (string | number)[]) => Promise<{ readonly rows: readonly unknown[] }>;
}

/** Serialization failures and deadlocks, which databases that spread over machines answer under contention. */
const retriable: readonly unknown[] = ['40001', '40P01'];
const mostTries = 3;

const take = dialect(takeStatement);
const read = dialect(readStatement);
const lower = dialect(lowerStatement);
const purge = dialect(purgeSharedStatement);

/**
 * A store in the table of {@link createLimitTable}. One statement for an admitted take, two for a refused one.
 *
 * Give it a pool of its own, with `synchronous_commit=off`: a commit that waits for the disk costs more than all else,
 * and limits need not outlive a power cut. `connectionTimeoutMillis` and `statement_timeout` bound a take: set both. A
 * pool without a listener for `error` ends the process when the database restarts.
 *
 * @throws {TypeError} without a namespace
 * @example const store = postgresLimitStore(new Pool({ connectionString }), { namespace: 'invoices' });
 */
export function postgresLimitStore(pool: PostgresPool, options: SqlLimitOptions): LimitStore {
  checkNamespace(options.namespace);
  const prepareTake = sqlTakes(options);
  return {
    reach: 'shared',
    take: async (key, limit, clock) => {
      const asked = prepareTake(key, limit, clock.now());
      if (asked.purge !== undefined) await run(pool, purge, asked.purge);
      const written = arrivalOf(await run(pool, take, asked.values));
      if (written !== undefined) return asked.admitted(written);
      const kept = arrivalOf(await run(pool, read, [asked.key]));
      const lowered = asked.lowered(kept);
      if (lowered !== undefined) await run(pool, lower, lowered);
      return asked.refused(kept);
    },
  };
}

/**
 * Creates the table where it is missing. With a role that may not, run the statements of `limitTable` by a migration.
 *
 * @throws {Error} what the database says
 */
export function createLimitTable(pool: PostgresPool): Promise<void> {
  return create(pool, limitTable);
}

/**
 * Creates the table of marks where it is missing. With a role that may not, run the statements of `markTable`.
 *
 * @throws {Error} what the database says
 */
export function createMarkTable(pool: PostgresPool): Promise<void> {
  return create(pool, markTable);
}

const findMark = dialect(findMarkStatement);
const swapMark = { first: dialect(firstMarkStatement), next: dialect(nextMarkStatement) };
const purgeMarks = dialect(purgeSharedMarksStatement);

/**
 * Marks in the table of {@link createMarkTable}. One statement for each question and each swap.
 *
 * @throws {TypeError} without a namespace
 * @example const store = postgresMarkStore(new Pool({ connectionString }), { namespace: 'shop' });
 */
export function postgresMarkStore(pool: PostgresPool, options: SqlLimitOptions): MarkStore {
  checkNamespace(options.namespace);
  const marks = sqlMarks(options);
  return {
    reach: 'shared',
    find: async (key, clock) => {
      const row = await run(pool, findMark, marks.find(key, clock.now()));
      return (row as { readonly mark: string } | undefined)?.mark;
    },
    swap: async (key, swap, clock) => {
      const asked = marks.swap(key, swap, clock.now());
      if (asked.purge !== undefined) await run(pool, purgeMarks, asked.purge);
      return (await run(pool, swapMark[asked.statement], asked.values)) !== undefined;
    },
  };
}

function arrivalOf(row: unknown): number | undefined {
  return (row as { readonly arrival: number } | undefined)?.arrival;
}

/** What a creation answers that another node was faster with: the row of its catalogue, the table, or its type is there. */
const alreadyCreated: readonly unknown[] = ['23505', '42P07', '42710'];

async function create(pool: PostgresPool, table: readonly string[]): Promise<void> {
  for (const statement of table) {
    await pool.query(statement).catch((error: unknown) => {
      // Between its look and its creation: the two are not one step.
      if (!alreadyCreated.includes(codeOf(error))) throw error;
    });
  }
}

/** The first row. */
async function run(pool: PostgresPool, text: string, values: readonly (string | number)[]): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      const { rows } = await pool.query(text, [...values]);
      return rows[0];
    } catch (error) {
      if (tries >= mostTries || !retriable.includes(codeOf(error))) throw error;
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}

function dialect(statement: string): string {
  return statement.replace(/\?([1-9])/g, '$$$1');
}
