/** For tests: each kind of shared store by one line of text, so that another process can open the same. */
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import { Pool } from 'pg';
import type { LimitStore } from '../limit-store.ts';
import type { MarkStore } from '../mark-store.ts';
import { redisLimitStore, redisMarkStore } from '../redis.ts';
import { postgresLimitStore, postgresMarkStore } from '../sql/postgres.ts';
import { sqliteLimitStore, sqliteMarkStore } from '../sql/sqlite.ts';

export type SharedKind = 'sqlite' | 'postgres' | 'redis' | 'valkey';

/** Where a store lies. */
export interface Place {
  readonly kind: SharedKind;
  /** A file, a connection string, or a port. */
  readonly at: string;
  readonly namespace: string;
}

export interface OpenedStore {
  readonly store: LimitStore;
  readonly marks: MarkStore;
  readonly close: () => Promise<void>;
}

/** A connection of its own, as another node would have it. */
export function openStore({ kind, at, namespace }: Place): OpenedStore {
  if (kind === 'sqlite') {
    const database = new DatabaseSync(at);
    return {
      store: sqliteLimitStore(database, { namespace }),
      marks: sqliteMarkStore(database, { namespace }),
      close: async () => database.close(),
    };
  }
  if (kind === 'postgres') {
    const pool = new Pool({ connectionString: at, max: 4 });
    return {
      store: postgresLimitStore(pool, { namespace }),
      marks: postgresMarkStore(pool, { namespace }),
      close: () => pool.end(),
    };
  }
  const options = { host: '127.0.0.1', port: Number(at), lazyConnect: true };
  const client = kind === 'redis' ? new Redis(options) : new Valkey(options);
  return {
    store: redisLimitStore(client, { namespace }),
    marks: redisMarkStore(client, { namespace }),
    close: async () => client.disconnect(),
  };
}
