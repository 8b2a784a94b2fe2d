/**
 * The one door to clock, timers, randomness and outgoing calls.
 *
 * Everything that needs one of them is handed a {@link Runtime}; `test/architecture.test.ts` refuses the ambient
 * ones anywhere else, so a test can replace all of them at once.
 */
import { randomBytes } from 'node:crypto';

/** Clock, timers, randomness and outgoing calls, as one value that a test can replace. */
export interface Runtime {
  /** Wall clock in milliseconds since 1970-01-01T00:00:00Z. It may go back: never measure a duration with it. */
  readonly now: () => number;
  /** Milliseconds since an arbitrary start; never goes back. For limits and durations. */
  readonly monotonic: () => number;
  /** Runs `task` once, `delay` milliseconds from now, without keeping the process alive; the answer cancels it. */
  readonly schedule: (delay: number, task: () => void) => () => void;
  /** Bytes from a cryptographically secure source. */
  readonly randomBytes: (size: number) => Buffer;
  /** Calls an address that the operator configured. Never give it one that came from a request or a client. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

/** The runtime of the machine itself. */
export const systemRuntime: Runtime = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (delay: number, task: () => void) => {
    const timer = setTimeout(task, delay);
    timer.unref();
    return () => clearTimeout(timer);
  },
  randomBytes: (size: number) => randomBytes(size),
  fetch: (url: string | URL, init?: RequestInit) => fetch(url, init),
});

/** The wall clock in whole seconds since the epoch, the unit of JWT claims and of every stored time. */
export function epochSeconds(runtime: Pick<Runtime, 'now'>): number {
  return Math.floor(runtime.now() / 1000);
}
