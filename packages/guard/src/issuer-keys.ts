/** The keys of an issuer, from where its configuration says. */
import {
  discoveredKeySource,
  type KeySource,
  type Runtime,
  remoteKeySource,
  wellKnownPaths,
} from '@castellan/protocol';
import type { IssuerKeys } from './issuer.ts';

/** INVARIANT: each issuer has a source of its own, so no issuer's key ever verifies another's token. */
export function keysOf(
  config: { readonly issuer: string } & IssuerKeys,
  runtime: Pick<Runtime, 'monotonic' | 'schedule' | 'fetch'>,
): KeySource {
  if (config.jwksUri !== undefined) return remoteKeySource({ url: config.jwksUri, runtime });
  const [path = ''] = wellKnownPaths(config.issuer)[config.discovery];
  return discoveredKeySource({ issuer: config.issuer, url: new URL(path, config.issuer).href, runtime });
}
