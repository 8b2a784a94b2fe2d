/** Addresses of clients that may lie inside of a network, because an operator has named their hosts. */
import type { Runtime } from '@castellan/protocol';

/**
 * The runtime whose calls to clients' addresses also reach these hosts, wherever those lie.
 *
 * INVARIANT: a host is compared whole, with its port, and https stays required: nothing is reached that has not been
 * named. Redirects are not followed, so a named host cannot send a call on (R-069).
 */
export function withPrivateHosts(runtime: Runtime, hosts: readonly string[]): Runtime {
  if (hosts.length === 0) return runtime;
  const named = new Set(hosts);
  const fetchUntrusted: Runtime['fetchUntrusted'] = (target, init) => {
    const url = URL.parse(String(target));
    const isNamed = url?.protocol === 'https:' && url.username === '' && url.password === '' && named.has(url.host);
    return isNamed ? runtime.fetch(url, { ...init, redirect: 'error' }) : runtime.fetchUntrusted(target, init);
  };
  return { ...runtime, fetchUntrusted };
}
