import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { markStoreConformance } from './conformance.ts';
import { memoryMarkStore } from './mark-store.ts';
import { sqliteMarkStore } from './sql/sqlite.ts';

for (const { name, run } of markStoreConformance(() => [memoryMarkStore({ capacity: 100 })])) {
  test(`R-175 R-190[limits] marks in memory: ${name}`, run);
}

for (const [kind, store] of [
  ['memory', memoryMarkStore({ capacity: 100 })],
  ['SQLite', sqliteMarkStore(new DatabaseSync(':memory:'), { namespace: 'a' })],
] as const) {
  test(`R-175 R-190[limits] in ${kind} a mark that is over is none`, async () => {
    const at = (moment: number) => ({ now: () => moment, monotonic: () => moment });
    assert.equal(await store.swap('a', { from: undefined, to: 'x', life: 1000 }, at(5000)), true);
    assert.equal(await store.find('a', at(5999)), 'x');
    assert.equal(await store.find('a', at(6000)), undefined);
    assert.equal(await store.swap('a', { from: 'x', to: 'y', life: 1000 }, at(6000)), false);
    assert.equal(await store.swap('a', { from: undefined, to: 'y', life: 1000 }, at(6000)), true);
    assert.equal(await store.find('a', at(6999)), 'y');
  });
}
