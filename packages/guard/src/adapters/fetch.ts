/** Carries a guard inside anything that speaks fetch: a `Request` in, a `Response` out. */
import { decodeUtf8, type HttpRequest, refuse } from '@castellan/protocol';
import type { Guard } from '../guard.ts';
import type { BodyReader } from '../input.ts';
import { bodyTaken } from './body-taken.ts';

/** The other end, which a `Request` says nothing about. */
export interface Connection {
  readonly address: string;
}

/**
 * A fetch handler.
 *
 * A `Request` has already resolved dot segments in its URL and joined repeated headers; both are safe here, since the
 * path is judged as it then is, and a joined header is refused where one is expected.
 *
 * @example const fetch = fetchHandler(guard); const response = await fetch(request, { address });
 */
export function fetchHandler(
  guard: Pick<Guard, 'handle'>,
): (request: Request, connection: Connection) => Promise<Response> {
  return async (request, connection) => {
    const answer = await guard.handle(plainRequest(request, connection), bodyReader(request));
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one);
    }
    const whole = answer.status === 204 || answer.body === '' ? null : answer.body;
    const body = answer.stream === undefined ? whole : bodyOf(answer.stream);
    return new Response(body as BodyInit | null, { status: answer.status, headers });
  };
}

/** Piece by piece, as they are asked for; when the other side is gone, the stream is told. */
function bodyOf(stream: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const pieces = stream[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      pull: async (controller) => {
        const piece = await pieces.next();
        if (piece.done === true) controller.close();
        else controller.enqueue(encoder.encode(piece.value));
      },
      cancel: async () => void (await pieces.return?.()),
    },
    { highWaterMark: 0 },
  );
}

function plainRequest(request: Request, { address }: Connection): HttpRequest {
  const url = new URL(request.url);
  return {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers: Object.fromEntries([...request.headers].map(([name, value]) => [name, [value]])),
    body: '',
    peer: { address, secure: url.protocol === 'https:' },
  };
}

/** Counts bytes as they arrive, and stops the sender beyond the limit. */
function bodyReader(request: Request): BodyReader {
  return async (limit) => {
    if (request.bodyUsed) refuse('server_error', { detail: bodyTaken });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of chunksOf(request)) {
      length += chunk.byteLength;
      // Leaving the loop cancels the stream.
      if (length > limit) refuse('body_too_large');
      chunks.push(chunk);
    }
    return decodeUtf8(Buffer.concat(chunks)) ?? refuse('malformed_request', { detail: 'the body is not UTF-8' });
  };
}

async function* chunksOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    yield* body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>;
  } catch {
    refuse('malformed_request', { detail: 'the body ended too early' });
  }
}
