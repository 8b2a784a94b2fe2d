/** Carries plain requests inside anything that speaks fetch. */
import { isUtf8 } from 'node:buffer';
import { bodyOf, type HttpAnswer } from '@castellan/protocol';
import type { CarriedRequest } from './handle.ts';
import { type Handler, largestBody } from './node.ts';

/** What a fetch `Request` does not say. */
export interface Connection {
  /** Of the peer, as whoever accepted the connection saw it; never taken from a header. */
  readonly address: string;
}

/**
 * A handler for servers that hand over a `Request`.
 *
 * @example const handle = fetchHandler(server); return handle(request, { address: info.remoteAddr.hostname });
 */
export function fetchHandler(server: Handler): (request: Request, connection: Connection) => Promise<Response> {
  return async (request, connection) => {
    const answer = await server.handle(await carriedRequest(request, connection));
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one);
    }
    return new Response(responseBody(answer), { status: answer.status, headers });
  };
}

function responseBody({ status, body, stream }: HttpAnswer): BodyInit | null {
  if (stream !== undefined) return bodyOf(stream);
  const hasBody = ![204, 304].includes(status) && body.length > 0;
  return hasBody ? (body as BodyInit) : null;
}

async function carriedRequest(request: Request, { address }: Connection): Promise<CarriedRequest> {
  const url = new URL(request.url);
  const bytes = await readBody(request);
  const unread = bytes === undefined ? 'body_too_large' : isUtf8(bytes) ? undefined : 'malformed_request';
  return {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    // Repeated headers arrive joined by commas, which every reader of a single value refuses.
    headers: Object.fromEntries([...request.headers].map(([name, value]) => [name, [value]])),
    body: unread === undefined ? (bytes?.toString('utf8') ?? '') : '',
    peer: { address },
    ...(unread === undefined ? {} : { unread }),
  };
}

/** The bytes, or undefined when there are more than are read. */
async function readBody(request: Request): Promise<Buffer | undefined> {
  if (request.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
