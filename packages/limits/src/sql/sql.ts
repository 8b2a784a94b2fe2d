/** Limit stores on SQL, `@castellan/limits/sql`. */
export { createLimitTable, type PostgresPool, postgresLimitStore } from './postgres.ts';
export { type SqliteDatabase, type SqliteLimitStore, sqliteLimitStore } from './sqlite.ts';
export { limitTable, type SqlLimitOptions } from './table.ts';
