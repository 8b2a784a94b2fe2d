/** Checks a logout request: the hint first, then the client, then the address to return to. */
import { appendQuery, type HttpRequest, parseForm, refuse, singleParameters } from '@castellan/protocol';
import type { Client, ClientDirectory } from '../../clients/client.ts';
import type { HintedSession, VerifyHint } from '../../requests/id-token-hint.ts';

export interface LogoutRequest {
  /** A verified ID token of ours, possibly expired. */
  readonly hint: HintedSession | undefined;
  readonly client: Client | undefined;
  /** Registered for `client`. Nobody goes there without a hint. */
  readonly redirectUri: string | undefined;
  readonly state: string | undefined;
}

export interface CheckLogoutDeps {
  readonly clients: ClientDirectory;
  readonly verifyHint: VerifyHint;
}

/**
 * @throws {Refusal} `id_token_hint_invalid`, `unknown_client`, `post_logout_redirect_uri_mismatch`; none has a target
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export async function checkLogout(request: HttpRequest, deps: CheckLogoutDeps): Promise<LogoutRequest> {
  const sent = singleParameters(parseForm(request.method === 'POST' ? request.body : request.query), []);
  const hint = await checkHint(sent['id_token_hint'], deps);
  const client = checkClient(sent['client_id'], hint, deps);
  const redirectUri = checkRedirectUri(sent['post_logout_redirect_uri'], client);
  return { hint, client, redirectUri, state: sent['state'] };
}

/** Where the browser may go; undefined when it stays on our page. */
export function returnAddress({ hint, redirectUri, state }: LogoutRequest): string | undefined {
  return hint === undefined || redirectUri === undefined ? undefined : appendQuery(redirectUri, { state });
}

async function checkHint(hint: string | undefined, deps: CheckLogoutDeps): Promise<HintedSession | undefined> {
  if (hint === undefined) return undefined;
  return (await deps.verifyHint(hint)) ?? refuse('id_token_hint_invalid');
}

function checkClient(
  id: string | undefined,
  hint: HintedSession | undefined,
  deps: CheckLogoutDeps,
): Client | undefined {
  if (id === undefined) return hint && deps.clients.find(hint.client);
  if (hint !== undefined && hint.client !== id) {
    return refuse('id_token_hint_invalid', { detail: 'client_id is not the audience of the hint' });
  }
  return deps.clients.find(id) ?? refuse('unknown_client', { detail: 'no such client_id' });
}

/** Compared as a raw string; without a client there is nothing to compare with, and nobody is sent there. */
function checkRedirectUri(uri: string | undefined, client: Client | undefined): string | undefined {
  if (uri === undefined || client === undefined) return undefined;
  return client.postLogoutRedirectUris.includes(uri) ? uri : refuse('post_logout_redirect_uri_mismatch');
}
