/** Which scopes at which one resource a token request gets: at most what was granted, at most what is allowed now. */
import { parseScope, refuse } from '@castellan/protocol';
import type { Client } from '../../clients/client.ts';
import { admitsAuthentication, type Resource, type ResourceDirectory, scopesAt } from '../../resources/resource.ts';
import type { AuthorizationRow } from '../../store/store.ts';

export interface Entitlement {
  readonly resource: Resource;
  readonly scopes: readonly string[];
}

/**
 * Decides scopes and audience. An access token has one audience and at least one scope there.
 *
 * Scopes the client has lost since the person agreed are dropped without a word; asking for what was never
 * granted is refused. Without `resource` it is the client's default resource, or else the first one granted at
 * which there is a scope: a client that only signs people in gets a token for UserInfo.
 *
 * @throws {Refusal} `scope_malformed`, `scope_not_allowed`, `resource_invalid`
 * @see RFC 6749 §6, RFC 8707 §2.2
 */
export function entitlementOf(
  found: {
    readonly authorization: Pick<AuthorizationRow, 'scopes' | 'resources'>;
    readonly askedScope: string | undefined;
  },
  request: {
    readonly client: Pick<Client, 'scopes' | 'resources' | 'defaultResource' | 'authentication'>;
    readonly resources: readonly string[];
  },
  directory: ResourceDirectory,
): Entitlement {
  const { authorization, askedScope } = found;
  const asked = askedScope === undefined ? authorization.scopes : parseScope(askedScope);
  if (!asked.every((scope) => authorization.scopes.includes(scope))) {
    refuse('scope_not_allowed', { detail: 'more than was granted' });
  }
  const scopes = asked.filter((scope) => request.client.scopes.has(scope));
  const held = authorization.resources.filter((audience) => request.client.resources.includes(audience));
  const audiences = candidates(request, held);
  const registered = audiences.flatMap((audience) => directory.find(audience) ?? []);
  if (registered.length === 0 && audiences.length > 0) {
    return refuse('resource_invalid', { detail: 'no longer registered, or disabled' });
  }
  const resource = registered.find((candidate) => scopesAt(candidate, scopes).length > 0);
  if (resource === undefined) return refuse('scope_not_allowed', { detail: 'no scope is left at the resource' });
  if (!admitsAuthentication(resource, request.client)) {
    refuse('resource_invalid', { detail: 'the resource asks for more than a secret' });
  }
  return { resource, scopes };
}

function candidates(
  request: { readonly client: Pick<Client, 'defaultResource'>; readonly resources: readonly string[] },
  held: readonly string[],
): readonly string[] {
  const [named, ...more] = request.resources;
  if (more.length > 0) return refuse('resource_invalid', { detail: 'one resource for each token request' });
  if (named === undefined) {
    const { defaultResource } = request.client;
    return [...held].sort((a, b) => Number(b === defaultResource) - Number(a === defaultResource));
  }
  return held.includes(named) ? [named] : refuse('resource_invalid', { detail: 'not granted, or not of this client' });
}
