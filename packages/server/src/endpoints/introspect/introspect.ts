/**
 * Introspection: an API asks what an access token is worth now (RFC 7662), a client what its own refresh token is.
 *
 * Owns: who is told what, and the two forms of the answer. Does not own: whether a token stands (`tokens/`).
 */
import {
  epochSeconds,
  type HttpAnswer,
  type HttpRequest,
  hashSecret,
  type Runtime,
  refuse,
  secretsEqual,
  signJwt,
} from '@castellan/protocol';
import type { SubjectOf } from '../../accounts/subject.ts';
import { outlivesSession } from '../../authorizations/authorization.ts';
import { parseRefreshToken } from '../../authorizations/refresh-family.ts';
import type { Authenticate, Authenticated } from '../../clients/authenticate.ts';
import type { Client } from '../../clients/client.ts';
import type { Endpoint } from '../../http/exchange.ts';
import type { KeyRing } from '../../keys/key-ring.ts';
import { parseBackChannelForm } from '../../requests/back-channel-form.ts';
import type { Resource, ResourceCaller } from '../../resources/resource.ts';
import type { RefreshFamilyStore } from '../../store/store.ts';
import type { AccessTokens } from '../../tokens/access-token.ts';

/** Who may ask: an API about tokens for it, a client about its own refresh tokens. */
export type IntrospectionCaller = Client | ResourceCaller;

export interface IntrospectDeps {
  readonly issuer: string;
  readonly authenticate: Authenticate<IntrospectionCaller>;
  readonly accessTokens: AccessTokens;
  readonly resources: { readonly issuer: Resource; readonly find: (audience: string) => Resource | undefined };
  readonly keys: Pick<KeyRing, 'signer'>;
  readonly store: Pick<RefreshFamilyStore, 'findFamily'>;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly subjectOf: SubjectOf;
  readonly tagKey: Buffer;
}

type Statement = Readonly<Record<string, unknown>>;

/**
 * INVARIANT: the one answer for everything that is not active, and for everything the caller may not know of (RFC 7662
 * §2.2): no member more, in either form.
 */
const inactive: Statement = Object.freeze({ active: false });

const signedType = 'application/token-introspection+jwt';

/**
 * The endpoint.
 *
 * `token_type_hint` is not needed to tell tokens apart.
 *
 * @see RFC 7662 §2, RFC 9701 §4
 */
export function createIntrospectEndpoint(deps: IntrospectDeps): Endpoint {
  return async (request, exchange) => {
    const { parameters } = parseBackChannelForm(request);
    const caller = await deps.authenticate(request, parameters, exchange);
    if (caller.authentication === 'none') {
      refuse('client_authentication_failed', { detail: 'a public client proves nothing' });
    }
    const { token } = parameters;
    if (token === undefined) return refuse('missing_parameter', { detail: 'no token' });
    const statement =
      'audience' in caller ? await stateAccess(deps, token, caller) : await stateRefresh(deps, token, caller);
    return answer(deps, { request, statement: statement ?? inactive, caller });
  };
}

/** INVARIANT: only the audience of a token learns anything about it. */
async function stateAccess(
  deps: IntrospectDeps,
  text: string,
  caller: Pick<ResourceCaller, 'audience'>,
): Promise<Statement | undefined> {
  const token = await deps.accessTokens.find(text);
  if (token === undefined || token.ground.resource !== caller.audience) return undefined;
  if (!(await deps.accessTokens.stands(token.ground))) return undefined;
  return { active: true, ...token.claims, token_type: 'Bearer' };
}

/** A refresh token is active for the client it belongs to, and for no API: it opens none. */
async function stateRefresh(
  deps: IntrospectDeps,
  text: string,
  client: Pick<Client, 'id' | 'scopes'>,
): Promise<Statement | undefined> {
  const position = parseRefreshToken(text, deps.tagKey);
  const now = epochSeconds(deps.runtime);
  const found = position === undefined ? undefined : await deps.store.findFamily(position.family, now);
  if (found === undefined) return undefined;
  const { family, authorization, sessionLive, personActive } = found;
  const exp = Math.min(family.idleExpiresAt, family.absoluteExpiresAt);
  const isCurrent = secretsEqual(hashSecret(text), family.currentHash);
  const isLive = authorization.revokedAt === undefined && personActive && now < exp;
  const isOwn = authorization.client === client.id;
  if (!isOwn || !isCurrent || !isLive || !(sessionLive || outlivesSession(authorization, client))) return undefined;
  const scope = authorization.scopes.filter((held) => client.scopes.has(held)).join(' ');
  const sub = authorization.person && deps.subjectOf(authorization.person, authorization);
  return { active: true, iss: deps.issuer, client_id: client.id, sub, scope, exp };
}

interface Answering {
  readonly request: Pick<HttpRequest, 'headers'>;
  readonly statement: Statement;
  readonly caller: Authenticated<IntrospectionCaller>;
}

async function answer(deps: IntrospectDeps, { request, statement, caller }: Answering): Promise<HttpAnswer> {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache' };
  if (!asksForSigned(request)) {
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(statement),
    };
  }
  const resource = 'audience' in caller ? deps.resources.find(caller.audience) : undefined;
  const key = await deps.keys.signer((resource ?? deps.resources.issuer).algorithm);
  // RFC 9701 §5: no `sub` and no `exp` outside, so that nobody takes the answer for a token.
  const claims = {
    iss: deps.issuer,
    aud: caller.id,
    iat: epochSeconds(deps.runtime),
    token_introspection: statement,
  };
  const body = await signJwt(key, 'token-introspection+jwt', claims);
  return { status: 200, headers: { ...headers, 'content-type': signedType }, body };
}

function asksForSigned({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  const types = (headers['accept'] ?? []).join(',').split(',');
  return types.some((type) => type.split(';')[0]?.trim().toLowerCase() === signedType);
}
