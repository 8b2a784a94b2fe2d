/**
 * Whether a token was revoked before its time: one bit of a status list, asked for on every request.
 *
 * Owns: which bit a token names, and what follows from the answer. Does not own: where the bits come from.
 */
import { Refusal, type Runtime, refuse, type VerifiedClaims } from '@castellan/protocol';
import { withDeadline } from './deadline.ts';
import { after, type Later } from './later.ts';

/** The place of a token's bit. */
export interface StatusReference {
  readonly issuer: string;
  /** The list, as the token names it: compare it with the lists that are expected before fetching anything. */
  readonly uri: string;
  readonly index: number;
}

/** Knows the status lists of an issuer. */
export interface Revocation {
  /** Seconds after which a revocation counts here at the latest. Older knowledge must be answered with undefined. */
  readonly staleness: number;
  /** Undefined when it is not known: no list, one that is too old, a list or index that does not exist. */
  readonly isRevoked: (status: StatusReference) => boolean | undefined | Promise<boolean | undefined>;
}

/** Milliseconds that an answer may take. */
const answerTime = 2_000;
const longestStaleness = 3600;

/** The bit of one token, and who knows it. */
export interface RevocationBit {
  readonly status: StatusReference;
  readonly revocation: Revocation;
}

export interface RevocationDeps {
  readonly runtime: Pick<Runtime, 'schedule'>;
  /** The route answers without knowing. */
  readonly permitUnknown: boolean;
}

/**
 * Requires that a token was not revoked.
 *
 * @throws {Refusal} `token_invalid` when it was; `store_unavailable` when it is not known
 * @see RFC 9068 §4; Token Status List §8.3
 */
export function requireNotRevoked({ status, revocation }: RevocationBit, deps: RevocationDeps): Later<void> {
  const answer = withDeadline(deps.runtime, answerTime, revocation.isRevoked(status));
  return after(answer, (revoked) => requireFalse(revoked, deps));
}

function requireFalse(revoked: unknown, { permitUnknown }: RevocationDeps): undefined {
  // INVARIANT: only `false` says that a token lives; an answer of any other kind permits nothing.
  if (revoked === false) return;
  if (revoked === true) throw invalid('revoked');
  if (permitUnknown && revoked === undefined) return;
  refuse('store_unavailable', { detail: 'whether the token was revoked is not known' });
}

/**
 * The bit that a token names.
 *
 * @throws {Refusal} `token_invalid` when it names none: it could never be revoked
 */
export function bitOf(claims: VerifiedClaims, revocation: Revocation): RevocationBit {
  const list = memberOf(memberOf(claims, 'status'), 'status_list');
  const uri = memberOf(list, 'uri');
  const index = memberOf(list, 'idx');
  if (typeof uri !== 'string' || uri === '' || !Number.isSafeInteger(index) || (index as number) < 0) {
    throw invalid('a token that cannot be revoked');
  }
  return { revocation, status: Object.freeze({ issuer: claims.iss, uri, index: index as number }) };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function invalid(detail: string): Refusal {
  return new Refusal('token_invalid', { detail });
}

/** Why something is no source of revocations. */
export function revocationProblems(where: string, revocation: Partial<Revocation> | undefined): readonly string[] {
  if (revocation === undefined) return [];
  const { staleness, isRevoked } = revocation;
  const bounded = typeof staleness === 'number' && staleness >= 0 && staleness <= longestStaleness;
  return [
    ...(bounded ? [] : [`${where}.staleness must be 0 to ${longestStaleness} seconds`]),
    ...(typeof isRevoked === 'function' ? [] : [`${where}.isRevoked is missing`]),
  ];
}
