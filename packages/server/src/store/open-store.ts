import type { Runtime } from '@castellan/protocol';
import { openPostgresStore } from './postgres/postgres.ts';
import { openSqliteStore } from './sqlite/sqlite.ts';
import type { Store } from './store.ts';

/** Where a store is: the path of a file, or a connection string. */
export type StorePlace = { readonly sqlite: string } | { readonly postgres: string };

/** Opens the store of a configuration, and migrates it when it is old. */
export async function openStore(place: StorePlace, runtime: Runtime): Promise<Store> {
  return 'sqlite' in place ? openSqliteStore(place.sqlite, runtime) : openPostgresStore(place.postgres, runtime);
}
