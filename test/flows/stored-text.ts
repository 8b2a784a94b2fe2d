/** Everything that a world's database holds, as text: for searching it for what must not be there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '@castellan/testkit';
import { Client } from 'pg';

/** Everything the store keeps, as text. */
/** Everything the store keeps, as text. */
export async function storedText(world: World): Promise<string> {
  const { store } = world.config;
  if ('sqlite' in store) {
    const files = readdirSync(world.folder).filter((name) => name.startsWith('issuer.sqlite'));
    return files.map((name) => readFileSync(join(world.folder, name)).toString('latin1')).join('\n');
  }
  const client = new Client(store.postgres);
  await client.connect();
  const tables = await client.query<{ readonly name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of tables.rows) {
    const found = await client.query<{ readonly text: string }>(`select t::text as text from ${name} t`);
    texts.push(...found.rows.map(({ text }) => text));
  }
  await client.end();
  return texts.join('\n');
}
