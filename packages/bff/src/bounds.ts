/** Bounds of time and size for calls to others; they hold even when the call does not notice. */
import type { Runtime } from '@castellan/protocol';

/** There was no result in time. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/**
 * The result of `work`, or a rejection with {@link DeadlinePassed} after `limit` milliseconds, when its signal fires too.
 */
export async function within<T>(
  { schedule }: Pick<Runtime, 'schedule'>,
  limit: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = schedule(limit, () => {
    late.reject(new DeadlinePassed());
    controller.abort();
  });
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    cancel();
  }
}

/**
 * The body of an answer, read whole.
 *
 * @throws {RangeError} when it is larger than `maximumBytes`, counted after content decoding, so that a small answer
 * which unpacks to a large one is stopped too
 */
export async function readWhole(response: Response, maximumBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (size > maximumBytes) throw new RangeError('the answer is too large');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
