/** The store on PostgreSQL: conformance, and what only this database can get wrong. */
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { availablePostgres } from '@castellan/testkit/postgres';
import { storeConformance } from './conformance.ts';
import { openPostgresStore } from './postgres/postgres.ts';

const available = await availablePostgres('durable');

if ('missing' in available) {
  test('the store on PostgreSQL', { skip: available.missing }, () => undefined);
} else {
  const { cluster } = available;
  after(() => cluster.close());
  storeConformance('postgres', async () => {
    const url = await cluster.database();
    const first = await openPostgresStore(url, systemRuntime);
    const second = await openPostgresStore(url, systemRuntime);
    return {
      first,
      second,
      close: async () => {
        await first.close();
        await second.close();
      },
    };
  });
}
