/**
 * Calling an address that somebody else named: a client's key set, a client's logout address.
 *
 * https only. The name is resolved once, every address it has must be a public one, and the connection goes to the
 * address that was checked, whatever the name means a moment later. An address in the URL itself is checked too, since
 * nothing resolves it. Redirects are not followed, nothing is remembered or sent along, and time and size are bounded.
 *
 * Owns: where a call may go and how much may come back. Does not own: what is asked, and what the answer means.
 */
import { lookup as resolveName } from 'node:dns/promises';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** An address of a host. */
export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** What a test replaces. */
export interface UntrustedFetchDeps {
  readonly resolve: (hostname: string) => Promise<readonly HostAddress[]>;
  readonly request: (url: URL, options: RequestOptions) => ReturnType<typeof httpsRequest>;
  /** As `Runtime.schedule`. */
  readonly schedule: (delay: number, task: () => void) => () => void;
}

/** Milliseconds from the call to the last byte of the answer. */
const longestCall = 5000;
const largestBody = 262_144;

/** Not on the public internet (RFC 6890 and the IANA registries of special-purpose addresses). */
const specialV4: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Within 2000::/3; everything outside of that is refused without a list (loopback, local, mapped, translated). */
const specialV6: readonly (readonly [net: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of specialV4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of specialV6) special.addSubnet(net, prefix, 'ipv6');
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');

/**
 * Whether an IP address belongs to a host on the public internet.
 *
 * @example isPublicAddress('169.254.169.254'); // false
 * @see RFC 6890
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && globalV6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

/**
 * Makes the call. It takes of `init` method, headers (a plain record), a body of text and a signal, and rejects with an
 * error whose text names neither host nor address.
 *
 * @example const response = await createUntrustedFetch(deps)('https://client.example/jwks');
 * @see RFC 7591 §5, OWASP API7:2023
 */
export function createUntrustedFetch(
  deps: UntrustedFetchDeps,
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (target, init = {}) => {
    const url = URL.parse(String(target));
    if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '')
      throw problem('not a plain https URL');
    // INVARIANT: nothing is looked up between this check and the connection.
    return send(deps, { url, init, pinned: await publicAddress(deps, url.hostname) });
  };
}

/** The machine's own resolver and sockets. */
export function systemUntrustedFetch(
  schedule: UntrustedFetchDeps['schedule'],
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const resolve = (hostname: string): Promise<readonly HostAddress[]> => resolveName(hostname, { all: true });
  return createUntrustedFetch({ resolve, request: httpsRequest, schedule });
}

async function publicAddress(deps: UntrustedFetchDeps, hostname: string): Promise<HostAddress> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(literal);
  const addresses = family === 0 ? await deps.resolve(hostname) : [{ address: literal, family }];
  const [first] = addresses;
  // One private address among public ones is how a name is moved after the check.
  if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
    throw problem('not a public address');
  }
  return first;
}

interface Call {
  readonly url: URL;
  readonly init: RequestInit;
  readonly pinned: HostAddress;
}

function send(deps: UntrustedFetchDeps, { url, init, pinned }: Call): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const outgoing = deps.request(url, {
    method: init.method ?? 'GET',
    headers: { ...(init.headers as Record<string, string> | undefined) },
    lookup: pinnedLookup(pinned),
    // A connection of its own: none that was opened for somebody else, and none that stays.
    agent: false,
    maxHeaderSize: 16_384,
    ...(init.signal === undefined || init.signal === null ? {} : { signal: init.signal }),
  });
  const cancel = deps.schedule(longestCall, () => void outgoing.destroy(problem('no answer in time')));
  outgoing.on('error', () => reject(problem('no answer')));
  outgoing.on('close', () => {
    cancel();
    reject(problem('the answer ended too early'));
  });
  outgoing.on('response', (incoming) => collect(incoming, resolve, () => void outgoing.destroy(problem('refused'))));
  outgoing.end(typeof init.body === 'string' ? init.body : undefined);
  return promise;
}

/** Answers with the checked address, in both ways the socket may ask. */
function pinnedLookup({ address, family }: HostAddress): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

function collect(incoming: IncomingMessage, done: (response: Response) => void, stop: () => void): void {
  const status = incoming.statusCode ?? 0;
  if (status < 200 || (status >= 300 && status < 400)) return stop();
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size > largestBody) stop();
  });
  incoming.on('end', () => {
    const type = incoming.headers['content-type'];
    const headers = type === undefined ? {} : { 'content-type': type };
    const isEmpty = status === 204 || status === 205;
    done(new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers }));
  });
}

function problem(text: string): Error {
  return new Error(`An address that a client named was not called: ${text}.`);
}
