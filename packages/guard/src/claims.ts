/** From the claims of a verified token to {@link Access}, by the names that its issuer uses. */
import { isScopeToken, Refusal, refuse, type VerifiedClaims } from '@castellan/protocol';
import type { Access } from './access.ts';
import type { CheckedNames, ClaimPath, MachineClaims } from './issuer.ts';

/** Claims of ID tokens and logout tokens; an issuer that types neither must not get either accepted here. */
const claimsOfOtherTokens = ['at_hash', 'c_hash', 's_hash', 'events'];

export interface ClaimReading {
  readonly names: CheckedNames;
  readonly machine: MachineClaims | undefined;
}

/**
 * Reads the claims.
 *
 * @throws {Refusal} `token_invalid` for a bound token, another kind of token, or claims that cannot be read
 */
export function accessOf(claims: VerifiedClaims, { names, machine }: ClaimReading): Access {
  // A sender-constrained token that comes as a plain bearer was perhaps stolen (RFC 9449 §7.1, RFC 8705 §3); what an
  // unknown confirmation would ask for is not known.
  if (claims['cnf'] !== undefined) refuse('token_invalid', { detail: 'a bound token without its proof' });
  if (claimsOfOtherTokens.some((name) => claims[name] !== undefined)) {
    refuse('token_invalid', { detail: 'another kind of token' });
  }
  const subject = textOf(claims, names.subject) ?? invalidClaim(names.subject);
  const client = textOf(claims, names.client);
  const isMachine = machine !== undefined && fitsMachine(claims, machine);
  const scopesAt = (isMachine ? machine.scopes : undefined) ?? names.scopes;
  const { acr, auth_time: authenticatedAt } = claims;
  return Object.freeze({
    issuer: claims.iss,
    subject,
    client,
    scopes: scopesOf(valueAt(claims, scopesAt), names.scopePrefix) ?? invalidClaim(nameOf(scopesAt)),
    roles: names.roles === undefined ? none : (readRoles(valueAt(claims, names.roles)) ?? invalidClaim('roles')),
    kind: isMachine || isOwnSubject(subject, client) ? 'client' : 'person',
    clientAuthentication:
      names.clientAuthentication === undefined ? undefined : textOf(claims, names.clientAuthentication),
    acr: typeof acr === 'string' ? acr : undefined,
    authenticatedAt: typeof authenticatedAt === 'number' ? authenticatedAt : undefined,
  });
}

/** RFC 9068 §2.2; or `client:` before the name, as Castellan writes it, so that no client passes for a person. */
function isOwnSubject(subject: string, client: string | undefined): boolean {
  return client !== undefined && (subject === client || subject === `client:${client}`);
}

const none: readonly string[] = Object.freeze([]);

function textOf(claims: VerifiedClaims, name: ClaimPath): string | undefined {
  const value = valueAt(claims, name);
  if (value === undefined) return undefined;
  return typeof value === 'string' && value !== '' ? value : invalidClaim(nameOf(name));
}

/** Own members only: a path never reaches into a prototype. */
function valueAt(claims: VerifiedClaims, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of typeof path === 'string' ? [path] : path) {
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return invalidClaim(nameOf(path));
    value = Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  return value;
}

function fitsMachine(claims: VerifiedClaims, { claim, values }: MachineClaims): boolean {
  const value = valueAt(claims, claim);
  return values === undefined ? value !== undefined : typeof value === 'string' && values.includes(value);
}

function scopesOf(claim: unknown, prefix: string): readonly string[] | undefined {
  const scopes = readScopes(claim);
  if (scopes === undefined || prefix === '') return scopes;
  return Object.freeze(scopes.filter((scope) => scope.startsWith(prefix)).map((scope) => scope.slice(prefix.length)));
}

/** Text parted by spaces (RFC 8693 §4.2), or the list that some issuers write; no claim means no scope. */
function readScopes(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none;
  const scopes: unknown = typeof claim === 'string' ? claim.split(' ').filter((scope) => scope !== '') : claim;
  if (!Array.isArray(scopes)) return undefined;
  return scopes.every((scope) => typeof scope === 'string' && isScopeToken(scope)) ? Object.freeze(scopes) : undefined;
}

/** A list of texts; names of groups may hold spaces, so a text is one role. */
function readRoles(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none;
  const roles: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return roles.every((role) => typeof role === 'string' && role !== '')
    ? Object.freeze([...(roles as readonly string[])])
    : undefined;
}

function nameOf(path: ClaimPath): string {
  return typeof path === 'string' ? path : path.join('.');
}

function invalidClaim(name: string): never {
  throw new Refusal('token_invalid', { detail: `${name} cannot be read` });
}
