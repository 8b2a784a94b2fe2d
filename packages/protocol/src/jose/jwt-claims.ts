/** Whether the claims of a token fit the rules at a given moment. Knows nothing of signatures. */
import { Refusal } from '../oauth/refusal.ts';
import { type CheckedClaimRules, type ClaimRules, checkClaimRules } from './jwt-rules.ts';

/** Claims that were checked. Frozen at every depth: a remembered token is handed to many. */
export interface VerifiedClaims extends Readonly<Record<string, unknown>> {
  readonly iss: string;
  /** Undefined only under rules that say so. */
  readonly aud?: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly sub?: string;
  readonly jti?: string;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Makes the check of claims that came without a signature of their own, such as an answer of the issuer over https.
 *
 * @throws {TypeError} when the rules are incomplete or weak; the check throws {@link Refusal} `token_invalid`
 * @example const check = createClaimsCheck({ issuer, audience, now, maxLifetime: 900 });
 * @see RFC 7519 §4.1, RFC 7662 §2.2
 */
export function createClaimsCheck(rules: ClaimRules): (claims: Claims) => VerifiedClaims {
  const checked = checkClaimRules(rules);
  return (claims) => {
    const problem = claimsProblem(claims, checked) ?? timeProblem(claims as VerifiedClaims, checked);
    if (problem !== undefined) throw new Refusal('token_invalid', { detail: problem });
    return claims as VerifiedClaims;
  };
}

/**
 * What is wrong with claims that no passing of time can change; undefined when nothing is.
 *
 * @see RFC 7519 §4.1, RFC 8725 §3.8 to §3.10
 */
export function claimsProblem(claims: Claims, rules: CheckedClaimRules): string | undefined {
  if (claims['iss'] !== rules.issuer) return 'another issuer';
  if (!isFor(claims['aud'], rules.audience)) return 'another audience';
  const other = Object.entries(rules.requiredValues).find(([name, values]) => !isOneOf(claims, name, values));
  if (other !== undefined) return `${other[0]} has another value`;
  for (const name of ['exp', 'nbf', 'iat']) {
    if (claims[name] !== undefined && !isMoment(claims[name])) return `${name} is not a moment`;
  }
  for (const name of ['sub', 'jti']) {
    if (claims[name] !== undefined && (typeof claims[name] !== 'string' || claims[name] === '')) {
      return `${name} is not text`;
    }
  }
  const end = rules.maxAge > 0 ? 'iat' : 'exp';
  if (claims[end] === undefined) return `${end} is missing`;
  const missing = rules.requiredClaims.find((name) => !Object.hasOwn(claims, name) || claims[name] === null);
  if (missing !== undefined) return `${missing} is missing`;
  return undefined;
}

/** What is wrong with the times of claims at this moment; undefined when nothing is. */
export function timeProblem(claims: VerifiedClaims, rules: CheckedClaimRules): string | undefined {
  const { nbf, iat } = claims;
  const exp = endOf(claims, rules);
  const now = rules.now() / 1000;
  const tolerance = rules.clockTolerance;
  // A clock that answers NaN would pass every comparison below.
  if (!Number.isFinite(now)) return 'the clock is broken';
  if (!rules.allowExpired && exp + tolerance <= now) return 'expired';
  if (nbf !== undefined && nbf - tolerance > now) return 'not yet valid';
  if (iat !== undefined && iat - tolerance > now) return 'issued in the future';
  if (iat !== undefined && iat > exp) return 'expires before it was issued';
  if (exp - (iat ?? now + tolerance) > rules.maxLifetime) return 'lives too long';
  return undefined;
}

/** INVARIANT: finite, since {@link claimsProblem} asks for `exp`, or for `iat` where an age is the end. */
function endOf({ exp = Number.POSITIVE_INFINITY, iat = 0 }: Partial<VerifiedClaims>, rules: CheckedClaimRules): number {
  return rules.maxAge > 0 ? Math.min(exp, iat + rules.maxAge) : exp;
}

function isOneOf(claims: Claims, name: string, values: readonly string[]): boolean {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' && values.includes(value);
}

/** Exact text, or a list in which every member is text (RFC 7519 §4.1.3). */
function isFor(aud: unknown, audience: string | null): boolean {
  if (audience === null) return aud === undefined;
  if (typeof aud === 'string') return aud === audience;
  return Array.isArray(aud) && aud.every((member) => typeof member === 'string') && aud.includes(audience);
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
