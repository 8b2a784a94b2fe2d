import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimitTable, createMarkTable, type PostgresPool } from './postgres.ts';

/** A database that answers each creation with this error, as when another node was faster. */
function answering(code: string): PostgresPool {
  return { query: () => Promise.reject(Object.assign(new Error('already exists'), { code })) };
}

test('R-190[limits] nodes that start at once create the tables together, whichever is faster', async () => {
  for (const code of ['23505', '42P07', '42710']) {
    await createLimitTable(answering(code));
    await createMarkTable(answering(code));
  }
});

test('R-190[limits] a table that cannot be created stops the start', async () => {
  await assert.rejects(createLimitTable(answering('42501')), { code: '42501' });
  await assert.rejects(createMarkTable(answering('3D000')), { code: '3D000' });
});
