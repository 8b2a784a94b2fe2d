/**
 * What an operator may say, `Config`, and what the server makes of it, `ResolvedConfig`.
 *
 * `resolveConfig` (in `resolve-config/`) checks the one whole, fills the defaults in and freezes the other; nothing
 * else reads `Config`.
 */
import type { LimitStore } from '@castellan/limits';
import type { Client } from './clients/client.ts';
import type { Resource } from './resources/resource.ts';

/** The configuration of one issuer. Times are seconds. */
export interface Config {
  /** The issuer identifier: https, or http on a loopback host. No query, no fragment, no trailing slash. */
  readonly issuer: string;
  /** A file path for SQLite, or a connection string for PostgreSQL. */
  readonly store: { readonly sqlite: string } | { readonly postgres: string };
  /** 32 random bytes, base64url, that encrypt private keys at rest and key the tags of refresh tokens. */
  readonly masterKey: SecretSource;
  readonly resources?: readonly ResourceConfig[];
  readonly clients?: readonly ClientConfig[];
  readonly lifetimes?: Partial<Lifetimes>;
  /** After a rotation, how long the predecessor may ask for the same successor again, and how often. */
  readonly refreshRetry?: { readonly window?: number; readonly limit?: number };
  readonly limits?: Partial<LimitSettings>;
  /**
   * Where limits count, for several nodes together (`docs/limits.md`); in the memory of this node when absent. The
   * server uses it until it is closed, and does not close it.
   */
  readonly limitStore?: LimitStore;
  /** Addresses or CIDR ranges of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /**
   * Hosts inside of your network that addresses of clients may name all the same: their key sets (`jwksUri`) and where
   * they are told of a logout (`backchannelLogoutUri`). Each as `host` or `host:port`, compared whole; https stays
   * required. Without it every such address must be a public one. It is told as an event at each start.
   */
  readonly privateHosts?: readonly string[];
}

/** Where a secret comes from; never the configuration itself. */
export type SecretSource = { readonly file: string } | { readonly env: string };

export interface Lifetimes {
  readonly code: number;
  readonly accessToken: number;
  readonly idToken: number;
  readonly refreshIdle: number;
  readonly refreshAbsolute: number;
  readonly sessionIdle: number;
  readonly sessionAbsolute: number;
  readonly parkedRequest: number;
}

/** A registered API. */
export interface ResourceConfig {
  /** An absolute URI without fragment; the `aud` of its tokens and the value of `resource`. */
  readonly audience: string;
  /** Shown on the consent page. */
  readonly name: string;
  /** Scope -> what it lets a client do, shown on the consent page. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Of its access tokens (JWT) and of signed introspection; ES256 when absent. */
  readonly algorithm?: Resource['algorithm'];
  /** Seconds, 60 to 900. */
  readonly accessTokenLifetime?: number;
  /** `reference` for opaque tokens that the API has to ask about (introspection); `jwt` by default. */
  readonly tokenFormat?: 'jwt' | 'reference';
  /** By which the API proves itself when it asks about tokens. The id is one that no client has. */
  readonly credentials?: ResourceCredentialsConfig;
  /** `false` for an API of high value: clients that prove themselves by no more than a secret get no token for it. */
  readonly secretOnlyClients?: boolean;
}

/** The grant type of device codes (RFC 8628 §3.4). */
type DeviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** As those of a client. */
type ResourceCredentialsConfig = Pick<
  ClientConfig,
  'id' | 'secret' | 'secrets' | 'jwks' | 'jwksUri' | 'assertionAudience'
> & { readonly authentication: Exclude<ClientConfig['authentication'], 'none'> };

/** A resource as it is kept in the store: the server draws its secrets itself. */
export type ResourceRegistration = Omit<ResourceConfig, 'credentials'> & {
  readonly credentials?: Omit<ResourceCredentialsConfig, 'secret' | 'secrets'>;
};

/** A client as it is kept in the store: the server draws its secrets itself. */
export type ClientRegistration = Omit<ClientConfig, 'secret' | 'secrets'>;

/** A registered client. `web` is confidential; `spa` and `native` are public. */
export interface ClientConfig {
  readonly id: string;
  /** Shown on the sign-in and consent pages. */
  readonly name: string;
  readonly kind: 'web' | 'spa' | 'native';
  readonly authentication: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
  /** 32 or more characters of `A-Z a-z 0-9 - . _ ~`. For confidential clients only. */
  readonly secret?: SecretSource;
  /** Instead of `secret`: two that are both good, while one takes over from the other. */
  readonly secrets?: readonly SecretSource[];
  /** For `private_key_jwt`: the client's public keys as a JSON Web Key Set. */
  readonly jwks?: { readonly keys: readonly object[] };
  /** For `private_key_jwt`, instead of `jwks`: the https address of that set, on the public internet. */
  readonly jwksUri?: string;
  /**
   * Whom an assertion must be for. Only `issuer`, the default, is safe: an assertion for an endpoint, or for several
   * servers, may be one that another server received. `compatible` is for clients that cannot do better, and is told
   * as an event at each start.
   */
  readonly assertionAudience?: 'issuer' | 'compatible';
  readonly grants?: readonly ('authorization_code' | 'refresh_token' | 'client_credentials' | DeviceGrant)[];
  /** Empty for a client that sends no browser anywhere. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  /**
   * How it may ask for its answers: `query` alone when absent. `form_post` keeps the code out of addresses; it needs
   * redirect URIs that a browser can post to, so no scheme of an app's own and no IPv6 literal.
   */
  readonly responseModes?: readonly ('query' | 'form_post')[];
  /**
   * All the scopes it may ask for, of the issuer (`openid`, `profile`, `email`, `address`, `phone`, `offline_access`)
   * and of resources.
   */
  readonly scopes: readonly string[];
  /**
   * What it may do for itself, with no person behind it, by the grant `client_credentials`: scopes of its resources. A
   * request that names no scope gets all of them at the one resource it is for. Nothing in `scopes` counts here.
   */
  readonly ownScopes?: readonly string[];
  /** Audiences of the resources it may ask tokens for; the issuer is always among them. */
  readonly resources?: readonly string[];
  /** The audience of a request that names no resource; the issuer when absent. */
  readonly defaultResource?: string;
  /** RS256 when absent, which every client can verify. */
  readonly idTokenAlgorithm?: Client['idTokenAlgorithm'];
  /** Signs what UserInfo tells this client, so that it can be shown to have come from here; plain JSON when absent. */
  readonly userinfoAlgorithm?: Client['idTokenAlgorithm'];
  /**
   * `required` when absent. `optional` is for one confidential client that cannot do PKCE: its codes are then bound to
   * its sign-in by the `nonce` alone, if it checks that. It is told as an event at each start.
   */
  readonly pkce?: 'required' | 'optional';
  /**
   * `trusted` skips the consent page; for first-party clients. A public client that is reached by a loopback address
   * or a scheme of its own is asked about each time all the same: another program could stand in for it.
   */
  readonly consent?: 'ask' | 'trusted';
  /**
   * `pairwise` tells it names of people that no client of another sector is told, so that two of them cannot find out
   * whom they both know. APIs are told the same names. `public`, each person's own id, when absent.
   */
  readonly subjectType?: 'public' | 'pairwise';
  /**
   * The host name that pairwise names are made for. Needed when the redirect URIs have several hosts, or none of their
   * own; clients with the same one share their names of people.
   */
  readonly sectorIdentifier?: string;
  /**
   * Where a sign-in at this client begins (third-party-initiated login): https, or http on a loopback host. A person
   * whose sign-in here is too old to go on with is offered a link there, with our `iss`.
   */
  readonly initiateLoginUri?: string;
  /**
   * Where it is told that a session has ended (back-channel logout): https on the public internet, or http on a loopback
   * host for an issuer that is on one too. It always gets `sub` and `sid`, as they stand in its ID tokens.
   */
  readonly backchannelLogoutUri?: string;
  readonly logoUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
}

/** Admitted attempts in a period; the period in seconds. */
export interface LimitSettings {
  readonly signInPerAccount: Limit;
  readonly signInPerAddress: Limit;
  readonly tokenPerClient: Limit;
  readonly tokenPerAddress: Limit;
  readonly authorizePerAddress: Limit;
  /** Device codes asked for. */
  readonly deviceCodePerAddress: Limit;
  /** User codes tried, right or wrong; the docs say what chance of guessing one these leave. */
  readonly userCodePerAddress: Limit;
  readonly userCodePerAccount: Limit;
  readonly userCodeOverall: Limit;
}

export interface Limit {
  readonly count: number;
  readonly period: number;
}

/** A configuration that was checked whole. Frozen; it holds no secret but the master key. */
export interface ResolvedConfig {
  readonly issuer: string;
  readonly store: { readonly sqlite: string } | { readonly postgres: string };
  /** 32 bytes. */
  readonly masterKey: Buffer;
  readonly clients: readonly Client[];
  /** The issuer as a resource (UserInfo) first. */
  readonly resources: readonly [Resource, ...Resource[]];
  readonly lifetimes: Lifetimes;
  readonly refreshRetry: { readonly window: number; readonly limit: number };
  readonly limits: LimitSettings;
  readonly limitStore: LimitStore | undefined;
  readonly trustedProxies: readonly string[];
  readonly privateHosts: readonly string[];
}
