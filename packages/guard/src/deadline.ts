/** An end to waiting: what does not answer in time is a failure, and a failure never permits. */
import { Refusal, type Runtime } from '@castellan/protocol';

/** Milliseconds that loading the principal, the context or an object may take. */
export const loadingTime = 10_000;

/**
 * The value, if it comes within so many milliseconds.
 *
 * Does not stop the work itself: its late answer is dropped.
 *
 * @throws {Refusal} `store_unavailable` when it does not come in time
 */
export async function withDeadline<T>(
  runtime: Pick<Runtime, 'schedule'>,
  milliseconds: number,
  work: T | Promise<T>,
): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = runtime.schedule(milliseconds, () =>
    reject(new Refusal('store_unavailable', { detail: 'the data for a decision did not come in time' })),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
