/**
 * The issuer as this app sees it: where to send people, what comes back, and the tokens behind it.
 *
 * Owns: every call to the issuer, and the only import of `openid-client`; ID tokens are judged in full before any of
 * these operations answers. Does not own: sessions, cookies, or when a token is refreshed. The access token is opaque
 * here: nothing in this package looks into it.
 */
import type { Runtime } from '@castellan/protocol';
import * as client from 'openid-client';
import type { ResolvedBffConfig } from '../config.ts';
import { createDiscovery } from './discovery.ts';
import { refuseFor } from './problem.ts';
import { findProfile } from './profile.ts';
import { refreshTokens } from './refresh-tokens.ts';
import { signOut } from './sign-out.ts';
import { identityOf, tokensOf } from './tokens.ts';

/** What must come back with the answer to one authorization request. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A person, by `iss` and `sub` together and nothing else (OpenID Connect Core §5.7). */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** How the person proved themselves (RFC 8176), as far as the issuer says. */
  readonly methods: readonly string[];
}

export interface Tokens {
  readonly accessToken: string;
  /** Whole seconds since the epoch. */
  readonly expiresAt: number;
  readonly refreshToken: string | undefined;
  /** Kept for one purpose: to name the session when the person signs out. */
  readonly idToken: string | undefined;
}

export type SignOutVerdict =
  | { readonly verdict: 'ended' }
  /** The issuer wants to ask the person; this is where. The address holds no token. */
  | { readonly verdict: 'asks'; readonly url: string }
  /** It cannot be reached, or has no way to sign out. */
  | { readonly verdict: 'unknown' };

export type RefreshVerdict =
  | { readonly verdict: 'refreshed'; readonly tokens: Tokens }
  /** The issuer says that the authorization is over. */
  | { readonly verdict: 'ended'; readonly detail: string }
  /** Nothing is known: the network, an overloaded issuer, or a fault in the configuration. */
  | { readonly verdict: 'unavailable'; readonly detail: string };

export interface Issuer {
  /** Where the browser goes to sign in. */
  readonly signInUrl: (secrets: LoginSecrets) => Promise<string>;
  /**
   * Checks the answer that the browser brought back and redeems its code.
   *
   * @throws {Refusal} `access_denied` or `sign_in_refused` when the issuer said no; `issuer_answer_refused` when any
   * check fails; `issuer_unavailable`
   */
  readonly redeem: (
    query: string,
    secrets: LoginSecrets,
  ) => Promise<{ readonly identity: Identity; readonly tokens: Tokens }>;
  readonly refresh: (refreshToken: string, identity: Pick<Identity, 'issuer' | 'subject'>) => Promise<RefreshVerdict>;
  /** What the person is called, and the tokens after asking; never a reason to fail a sign-in. */
  readonly profile: (
    tokens: Tokens,
    identity: Identity,
  ) => Promise<{ readonly name?: string; readonly tokens: Tokens }>;
  /** Ends the person's session at the issuer too, without a token passing through the browser; never fails. */
  readonly signOut: (idToken: string | undefined) => Promise<SignOutVerdict>;
  /** Tells the issuer that a refresh token is not needed any more, if it takes that; never fails. */
  readonly revoke: (refreshToken: string) => Promise<void>;
}

export interface IssuerDeps {
  readonly config: Pick<ResolvedBffConfig, 'issuer' | 'client' | 'origin' | 'scope' | 'resource' | 'signedOutPath'>;
  readonly runtime: Pick<Runtime, 'now' | 'schedule' | 'fetch' | 'randomBytes'>;
}

/**
 * The operations on one issuer. Nothing is fetched before the first of them is called.
 *
 * @example const issuer = createIssuer({ config, runtime });
 */
export function createIssuer(deps: IssuerDeps): Issuer {
  const findConfiguration = createDiscovery(deps);
  const ready: Ready = async (unit) => {
    try {
      return await unit(await findConfiguration());
    } catch (error) {
      return refuseFor(error);
    }
  };
  return {
    signInUrl: (secrets) => ready(async (configuration) => signInUrl(configuration, deps, secrets)),
    redeem: (query, secrets) => ready((configuration) => redeem(configuration, deps, { query, secrets })),
    refresh: (refreshToken, identity) =>
      refreshTokens(findConfiguration, deps, { refreshToken, identity, resource: deps.config.resource }),
    profile: (tokens, identity) => findProfile(findConfiguration, deps, { tokens, identity }),
    signOut: (idToken) => signOut(findConfiguration, deps, idToken),
    revoke: async (refreshToken) => {
      try {
        const configuration = await findConfiguration();
        if (configuration.serverMetadata().revocation_endpoint === undefined) return;
        await client.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
      } catch {
        // The session here has ended already; the token dies by its own lifetime.
      }
    },
  };
}

type Ready = <T>(unit: (configuration: client.Configuration) => Promise<T>) => Promise<T>;

async function signInUrl(
  configuration: client.Configuration,
  { config }: IssuerDeps,
  { state, nonce, verifier }: LoginSecrets,
): Promise<string> {
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: `${config.origin}/callback`,
    scope: config.scope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(config.resource === undefined ? {} : { resource: config.resource }),
  });
  return url.href;
}

async function redeem(
  configuration: client.Configuration,
  { config, runtime }: IssuerDeps,
  { query, secrets }: { readonly query: string; readonly secrets: LoginSecrets },
): Promise<{ readonly identity: Identity; readonly tokens: Tokens }> {
  const answer = await client.authorizationCodeGrant(
    configuration,
    // INVARIANT: our own origin, never the request's: it becomes the redirect_uri.
    new URL(`${config.origin}/callback?${query}`),
    {
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      pkceCodeVerifier: secrets.verifier,
      idTokenExpected: true,
    },
    config.resource === undefined ? {} : { resource: config.resource },
  );
  return { identity: identityOf(answer, config), tokens: tokensOf(answer, runtime) };
}
