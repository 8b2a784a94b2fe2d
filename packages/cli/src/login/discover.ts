/** Finds out where an issuer's endpoints are, and believes only what is consistent and safe. */
import { isLoopbackHost, issuerProblem, type Runtime, secureUrl } from '@castellan/protocol';
import { allowInsecureRequests, type Configuration, customFetch, discovery, None } from 'openid-client';
import { CommandError } from '../failure.ts';

export interface IssuerAndClient {
  readonly issuer: string;
  readonly client: string;
}

export interface DiscoverDeps {
  readonly runtime: Pick<Runtime, 'fetch' | 'now'>;
}

/** Seconds. */
const timeout = 10;

/**
 * The metadata of an issuer, by OpenID Connect Discovery or else RFC 8414. The library compares the issuer in it with
 * the one that was asked.
 *
 * @throws {CommandError} when the issuer is no https URL (or http on a loopback host), has no such metadata, offers no
 * device flow, or names an endpoint that is less safe than itself
 */
export async function discover({ issuer, client }: IssuerAndClient, deps: DiscoverDeps): Promise<Configuration> {
  // Some issuers end with a slash, and then it belongs to their name.
  const problem = issuerProblem(issuer.replace(/\/$/, ''));
  if (problem !== undefined) throw new CommandError(`${JSON.stringify(issuer)} cannot be an issuer: ${problem}`);
  const url = new URL(issuer);
  const configuration = await load(url, client, deps);
  checkEndpoints(configuration, url);
  return configuration;
}

async function load(url: URL, client: string, deps: DiscoverDeps): Promise<Configuration> {
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    try {
      return await discovery(url, client, undefined, None(), {
        algorithm,
        timeout,
        execute: isLoopbackHost(url.hostname) ? [allowInsecureRequests] : [],
        [customFetch]: (address, options) => deps.runtime.fetch(address, options as RequestInit),
      });
    } catch {
      // Tried at the other place; whatever was wrong at both is the same to the person.
    }
  }
  throw new CommandError(`${url.origin} does not answer with the metadata of the issuer ${url.href}`);
}

function checkEndpoints(configuration: Configuration, issuer: URL): void {
  const metadata = configuration.serverMetadata();
  const endpoints = {
    device_authorization_endpoint: metadata.device_authorization_endpoint,
    token_endpoint: metadata.token_endpoint,
  };
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (endpoint === undefined) throw new CommandError(`This issuer has no device flow: its metadata lacks ${name}.`);
    const url = secureUrl(endpoint);
    // An issuer on this machine may use http here; one elsewhere may not send anybody to this machine.
    const isSafe = url?.protocol === 'https:' || (url !== undefined && isLoopbackHost(issuer.hostname));
    if (!isSafe) throw new CommandError(`The ${name} of this issuer is not https.`);
  }
}
