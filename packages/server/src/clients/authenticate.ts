/**
 * Proves which client a request comes from: exactly one method, and the one it is registered for.
 *
 * Methods that are registered for nobody yet (assertions, certificates) are refused like any wrong one.
 */
import { type HttpRequest, hashSecret, parseBasic, refuse, secretsEqual } from '@castellan/protocol';
import type { Client, ClientAuthentication, ClientDirectory } from './client.ts';

declare const authenticated: unique symbol;

/** A client that has proven itself; made by {@link authenticateClient} alone. A public client has proven nothing. */
export type AuthenticatedClient = Client & { readonly [authenticated]: true };

/** What the request claims and how it means to prove it. */
interface Claim {
  readonly id: string;
  readonly method: ClientAuthentication;
  readonly secret: string | undefined;
}

export interface AuthenticationDeps {
  readonly clients: ClientDirectory;
  /** Told which registered client the request names, proven or not, so that the event of a refusal names it too. */
  readonly named: (client: string) => void;
}

/** Compared when there is no hash to compare with, so that an unknown client costs the same work. Fits no secret. */
const decoyHash = hashSecret('');

/**
 * The client of a request to an endpoint of the back channel.
 *
 * An unknown client, a wrong secret and a wrong method get the same answer after the same work.
 *
 * @param parameters the form, without its empty values
 * @throws {Refusal} `client_authentication_failed`, `client_authentication_repeated`, `missing_parameter`
 * @see RFC 6749 §2.3, §3.2.1
 */
export function authenticateClient(
  request: Pick<HttpRequest, 'headers'>,
  parameters: Readonly<Record<string, string>>,
  { clients, named }: AuthenticationDeps,
): AuthenticatedClient {
  const claim = parseClaim(request, parameters);
  const client = clients.find(claim.id);
  if (client !== undefined) named(client.id);
  const fits = secretsEqual(hashSecret(claim.secret ?? ''), client?.secretHash ?? decoyHash);
  const problem = authenticationProblem(claim, client, fits);
  if (client === undefined || problem !== undefined) {
    const challenge = claim.method === 'client_secret_basic' ? ({ challenge: 'Basic' } as const) : {};
    return refuse('client_authentication_failed', { detail: problem ?? 'unknown client', ...challenge });
  }
  return client as AuthenticatedClient;
}

function authenticationProblem(claim: Claim, client: Client | undefined, fits: boolean): string | undefined {
  if (client === undefined) return 'unknown client';
  if (client.authentication !== claim.method) return `${claim.method} is not the registered method`;
  // INVARIANT: only a client without any secret may pass without one; a missing hash never counts as a match.
  if (client.authentication === 'none')
    return client.secretHash === undefined ? undefined : 'public client with secret';
  return client.secretHash !== undefined && fits ? undefined : 'wrong secret';
}

function parseClaim(request: Pick<HttpRequest, 'headers'>, parameters: Readonly<Record<string, string>>): Claim {
  const headers = request.headers['authorization'] ?? [];
  const { client_id: id, client_secret: secret, client_assertion, client_assertion_type } = parameters;
  const assertion = client_assertion ?? client_assertion_type;
  const tried = [headers[0], secret, assertion].filter((value) => value !== undefined).length;
  if (tried > 1 || headers.length > 1) return refuse('client_authentication_repeated');
  if (assertion !== undefined) {
    return refuse('client_authentication_failed', { detail: 'client assertions are registered for nobody' });
  }
  if (headers[0] !== undefined) return basicClaim(headers[0], id);
  if (id === undefined) return refuse('missing_parameter', { detail: 'no client_id and no Authorization header' });
  return { id, secret, method: secret === undefined ? 'none' : 'client_secret_post' };
}

function basicClaim(header: string, id: string | undefined): Claim {
  const credentials = parseBasic(header);
  if (id !== undefined && id !== credentials.id) {
    return refuse('client_authentication_failed', { detail: 'client_id is another than in Basic', challenge: 'Basic' });
  }
  return { ...credentials, method: 'client_secret_basic' };
}
