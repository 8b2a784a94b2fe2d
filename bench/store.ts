/**
 * What sharing a commit is worth on SQLite: refresh rotations that arrive together, against one commit for each.
 *
 * Run it with `node --conditions=castellan-source bench/store.ts`. Compare ratios of one run, never times of two.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import { openSqliteStore, type Store } from '@castellan/server';
import { presentedRow, refreshEvents, start, startFamily } from '@castellan/server/store-conformance';

/** Connections of the load that a round imitates. */
const together = 64;
const rounds = 5;
/** Milliseconds of each measurement. */
const span = 400;

type Rotate = (family: string, generation: number) => Promise<void>;
type Way = (families: readonly string[], generation: number, rotate: Rotate) => Promise<void>;

const ways: Readonly<Record<'grouped' | 'single', Way>> = {
  grouped: async (families, generation, rotate) => {
    await Promise.all(families.map((family) => rotate(family, generation)));
  },
  single: async (families, generation, rotate) => {
    for (const family of families) await rotate(family, generation);
  },
};

/** Durable rotations per second. */
async function measure(store: Store, way: Way): Promise<number> {
  const families: string[] = [];
  for (let index = 0; index < together; index += 1) families.push((await startFamily(store)).id);
  const rotate: Rotate = async (family, generation) => {
    const { verdict } = await store.presentRefresh(presentedRow(family, generation, { now: start }), refreshEvents);
    if (verdict !== 'rotated') throw new Error(`a rotation was ${verdict}`);
  };
  const from = systemRuntime.monotonic();
  let generation = 1;
  while (systemRuntime.monotonic() - from < span) {
    await way(families, generation, rotate);
    generation += 1;
  }
  return (families.length * (generation - 1) * 1000) / (systemRuntime.monotonic() - from);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'));
const store = await openSqliteStore(join(folder, 'store.sqlite'), systemRuntime);
const results = { grouped: [] as number[], single: [] as number[] };
for (let round = 0; round < rounds; round += 1) {
  results.grouped.push(await measure(store, ways.grouped));
  results.single.push(await measure(store, ways.single));
}
await store.close();
rmSync(folder, { recursive: true });

const [grouped, single] = [median(results.grouped), median(results.single)];
console.log(`rotations that share a commit, ${together} at a time: ${grouped.toFixed(0)} a second`);
console.log(`one commit for each rotation:              ${single.toFixed(0)} a second`);
console.log(`ratio: ${(grouped / single).toFixed(1)}`);
