/** For whom the names of people are made that a pairwise client is told (OpenID Connect Core §8.1). */
import { isLoopbackHost } from '@castellan/protocol';
import type { ClientShape } from './schema.ts';

type SectorShape = Pick<ClientShape, 'subjectType' | 'sectorIdentifier' | 'redirectUris'>;

/** What is wrong with it, and with which key; undefined when nothing is. */
export function sectorProblem(
  shape: SectorShape,
): { readonly key: 'subjectType' | 'sectorIdentifier'; readonly allowed: string } | undefined {
  const { subjectType, sectorIdentifier } = shape;
  if (sectorIdentifier !== undefined) {
    if (subjectType !== 'pairwise') return { key: 'sectorIdentifier', allowed: 'none without subjectType pairwise' };
    return isHost(sectorIdentifier) ? undefined : { key: 'sectorIdentifier', allowed: 'a host name in lower case' };
  }
  if (subjectType !== 'pairwise' || ownHosts(shape).length === 1) return undefined;
  return { key: 'sectorIdentifier', allowed: 'a host name, since the redirect URIs do not have one host of their own' };
}

/** Undefined for a client that is told everybody's id; of a shape without {@link sectorProblem}. */
export function sectorOf(shape: SectorShape): string | undefined {
  return shape.subjectType === 'pairwise' ? (shape.sectorIdentifier ?? ownHosts(shape)[0]) : undefined;
}

/**
 * The hosts of the redirect URIs; none when one of them has no host, or one that is everybody's.
 *
 * INVARIANT: all apps on all devices share the loopback hosts: a sector named after one would be the same for all.
 */
function ownHosts({ redirectUris }: SectorShape): readonly string[] {
  const hosts = redirectUris.map((uri) => (/^https?:/.test(uri) ? (URL.parse(uri)?.hostname ?? '') : ''));
  return hosts.some((host) => host === '' || isLoopbackHost(host)) ? [] : [...new Set(hosts)];
}

function isHost(text: string): boolean {
  return URL.parse(`https://${text}/`)?.hostname === text;
}
