/** The stream of an answer, whose pieces come for as long as they may. */

/**
 * Tells a stream that nobody takes its pieces any more. That it fails, at once or later, is of no interest then, and must
 * not end the process.
 *
 * @example response.on('close', () => endStream(pieces));
 */
export function endStream(pieces: AsyncIterator<unknown>): void {
  new Promise((resolve) => resolve(pieces.return?.())).then(undefined, () => undefined);
}

/**
 * A stream as the body of a fetch `Response`: takes a piece when the reader asks for one, and ends the stream when the
 * reader goes.
 *
 * @example new Response(bodyOf(answer.stream), { status: answer.status });
 */
export function bodyOf(stream: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const pieces = stream[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => endStream(pieces),
    },
    // Nothing is taken ahead.
    { highWaterMark: 0 },
  );
}
