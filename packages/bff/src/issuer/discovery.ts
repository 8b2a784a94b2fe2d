/**
 * Finds the issuer's metadata and keeps an `openid-client` configuration ready for use.
 *
 * Owns: when the metadata is fetched, that it is the metadata of our issuer, and what a call to the issuer may cost in
 * time and size. Does not own: any call that needs tokens.
 */
import { type Runtime, refuse, secureUrl, systemRuntime } from '@castellan/protocol';
import * as client from 'openid-client';
import { readWhole, within } from '../bounds.ts';
import type { ResolvedBffConfig } from '../config.ts';

export interface DiscoveryDeps {
  readonly config: Pick<ResolvedBffConfig, 'issuer' | 'client'>;
  readonly runtime: Pick<Runtime, 'now' | 'schedule' | 'fetch'>;
}

/** A configuration that is good for one operation now; ask again for the next one. */
export type FindConfiguration = () => Promise<client.Configuration>;

/** The issuer did not answer in time and in full, or said that it cannot. Says nothing about what it did. */
class IssuerUnreachable extends Error {
  override readonly name = 'IssuerUnreachable';
}

/** Seconds for one call. */
const timeout = 10;
const freshFor = 3600_000;
const maximumBody = 1024 * 1024;

/**
 * Fetches the metadata at first use, once for all who wait, and again when it is an hour old; a failure is not
 * remembered.
 */
export function createDiscovery(deps: DiscoveryDeps): FindConfiguration {
  let known: { readonly metadata: client.ServerMetadata; readonly at: number } | undefined;
  let pending: Promise<client.ServerMetadata> | undefined;
  let ready: { readonly configuration: client.Configuration; readonly skew: number } | undefined;
  const load = async (): Promise<client.ServerMetadata> => {
    try {
      const metadata = await discover(deps);
      known = { metadata, at: deps.runtime.now() };
      ready = undefined;
      return metadata;
    } catch (error) {
      // What was true an hour ago is better than no sign-in; but another issuer's metadata is never taken.
      if (known !== undefined && unreachable(error) !== undefined) return known.metadata;
      throw error;
    } finally {
      pending = undefined;
    }
  };
  return async () => {
    const isFresh = known !== undefined && deps.runtime.now() - known.at < freshFor;
    const metadata = known !== undefined && isFresh ? known.metadata : await (pending ??= load());
    const skew = Math.round((deps.runtime.now() - systemRuntime.now()) / 1000);
    if (ready?.skew !== skew) ready = { configuration: configure(deps, { metadata, skew, previous: ready }), skew };
    return ready.configuration;
  };
}

/** The private detail when an error means that nothing is known; undefined for any other error. */
export function unreachable(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof IssuerUnreachable) return cause.message;
  }
  return undefined;
}

async function discover(deps: DiscoveryDeps): Promise<client.ServerMetadata> {
  const { issuer } = deps.config;
  const found = await client.discovery(new URL(issuer), deps.config.client.id, undefined, undefined, {
    [client.customFetch]: boundedFetch(deps.runtime),
    timeout,
    execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [],
  });
  const metadata = found.serverMetadata();
  // INVARIANT: raw strings are compared, after the library has compared parsed ones (RFC 8414 §3.3): metadata that
  // names another issuer would make its tokens ours.
  if (metadata.issuer !== issuer) refuse('issuer_answer_refused', { detail: 'metadata of another issuer' });
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    if (!isAcceptable(metadata[name], issuer))
      refuse('issuer_answer_refused', { detail: `metadata without a secure ${name}` });
  }
  for (const name of ['end_session_endpoint', 'userinfo_endpoint', 'revocation_endpoint'] as const) {
    if (metadata[name] !== undefined && !isAcceptable(metadata[name], issuer))
      refuse('issuer_answer_refused', { detail: `metadata with an insecure ${name}` });
  }
  return metadata;
}

/** An issuer on https must not lead anywhere else, not even to this machine. */
function isAcceptable(endpoint: string | undefined, issuer: string): boolean {
  const url = endpoint === undefined ? undefined : secureUrl(endpoint);
  return url !== undefined && (url.protocol === 'https:' || issuer.startsWith('http:'));
}

interface Ingredients {
  readonly metadata: client.ServerMetadata;
  /** Seconds that our clock is ahead of the machine's, which the library reads: 0 unless a test moves ours. */
  readonly skew: number;
  readonly previous: { readonly configuration: client.Configuration } | undefined;
}

function configure(deps: DiscoveryDeps, { metadata, skew, previous }: Ingredients): client.Configuration {
  const { id, secret, authentication, idTokenAlgorithm } = deps.config.client;
  const authenticate =
    authentication === 'client_secret_basic' ? client.ClientSecretBasic(secret) : client.ClientSecretPost(secret);
  const shape = {
    id_token_signed_response_alg: idTokenAlgorithm === 'EdDSA' ? 'EdDSA' : idTokenAlgorithm,
    [client.clockSkew]: skew,
    [client.clockTolerance]: 10,
  };
  const configuration = new client.Configuration(metadata, id, shape, authenticate);
  configuration.timeout = timeout;
  configuration[client.customFetch] = boundedFetch(deps.runtime);
  // Without this the library trusts TLS alone and leaves the signature of an ID token unverified
  // (OpenID Connect Core §3.1.3.7, point 6, allows that; a proxy in between makes it wrong).
  client.enableNonRepudiationChecks(configuration);
  if (deps.config.issuer.startsWith('http:')) client.allowInsecureRequests(configuration);
  const keys = previous === undefined ? undefined : client.getJwksCache(previous.configuration);
  if (keys !== undefined) client.setJwksCache(configuration, keys);
  return configuration;
}

/** Reads answers whole within bounds; whatever says nothing about the request itself is {@link IssuerUnreachable}. */
function boundedFetch(runtime: Pick<Runtime, 'fetch' | 'schedule'>): client.CustomFetch {
  return async (url, { body, headers, method }) => {
    const { response, bytes } = await answered(() =>
      within(runtime, timeout * 1000, async (signal) => {
        const init = { body: body ?? null, headers, method, redirect: 'manual', signal };
        const response = await runtime.fetch(url, init as RequestInit);
        return { response, bytes: await readWhole(response, maximumBody) };
      }),
    );
    if (response.status >= 500 || response.status === 429) throw new IssuerUnreachable(`answered ${response.status}`);
    const isEmpty = [101, 204, 205, 304].includes(response.status);
    return new Response(isEmpty ? null : bytes, { status: response.status, headers: response.headers });
  };
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new IssuerUnreachable(`no answer: ${error instanceof Error ? error.name : 'unknown'}`);
  }
}
