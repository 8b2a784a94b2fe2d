/**
 * The address a request comes from, when proxies stand before us.
 *
 * Only configured proxies are believed, and only about the hop next to them: from the right, the first hop that is
 * not a trusted proxy is the client. Anything left of it was written by whoever that is.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { trimBlanks } from '../encoding.ts';
import type { HttpRequest } from './message.ts';

/** The address of a peer that has none; all such peers share limits. */
const noAddress = 'unknown';
const maximumHops = 32;

/**
 * The client's address in canonical form; `unknown` when the peer has none, such as on a Unix socket.
 *
 * A header that is not a list of addresses is not believed at all: the answer is then the peer.
 *
 * @throws {TypeError} when `trustedProxies` holds something else than addresses and CIDR ranges
 * @example clientAddress(request, ['10.0.0.0/8']);
 */
export function clientAddress(
  request: Pick<HttpRequest, 'headers' | 'peer'>,
  trustedProxies: readonly string[],
): string {
  const peer = canonicalAddress(request.peer.address) ?? noAddress;
  if (trustedProxies.length === 0) return peer;
  const trusted = proxyList(trustedProxies);
  if (!isTrusted(trusted, peer)) return peer;
  const hops = (request.headers['x-forwarded-for'] ?? []).join(',').split(',');
  let client = peer;
  // Only so many are looked at, from the right: what stands further left cannot hide whoever wrote it.
  for (const hop of hops.slice(-maximumHops).reverse()) {
    const address = canonicalAddress(withoutPort(trimBlanks(hop)));
    if (address === undefined) return peer;
    client = address;
    if (!isTrusted(trusted, address)) return client;
  }
  return hops.length > maximumHops ? peer : client;
}

/**
 * Why a text is neither an address nor a CIDR range of proxies; undefined when it is one.
 *
 * Where every address is trusted none is the client's: whoever sends a request would write its own.
 *
 * @example trustedProxyProblem('10.0.0.0/33'); // 'has a prefix length that is not 1 to 32'
 */
export function trustedProxyProblem(text: string): string | undefined {
  const [address = '', length, more] = text.split('/');
  if (address.includes('%') || (!isIPv4(address) && !isIPv6(address))) return 'is not an address';
  if (more !== undefined) return 'has more than one prefix length';
  const longest = isIPv4(address) ? 32 : 128;
  if (length === '0') return 'trusts every address: whoever sends a request could say which is its own';
  if (length !== undefined && (!/^[1-9][0-9]{0,2}$/.test(length) || Number(length) > longest)) {
    return `has a prefix length that is not 1 to ${longest}`;
  }
  return undefined;
}

/**
 * What one party is likely to own: an IPv4 address, or the /64 of an IPv6 address. For limits, which an IPv6 host
 * could otherwise pass with a new address for each request.
 *
 * @example addressBucket('2001:db8:1:2:3:4:5:6'); // '2001:db8:1:2::/64'
 */
export function addressBucket(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  const network = expand(address).slice(0, 4);
  return `${canonicalIPv6(`${network.map((group) => group.toString(16)).join(':')}::`)}/64`;
}

/**
 * The one spelling of an address: IPv4 in dots, also when it was mapped into IPv6; IPv6 as RFC 5952 writes it,
 * without zone. Undefined for anything else.
 *
 * @example canonicalAddress('::ffff:192.0.2.1'); // '192.0.2.1'
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [address = ''] = text.split('%');
  if (!isIPv6(text) || !isIPv6(address)) return undefined;
  const groups = expand(address);
  const [mapping, high = 0, low = 0] = groups.slice(5);
  if (mapping === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return canonicalIPv6(address);
}

function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The eight groups of an IPv6 address. */
function expand(address: string): readonly number[] {
  const [head = '', tail] = canonicalIPv6(address).split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const parts = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(hop);
  return parts?.[1] ?? parts?.[2] ?? hop;
}

const lists = new WeakMap<readonly string[], BlockList>();

/** A list is built once for each configuration, which is frozen. */
function proxyList(proxies: readonly string[]): BlockList {
  const known = lists.get(proxies);
  if (known !== undefined) return known;
  const list = new BlockList();
  for (const proxy of proxies) {
    const problem = trustedProxyProblem(proxy);
    if (problem !== undefined) throw new TypeError(`The trusted proxy ${JSON.stringify(proxy)} ${problem}.`);
    const [address = '', length] = proxy.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  lists.set(proxies, list);
  return list;
}

/**
 * Whether a peer is one of the configured proxies, so that what it says of the part before it counts.
 *
 * @throws {TypeError} when `trustedProxies` holds something else than addresses and CIDR ranges
 * @example isTrustedProxy(request.peer.address, ['10.0.0.0/8']);
 */
export function isTrustedProxy(address: string, trustedProxies: readonly string[]): boolean {
  if (trustedProxies.length === 0) return false;
  return isTrusted(proxyList(trustedProxies), canonicalAddress(address) ?? noAddress);
}

function isTrusted(list: BlockList, address: string): boolean {
  return address !== noAddress && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
