/**
 * Authorizations: what tokens are issued from.
 *
 * Owns: granting one with its code, what consent is missing (`consent.ts`), and the form of refresh tokens
 * (`refresh-family.ts`).
 * Does not own: parsing requests, minting access tokens and ID tokens.
 */
import {
  createPrefixedToken,
  epochSeconds,
  hashSecret,
  newId,
  parsePrefixedToken,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';
import type { Exchange } from '../http/exchange.ts';
import type { StatusIndexes } from '../status/status-indexes.ts';
import type { AskedClaims } from '../store/asked-claims.ts';
import type { AuthorizationRow, AuthorizationStore, CodeRow, SessionRow } from '../store/store.ts';
import type { WantedConsent } from './consent.ts';

/** The part of the checked authorization request that is granted. */
interface GrantedRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Audiences, at least one: those named or the client's default, and with `openid` the issuer. */
  readonly resources: readonly string[];
  readonly claims?: AskedClaims;
  readonly codeChallenge?: string;
  readonly nonce?: string;
}

interface Granting {
  readonly client: { readonly id: string; readonly sector: string | undefined };
  readonly session: SessionRow;
  readonly request: GrantedRequest;
  /** Hash of the parked request's id, which ends with this. */
  readonly parkedIdHash: string | undefined;
  /** What it stands on that the person allows; held until it is granted. */
  readonly relied: readonly WantedConsent[];
}

export interface GrantDeps {
  readonly store: Pick<AuthorizationStore, 'createAuthorization'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly statusIndexes: StatusIndexes;
  readonly issuer: string;
  /** Seconds. */
  readonly lifetimes: { readonly code: number };
}

export type GrantAuthorization = (
  granting: Granting,
  exchange: Exchange,
) => Promise<{ readonly code: string } | 'parked_request_gone' | 'consent_gone'>;

const offlineScope = 'offline_access';

/** The longest life of a code, in seconds. */
const longestCode = 60;

/**
 * Stores an authorization with its code, which is returned in clear only here.
 *
 * Does not decide what the person has to consent to: the caller has, and says what it relies on.
 *
 * @example const granted = await grantAuthorization(deps)({ client, session, request, parkedIdHash }, exchange);
 */
export function grantAuthorization(deps: GrantDeps): GrantAuthorization {
  return async (granting, exchange) => {
    const now = epochSeconds(deps.runtime);
    const authorization = await newAuthorization(deps, granting, now);
    const code = createPrefixedToken(
      tokenPrefixes.authorizationCode,
      deps.runtime.randomBytes(32).toString('base64url'),
    );
    const { request } = granting;
    const row: CodeRow = {
      codeHash: hashSecret(code),
      authorization: authorization.id,
      client: granting.client.id,
      redirectUri: request.redirectUri,
      codeChallenge: request.codeChallenge ?? '',
      nonce: request.nonce,
      createdAt: now,
      expiresAt: now + Math.min(deps.lifetimes.code, longestCode),
      redeemedAt: undefined,
    };
    const verdict = await deps.store.createAuthorization(
      { authorization, code: row, parked: granting.parkedIdHash, relied: granting.relied },
      exchange.effects({
        type: 'authorization.granted',
        authorization: authorization.id,
        client: authorization.client,
        person: granting.session.person,
        scopes: authorization.scopes,
        resources: authorization.resources,
        ...claimNames(authorization),
      }),
    );
    return verdict === 'created' ? { code } : verdict;
  };
}

function claimNames({ claims }: AuthorizationRow): { readonly claims?: readonly string[] } {
  const names = [...(claims?.userinfo ?? []), ...(claims?.idToken ?? [])].map(({ name }) => name);
  return names.length === 0 ? {} : { claims: [...new Set(names)] };
}

/** The hash to find a code by, or undefined for text that never was one. */
export function codeHashOf(text: string): string | undefined {
  return parsePrefixedToken(tokenPrefixes.authorizationCode, text) === undefined ? undefined : hashSecret(text);
}

/**
 * Whether an authorization goes on when its session has ended: the person has allowed it, and the client may ask for it
 * still.
 */
export function outlivesSession(
  { offline }: Pick<AuthorizationRow, 'offline'>,
  { scopes }: { readonly scopes: ReadonlySet<string> },
): boolean {
  return offline && scopes.has(offlineScope);
}

/** A new authorization of what a person has just allowed. */
export async function newAuthorization(
  deps: Pick<GrantDeps, 'issuer' | 'statusIndexes'> & { readonly runtime: Pick<Runtime, 'randomBytes'> },
  granting: Pick<Granting, 'client' | 'session'> & {
    readonly request: Pick<GrantedRequest, 'scopes' | 'resources' | 'claims'>;
  },
  now: number,
): Promise<AuthorizationRow> {
  const { client, session, request } = granting;
  const audiences = request.scopes.includes('openid') ? [...request.resources, deps.issuer] : request.resources;
  return {
    id: newId(deps.runtime),
    client: client.id,
    person: session.person,
    session: session.id,
    scopes: request.scopes,
    resources: [...new Set(audiences)],
    claims: request.claims,
    authTime: session.authTime,
    acr: session.acr,
    amr: session.amr,
    cnf: undefined,
    sector: client.sector,
    // The store writes its own.
    epoch: 0,
    offline: request.scopes.includes(offlineScope),
    createdAt: now,
    revokedAt: undefined,
    statusIndex: await deps.statusIndexes.next(),
  };
}
