/** An internet within the process: origins with plain handlers behind them, reached without a socket. */
import { bodyOf, type HttpAnswer, type HttpRequest } from '@castellan/protocol';
import type { HeaderPairs, Transport, WireAnswer, WireRequest } from './wire.ts';

export type Handle = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface Network {
  /** Puts a handler behind an origin, in place of what was there. */
  readonly mount: (origin: string, handle: Handle) => void;
  /** A way onto the network for somebody at `address`. */
  readonly from: (address: string) => Transport;
  /** The `fetch` of a server on this network; it never follows a redirect. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * Makes a network without anybody on it.
 *
 * @example const network = createNetwork(); network.mount('https://issuer.example', server.handle);
 */
export function createNetwork(): Network {
  const handlers = new Map<string, Handle>();
  const carry = async (request: WireRequest, address: string): Promise<HttpAnswer> => {
    const handle = handlers.get(request.url.origin);
    if (handle === undefined) throw new TypeError(`nobody listens at ${request.url.origin}`);
    return handle(plainRequest(request, address));
  };
  return {
    mount: (origin, handle) => {
      handlers.set(new URL(origin).origin, handle);
    },
    from: (address) => async (request) => wireAnswer(await carry(request, address)),
    fetch: async (url, init = {}) => {
      const request = new Request(url, init);
      const found = await carry(
        {
          method: request.method,
          url: new URL(request.url),
          headers: [...request.headers],
          body: await request.text(),
        },
        '192.0.2.10',
      );
      const answer = wireAnswer(found);
      const body = found.stream === undefined ? answer.body : bodyOf(found.stream);
      const response = new Response([101, 204, 205, 304].includes(answer.status) ? null : body, {
        status: answer.status,
        headers: answer.headers as [string, string][],
      });
      Object.defineProperty(response, 'url', { value: request.url });
      return response;
    },
  };
}

/** The request as an endpoint of ours sees it. */
export function plainRequest(request: WireRequest, address: string): HttpRequest {
  const headers: Record<string, string[]> = {};
  const given: HeaderPairs = request.headers.some(([name]) => name.toLowerCase() === 'host')
    ? request.headers
    : [['host', request.url.host], ...request.headers];
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  }
  const { pathname, search } = request.url;
  return {
    method: request.method,
    path: pathname,
    query: search.slice(1),
    headers,
    body: request.body,
    peer: { address },
  };
}

function wireAnswer(answer: HttpAnswer): WireAnswer {
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => [name, one] as const),
  );
  const body = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body).toString('utf8');
  return { status: answer.status, headers, body };
}
