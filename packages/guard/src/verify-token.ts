/**
 * From the `Authorization` header to {@link Access}: one set of rules for each issuer.
 *
 * Owns: which rules a token is judged by, and what its claims mean. Does not own: verification (`protocol`).
 */
import {
  createJwtVerifier,
  type HttpRequest,
  isScopeToken,
  type JwtVerifier,
  parseCompact,
  Refusal,
  type Runtime,
  readBearer,
  refuse,
  remoteKeySource,
  type SignatureAlgorithm,
  type VerifiedClaims,
} from '@castellan/protocol';
import type { Access } from './access.ts';

/** One issuer whose access tokens are accepted. Nothing that decides about acceptance has a default. */
export interface IssuerConfig {
  /** Compared with `iss` as a raw string. */
  readonly issuer: string;
  /** This API's name at that issuer; compared with `aud` as raw strings. */
  readonly audience: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  /** `at+jwt`; or what a foreign issuer writes; or null when it writes none. */
  readonly typ: string | null;
  /** https, or http on a loopback host. */
  readonly jwksUri: string;
  /** Seconds by which clocks may differ; 0 to 60, 10 by default. */
  readonly clockTolerance?: number;
  /** Seconds a token may live at most; 900 by default. */
  readonly maxLifetime?: number;
  /** Where a foreign issuer keeps what RFC 9068 names `sub`, `client_id` and `scope`. */
  readonly claims?: { readonly subject?: string; readonly client?: string; readonly scopes?: string };
}

/** Reads and verifies the token of a request. */
export type ReadAccess = (request: Pick<HttpRequest, 'headers'>) => Promise<Access>;

interface IssuerVerifier {
  readonly verifier: JwtVerifier;
  readonly names: Required<NonNullable<IssuerConfig['claims']>>;
}

/** Verified tokens that are remembered for each issuer. */
const cacheCapacity = 10_000;

/**
 * Makes the reader.
 *
 * @throws {TypeError} when the rules of an issuer are incomplete or weak
 */
export function createReadAccess(
  issuers: readonly IssuerConfig[],
  runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch'>,
): ReadAccess {
  const verifiers = new Map(issuers.map((config) => [config.issuer, createIssuerVerifier(config, runtime)]));
  const only = verifiers.size === 1 ? [...verifiers.values()][0] : undefined;
  return async (request) => {
    const token = readBearer(request.headers);
    const issuer = only ?? verifiers.get(claimedIssuer(token));
    if (issuer === undefined) return refuse('token_invalid', { detail: 'another issuer' });
    const { claims } = await issuer.verifier.verify(token);
    return accessOf(claims, issuer.names);
  };
}

/** The issuer a token claims picks the rules, and for nothing else: the rules check it again. */
function claimedIssuer(token: string): string {
  const { iss } = parseCompact(token).claims;
  return typeof iss === 'string' ? iss : '';
}

function createIssuerVerifier(config: IssuerConfig, runtime: Parameters<typeof createReadAccess>[1]): IssuerVerifier {
  const names = { subject: 'sub', client: 'client_id', scopes: 'scope', ...config.claims };
  const verifier = createJwtVerifier({
    issuer: config.issuer,
    audience: config.audience,
    algorithms: config.algorithms,
    typ: config.typ,
    keys: remoteKeySource({ url: config.jwksUri, runtime }),
    now: runtime.now,
    clockTolerance: config.clockTolerance ?? 10,
    maxLifetime: config.maxLifetime ?? 900,
    // RFC 9068 §2.2 for tokens that say they follow it; of others only what a decision needs.
    requiredClaims: config.typ === 'at+jwt' ? [names.subject, names.client, 'iat', 'jti'] : [names.subject, 'iat'],
    cacheCapacity,
  });
  return { verifier, names };
}

/** Claims of ID tokens and logout tokens; an issuer that types neither must not get either accepted here. */
const claimsOfOtherTokens = ['at_hash', 'c_hash', 's_hash', 'events'];

function accessOf(claims: VerifiedClaims, names: IssuerVerifier['names']): Access {
  // A sender-constrained token that comes as a plain bearer was perhaps stolen (RFC 9449 §7.1, RFC 8705 §3).
  if (claims['cnf'] !== undefined) refuse('token_invalid', { detail: 'a bound token without its proof' });
  if (claimsOfOtherTokens.some((name) => claims[name] !== undefined)) {
    refuse('token_invalid', { detail: 'another kind of token' });
  }
  const subject = claims[names.subject];
  const client = claims[names.client];
  if (typeof subject !== 'string' || subject === '') return invalidClaim(names.subject);
  if (client !== undefined && (typeof client !== 'string' || client === '')) return invalidClaim(names.client);
  const scopes = readScopes(claims[names.scopes]) ?? invalidClaim(names.scopes);
  return Object.freeze({
    issuer: claims.iss,
    subject,
    client,
    scopes,
    kind: subject === client ? 'client' : 'person',
  });
}

/** Text parted by spaces (RFC 8693 §4.2), or the list that some issuers write; no claim means no scope. */
function readScopes(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return [];
  const scopes: unknown = typeof claim === 'string' ? claim.split(' ').filter((scope) => scope !== '') : claim;
  if (!Array.isArray(scopes)) return undefined;
  return scopes.every((scope) => typeof scope === 'string' && isScopeToken(scope)) ? Object.freeze(scopes) : undefined;
}

function invalidClaim(name: string): never {
  throw new Refusal('token_invalid', { detail: `${name} cannot be read` });
}
