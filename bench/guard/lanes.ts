/**
 * Contestants in turns of a few milliseconds, so that whatever else the machine does slows them alike; by processor time
 * of all threads, as PERFORMANCE.md counts.
 */
import { existsSync } from 'node:fs';
import { systemRuntime } from '@castellan/protocol';

export interface Contestant {
  readonly name: string;
  /** Does so many operations. */
  readonly run: (count: number) => void | Promise<void>;
}

export interface Measured {
  readonly name: string;
  /** Nanoseconds of processor time for one operation: the middle of all turns after the first third. */
  readonly time: number;
}

/** Milliseconds of a turn, and before the first one. */
const turn = 6;
const warming = 1000;

/** Measures all of them in one run. */
export async function measure(contestants: readonly Contestant[], turns = 90): Promise<readonly Measured[]> {
  const lanes: { readonly one: Contestant; readonly count: number; readonly times: number[] }[] = [];
  for (const one of contestants) {
    // Until the compiler has had its turns: what is called a few thousand times only would be measured unfinished.
    const end = systemRuntime.monotonic() + warming;
    while (systemRuntime.monotonic() < end) await one.run(50);
    const from = systemRuntime.monotonic();
    await one.run(50);
    const each = (systemRuntime.monotonic() - from) / 50;
    lanes.push({ one, count: Math.max(20, Math.round(turn / each)), times: [] });
  }
  for (let index = 0; index < turns; index += 1) {
    for (const { one, count, times } of shuffled(lanes)) {
      // What takes long has fewer turns: its own are long enough.
      if (count > 20 || index % 6 === 0) times.push(await timeOf(one, count));
    }
  }
  return lanes.map(({ one, times }) => ({ name: one.name, time: median(times.slice(Math.floor(times.length / 3))) }));
}

/** Another order in each round: whoever comes after one that kept a single thread busy finds the others asleep. */
export function shuffled<T>(all: readonly T[]): readonly T[] {
  const drawn = all.map((one) => ({ one, place: systemRuntime.randomBytes(4).readUInt32LE() }));
  return drawn.toSorted((a, b) => a.place - b.place).map(({ one }) => one);
}

async function timeOf({ run }: Contestant, count: number): Promise<number> {
  const from = process.cpuUsage();
  const running = run(count);
  if (running !== undefined) await running;
  const { user, system } = process.cpuUsage(from);
  return ((user + system) * 1000) / count;
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

/** What `npm ci --prefix bench` installs, if it has been run. */
export async function optional<T>(name: string): Promise<T | undefined> {
  const isInstalled = existsSync(new URL(`../node_modules/${name}/package.json`, import.meta.url));
  return isInstalled ? ((await import(name)) as T) : undefined;
}

/** One line of the table. A goal is a bound on the ratio or the time. */
export interface Line {
  readonly row: string;
  readonly name: string;
  readonly measured: string;
  readonly goal?: string;
  readonly met?: boolean;
}

export function nanoseconds(time: number): string {
  return time < 10_000 ? `${time.toFixed(0)} ns` : `${(time / 1000).toFixed(1)} us`;
}

/** Each contestant, and how many times the first one it takes. */
export function linesOf(row: string, measured: readonly Measured[]): readonly Line[] {
  const base = measured[0]?.time ?? 1;
  return measured.map(({ name, time }) => ({
    row,
    name,
    measured: `${nanoseconds(time).padStart(10)} ${(time / base).toFixed(2).padStart(8)} x`,
  }));
}

export function timeOfLane(measured: readonly Measured[], name: string): number {
  return measured.find((one) => one.name === name)?.time ?? Number.NaN;
}
