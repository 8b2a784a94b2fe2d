/**
 * What a request costs at the authorization server: ours, durable on SQLite, against a bare node:http server that does
 * only what must be done, in turns of one run.
 *
 * Run it with `npm run bench:server`; `--other <folder>` lets another checkout of this project take part, so that before
 * and after stand in one table, and `--only P-3,P-6` leaves the other scenarios out. Processor time of each server's own process is compared, which another load on
 * the machine hardly touches: compare ratios of one run, never times of two.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contestant, startFloor, startOurs } from './server/contestants.ts';
import { runLoad } from './server/load.ts';
import { type Scenario, scenarios } from './server/scenarios.ts';

const connections = 16;
/** Milliseconds of a turn, and how many turns each contestant has. */
const turn = 1500;
const turns = 5;
const { values: options } = parseArgs({ options: { other: { type: 'string' }, only: { type: 'string' } } });
const wanted = options.only?.split(',') ?? scenarios.map(({ id }) => id);

interface Turn {
  /** Microseconds of processor time for one unit. */
  readonly cost: number;
  /** Units a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

async function takeTurn(contestant: Contestant, scenario: Scenario): Promise<Turn> {
  const before = await contestant.usage();
  const { latencies } = await runLoad({ port: contestant.port, connections, duration: turn }, (send, index) =>
    scenario.unit({ contestant, send, connection: index }),
  );
  const after = await contestant.usage();
  const sorted = latencies.toSorted((one, other) => one - other);
  return {
    cost: ((after.cpu - before.cpu) * 1000) / latencies.length,
    rate: (latencies.length * 1000) / turn,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

async function measure(contestants: readonly Contestant[], scenario: Scenario): Promise<void> {
  const results = new Map<Contestant, Turn[]>();
  for (const contestant of contestants) {
    const own: Turn[] = [];
    results.set(contestant, own);
    await takeTurn(contestant, scenario);
  }
  for (let index = 0; index < turns; index += 1) {
    for (const [contestant, own] of results) own.push(await takeTurn(contestant, scenario));
  }
  const [floor = []] = results.values();
  const base = median(floor.map(({ cost }) => cost));
  for (const [{ name }, own] of results) {
    const cost = median(own.map((one) => one.cost));
    const cells = [
      scenario.name.padEnd(22),
      name.padEnd(12),
      `${cost.toFixed(0)} µs`.padStart(9),
      (base / cost).toFixed(2).padStart(9),
      median(own.map(({ rate }) => rate))
        .toFixed(0)
        .padStart(9),
      `${median(own.map(({ p99 }) => p99)).toFixed(1)} ms`.padStart(10),
      (name === 'limit' ? '' : scenario.goal).padStart(8),
    ];
    console.log(cells.join(''));
  }
}

const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'));
const contestants: Contestant[] = [];
try {
  contestants.push(await startFloor());
  contestants.push(await startOurs('castellan', join(import.meta.dirname, '..'), folder));
  if (options.other !== undefined) contestants.push(await startOurs('other', options.other, folder));
  console.log(
    `${'scenario'.padEnd(22)}${'contestant'.padEnd(12)}${'CPU'.padStart(9)}${'of limit'.padStart(9)}${'per s'.padStart(9)}${'p99'.padStart(10)}${'goal'.padStart(8)}`,
  );
  for (const scenario of scenarios) {
    if (wanted.includes(scenario.id)) await measure(contestants, scenario);
  }
  for (const { name, usage } of contestants) {
    console.log(`${name.padEnd(12)} ${((await usage()).rss / 1_048_576).toFixed(0)} MiB resident after the load`);
  }
} finally {
  for (const { stop } of contestants) stop();
  rmSync(folder, { recursive: true, force: true });
}
