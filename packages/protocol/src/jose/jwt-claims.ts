/** Whether the claims of a token fit the rules at a given moment. Knows nothing of signatures. */
import type { CheckedRules } from './jwt-rules.ts';

/** Claims that were checked. Frozen at every depth: a remembered token is handed to many. */
export interface VerifiedClaims extends Readonly<Record<string, unknown>> {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly sub?: string;
  readonly jti?: string;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * What is wrong with claims that no passing of time can change; undefined when nothing is.
 *
 * @see RFC 7519 §4.1, RFC 8725 §3.8 to §3.10
 */
export function claimsProblem(claims: Claims, rules: CheckedRules): string | undefined {
  if (claims['iss'] !== rules.issuer) return 'another issuer';
  if (!isFor(claims['aud'], rules.audience)) return 'another audience';
  for (const name of ['exp', 'nbf', 'iat']) {
    if (claims[name] !== undefined && !isMoment(claims[name])) return `${name} is not a moment`;
  }
  for (const name of ['sub', 'jti']) {
    if (claims[name] !== undefined && (typeof claims[name] !== 'string' || claims[name] === '')) {
      return `${name} is not text`;
    }
  }
  if (claims['exp'] === undefined) return 'exp is missing';
  const missing = rules.requiredClaims.find((name) => !Object.hasOwn(claims, name) || claims[name] === null);
  if (missing !== undefined) return `${missing} is missing`;
  return undefined;
}

/** What is wrong with the times of claims at this moment; undefined when nothing is. */
export function timeProblem(claims: VerifiedClaims, rules: CheckedRules): string | undefined {
  const { exp, nbf, iat } = claims;
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

/** Exact text, or a list in which every member is text (RFC 7519 §4.1.3). */
function isFor(aud: unknown, audience: string): boolean {
  if (typeof aud === 'string') return aud === audience;
  return Array.isArray(aud) && aud.every((member) => typeof member === 'string') && aud.includes(audience);
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
