/**
 * The assertion by which a client proves itself with its private key.
 *
 * Owns: whether an assertion is genuine, short and for us. Does not own: whether it was used before (the store), and
 * which keys a client has.
 */
import { compactVerify } from 'jose/jws/compact/verify';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { parseCompact, type UnverifiedJwt } from './jws.ts';
import type { KeySource } from './key-source.ts';

/** What an assertion must fit. */
export interface AssertionRules {
  /** Its `iss` and its `sub`. */
  readonly client: string;
  /** Its `aud`, as a single text. */
  readonly audience: string;
  /** Other audiences, and lists of audiences, for clients that cannot do better; none unless an operator says so. */
  readonly tolerated?: readonly string[];
  readonly keys: KeySource;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
}

/** An assertion that is genuine, or what is wrong with it: a constant text. */
export type AssertionVerdict =
  | { readonly problem?: undefined; readonly jti: string; readonly expiresAt: number }
  | { readonly problem: string };

/** The algorithms of assertions. Each key has one of them only. */
export const assertionAlgorithms: readonly SignatureAlgorithm[] = Object.freeze(['ES256', 'PS256', 'EdDSA', 'RS256']);

/** Seconds an assertion may have left at most. */
const longestLife = 300;
/** Seconds by which the client's clock may differ. */
const tolerance = 10;
const longestJti = 200;
/** Explicit typing is new (draft rfc7523bis §4); `JWT` is what most libraries write. */
const types: readonly unknown[] = [undefined, 'jwt', 'client-authentication+jwt'];

/** The client that an assertion claims to come from, unverified; undefined for what is no assertion. */
export function claimedClient(assertion: string): string | undefined {
  const subject = read(assertion)?.claims['sub'];
  return typeof subject === 'string' ? subject : undefined;
}

/**
 * Checks an assertion: form, key, signature, issuer, subject, audience and times. Never throws.
 *
 * `expiresAt` is the first second at which it cannot be used any more; until then its `jti` must be remembered.
 *
 * @see RFC 7523 §3; draft-ietf-oauth-rfc7523bis §4 (one audience, since an assertion for several is one for others too)
 */
export async function verifyClientAssertion(assertion: string, rules: AssertionRules): Promise<AssertionVerdict> {
  const unverified = read(assertion);
  if (unverified === undefined) return { problem: 'the assertion is malformed' };
  const { alg, kid, typ } = unverified.header;
  if (!types.includes(typeof typ === 'string' ? typ.toLowerCase() : typ)) return { problem: 'another type of token' };
  if (!isSignatureAlgorithm(alg) || !assertionAlgorithms.includes(alg))
    return { problem: 'an algorithm we do not take' };
  if (typeof kid !== 'string') return { problem: 'the header has no kid' };
  if (!(await isSigned(assertion, { kid, algorithm: alg, keys: rules.keys }))) {
    return { problem: 'no key of the client verifies the assertion' };
  }
  return judge(unverified.claims, rules);
}

/** INVARIANT: after the signature, so that nothing is judged by claims that nobody signed. */
function judge(claims: UnverifiedJwt['claims'], rules: AssertionRules): AssertionVerdict {
  const { iss, sub, jti, exp, iat, nbf } = claims;
  const now = rules.now() / 1000;
  if (iss !== rules.client || sub !== rules.client) return { problem: 'iss and sub are not the client' };
  if (!isForUs(claims['aud'], rules)) return { problem: 'another audience' };
  if (typeof jti !== 'string' || jti === '' || jti.length > longestJti || !jti.isWellFormed() || jti.includes('\0')) {
    return { problem: 'no usable jti' };
  }
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return { problem: 'exp is missing' };
  if (exp + tolerance <= now) return { problem: 'expired' };
  if (exp - tolerance > now + longestLife) return { problem: 'lives too long' };
  for (const moment of [iat, nbf]) {
    if (moment !== undefined && (typeof moment !== 'number' || !(moment - tolerance <= now))) {
      return { problem: 'not yet valid' };
    }
  }
  return { jti, expiresAt: Math.ceil(exp) + tolerance };
}

function isForUs(aud: unknown, { audience, tolerated }: AssertionRules): boolean {
  if (tolerated === undefined) return aud === audience;
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((one) => one === audience || (typeof one === 'string' && tolerated.includes(one)));
}

function read(assertion: string): UnverifiedJwt | undefined {
  try {
    return parseCompact(assertion);
  } catch {
    // The refusal is of a token at an API; here it is one of a client, and its own words follow.
    return undefined;
  }
}

interface Signer {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly keys: KeySource;
}

async function isSigned(assertion: string, { kid, algorithm, keys }: Signer): Promise<boolean> {
  try {
    const key = await keys.find(kid, algorithm);
    if (key === undefined) return false;
    await compactVerify(assertion, key, { algorithms: [algorithm] });
    return true;
  } catch {
    // No signature, or no key set to be had: whoever asks has proven nothing either way.
    return false;
  }
}
