/** What a verifier must be told before it accepts anything, and why it refuses to be set up weakly. */
import { hasUriCharacters, secureUrl } from '../oauth/uri.ts';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import type { KeySource } from './key-source.ts';

/** The rules for the claims of one issuer, however they came: in a token, or in an answer about one. */
export interface ClaimRules {
  /** Compared as a raw string. */
  readonly issuer: string;
  /**
   * Must be the `aud`, or one of its members, as a raw string. Null means that there must be none: for foreign issuers
   * that name no audience, and only together with `requiredValues`, which then say for whom the token is.
   */
  readonly audience: string | null;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Seconds by which clocks may differ; 0 to 60, 10 by default. */
  readonly clockTolerance?: number;
  /** Seconds from `iat` (from now, when there is none) to `exp` at most. */
  readonly maxLifetime: number;
  /** Seconds since `iat` at most, for signed answers, which need no `exp` (RFC 9701 §5); 0, the default, means none. */
  readonly maxAge?: number;
  /** Claims that must be there besides `iss`, `aud` and `exp`. */
  readonly requiredClaims?: readonly string[];
  /** Claims that must be one of these texts. */
  readonly requiredValues?: Readonly<Record<string, readonly string[]>>;
  /** Accepts a token whose time is over: for `id_token_hint` only, which proves who somebody was. */
  readonly allowExpired?: boolean;
}

/** The rules for one kind of token of one issuer, which is the owner of `keys`. */
export interface JwtRules extends ClaimRules {
  /** The only algorithms; at least one. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /**
   * The only `typ`. `at+jwt` and `application/at+jwt` are the same, letter case is ignored (RFC 7515 §4.1.9). Null
   * means that the header must carry none: for foreign issuers that do not type their tokens.
   */
  readonly typ: string | null;
  readonly keys: KeySource;
  /** How many verified tokens are remembered; 0 by default. */
  readonly cacheCapacity?: number;
}

/** Rules with the defaults filled in. Made in {@link checkClaimRules} and {@link checkRules} only. */
export interface CheckedClaimRules extends Required<ClaimRules> {}
export interface CheckedRules extends Required<JwtRules> {}

const longestLifetime = 366 * 86_400;
const largestCache = 1_000_000;

/** What is checked: whether it holds, and the sentence for when it does not. */
type Checks = readonly (readonly [boolean, string])[];

/**
 * Fills the defaults in.
 *
 * @throws {TypeError} for rules that would accept too much: see each message
 * @see RFC 8725 §3
 */
export function checkRules(rules: JwtRules): CheckedRules {
  const { cacheCapacity = 0 } = rules;
  requireAll([
    [isAlgorithmList(rules.algorithms), 'at least one algorithm is required, and only known ones'],
    [rules.typ === null || isText(rules.typ), 'a typ is required, or null for tokens without one'],
    [typeof rules.keys?.find === 'function', 'keys are required'],
    [
      Number.isInteger(cacheCapacity) && isNumberWithin(cacheCapacity, 0, largestCache),
      'the capacity of the cache must be a whole number up to a million',
    ],
  ]);
  const { typ, keys } = rules;
  return Object.freeze({ ...checkClaimRules(rules), algorithms: [...rules.algorithms], typ, keys, cacheCapacity });
}

/**
 * The same for claims alone.
 *
 * @throws {TypeError} for rules that would accept too much
 */
export function checkClaimRules(rules: ClaimRules): CheckedClaimRules {
  const { issuer, audience, now, maxLifetime } = rules;
  const { clockTolerance = 10, maxAge = 0, requiredClaims = [], requiredValues = {}, allowExpired = false } = rules;
  requireAll([
    [isIssuer(issuer), 'the issuer must be a URL with https, or http on a loopback host, without query'],
    [audience === null || isText(audience), 'an audience is required'],
    [audience !== null || hasEntries(requiredValues), 'tokens without audience need claims that say for whom they are'],
    [typeof now === 'function', 'a clock is required'],
    [isNumberWithin(clockTolerance, 0, 60), 'the clock tolerance must be 0 to 60 seconds'],
    [isNumberWithin(maxLifetime, 1, longestLifetime), 'the longest lifetime must be 1 second to 366 days'],
    [isNumberWithin(maxAge, 0, 3600), 'the longest age must be at most an hour'],
    [Array.isArray(requiredClaims) && requiredClaims.every(isText), 'required claims must be names'],
    [areValueLists(requiredValues), 'required values must be lists of texts by the name of their claim'],
    [typeof allowExpired === 'boolean', 'allowExpired must be true or false'],
  ]);
  const lists = { requiredClaims: [...requiredClaims], requiredValues: structuredClone(requiredValues) };
  return Object.freeze({ issuer, audience, now, clockTolerance, maxLifetime, maxAge, allowExpired, ...lists });
}

function requireAll(checks: Checks): void {
  const broken = checks.find(([holds]) => !holds);
  if (broken !== undefined) throw new TypeError(`A verifier cannot be set up so: ${broken[1]}.`);
}

function hasEntries(values: unknown): boolean {
  return typeof values === 'object' && values !== null && Object.keys(values).length > 0;
}

function areValueLists(values: unknown): boolean {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return false;
  return Object.values(values).every((list) => Array.isArray(list) && list.length > 0 && list.every(isText));
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
