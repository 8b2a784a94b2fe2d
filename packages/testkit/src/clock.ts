/**
 * A clock that only a test moves. Scheduled tasks run when time reaches them, in order; no real timer is involved.
 *
 * Owns: time and timers of a world. Does not own: waiting for a database or a socket; `turn` only lets pending work go on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Runtime } from '@castellan/protocol';

/** The time members of a Runtime, and the hand that moves them. */
export interface TestClock extends Pick<Runtime, 'now' | 'monotonic' | 'schedule'> {
  /** Moves both clocks on by `seconds`, running what becomes due on the way. */
  readonly advance: (seconds: number) => Promise<void>;
  /** Moves both clocks on at once, as for a machine that slept: each task that is due runs once, at the end. */
  readonly sleep: (seconds: number) => Promise<void>;
  /** Moves the wall clock alone, as an NTP step does; negative goes back. */
  readonly step: (seconds: number) => void;
}

interface Task {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/** Lets work that is pending on the event loop go on. */
export async function turn(): Promise<void> {
  await nextTurn();
}

/**
 * Waits, turn by turn, until `condition` holds.
 *
 * @throws {Error} when it does not hold after `turns` turns of the event loop
 */
export async function until(condition: () => boolean, turns = 20_000): Promise<void> {
  for (let count = 0; !condition(); count += 1) {
    if (count >= turns) throw new Error(`still not so after ${turns} turns: ${condition.toString()}`);
    await turn();
  }
}

/**
 * Makes a clock that stands at `startAt`, in milliseconds since the epoch.
 *
 * @example const clock = createClock(Date.UTC(2026, 0, 15)); await clock.advance(60);
 */
export function createClock(startAt: number): TestClock {
  let monotonic = 0;
  let offset = startAt;
  let order = 0;
  const tasks = new Set<Task>();
  const run = async (task: Task): Promise<void> => {
    tasks.delete(task);
    task.run();
    // INVARIANT: a task may schedule its successor only after awaiting; without these turns it would be missed.
    for (let count = 0; count < 5; count += 1) await turn();
  };
  const nextDue = (limit: number): Task | undefined =>
    [...tasks].filter((task) => task.due <= limit).sort((a, b) => a.due - b.due || a.order - b.order)[0];
  return {
    now: () => offset + monotonic,
    monotonic: () => monotonic,
    schedule: (delay, run) => {
      order += 1;
      const task: Task = { due: monotonic + delay, order, run };
      tasks.add(task);
      return () => tasks.delete(task);
    },
    advance: async (seconds) => {
      const end = monotonic + seconds * 1000;
      for (let task = nextDue(end); task !== undefined; task = nextDue(end)) {
        monotonic = Math.max(monotonic, task.due);
        await run(task);
      }
      monotonic = end;
      await turn();
    },
    sleep: async (seconds) => {
      monotonic += seconds * 1000;
      const due = [...tasks].filter((task) => task.due <= monotonic);
      for (const task of due.sort((a, b) => a.due - b.due || a.order - b.order)) await run(task);
      await turn();
    },
    step: (seconds) => {
      offset += seconds * 1000;
    },
  };
}
