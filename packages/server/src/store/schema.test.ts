/** `SCHEMA.md` says what is stored; here it is held to it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { availablePostgres } from '@castellan/testkit/postgres';
import { Client } from 'pg';
import { openPostgresStore } from './postgres/postgres.ts';
import { openSqliteStore } from './sqlite/sqlite.ts';

/** `table.column`, sorted. */
type Columns = readonly string[];

const document = readFileSync(new URL('./SCHEMA.md', import.meta.url), 'utf8');

const documented: ReadonlyMap<string, string> = new Map(
  document.split(/^## /m).flatMap((section) => {
    const table = section.slice(0, section.indexOf('\n'));
    const entries = section.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm);
    return [...entries].map(([, column, kept]) => [`${table}.${column}`, kept?.trim() ?? ''] as const);
  }),
);

async function sqliteColumns(): Promise<Columns> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-schema-'));
  const path = join(folder, 'store.sqlite');
  await (await openSqliteStore(path, systemRuntime)).close();
  const database = new DatabaseSync(path, { readOnly: true });
  const found = database
    .prepare(
      `SELECT t.name || '.' || c.name AS name FROM sqlite_master t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`,
    )
    .all();
  database.close();
  rmSync(folder, { recursive: true });
  return found.map(({ name }) => String(name)).sort();
}

async function postgresColumns(url: string): Promise<Columns> {
  await (await openPostgresStore(url, systemRuntime)).close();
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  await client.end();
  return rows.map(({ name }) => name).sort();
}

test('R-222[sqlite] SCHEMA.md describes every table and column there is, and no other', async () => {
  assert.deepEqual(await sqliteColumns(), [...documented.keys()].sort());
});

test('R-033[code,refresh] what a secret could be read from is hashed or sealed, and every column says how it is kept', () => {
  for (const [column, kept] of documented) {
    assert.match(kept, /^(hash|keyed hash|slow hash|sealed|plain|plain, personal)$/, column);
    if (column.endsWith('hash')) assert.match(kept, /hash$/, column);
    if (/\.sealed_/.test(column)) assert.equal(kept, 'sealed', column);
    assert.doesNotMatch(column, /\.(secret|token|code|password|cookie)$/);
  }
});

const available = await availablePostgres('fast');
if ('missing' in available) {
  test('R-222[postgres] SCHEMA.md', { skip: available.missing }, () => undefined);
} else {
  const { cluster } = available;
  after(() => cluster.close());
  test('R-222[postgres] SCHEMA.md describes every table and column there is, and no other', async () => {
    assert.deepEqual(await postgresColumns(await cluster.database()), [...documented.keys()].sort());
  });
}
