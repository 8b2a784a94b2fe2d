/**
 * The token endpoint: one pipeline for all grants.
 *
 *     form -> client -> limit -> grant -> find -> checks -> redeem -> issue
 *
 * Owns: the order, and every check that all grants share, so that no grant can forget one.
 * Does not own: media type and limit per address (`http/handle.ts`), what is peculiar to a grant (its file beside this
 * one), the mint, and how a refusal is answered.
 */
import type { LimitStore } from '@castellan/limits';
import { addressBucket, formatScope, type HttpAnswer, type Runtime, refuse } from '@castellan/protocol';
import { outlivesSession } from '../../authorizations/authorization.ts';
import type { Authenticate, AuthenticatedClient } from '../../clients/authenticate.ts';
import type { Client } from '../../clients/client.ts';
import type { Limit } from '../../config.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type BackChannelForm, parseBackChannelForm } from '../../requests/back-channel-form.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { AuthorizationRow } from '../../store/store.ts';
import type { IssuedTokens, IssueTokens } from '../../tokens/issue.ts';
import { entitlementOf } from './entitlement.ts';

/** A token request of an authenticated client. */
export interface TokenRequest extends BackChannelForm {
  readonly client: AuthenticatedClient;
}

/** A grant type: how its artefact is found. Everything after that hangs on what was found. */
export interface Grant {
  /** Told when nothing was found, or something of another client. */
  readonly invalid: 'code_invalid' | 'refresh_invalid' | 'device_code_invalid' | 'grant_not_allowed';
  readonly find: (request: TokenRequest) => Promise<FoundGrant | undefined>;
}

/** An artefact that exists, or a client's own rights. Nothing of it was checked or consumed. */
type FoundGrant = FoundAuthorization | OwnRights;

/** The client acts for itself: no person, no session, nothing to consume. */
interface OwnRights {
  readonly authorization: undefined;
  /** At most these; the client was told them by its administrator. */
  readonly own: { readonly scopes: readonly string[]; readonly resources: readonly string[] };
  readonly askedScope: string | undefined;
}

interface FoundAuthorization {
  readonly authorization: AuthorizationRow;
  /** Said by the store, in one place for every grant. */
  readonly personActive: boolean;
  readonly sessionLive: boolean;
  /** The `scope` parameter, for grants that have it. */
  readonly askedScope: string | undefined;
  readonly nonce: string | undefined;
  /** What is peculiar to the grant. @throws {Refusal} and changes nothing */
  readonly check: () => void;
  /**
   * Consumes the artefact atomically and answers the refresh token, if the client gets one.
   *
   * INVARIANT: called last of all checks, since a fully valid second use is a replay.
   */
  readonly redeem: (exchange: Exchange) => Promise<string | undefined>;
}

export interface TokenEndpointDeps {
  readonly authenticate: Authenticate<Client>;
  readonly resources: ResourceDirectory;
  /** By grant type. */
  readonly grants: ReadonlyMap<string, Grant>;
  readonly issue: IssueTokens;
  readonly limitStore: LimitStore;
  readonly limits: { readonly tokenPerClient: Limit };
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>;
}

/**
 * The token endpoint.
 *
 * @see RFC 6749 §3.2, OAuth 2.1 §3.2
 */
export function createTokenEndpoint(deps: TokenEndpointDeps): Endpoint {
  return async (request, exchange) => {
    const { parameters, resources } = parseBackChannelForm(request);
    const client = await deps.authenticate(request, parameters, exchange);
    await limitClient(deps, client, exchange);
    const tokenRequest = { client, parameters, resources };
    const grant = loadGrant(deps, tokenRequest);
    const found = (await grant.find(tokenRequest)) ?? refuse(grant.invalid, { detail: 'never issued here' });
    return found.authorization === undefined
      ? answerOwn(deps, { found, tokenRequest }, exchange)
      : answerAuthorized(deps, { found, grant, tokenRequest }, exchange);
  };
}

async function answerAuthorized(
  deps: TokenEndpointDeps,
  { found, grant, tokenRequest }: { found: FoundAuthorization; grant: Grant; tokenRequest: TokenRequest },
  exchange: Exchange,
): Promise<HttpAnswer> {
  const { client } = tokenRequest;
  checkFound(found, grant, client);
  const entitlement = entitlementOf(found, tokenRequest, deps.resources);
  const refreshToken = await found.redeem(exchange);
  const { authorization, nonce } = found;
  const tokens = await deps.issue({ authorization, client, nonce, ...entitlement }, exchange);
  return tokenAnswer(tokens, refreshToken);
}

/** Neither refresh token nor ID token: the client can always ask again, and nobody signed in. */
async function answerOwn(
  deps: TokenEndpointDeps,
  { found, tokenRequest }: { found: OwnRights; tokenRequest: TokenRequest },
  exchange: Exchange,
): Promise<HttpAnswer> {
  const { client, resources } = tokenRequest;
  const { own, askedScope } = found;
  const rights = { resources, client: { ...client, scopes: new Set(own.scopes) } };
  const entitlement = entitlementOf({ authorization: own, askedScope }, rights, deps.resources);
  const tokens = await deps.issue({ authorization: undefined, client, nonce: undefined, ...entitlement }, exchange);
  return tokenAnswer(tokens, undefined);
}

/** The name of a public client proves nothing, so its budget is kept per address: nobody can spend another's. */
async function limitClient(deps: TokenEndpointDeps, client: AuthenticatedClient, exchange: Exchange): Promise<void> {
  const where = client.authentication === 'none' ? `:${addressBucket(exchange.address)}` : '';
  const key = `token:client:${client.id}${where}`;
  const take = await deps.limitStore.take(key, deps.limits.tokenPerClient, deps.runtime);
  if (take.admitted) return;
  exchange.notice({ type: 'limit.hit', limit: 'tokenPerClient', address: exchange.address });
  refuse('rate_limited', { detail: 'tokenPerClient', retryAfter: take.retryAfter });
}

function loadGrant(deps: TokenEndpointDeps, request: TokenRequest): Grant {
  const { grant_type: name } = request.parameters;
  if (name === undefined) return refuse('missing_parameter', { detail: 'no grant_type' });
  const grant = deps.grants.get(name) ?? refuse('unsupported_grant_type');
  return request.client.grants.has(name) ? grant : refuse('grant_not_allowed');
}

/** What must hold at every issuance, whatever the grant. */
function checkFound(found: FoundAuthorization, grant: Grant, client: AuthenticatedClient): void {
  const { authorization } = found;
  if (authorization.client !== client.id) refuse(grant.invalid, { detail: 'issued to another client' });
  found.check();
  if (authorization.revokedAt !== undefined) refuse('authorization_revoked');
  if (!found.personActive) refuse('person_not_active');
  if (!outlivesSession(authorization, client) && !found.sessionLive)
    refuse('authorization_revoked', { detail: 'the session has ended' });
}

/** RFC 6749 §5.1. */
function tokenAnswer(tokens: IssuedTokens, refreshToken: string | undefined): HttpAnswer {
  const body = {
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresIn,
    scope: formatScope(tokens.scopes),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(tokens.idToken === undefined ? {} : { id_token: tokens.idToken }),
  };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };
  return { status: 200, headers, body: JSON.stringify(body) };
}
