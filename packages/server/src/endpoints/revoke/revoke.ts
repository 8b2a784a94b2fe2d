/**
 * Revocation: a client gives a token back (RFC 7009).
 *
 * Owns: which token ends what, and for whom. Does not own: telling tokens from other text (`tokens/`,
 * `authorizations/`), nor who else may end an authorization.
 */
import { epochSeconds, type Runtime, refuse } from '@castellan/protocol';
import { parseRefreshToken } from '../../authorizations/refresh-family.ts';
import type { Authenticate } from '../../clients/authenticate.ts';
import type { Client } from '../../clients/client.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { parseBackChannelForm } from '../../requests/back-channel-form.ts';
import type { StatusIndexes } from '../../status/status-indexes.ts';
import type { AccessTokenStore, AuthorizationStore, RefreshFamilyStore } from '../../store/store.ts';
import type { AccessTokens } from '../../tokens/access-token.ts';

export interface RevokeDeps {
  readonly authenticate: Authenticate<Client>;
  readonly accessTokens: AccessTokens;
  readonly store: Pick<AccessTokenStore, 'revokeAccessToken'> &
    Pick<RefreshFamilyStore, 'findFamily'> &
    Pick<AuthorizationStore, 'revokeAuthorization'>;
  readonly statusIndexes: StatusIndexes;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly tagKey: Buffer;
}

/**
 * A refresh token ends its authorization with everything issued from it. An access token ends with those that carry the
 * same bit: the others of its authorization (for a client that acts for itself: at the same resource) issued so far.
 *
 * Text that is no token of ours, and tokens that are over, are answered as if they had been revoked: either way they
 * are good for nothing. `token_type_hint` is not needed to tell tokens apart, so no value of it is wrong.
 *
 * INVARIANT: 200 is answered after the commit alone.
 *
 * @see RFC 7009 §2
 */
export function createRevokeEndpoint(deps: RevokeDeps): Endpoint {
  return async (request, exchange) => {
    const { parameters } = parseBackChannelForm(request);
    const client = await deps.authenticate(request, parameters, exchange);
    const { token } = parameters;
    if (token === undefined) return refuse('missing_parameter', { detail: 'no token' });
    await revoke(deps, { token, client }, exchange);
    return { status: 200, headers: { 'cache-control': 'no-store', pragma: 'no-cache' }, body: '' };
  };
}

interface Revoking {
  readonly token: string;
  readonly client: Pick<Client, 'id'>;
}

async function revoke(deps: RevokeDeps, { token, client }: Revoking, exchange: Exchange): Promise<void> {
  const position = parseRefreshToken(token, deps.tagKey);
  if (position !== undefined) return revokeFamily(deps, { family: position.family, client }, exchange);
  const found = await deps.accessTokens.find(token);
  if (found === undefined) return;
  const { ground } = found;
  checkOwner(ground.client, client);
  await deps.store.revokeAccessToken(
    { ground, freshIndex: await deps.statusIndexes.next(), now: epochSeconds(deps.runtime) },
    exchange.effects({ type: 'access_token.revoked', authorization: ground.authorization, client: client.id }),
  );
}

async function revokeFamily(
  deps: RevokeDeps,
  { family, client }: { readonly family: string } & Pick<Revoking, 'client'>,
  exchange: Exchange,
): Promise<void> {
  const now = epochSeconds(deps.runtime);
  const found = await deps.store.findFamily(family, now);
  if (found === undefined) return;
  const { id, person } = found.authorization;
  checkOwner(found.authorization.client, client);
  const reason = 'revoked_by_client';
  await deps.store.revokeAuthorization(
    { id, reason, now },
    exchange.effects({ type: 'authorization.revoked', authorization: id, client: client.id, person, reason }),
  );
}

/** INVARIANT: before anything is changed: nobody ends what another client holds (RFC 7009 §2.1). */
function checkOwner(owner: string, client: Pick<Client, 'id'>): void {
  if (owner !== client.id) refuse('token_of_another_client');
}
