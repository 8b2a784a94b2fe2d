/** What a verifier must be told before it accepts anything, and why it refuses to be set up weakly. */
import { hasUriCharacters, secureUrl } from '../oauth/uri.ts';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import type { KeySource } from './key-source.ts';

/** The rules for one kind of token of one issuer. */
export interface JwtRules {
  /** Compared as a raw string; the owner of `keys`. */
  readonly issuer: string;
  /** Must be the `aud`, or one of its members, as a raw string. */
  readonly audience: string;
  /** The only algorithms; at least one. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /**
   * The only `typ`. `at+jwt` and `application/at+jwt` are the same, letter case is ignored (RFC 7515 §4.1.9). Null
   * means that the header must carry none: for foreign issuers that do not type their tokens.
   */
  readonly typ: string | null;
  readonly keys: KeySource;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Seconds by which clocks may differ; 0 to 60, 10 by default. */
  readonly clockTolerance?: number;
  /** Seconds from `iat` (from now, when there is none) to `exp` at most. */
  readonly maxLifetime: number;
  /** Claims that must be there besides `iss`, `aud` and `exp`. */
  readonly requiredClaims?: readonly string[];
  /** Accepts a token whose time is over: for `id_token_hint` only, which proves who somebody was. */
  readonly allowExpired?: boolean;
  /** How many verified tokens are remembered; 0 by default. */
  readonly cacheCapacity?: number;
}

/** Rules with the defaults filled in. Made in {@link checkRules} only. */
export interface CheckedRules extends Required<JwtRules> {}

const longestLifetime = 366 * 86_400;
const largestCache = 1_000_000;

/**
 * Fills the defaults in.
 *
 * @throws {TypeError} for rules that would accept too much: see each message
 * @see RFC 8725 §3
 */
export function checkRules(rules: JwtRules): CheckedRules {
  const { clockTolerance = 10, requiredClaims = [], allowExpired = false, cacheCapacity = 0 } = rules;
  const checked = { ...rules, clockTolerance, requiredClaims, allowExpired, cacheCapacity };
  const problem = firstProblem(checked);
  if (problem !== undefined) throw new TypeError(`A verifier cannot be set up so: ${problem}.`);
  const copies = { algorithms: [...rules.algorithms], requiredClaims: [...requiredClaims] };
  return Object.freeze({ ...checked, ...copies });
}

function firstProblem(rules: CheckedRules): string | undefined {
  const checks: readonly (readonly [boolean, string])[] = [
    [isIssuer(rules.issuer), 'the issuer must be a URL with https, or http on a loopback host, without query'],
    [isText(rules.audience), 'an audience is required'],
    [isAlgorithmList(rules.algorithms), 'at least one algorithm is required, and only known ones'],
    [rules.typ === null || isText(rules.typ), 'a typ is required, or null for tokens without one'],
    [typeof rules.keys?.find === 'function', 'keys are required'],
    [typeof rules.now === 'function', 'a clock is required'],
    [isNumberWithin(rules.clockTolerance, 0, 60), 'the clock tolerance must be 0 to 60 seconds'],
    [isNumberWithin(rules.maxLifetime, 1, longestLifetime), 'the longest lifetime must be 1 second to 366 days'],
    [Array.isArray(rules.requiredClaims) && rules.requiredClaims.every(isText), 'required claims must be names'],
    [typeof rules.allowExpired === 'boolean', 'allowExpired must be true or false'],
    [
      Number.isInteger(rules.cacheCapacity) && isNumberWithin(rules.cacheCapacity, 0, largestCache),
      'the capacity of the cache must be a whole number up to a million',
    ],
  ];
  return checks.find(([holds]) => !holds)?.[1];
}

function isIssuer(value: unknown): boolean {
  return isText(value) && hasUriCharacters(value) && !/[?#]/.test(value) && secureUrl(value) !== undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isAlgorithmList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isSignatureAlgorithm);
}

function isNumberWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most;
}
