/**
 * What is tested: a guard in this process, a server in this process, or one that runs already.
 *
 * Owns: sending one request as it is written, twice the same header included. Does not own: what is sent, nor judging.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Guard } from '../guard.ts';

/** A request as it goes out. */
export interface SentRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** In order; the same name may come twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export interface SeenAnswer {
  readonly status: number;
  readonly body: string;
  /** Seconds to wait, from `Retry-After`. */
  readonly retryAfter: number;
}

export interface Target {
  /** Undefined when such a request cannot be sent at all. */
  readonly send: (request: SentRequest) => Promise<SeenAnswer | undefined>;
  /** Whether the test's own time rules there. */
  readonly isPlayed: boolean;
  readonly close: () => Promise<void>;
}

/** A guard, called directly. */
export function guardTarget(guard: Pick<Guard, 'handle'>): Target {
  return {
    isPlayed: true,
    send: async ({ method, target, headers, body = '' }) => {
      const mark = target.indexOf('?');
      const answer = await guard.handle({
        method,
        path: mark < 0 ? target : target.slice(0, mark),
        query: mark < 0 ? '' : target.slice(mark + 1),
        headers: grouped(headers),
        body,
        peer: { address: '127.0.0.1' },
      });
      return {
        status: answer.status,
        body: Buffer.from(answer.body).toString(),
        retryAfter: Number(answer.headers['retry-after'] ?? 0),
      };
    },
    close: async () => {},
  };
}

function grouped(headers: SentRequest['headers']): Readonly<Record<string, readonly string[]>> {
  const all: Record<string, string[]> = {};
  for (const [name, value] of headers) (all[name] ??= []).push(value);
  return all;
}

/** A server made of a listener, such as an Express application, on a free port of this machine. */
export async function listenerTarget(listener: RequestListener): Promise<Target> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { send } = urlTarget(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  return {
    isPlayed: false,
    send,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** An API at an address. */
export function urlTarget(base: URL): Target {
  return { isPlayed: false, send: (request) => sendTo(base, request), close: async () => {} };
}

/** Milliseconds until an answer counts as none. */
const answerTime = 10_000;
/** Bytes of an answer that are kept. */
const answerSize = 1_000_000;

function sendTo(base: URL, { method, target, headers, body = '' }: SentRequest): Promise<SeenAnswer | undefined> {
  // A header that HTTP cannot carry never reaches an API either.
  if (headers.some(([, value]) => /[^\t\x20-\x7e\x80-\xff]/.test(value))) return Promise.resolve(undefined);
  const url = new URL(target, base);
  // INVARIANT: a path such as //host/ leads to no other host: nobody else is ever sent a token.
  if (url.origin !== base.origin) return Promise.reject(new TypeError(`${target} is no path of ${base.origin}.`));
  const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      timeout: answerTime,
      headers: [...headers, ['host', base.host], ['connection', 'close']],
    };
    const outgoing = send(url, { ...options, headers: options.headers.flat() as never }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= answerSize) chunks.push(chunk);
      });
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          retryAfter: Number(answer.headers['retry-after'] ?? 0),
        }),
      );
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerTime / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
