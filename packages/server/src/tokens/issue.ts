/**
 * The single mint: access tokens and ID tokens come from here and from nowhere else.
 *
 * Owns: what stands in a token, and how long it lives.
 * Does not own: whether it may be issued (the endpoint has checked), refresh tokens, keys.
 */
import { hash } from 'node:crypto';
import {
  createPrefixedToken,
  epochSeconds,
  formatScope,
  hashSecret,
  type Runtime,
  refuse,
  type SignatureAlgorithm,
  signJwt,
  tokenPrefixes,
} from '@castellan/protocol';
import type { SubjectOf } from '../accounts/subject.ts';
import { type Client, subjectOfClient } from '../clients/client.ts';
import type { Exchange } from '../http/exchange.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { longestAccessToken, type Resource, scopesAt } from '../resources/resource.ts';
import { statusClaim } from '../status/status-claim.ts';
import type { StatusIndexes } from '../status/status-indexes.ts';
import type { OwnedStatus, StatusStore } from '../store/status-store.ts';
import type { AccessTokenStore, AuthorizationRow, PersonStore } from '../store/store.ts';
import { nameAccessToken } from './access-token.ts';
import { askedClaimsOf } from './profile-claims.ts';
import type { SessionNames } from './session-name.ts';

/** What tokens are issued for; everything in it was checked. */
interface Issuance {
  /** Undefined when the client acts for itself: then its tokens hang on client and resource alone. */
  readonly authorization: AuthorizationRow | undefined;
  readonly client: Client;
  /** The one audience of the access token. */
  readonly resource: Resource;
  /** All scopes of this answer; the access token gets those of its resource. */
  readonly scopes: readonly string[];
  /** Of the authentication request; only for the ID token that answers it. */
  readonly nonce: string | undefined;
}

export interface IssuedTokens {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** Those of the access token. */
  readonly scopes: readonly string[];
  readonly idToken: string | undefined;
}

export interface MintDeps {
  readonly issuer: string;
  readonly keys: Pick<KeyRing, 'signer'>;
  readonly store: Pick<AccessTokenStore, 'addReferenceToken'> &
    Pick<PersonStore, 'findPerson'> &
    Pick<StatusStore, 'findServiceStatus' | 'startServiceStatus'>;
  readonly statusIndexes: StatusIndexes;
  readonly subjectOf: SubjectOf;
  readonly sessionNames: Pick<SessionNames, 'claimsOf'>;
  /** Seals the names of access tokens. */
  readonly nameKey: Buffer;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** Seconds. */
  readonly lifetimes: { readonly idToken: number };
}

export type IssueTokens = (issuance: Issuance, exchange: Exchange) => Promise<IssuedTokens>;

/** The longest life of an ID token, in seconds. */
const longestIdToken = 900;

/** The mint of one server. */
export function createMint(deps: MintDeps): IssueTokens {
  return async (issuance, exchange) => {
    const { authorization } = issuance;
    if (authorization === undefined) {
      const access = await issueAccessToken(deps, { ...issuance, subject: subjectOfClient(issuance.client) }, exchange);
      return { ...access, idToken: undefined };
    }
    // INVARIANT: an authorization without its person never falls back to the client's own subject.
    const person = authorization.person ?? refuse('server_error', { detail: 'an authorization of nobody' });
    // The same in all of them, also for APIs: a client can read the access tokens that it carries.
    const subject = deps.subjectOf(person, authorization);
    const access = await issueAccessToken(deps, { ...issuance, subject }, exchange);
    const idToken = issuance.scopes.includes('openid')
      ? await issueIdToken(deps, { ...issuance, authorization, subject, accessToken: access.accessToken }, exchange)
      : undefined;
    return { ...access, idToken };
  };
}

type ForSubject = Issuance & { readonly subject: string };

/** RFC 9068. No profile data: whoever needs it asks UserInfo. */
async function issueAccessToken(
  deps: MintDeps,
  issuance: ForSubject,
  exchange: Exchange,
): Promise<Omit<IssuedTokens, 'idToken'>> {
  const { authorization, client, resource } = issuance;
  const scopes = scopesAt(resource, issuance.scopes);
  const expiresIn = Math.min(resource.accessTokenLifetime, longestAccessToken);
  const now = epochSeconds(deps.runtime);
  const claims = {
    iss: deps.issuer,
    aud: resource.audience,
    sub: issuance.subject,
    client_id: client.id,
    iat: now,
    exp: now + expiresIn,
    jti: nameAccessToken(authorization?.id, deps),
    scope: formatScope(scopes),
    status: statusClaim(deps.issuer, await statusOf(deps, issuance)),
    // For APIs with routes of high value: said only where a key stood behind it, so what is not said proves nothing.
    ...(client.authentication === 'private_key_jwt' ? { client_auth_method: client.authentication } : {}),
    ...(authorization === undefined ? {} : authenticationClaims(authorization)),
  };
  const accessToken =
    resource.tokenFormat === 'reference'
      ? await storeReference(deps, claims, authorization?.id)
      : await signJwt(await deps.keys.signer(resource.algorithm), 'at+jwt', claims);
  exchange.notice({
    type: 'token.issued',
    authorization: authorization?.id,
    client: client.id,
    person: authorization?.person,
    kind: 'access_token',
    audience: resource.audience,
    scopes,
  });
  return { accessToken, expiresIn, scopes };
}

/** The owner of the token's bit: its authorization, or a client and a resource. */
async function statusOf(
  { store, statusIndexes }: Pick<MintDeps, 'store' | 'statusIndexes'>,
  { authorization, client, resource }: Issuance,
): Promise<OwnedStatus> {
  if (authorization !== undefined) return authorization;
  const service = { client: client.id, resource: resource.audience };
  const known = await store.findServiceStatus(service);
  const status = known ?? (await store.startServiceStatus(service, await statusIndexes.next()));
  // The store knows of it before this node does.
  return status ?? refuse('client_authentication_failed', { detail: 'the client was switched off meanwhile' });
}

/** The text is 256 random bits and says nothing; only its hash is stored. */
async function storeReference(
  deps: MintDeps,
  claims: Readonly<Record<string, unknown>> & { readonly exp: number },
  authorization: string | undefined,
): Promise<string> {
  const text = createPrefixedToken(tokenPrefixes.accessToken, deps.runtime.randomBytes(32).toString('base64url'));
  await deps.store.addReferenceToken({ tokenHash: hashSecret(text), authorization, claims, expiresAt: claims.exp });
  return text;
}

/**
 * OpenID Connect Core §2. It says who signed in and how, and gives no access to anything. Of the person it tells what
 * was asked for by name, and nothing for a scope.
 */
async function issueIdToken(
  deps: MintDeps,
  issuance: ForSubject & { readonly authorization: AuthorizationRow; readonly accessToken: string },
  exchange: Exchange,
): Promise<string> {
  const { authorization, client } = issuance;
  const now = epochSeconds(deps.runtime);
  const claims = {
    ...(await askedOfPerson(deps, authorization, client)),
    iss: deps.issuer,
    aud: client.id,
    sub: issuance.subject,
    iat: now,
    exp: now + Math.min(deps.lifetimes.idToken, longestIdToken),
    ...(issuance.nonce === undefined ? {} : { nonce: issuance.nonce }),
    ...(authorization.session === undefined ? {} : deps.sessionNames.claimsOf(authorization.session, authorization)),
    ...authenticationClaims(authorization),
    amr: authorization.amr,
    at_hash: accessTokenHash(issuance.accessToken, client.idTokenAlgorithm),
  };
  const idToken = await signJwt(await deps.keys.signer(client.idTokenAlgorithm), 'JWT', claims);
  exchange.notice({
    type: 'token.issued',
    authorization: authorization.id,
    client: client.id,
    person: authorization.person,
    kind: 'id_token',
    audience: client.id,
    scopes: ['openid'],
  });
  return idToken;
}

async function askedOfPerson(
  { store }: MintDeps,
  { claims, person: id }: AuthorizationRow,
  client: Client,
): Promise<Readonly<Record<string, unknown>>> {
  const asked = claims?.idToken ?? [];
  if (asked.length === 0 || id === undefined) return {};
  const person = (await store.findPerson(id)) ?? refuse('server_error', { detail: 'an authorization of nobody' });
  return askedClaimsOf(person, asked, client);
}

function authenticationClaims(authorization: AuthorizationRow): { auth_time?: number; acr?: string } {
  const { authTime, acr } = authorization;
  return { ...(authTime === undefined ? {} : { auth_time: authTime }), ...(acr === undefined ? {} : { acr }) };
}

/**
 * The left half of the hash that the signature uses, of the access token's ASCII.
 *
 * @see OpenID Connect Core §3.1.3.6
 */
function accessTokenHash(accessToken: string, algorithm: SignatureAlgorithm): string {
  // Ed25519 hashes with SHA-512 (RFC 8032 §5.1); the others we sign with carry 256 in their name.
  const digest = hash(algorithm === 'EdDSA' ? 'sha512' : 'sha256', accessToken, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
