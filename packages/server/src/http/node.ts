/** Carries plain requests on node:http and node:https: reads bodies within bounds, and closes in time. */
import { isUtf8 } from 'node:buffer';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as NodeServer,
  type OutgoingHttpHeaders,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { endStream, type HttpAnswer, type RefusalReason, type Runtime, systemRuntime } from '@castellan/protocol';
import type { CarriedRequest, Handle } from './handle.ts';

/** Bytes of a body that are read; what is longer is refused unread. */
export const largestBody: number = 64 * 1024;
/** Bytes of a body too long that are taken in before the connection is cut. */
const largestDiscarded = 16 * largestBody;

/** Whatever answers requests. */
export interface Handler {
  readonly handle: Handle;
}

/**
 * A request listener for a node server of your own. Set timeouts and header limits on it as {@link listen} does.
 *
 * @example http.createServer(nodeListener(server)).listen(4000, '127.0.0.1');
 */
export function nodeListener(server: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // Without a listener, an error of a connection that broke while it was written to would end the process.
    response.on('error', () => request.destroy());
    // The last resort: whatever goes wrong in carrying ends this connection, never the process.
    answer(server, request, response).catch(() => response.destroy());
  };
}

async function answer(server: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  // The client has gone: there is nobody to answer, and what it sent was cut.
  if (body.kind === 'aborted') return;
  const reply = await server.handle(carriedRequest(request, body));
  // The rest of a body that was not read would be taken for the next request.
  if (body.kind === 'unread') response.setHeader('connection', 'close');
  if (reply.stream === undefined) write(response, reply);
  else await writeStream({ request, response }, reply, reply.stream);
}

function write(response: ServerResponse, reply: HttpAnswer): void {
  const { status, body } = reply;
  const headers: Record<string, string | number | string[]> = {};
  // With its length known the answer goes out in one piece. One without content must not have a length (RFC 9110 §8.6).
  if (status !== 204 && status !== 304) headers['content-length'] = Buffer.byteLength(body);
  response.writeHead(status, Object.assign(headers, reply.headers));
  response.end(body);
}

/**
 * One piece after the other, each when the reader has room for it; whoever does not read is cut by the time-out of the
 * connection.
 */
async function writeStream(
  { request: { socket }, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  reply: HttpAnswer,
  stream: AsyncIterable<string>,
): Promise<void> {
  const pieces = stream[Symbol.asyncIterator]();
  const stop = (): void => endStream(pieces);
  // A connection that has ended before the stream began tells nobody any more.
  if (response.destroyed) return stop();
  // Before version 26 Node tells an answer that still waits for its turn nothing, when its connection ends.
  for (const end of [response, socket]) end.on('close', stop);
  response.writeHead(reply.status, reply.headers as OutgoingHttpHeaders);
  response.flushHeaders();
  for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
    if (!response.write(piece.value)) await hasRoom(response);
  }
  socket.off('close', stop);
  response.end();
}

function hasRoom(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

type Body =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'unread'; readonly reason: RefusalReason }
  | { readonly kind: 'aborted' };

/**
 * Counts what arrives, not what was announced. What is too long is read on and thrown away, within bounds: a client
 * that is still sending would never see the answer.
 */
function readBody(request: IncomingMessage): Body | Promise<Body> {
  // Without these there is no body (RFC 9112 §6.3), and nothing to wait for.
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) return { kind: 'read', text: '' };
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge: Body = { kind: 'unread', reason: 'body_too_large' };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= largestBody) chunks.push(chunk);
      else if (size > largestDiscarded) resolve(tooLarge);
      else chunks.length = 0;
    });
    request.on('end', () => resolve(size > largestBody ? tooLarge : decodeBody(Buffer.concat(chunks))));
    request.on('error', () => resolve({ kind: 'aborted' }));
    request.on('close', () => resolve({ kind: 'aborted' }));
  });
}

/** A body in another encoding than UTF-8 is refused, never repaired. */
function decodeBody(bytes: Buffer): Body {
  if (!isUtf8(bytes)) return { kind: 'unread', reason: 'malformed_request' };
  return { kind: 'read', text: bytes.toString('utf8') };
}

function carriedRequest(request: IncomingMessage, body: Exclude<Body, { kind: 'aborted' }>): CarriedRequest {
  const target = request.url ?? '';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: request.headersDistinct,
    body: body.kind === 'read' ? body.text : '',
    peer: { address: request.socket.remoteAddress ?? '' },
    ...(body.kind === 'unread' ? { unread: body.reason } : {}),
  };
}

export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** 127.0.0.1 when absent: what the world should reach is a choice. */
  readonly host?: string;
  /** PEM; TLS 1.3 only. Without it a proxy before the server must terminate TLS. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly runtime?: Pick<Runtime, 'schedule'>;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** What a slow client is given, in milliseconds. */
  readonly timeouts: {
    readonly headers: number;
    readonly request: number;
    readonly keepAlive: number;
    readonly stalled: number;
  };
  /** Lets running answers finish, and ends within 2 s whatever clients do. */
  readonly close: () => Promise<void>;
}

/** Against clients that send slowly or much. Milliseconds and bytes. */
const serverOptions: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
  insecureHTTPParser: false,
  requireHostHeader: true,
};

/** Nothing came in and nothing went out for so long: whoever sends requests and reads no answers holds no connection. */
const stalledTimeout = 60_000;
const maximumHeaders = 100;
const maximumConnections = 10_000;
/** Milliseconds between looks at idle connections while closing, and until the busy ones are cut. */
const closingInterval = 50;
const closingPatience = 1_500;

/**
 * Starts to listen, with timeouts and limits that hold slow and large requests off.
 *
 * @throws {Error} of node when the port is taken or may not be used
 * @example const { port, close } = await listen(server, { port: 0 });
 */
export async function listen(server: Handler, options: ListenOptions): Promise<Listening> {
  const node = createNodeServer(server, options);
  node.timeout = stalledTimeout;
  node.maxHeadersCount = maximumHeaders;
  node.maxConnections = maximumConnections;
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    node.once('error', reject);
    node.listen(options.port, host, () => {
      node.removeListener('error', reject);
      resolve();
    });
  });
  const { port } = node.address() as AddressInfo;
  const timeouts = {
    headers: node.headersTimeout,
    request: node.requestTimeout,
    keepAlive: node.keepAliveTimeout,
    stalled: node.timeout,
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeServer(node, options.runtime ?? systemRuntime);
    return closing;
  };
  return { host, port, timeouts, close };
}

function createNodeServer(server: Handler, { tls }: ListenOptions): NodeServer {
  if (tls === undefined) return createHttpServer(serverOptions, nodeListener(server));
  return createHttpsServer({ ...serverOptions, ...tls, minVersion: 'TLSv1.3' }, nodeListener(server));
}

/** `close` alone waits for connections that are kept alive, and those are never told; so they are looked for. */
async function closeServer(node: NodeServer, runtime: Pick<Runtime, 'schedule'>): Promise<void> {
  let waited = 0;
  let cancel = (): void => {};
  const look = (): void => {
    waited += closingInterval;
    if (waited >= closingPatience) node.closeAllConnections();
    else node.closeIdleConnections();
    cancel = runtime.schedule(closingInterval, look);
  };
  await new Promise<void>((resolve, reject) => {
    node.close((error) => (error === undefined ? resolve() : reject(error)));
    look();
  }).finally(() => cancel());
}
