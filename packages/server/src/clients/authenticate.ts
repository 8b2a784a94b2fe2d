/**
 * Proves who calls an endpoint of the back channel: exactly one method, and the one the caller is registered for.
 *
 * Owns: reading the claim, and comparing secrets. Does not own: assertions (`assertion.ts`), nor certificates, which
 * are registered for nobody yet and refused like any wrong method.
 */
import { type HttpRequest, hashSecret, parseBasic, refuse, secretsEqual } from '@castellan/protocol';
import type { Exchange } from '../http/exchange.ts';
import type { CheckAssertion } from './assertion.ts';
import { assertionType, claimedIssuer } from './assertion.ts';
import type { Client, ClientAuthentication, Credentials } from './client.ts';

declare const authenticated: unique symbol;

/** Somebody who has proven themselves; made by {@link createAuthenticator} alone. */
export type Authenticated<P> = P & { readonly [authenticated]: true };

/** A client that has proven itself. A public client has proven nothing. */
export type AuthenticatedClient = Authenticated<Client>;

/** Who sent a request, whose form was read without its empty values. */
export type Authenticate<P> = (
  request: Pick<HttpRequest, 'headers'>,
  parameters: Readonly<Record<string, string>>,
  exchange: Pick<Exchange, 'identify'>,
) => Promise<Authenticated<P>>;

/** What the request claims and how it means to prove it. */
interface Claim {
  readonly id: string;
  readonly method: ClientAuthentication;
  /** The secret or the assertion. */
  readonly proof: string | undefined;
}

export interface AuthenticatorDeps<P> {
  readonly find: (id: string) => P | undefined;
  readonly checkAssertion: CheckAssertion;
}

/** Compared when there is no hash to compare with, so that an unknown client costs the same work. Fits no secret. */
const decoyHash = hashSecret('');

/**
 * Makes the check of who calls.
 *
 * An unknown client, a wrong secret and a wrong method get the same answer after the same work. A known client
 * is named in the request's event whether or not it proved itself: guessing its secret is an attack on it.
 *
 * The check throws `client_authentication_failed`, `client_authentication_repeated`, `missing_parameter`.
 *
 * @example const authenticate = createAuthenticator({ find: clients.find, checkAssertion });
 * @see RFC 6749 §2.3, §3.2.1
 */
export function createAuthenticator<P extends Credentials>(deps: AuthenticatorDeps<P>): Authenticate<P> {
  return async (request, parameters, exchange) => {
    const claim = parseClaim(request, parameters);
    const party = deps.find(claim.id);
    if (party !== undefined) exchange.identify({ client: party.id });
    const problem = await problemOf(claim, party, deps);
    if (party === undefined || problem !== undefined) {
      const challenge = claim.method === 'client_secret_basic' ? ({ challenge: 'Basic' } as const) : {};
      return refuse('client_authentication_failed', { detail: problem ?? 'unknown client', ...challenge });
    }
    return party as Authenticated<P>;
  };
}

async function problemOf<P extends Credentials>(
  claim: Claim,
  party: P | undefined,
  deps: AuthenticatorDeps<P>,
): Promise<string | undefined> {
  const isFitting = fitsSecret(claim, party?.secretHashes ?? []);
  if (party === undefined) return 'unknown client';
  if (party.authentication !== claim.method) return `${claim.method} is not the registered method`;
  switch (claim.method) {
    // INVARIANT: only a client without any secret may pass without one; a missing hash never counts as a match.
    case 'none':
      return party.secretHashes.length === 0 ? undefined : 'public client with secret';
    case 'private_key_jwt':
      return deps.checkAssertion(claim.proof ?? '', party);
    default:
      return isFitting ? undefined : 'wrong secret';
  }
}

/** Two secrets are compared for everyone, whoever has how many of them. */
function fitsSecret(claim: Claim, hashes: readonly string[]): boolean {
  const presented = hashSecret(claim.method === 'private_key_jwt' ? '' : (claim.proof ?? ''));
  const [first = decoyHash, second = decoyHash] = hashes;
  const fits = [first, second].map((hash) => secretsEqual(presented, hash) && hash !== decoyHash);
  return fits.includes(true);
}

function parseClaim(request: Pick<HttpRequest, 'headers'>, parameters: Readonly<Record<string, string>>): Claim {
  const headers = request.headers['authorization'] ?? [];
  const { client_id: id, client_secret: secret, client_assertion, client_assertion_type } = parameters;
  const assertion = client_assertion ?? client_assertion_type;
  const tried = [headers[0], secret, assertion].filter((value) => value !== undefined).length;
  if (tried > 1 || headers.length > 1) return refuse('client_authentication_repeated');
  if (assertion !== undefined) return assertionClaim(client_assertion, client_assertion_type, id);
  if (headers[0] !== undefined) return basicClaim(headers[0], id);
  if (id === undefined) return refuse('missing_parameter', { detail: 'no client_id and no Authorization header' });
  return { id, proof: secret, method: secret === undefined ? 'none' : 'client_secret_post' };
}

/** RFC 7523 §2.2: the name stands in the assertion; a `client_id` beside it must be the same. */
function assertionClaim(assertion: string | undefined, type: string | undefined, id: string | undefined): Claim {
  if (assertion === undefined || type !== assertionType) {
    return refuse('client_authentication_failed', { detail: 'not a client assertion of RFC 7523' });
  }
  const named = claimedIssuer(assertion);
  if (named === undefined || (id !== undefined && id !== named)) {
    return refuse('client_authentication_failed', { detail: 'the assertion is of another client, or cannot be read' });
  }
  return { id: named, proof: assertion, method: 'private_key_jwt' };
}

function basicClaim(header: string, id: string | undefined): Claim {
  const credentials = parseBasic(header);
  if (id !== undefined && id !== credentials.id) {
    return refuse('client_authentication_failed', { detail: 'client_id is another than in Basic', challenge: 'Basic' });
  }
  return { id: credentials.id, proof: credentials.secret, method: 'client_secret_basic' };
}
