/** A server of node:http or node:https for a guard, with bounds for slow and large requests. */
import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Guard } from '../guard.ts';
import { nodeListener } from './node.ts';

export interface NodeServerOptions {
  /** PEM; TLS 1.3 only. Without it a proxy before the server must terminate TLS. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
}

/** Milliseconds and bytes. */
const bounds: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
  insecureHTTPParser: false,
  requireHostHeader: true,
};
/** Milliseconds in which nothing came in and nothing went out. */
const stalled = 60_000;
const mostHeaders = 100;
const mostConnections = 10_000;

/**
 * A server that does not listen yet. A client that sends its headers for over 10 s or its request for over 15 s gets 408
 * and is cut off; one that reads no answers for 60 s is cut off.
 *
 * @example nodeServer(guard).listen(4001, '127.0.0.1');
 */
export function nodeServer(guard: Pick<Guard, 'handle'>, { tls }: NodeServerOptions = {}): Server {
  const listener = nodeListener(guard);
  const server =
    tls === undefined
      ? createHttpServer(bounds, listener)
      : createHttpsServer({ ...bounds, ...tls, minVersion: 'TLSv1.3' }, listener);
  server.timeout = stalled;
  server.maxHeadersCount = mostHeaders;
  server.maxConnections = mostConnections;
  return server;
}
