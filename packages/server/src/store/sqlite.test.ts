/** The store on SQLite: conformance, and what only this database can get wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import { storeConformance } from './conformance.ts';
import { openSqliteStore } from './sqlite/sqlite.ts';

storeConformance('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-store-'));
  const path = join(folder, 'store.sqlite');
  const first = await openSqliteStore(path, systemRuntime);
  const second = await openSqliteStore(path, systemRuntime);
  return {
    first,
    second,
    close: async () => {
      await first.close();
      await second.close();
      rmSync(folder, { recursive: true });
    },
  };
});
