/**
 * A request and an answer as plain data, so that every endpoint is a function from one to the other and any
 * transport (node:http, fetch, a test) can carry them.
 */

/** A request as an endpoint sees it. Nothing in it is trusted. */
export interface HttpRequest {
  readonly method: string;
  /** The path as sent, percent-encoding untouched, without query. */
  readonly path: string;
  /** The query as sent, without the question mark; empty when there is none. */
  readonly query: string;
  /** Lower-case names; every occurrence is kept, so that a repeated header can be refused. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** The body as text; empty when there is none. The transport has bounded its size. */
  readonly body: string;
  readonly peer: Peer;
}

/** The other end of the connection, as the transport saw it. */
export interface Peer {
  readonly address: string;
  /** Whether the connection was encrypted; undefined when there was none, or nobody looked. */
  readonly secure?: boolean;
}

/** An answer; header names in any case, several values for `Set-Cookie`. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
  /**
   * Instead of a body: pieces as they come, until it ends or the reader goes. Only the authorization server answers so,
   * and only its carriers read it.
   */
  readonly stream?: AsyncIterable<string>;
}

/** The single value of a header, or undefined when it is absent or sent more than once. */
export function singleHeader(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const values = request.headers[name];
  return values?.length === 1 ? values[0] : undefined;
}
