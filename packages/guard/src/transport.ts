/**
 * Whether a request came by https, all the way as far as can be known.
 *
 * An API does not redirect to https as a site does: a client that sends its token in the clear would do so every time,
 * and its redirect would hide it. It is refused, and its developer reads why.
 */
import { type HttpRequest, refuse } from '@castellan/protocol';

/** What judging a transport needs. */
export interface TransportDeps {
  /** Who the client is, as far as trusted proxies say. */
  readonly isTrustedProxy: (address: string) => boolean;
  /** Whether this API is reached by https. */
  readonly https: boolean;
}

/**
 * Checks that credentials came by https; where this API's own address is http on a loopback host, nothing is asked.
 *
 * A trusted proxy speaks for the part before it, by `X-Forwarded-Proto`: one that says nothing is not believed. Of
 * others the connection itself counts. Connections from this machine are let through, and so are requests of which the
 * transport says nothing: they came by no network (a socket in the file system, a call in the process).
 *
 * @throws {Refusal} `https_required`
 */
export function checkTransport({ peer, headers }: Pick<HttpRequest, 'peer' | 'headers'>, deps: TransportDeps): void {
  if (!deps.https || peer.secure === undefined) return;
  if (deps.isTrustedProxy(peer.address)) {
    const said = headers['x-forwarded-proto'];
    if (said?.length === 1 && said[0]?.toLowerCase() === 'https') return;
    refuse('https_required', { detail: 'a trusted proxy does not say that X-Forwarded-Proto is https' });
  }
  if (peer.secure || isThisMachine(peer.address)) return;
  refuse('https_required', { detail: 'the request came by http' });
}

function isThisMachine(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}
