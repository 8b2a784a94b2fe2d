/**
 * Verifying tokens: the strict form first, then the signature by `jose` with a key of the configured issuer, then the
 * claims. In this order, so that nothing is judged by claims that nobody signed.
 *
 * Owns: whether a token is genuine, for us, of the right kind, and in time; and remembering those that are. Does not
 * own: revocation, binding to a key or certificate, and scope, which its caller checks after each call.
 */
import { compactVerify } from 'jose/jws/compact/verify';
import { createBoundedMap } from '../bounded-map.ts';
import { Refusal } from '../oauth/refusal.ts';
import type { SignatureAlgorithm } from './algorithms.ts';
import { parseCompact, type UnverifiedJwt } from './jws.ts';
import { claimsProblem, timeProblem, type VerifiedClaims } from './jwt-claims.ts';
import { type CheckedRules, checkRules, type JwtRules } from './jwt-rules.ts';
import type { PublicKey } from './key-set.ts';

/** A token whose signature and claims were checked. Frozen at every depth. */
export interface VerifiedJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: VerifiedClaims;
  readonly kid: string;
}

/** Verifies tokens by one set of rules. */
export interface JwtVerifier {
  /**
   * The answer to a token that is remembered and would pass again now, without waiting for anything; undefined for any
   * other, which {@link JwtVerifier.verify} judges.
   */
  readonly recall: (token: string) => VerifiedJwt | undefined;
  /**
   * @throws {Refusal} `token_invalid`, whatever is wrong with the token; `store_unavailable` when the issuer's keys
   * cannot be had, which says nothing about the token
   */
  readonly verify: (token: string) => Promise<VerifiedJwt>;
}

interface Remembered {
  readonly verified: VerifiedJwt;
  readonly algorithm: SignatureAlgorithm;
  readonly key: PublicKey;
}

/**
 * A verifier, made once at the start and used for every token.
 *
 * With a `cacheCapacity` it remembers tokens that passed, by their whole text. A remembered one is checked again for
 * time and for its key still being in the issuer's set.
 *
 * @throws {TypeError} when the rules are incomplete or weak
 * @example
 * const verifier = createJwtVerifier({ issuer, audience, algorithms: ['ES256'], typ: 'at+jwt', keys, now, maxLifetime: 900 });
 * const { claims } = await verifier.verify(token);
 * @see RFC 8725, RFC 9068 §4
 */
export function createJwtVerifier(rules: JwtRules): JwtVerifier {
  const checked = checkRules(rules);
  const remembered =
    checked.cacheCapacity > 0 ? createBoundedMap<string, Remembered>(checked.cacheCapacity) : undefined;
  const stillHolds = ({ key, verified }: Remembered, found: PublicKey | undefined): boolean =>
    key === found && timeProblem(verified.claims, checked) === undefined;
  return {
    recall: (token) => {
      const known = remembered?.get(token);
      if (known === undefined) return undefined;
      const found = checked.keys.find(known.verified.kid, known.algorithm);
      if (!(found instanceof Promise)) return stillHolds(known, found) ? known.verified : undefined;
      // Whoever waits for the keys is told what went wrong with them.
      found.catch(() => undefined);
      return undefined;
    },
    verify: async (token) => {
      const known = remembered?.get(token);
      if (known !== undefined) {
        const found = await checked.keys.find(known.verified.kid, known.algorithm);
        if (stillHolds(known, found)) return known.verified;
        remembered?.delete(token);
      }
      const fresh = await verifyAnew(token, checked);
      remembered?.set(token, fresh);
      return fresh.verified;
    },
  };
}

async function verifyAnew(token: string, rules: CheckedRules): Promise<Remembered> {
  if (typeof token !== 'string') throw invalid('not text');
  const { header, claims } = parseCompact(token);
  const { kid } = header;
  const algorithm = rules.algorithms.find((name) => name === header['alg']);
  if (algorithm === undefined) throw invalid('an algorithm that is not allowed');
  if (!fitsType(header['typ'], rules.typ)) throw invalid('another type of token');
  if (typeof kid !== 'string') throw invalid('the header has no kid');
  const found = rules.keys.find(kid, algorithm);
  const key = found instanceof Promise ? await found : found;
  if (key === undefined) throw invalid('no key with this kid for this algorithm');
  await verifySignature(token, key, algorithm);
  const problem = claimsProblem(claims, rules) ?? timeProblem(claims as VerifiedClaims, rules);
  if (problem !== undefined) throw invalid(problem);
  return { verified: freeze({ header, claims }, kid), algorithm, key };
}

async function verifySignature(token: string, key: PublicKey, algorithm: SignatureAlgorithm): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
  } catch {
    // Whatever jose found, the token is refused; its messages can quote the header.
    throw invalid('the signature does not verify');
  }
}

/** RFC 7515 §4.1.9: `application/` may be left out, and media types ignore letter case. */
function fitsType(typ: unknown, pinned: string | null): boolean {
  if (pinned === null) return typ === undefined;
  return typ === pinned || (typeof typ === 'string' && bareType(typ) === bareType(pinned));
}

function bareType(typ: string): string {
  return typ.toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

function freeze(jwt: UnverifiedJwt, kid: string): VerifiedJwt {
  return deepFreeze({ header: jwt.header, claims: jwt.claims as VerifiedClaims, kid });
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}

function invalid(detail: string): Refusal {
  return new Refusal('token_invalid', { detail });
}
