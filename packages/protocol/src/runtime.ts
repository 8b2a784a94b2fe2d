/**
 * The one door to clock, timers, randomness and outgoing calls.
 *
 * Everything that needs one of them is handed a {@link Runtime}; `test/architecture.test.ts` refuses the ambient
 * ones anywhere else, so a test can replace all of them at once.
 */
import { randomBytes } from 'node:crypto';
import { systemUntrustedFetch } from './http/untrusted-fetch.ts';

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
  /**
   * Calls an address that a client named: https to public addresses only, no redirect, bounded in time and size. Of
   * `init` it takes method, headers as a plain record, a body of text, and a signal.
   */
  readonly fetchUntrusted: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

function schedule(delay: number, task: () => void): () => void {
  const timer = setTimeout(task, delay);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Bytes that are drawn from the system at once: one draw costs more than all that a request needs of them. */
const poolSize = 8192;
let pool = Buffer.alloc(0);

/** INVARIANT: a byte of a pool is given out once, as memory of whoever asked; no pool is filled again. */
function pooledBytes(size: number): Buffer {
  if (size > 256) return randomBytes(size);
  if (size > pool.length) pool = randomBytes(poolSize);
  const bytes = pool.subarray(0, size);
  pool = pool.subarray(size);
  return bytes;
}

/** The runtime of the machine itself. */
export const systemRuntime: Runtime = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule,
  randomBytes: pooledBytes,
  fetch: (url: string | URL, init?: RequestInit) => fetch(url, init),
  fetchUntrusted: systemUntrustedFetch(schedule),
});

/** The wall clock in whole seconds since the epoch, the unit of JWT claims and of every stored time. */
export function epochSeconds(runtime: Pick<Runtime, 'now'>): number {
  return Math.floor(runtime.now() / 1000);
}
