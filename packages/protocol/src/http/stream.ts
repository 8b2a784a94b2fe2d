/** An answer's stream as the body of a fetch `Response`. */

/**
 * Reads a piece when the reader asks for one, and ends the stream when the reader goes.
 *
 * @example new Response(bodyOf(answer.stream), { status: answer.status });
 */
export function bodyOf(stream: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => {
      await iterator.return?.();
    },
  });
}
