/**
 * Signing out at the issuer (OpenID Connect RP-Initiated Logout), so that no token passes through the browser.
 *
 * The ID token, which proves whose session is meant, travels in the body of a request of our own; an issuer that
 * rather asks the person gets the browser, without it (docs/decisions/0005).
 */
import * as client from 'openid-client';
import type { FindConfiguration } from './discovery.ts';
import type { IssuerDeps, SignOutVerdict } from './issuer.ts';

/** Ends the session the ID token names. */
export async function signOut(
  find: FindConfiguration,
  deps: IssuerDeps,
  idToken: string | undefined,
): Promise<SignOutVerdict> {
  try {
    const configuration = await find();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return { verdict: 'unknown' };
    if (idToken !== undefined && (await endedByHint(configuration, deps, idToken))) return { verdict: 'ended' };
    const parameters = { post_logout_redirect_uri: returnAddress(deps) };
    return { verdict: 'asks', url: client.buildEndSessionUrl(configuration, parameters).href };
  } catch {
    // The session here is over already; an issuer that is away must not make that look undone.
    return { verdict: 'unknown' };
  }
}

function returnAddress({ config }: IssuerDeps): string {
  return `${config.origin}${config.signedOutPath}`;
}

/**
 * Whether the issuer ended the session on our word. It says so by sending the browser, which we stand in for, back to
 * where we asked; any page it shows instead is meant for the person.
 */
async function endedByHint(configuration: client.Configuration, deps: IssuerDeps, idToken: string): Promise<boolean> {
  const endpoint = configuration.serverMetadata().end_session_endpoint;
  const fetch = configuration[client.customFetch];
  if (endpoint === undefined || fetch === undefined) return false;
  const state = deps.runtime.randomBytes(16).toString('base64url');
  const body = new URLSearchParams({
    id_token_hint: idToken,
    client_id: deps.config.client.id,
    post_logout_redirect_uri: returnAddress(deps),
    state,
  });
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    body,
    redirect: 'manual',
  });
  const location = URL.parse(answer.headers.get('location') ?? '');
  return [302, 303].includes(answer.status) && location?.href === `${returnAddress(deps)}?state=${state}`;
}
