/**
 * Registered clients.
 *
 * Owns: what a client is, finding one, and proving that a request comes from it (`authenticate.ts`).
 * Does not own: reading the configuration, nor what a client may be given (that is checked where it is given).
 */
import type { JwkSet, ResponseMode, SignatureAlgorithm } from '@castellan/protocol';

export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
/** RFC 8628 §3.4. */
export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code';

type ClientKind = 'web' | 'spa' | 'native';

/** Where a client's public keys are. */
export type ClientKeys = { readonly jwks: JwkSet } | { readonly uri: string };

/** How somebody proves who they are: by exactly one method. */
export interface Credentials {
  readonly id: string;
  readonly authentication: ClientAuthentication;
  /** `hashSecret` of each live secret: one, or two while one takes over from the other. Empty without secrets. */
  readonly secretHashes: readonly string[];
  /** For `private_key_jwt` alone. */
  readonly keys?: ClientKeys;
  /** `compatible` takes the token endpoint, and lists, as the audience of an assertion too. */
  readonly assertionAudience?: 'compatible';
}

export interface Client extends Credentials {
  readonly name: string;
  readonly kind: ClientKind;
  readonly grants: ReadonlySet<string>;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Those it may ask for; absent: `query` alone. */
  readonly responseModes?: readonly [ResponseMode, ...ResponseMode[]];
  readonly scopes: ReadonlySet<string>;
  /** What it may do for itself by client credentials; each belongs to one resource, never to the issuer. */
  readonly ownScopes: ReadonlySet<string>;
  /** Audiences it may ask tokens for; the issuer is always among them. */
  readonly resources: readonly string[];
  /** The audience of a request that names none. */
  readonly defaultResource: string;
  readonly idTokenAlgorithm: SignatureAlgorithm;
  /** Absent: UserInfo answers plain JSON. */
  readonly userinfoAlgorithm?: SignatureAlgorithm;
  /** Absent: every request needs a challenge. Only a confidential client is ever `optional`. */
  readonly pkce?: 'optional';
  readonly consent: 'ask' | 'trusted';
  /** Whom it shares its names of people with (pairwise subjects); undefined: it knows them by their ids. */
  readonly sector: string | undefined;
  /** Where people may be sent to begin a sign-in there. */
  readonly initiateLoginUri?: string;
  /** Where it is told that a session has ended; it is told nothing without. */
  readonly backchannelLogoutUri?: string;
  readonly logoUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
}

export interface ClientDirectory {
  readonly find: (id: string) => Client | undefined;
}

/**
 * The subject of tokens that a client gets for itself.
 *
 * INVARIANT: no person's id has a colon, so whatever a client is called, it passes for nobody.
 *
 * @see RFC 9700 §4.15
 */
export function subjectOfClient({ id }: Pick<Client, 'id'>): string {
  return `client:${id}`;
}

/** Clients that never change, by id. */
export function clientDirectory(clients: readonly Client[]): ClientDirectory {
  const byId = new Map(clients.map((client) => [client.id, client]));
  return { find: (id) => byId.get(id) };
}
