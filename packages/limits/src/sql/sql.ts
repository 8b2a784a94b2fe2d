/** Stores of limits and marks on SQL, `@castellan/limits/sql`. */
export { markTable } from './mark-table.ts';
export {
  createLimitTable,
  createMarkTable,
  type PostgresPool,
  postgresLimitStore,
  postgresMarkStore,
} from './postgres.ts';
export { type SqliteDatabase, type SqliteLimitStore, sqliteLimitStore, sqliteMarkStore } from './sqlite.ts';
export { limitTable, type SqlLimitOptions } from './table.ts';
