/** Tokens from before a moment are refused for one subject: after a password change, or «sign out everywhere». */
import { createBoundedMap, Refusal, type Runtime, type VerifiedClaims } from '@castellan/protocol';
import { withDeadline } from './deadline.ts';

/** Knows from when on the tokens of a subject count. */
export interface SubjectNotBefore {
  /**
   * Seconds for which an answer is remembered, 0 to 300: a new moment counts at the latest after so long. 0 asks on
   * every request.
   */
  readonly staleness: number;
  /** Seconds since the epoch, with fractions; undefined when every token counts. A failure denies. */
  readonly find: (of: NotBeforeSubject) => number | undefined | Promise<number | undefined>;
}

/** Whose moment is asked for: a subject is unique within its issuer only. */
export interface NotBeforeSubject {
  readonly issuer: string;
  readonly subject: string;
}

/** Throws when the token is from before its subject's moment. */
export type NotBeforeCheck = (claims: VerifiedClaims, of: NotBeforeSubject) => Promise<void>;

/** Milliseconds that an answer may take. */
const answerTime = 2_000;
const capacity = 10_000;

/**
 * Makes the check. The moment is asked for anew, whatever is remembered of the token.
 *
 * `iat` has whole seconds, so a token from the same second as a moment with a fraction is refused, even one that was
 * issued after it: the safe side.
 *
 * @see OWASP ASVS 7.4.1
 */
export function createNotBeforeCheck(
  port: SubjectNotBefore,
  runtime: Pick<Runtime, 'monotonic' | 'schedule'>,
): NotBeforeCheck {
  const remembered = createBoundedMap<string, { readonly moment: number | undefined; readonly at: number }>(capacity);
  const find = async (of: NotBeforeSubject): Promise<number | undefined> => {
    const key = JSON.stringify([of.issuer, of.subject]);
    const known = remembered.get(key);
    if (known !== undefined && runtime.monotonic() - known.at < port.staleness * 1000) return known.moment;
    const at = runtime.monotonic();
    const moment = await withDeadline(runtime, answerTime, port.find(of));
    if (port.staleness > 0) remembered.set(key, { moment, at });
    return moment;
  };
  return async (claims, of) => {
    const moment = await find(of);
    if (moment === undefined) return;
    // INVARIANT: written so that a moment that is no number, or a token without `iat`, is refused.
    const { iat } = claims;
    if (typeof moment === 'number' && iat !== undefined && iat >= moment) return;
    throw new Refusal('token_invalid', { detail: 'from before the tokens of its subject ended' });
  };
}

/** Why something is no source of such moments. */
export function notBeforeProblems(port: Partial<SubjectNotBefore> | undefined): readonly string[] {
  if (port === undefined) return [];
  const { staleness, find } = port;
  const bounded = typeof staleness === 'number' && staleness >= 0 && staleness <= 300;
  return [
    ...(bounded ? [] : ['notBefore.staleness must be 0 to 300 seconds']),
    ...(typeof find === 'function' ? [] : ['notBefore.find is missing']),
  ];
}
