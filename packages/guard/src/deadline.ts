/** An end to waiting: what does not answer in time is a failure, and a failure never permits. */
import { Refusal, type RefusalReason, type Runtime } from '@castellan/protocol';
import { isLater, type Later } from './later.ts';

/** How long is waited, and what is said then. */
export interface Deadline {
  readonly milliseconds: number;
  readonly reason: RefusalReason;
  readonly detail: string;
}

/** Milliseconds that loading the principal, the context or an object may take. */
export const loadingTime = 10_000;

/**
 * The value, at once when it is there, else if it comes within so many milliseconds.
 *
 * Does not stop the work itself: its late answer is dropped.
 *
 * @throws {Refusal} the deadline's, `store_unavailable` by default, when it does not come in time
 */
export function withDeadline<T>(
  runtime: Pick<Runtime, 'schedule'>,
  deadline: number | Deadline,
  work: Later<T>,
): Later<T> {
  return isLater(work) ? inTime(runtime, deadline, work) : work;
}

async function inTime<T>(
  runtime: Pick<Runtime, 'schedule'>,
  deadline: number | Deadline,
  work: Promise<T>,
): Promise<T> {
  const { milliseconds, reason, detail } = typeof deadline === 'number' ? ofData(deadline) : deadline;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = runtime.schedule(milliseconds, () => reject(new Refusal(reason, { detail })));
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

function ofData(milliseconds: number): Deadline {
  return { milliseconds, reason: 'store_unavailable', detail: 'the data for a decision did not come in time' };
}

/** A sender may take this long for a body, whatever carries it. */
export const slowBody: Deadline = Object.freeze({
  milliseconds: 10_000,
  reason: 'request_timeout',
  detail: 'the body came too slowly',
});
