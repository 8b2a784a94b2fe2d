/** Carries a guard inside anything that speaks fetch: a `Request` in, a `Response` out. */
import { bodyOf, decodeUtf8, type HttpRequest, refuse } from '@castellan/protocol';
import type { Guard } from '../guard.ts';
import type { BodyReader } from '../input.ts';
import type { GuardAnswer } from '../route.ts';
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
  return async (request, connection) =>
    responseOf(await guard.handle(plainRequest(request, connection), bodyReader(request)));
}

/** The answer of a guard as a `Response`. */
export function responseOf({ status, headers, body, stream }: GuardAnswer): Response {
  const whole = status === 204 || body === '' ? null : body;
  const content = stream === undefined ? whole : bodyOf(stream);
  return new Response(content as BodyInit | null, { status, headers });
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
  // Fetch gives these none; asking for it makes some hosts build the whole of what they had put off.
  if (request.method === 'GET' || request.method === 'HEAD') return () => '';
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
