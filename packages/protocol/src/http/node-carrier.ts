/**
 * Carries plain requests and answers over node:http(s).
 *
 * Owns: reading a body whole within a bound, strictly as UTF-8, and that every exchange is answered. Does not own:
 * sockets, TLS and time-outs, which are the server's it is given to.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeUtf8 } from '../encoding.ts';
import type { HttpAnswer, HttpRequest } from './message.ts';

/** Whatever answers plain requests. */
export interface RequestHandler {
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
}

export interface CarrierOptions {
  /** A larger body is refused with 413 before the handler sees the request; 1 MiB when absent. */
  readonly maximumBytes?: number;
}

/**
 * A listener for `createServer` of node:http and node:https.
 *
 * Refuses by itself, without echo: a target that is not a path (400), a body that is too large (413) or not UTF-8
 * (400), and what a handler throws, which none should (500).
 *
 * @example createServer(nodeCarrier(bff, { maximumBytes: 65_536 })).listen(4002, '127.0.0.1');
 */
export function nodeCarrier(
  handler: RequestHandler,
  options: CarrierOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const maximumBytes = options.maximumBytes ?? 1024 * 1024;
  return (incoming, outgoing) => {
    // Whoever hangs up gets nothing, and must not end the process by it.
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
    // An answer that cannot be written, such as one with a line break in a header, must not end the process either.
    void answer(handler, incoming, maximumBytes)
      .then((found) => write(outgoing, found))
      .catch(() => outgoing.destroy());
  };
}

async function answer(handler: RequestHandler, incoming: IncomingMessage, maximumBytes: number): Promise<HttpAnswer> {
  try {
    const bytes = await readBody(incoming, maximumBytes);
    if (bytes === 'too large') return plainAnswer(413, 'The body is too large.', { connection: 'close' });
    const body = decodeUtf8(bytes);
    const target = targetOf(incoming.url ?? '');
    if (body === undefined || target === undefined) return plainAnswer(400, 'The request is malformed.');
    return await handler.handle({
      method: incoming.method ?? '',
      ...target,
      headers: incoming.headersDistinct,
      body,
      peer: { address: incoming.socket.remoteAddress ?? '' },
    });
  } catch {
    return plainAnswer(500, 'Something went wrong here.', { connection: 'close' });
  }
}

/** Only the origin form (RFC 9112 §3.2.1): we are no proxy, and the host of another form is not ours to believe. */
function targetOf(url: string): Pick<HttpRequest, 'path' | 'query'> | undefined {
  if (!url.startsWith('/')) return undefined;
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

async function readBody(incoming: IncomingMessage, maximumBytes: number): Promise<Buffer | 'too large'> {
  if (Number(incoming.headers['content-length'] ?? 0) > maximumBytes) return 'too large';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBytes) return 'too large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function write(outgoing: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (outgoing.destroyed) return;
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  const isEmpty = status === 204 || status === 304;
  if (!isEmpty) outgoing.setHeader('content-length', Buffer.byteLength(body));
  outgoing.end(isEmpty ? undefined : body);
}

function plainAnswer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: `${text}\n`,
  };
}
