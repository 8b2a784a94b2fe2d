/** Routes that need a stronger or more recent sign-in than a token proves (RFC 9470). */
import { refuse } from '@castellan/protocol';
import type { Access } from './access.ts';

/** How the person must have signed in. */
export interface AuthenticationNeed {
  /** One of these, in the issuer's words; what is preferred comes first. */
  readonly acr?: readonly string[];
  /** Seconds since the sign-in at most. */
  readonly maxAge?: number;
}

/**
 * Requires that the sign-in behind a token is strong and recent enough. A token that says nothing of it proves nothing.
 *
 * @throws {Refusal} `step_up_required` naming all that is needed at once
 * @see RFC 9470 §3, §5
 */
export function requireAuthentication(
  { acr, authenticatedAt }: Pick<Access, 'acr' | 'authenticatedAt'>,
  need: AuthenticationNeed,
  now: number,
): void {
  const strong = need.acr === undefined || (acr !== undefined && need.acr.includes(acr));
  // Written so that a time that is missing, no number, or still to come is not recent.
  const age = now / 1000 - (authenticatedAt ?? Number.NaN);
  const recent = need.maxAge === undefined || (age <= need.maxAge && age >= -60);
  if (strong && recent) return;
  refuse('step_up_required', {
    detail: strong ? 'the sign-in is not recent enough' : 'the sign-in is not strong enough',
    ...(need.acr === undefined ? {} : { acrValues: need.acr.join(' ') }),
    ...(need.maxAge === undefined ? {} : { maxAge: need.maxAge }),
  });
}

/** What is wrong with such a need. */
export function authenticationProblems(need: unknown): readonly string[] {
  if (need === undefined) return [];
  const { acr, maxAge } = (need ?? {}) as { readonly acr?: unknown; readonly maxAge?: unknown };
  const named = acr === undefined || (Array.isArray(acr) && acr.length > 0 && acr.every(isWord));
  const timed = maxAge === undefined || (Number.isSafeInteger(maxAge) && (maxAge as number) >= 0);
  if (acr === undefined && maxAge === undefined) return ['authentication asks for nothing: give acr or maxAge'];
  return [
    ...(named ? [] : ['authentication.acr is a list of words without spaces or quotes']),
    ...(timed ? [] : ['authentication.maxAge is whole seconds']),
  ];
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value);
}
