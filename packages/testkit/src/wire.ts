/** A request and an answer on the wire, and the two ways a test carries them: within the process, or over sockets. */
import { request as httpRequest } from 'node:http';

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderPairs;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: HeaderPairs;
  readonly body: string;
}

/** Carries one request to whoever serves its origin; never follows a redirect. */
export type Transport = (request: WireRequest) => Promise<WireAnswer>;

/** All values of a header, in order. */
export function headerValues(message: { readonly headers: HeaderPairs }, name: string): readonly string[] {
  return message.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The values of a header joined by commas; undefined when it is absent. */
export function headerValue(message: { readonly headers: HeaderPairs }, name: string): string | undefined {
  const values = headerValues(message, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Carries requests over real sockets with exactly the given headers, which `fetch` would not do. */
export const socketTransport: Transport = ({ method, url, headers, body }) =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: pairs(incoming.rawHeaders),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.on('error', reject);
    for (const [name, value] of headers) outgoing.appendHeader(name, value);
    outgoing.end(body);
  });

function pairs(raw: readonly string[]): HeaderPairs {
  return Array.from(
    { length: raw.length / 2 },
    (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? ''] as const,
  );
}
