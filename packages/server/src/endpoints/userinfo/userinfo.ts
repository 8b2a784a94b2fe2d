/**
 * UserInfo: what a client may know about the person who signed in.
 *
 * Owns: which claims go with which scope, and that only an access token for the issuer itself gets any.
 * Does not own: verifying signatures (`protocol`), and how a refusal becomes a challenge (`http/`).
 */
import {
  type HttpAnswer,
  type HttpRequest,
  type JwtVerifier,
  parseForm,
  parseScope,
  type Runtime,
  readBearer,
  refuse,
  signJwt,
  type VerifiedClaims,
} from '@castellan/protocol';
import type { SubjectOf } from '../../accounts/subject.ts';
import type { Client, ClientDirectory } from '../../clients/client.ts';
import type { Endpoint } from '../../http/exchange.ts';
import type { KeyRing } from '../../keys/key-ring.ts';
import { type TellRefused, watchedVerifier } from '../../keys/misuse.ts';
import { longestAccessToken, type Resource } from '../../resources/resource.ts';
import type { AskedClaim } from '../../store/asked-claims.ts';
import type { AuthorizationStore, PersonRow, PersonStore } from '../../store/store.ts';
import type { AccessTokens } from '../../tokens/access-token.ts';
import { askedClaimsOf, claimsOf } from '../../tokens/profile-claims.ts';

export interface UserinfoDeps {
  /** The issuer as a resource. */
  readonly resource: Resource;
  readonly clients: ClientDirectory;
  readonly accessTokens: Pick<AccessTokens, 'groundOf' | 'stands'>;
  readonly keys: Pick<KeyRing, 'source' | 'signer'>;
  readonly store: Pick<PersonStore, 'findPerson'> & Pick<AuthorizationStore, 'findAuthorization'>;
  readonly subjectOf: SubjectOf;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly refused: TellRefused;
}

/** Seconds; the signer may be another node. */
const clockTolerance = 10;

/**
 * UserInfo, for GET and POST alike.
 *
 * A token that was revoked, or whose authorization has ended, is refused from the commit of that on.
 *
 * @see OpenID Connect Core §5.3
 */
export function createUserinfoEndpoint(deps: UserinfoDeps): Endpoint {
  const verifier = accessTokenVerifier(deps);
  return async (request, exchange) => {
    checkTokenPlace(request);
    const { claims, subject, client, scopes } = await readAccess(verifier, readBearer(request.headers));
    const registered = deps.clients.find(client) ?? refuse('token_invalid', { detail: 'the client is gone' });
    const ground = deps.accessTokens.groundOf(claims);
    if (ground === undefined || !(await deps.accessTokens.stands(ground))) {
      refuse('token_invalid', { detail: 'the token, its authorization or its person has ended' });
    }
    // As for tokens: what the client may not ask for any more, it is not told either.
    const held = scopes.filter((scope) => registered.scopes.has(scope));
    if (!held.includes('openid')) refuse('insufficient_scope', { scope: 'openid' });
    const { person, asked } = await loadPerson(deps, { authorization: ground.authorization, subject });
    exchange.identify({ client, person: person.id });
    const told = { ...claimsOf(person, held), ...askedClaimsOf(person, asked, registered) };
    return answer(registered, { sub: subject, ...told }, deps);
  };
}

/**
 * Plain, or signed where the client is registered so.
 *
 * INVARIANT: its type is not that of an ID token, so it never passes for one: neither as a hint here nor at a client
 * that looks at types, and it has no lifetime for those that do not (RFC 8725 §3.11).
 *
 * @see OpenID Connect Core §5.3.2
 */
async function answer(client: Client, claims: object, { keys, resource }: UserinfoDeps): Promise<HttpAnswer> {
  const headers = { 'cache-control': 'no-store' };
  if (client.userinfoAlgorithm === undefined) {
    return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(claims) };
  }
  const signed = { iss: resource.audience, aud: client.id, ...claims };
  const body = await signJwt(await keys.signer(client.userinfoAlgorithm), 'userinfo+jwt', signed);
  return { status: 200, headers: { ...headers, 'content-type': 'application/jwt' }, body };
}

/** A token in the URL ends up in logs, one in a form can be sent by any page: neither is ever read (RFC 9700 §4.3.2). */
function checkTokenPlace(request: HttpRequest): void {
  if (parseForm(request.query).has('access_token')) refuse('secret_in_url', { challenge: 'Bearer' });
  if (request.body !== '' && parseForm(request.body).has('access_token')) {
    refuse('credentials_malformed', { detail: 'access_token in the body', challenge: 'Bearer' });
  }
}

interface Access {
  readonly claims: VerifiedClaims;
  readonly subject: string;
  readonly client: string;
  readonly scopes: readonly string[];
}

/** INVARIANT: the audience is the issuer, so a token for any other API is refused here. */
function accessTokenVerifier(deps: UserinfoDeps): JwtVerifier {
  const rules = {
    issuer: deps.resource.audience,
    audience: deps.resource.audience,
    algorithms: [deps.resource.algorithm],
    typ: 'at+jwt',
    keys: deps.keys.source,
    now: deps.runtime.now,
    clockTolerance,
    maxLifetime: longestAccessToken,
    requiredClaims: ['sub', 'client_id', 'jti', 'scope'],
  };
  return watchedVerifier(rules, deps.refused);
}

async function readAccess(verifier: JwtVerifier, token: string): Promise<Access> {
  const { claims } = await verifier.verify(token);
  const { sub: subject, client_id: client, scope } = claims;
  if (typeof subject !== 'string' || typeof client !== 'string' || typeof scope !== 'string') {
    return refuse('token_invalid', { detail: 'a claim has the wrong type' });
  }
  return { claims, subject, client, scopes: parseScope(scope) };
}

interface Named {
  readonly authorization: string | undefined;
  readonly subject: string;
}

/**
 * The person of the token's authorization, and which claims it has besides those of its scopes. What a subject stands
 * for cannot be told from the subject.
 *
 * INVARIANT: whether the person is active was seen where the token was found to stand, and nowhere else.
 */
async function loadPerson(
  deps: UserinfoDeps,
  { authorization: id, subject }: Named,
): Promise<{ readonly person: PersonRow; readonly asked: readonly AskedClaim[] }> {
  const authorization = id === undefined ? undefined : await deps.store.findAuthorization(id);
  const person = authorization?.person && (await deps.store.findPerson(authorization.person));
  if (authorization === undefined || !person || deps.subjectOf(person.id, authorization) !== subject) {
    return refuse('token_invalid', { detail: 'not the person of the authorization' });
  }
  return { person, asked: authorization.claims?.userinfo ?? [] };
}
