/**
 * Registered APIs, which tokens are issued for.
 *
 * Owns: what a resource is, finding one, and the issuer as a resource (UserInfo).
 * Does not own: who may be given its scopes.
 */
import type { SignatureAlgorithm } from '@castellan/protocol';
import type { Credentials } from '../clients/client.ts';
import { claimRights } from './claims.ts';

export interface Resource {
  /** The `aud` of its tokens and the value of `resource` (RFC 8707 §2). */
  readonly audience: string;
  /** Shown on the consent page. */
  readonly name: string;
  /** Scope -> what it lets a client do. */
  readonly scopes: ReadonlyMap<string, string>;
  /** Right -> what it lets a client do, for parts of a scope that can be allowed singly and are no scopes. */
  readonly parts?: ReadonlyMap<string, string>;
  readonly algorithm: SignatureAlgorithm;
  /** Seconds, at most {@link longestAccessToken}. */
  readonly accessTokenLifetime: number;
  /** `reference` for opaque tokens, whose claims only introspection tells. */
  readonly tokenFormat: 'jwt' | 'reference';
  /** By which the API itself proves who asks. */
  readonly credentials?: Credentials;
  /** Present for an API of high value: a client must prove itself by more than a secret. */
  readonly secretOnlyClients?: false;
}

/** An API that asks for itself. */
export interface ResourceCaller extends Credentials {
  /** Of the one resource it is. */
  readonly audience: string;
}

export interface ResourceDirectory {
  readonly issuer: Resource;
  /** One that there are tokens for now. */
  readonly find: (audience: string) => Resource | undefined;
  /** Also one that is disabled: a token for it can still be taken back. */
  readonly findKnown: (audience: string) => Resource | undefined;
  /** The API with these credentials; their ids are told apart from those of clients when the server starts. */
  readonly findCaller: (id: string) => ResourceCaller | undefined;
  /** Those that there are tokens for now, the issuer first. */
  readonly all: () => readonly Resource[];
}

/** The longest life of an access token, in seconds. */
export const longestAccessToken = 900;

/** The scope that asks for a refresh token which outlives the session; it is no right at any resource. */
export const offlineScope = 'offline_access';

/**
 * UserInfo as a resource: its audience is the issuer.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
 */
export function issuerResource(issuer: string, accessTokenLifetime: number): Resource {
  return Object.freeze({
    audience: issuer,
    name: 'Your account',
    scopes: new Map([
      ['openid', 'Know who you are'],
      ['profile', 'See your name and profile'],
      ['email', 'See your e-mail address'],
      ['address', 'See your postal address'],
      ['phone', 'See your phone number'],
      [offlineScope, 'Keep this access when you are not signed in'],
    ]),
    parts: claimRights,
    algorithm: 'ES256',
    tokenFormat: 'jwt',
    accessTokenLifetime,
  });
}

/** Resources that never change, by audience; the first one must be the issuer. */
export function resourceDirectory(resources: readonly [Resource, ...Resource[]]): ResourceDirectory {
  const byAudience = new Map(resources.map((resource) => [resource.audience, resource]));
  const callers = new Map(
    resources.flatMap(({ audience, credentials }) =>
      credentials === undefined ? [] : [[credentials.id, { ...credentials, audience }] as const],
    ),
  );
  const find = (audience: string): Resource | undefined => byAudience.get(audience);
  return { issuer: resources[0], find, findKnown: find, findCaller: (id) => callers.get(id), all: () => resources };
}

/** Whether a client that proves itself so may have tokens for the resource. A public one proves nothing at all. */
export function admitsAuthentication(
  resource: Pick<Resource, 'secretOnlyClients'>,
  { authentication }: Pick<Credentials, 'authentication'>,
): boolean {
  return resource.secretOnlyClients !== false || authentication === 'private_key_jwt';
}

/** Which of the scopes are rights at this resource. */
export function scopesAt(resource: Resource, scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => scope !== offlineScope && resource.scopes.has(scope));
}
