/** The one place where a Refusal becomes an answer of an API: a problem document, and a challenge where one is due. */
import { STATUS_CODES } from 'node:http';
import { type BearerChallenge, bearerChallenge, type Refusal, wireRefusals } from '@castellan/protocol';
import type { GuardAnswer } from './route.ts';

/** What an answer needs besides the refusal. */
export interface ProblemDeps {
  readonly correlation: string;
  /** The address of this API's metadata document. */
  readonly resourceMetadata: string;
}

/**
 * The answer to a refused request. Nothing of the private detail is in it.
 *
 * @see RFC 9457 §3; RFC 6750 §3; RFC 9728 §5.1
 */
export function problemAnswer(refusal: Refusal, deps: ProblemDeps): GuardAnswer {
  const { status, error, description } = wireRefusals[refusal.reason];
  const { problems, retryAfter, allow } = refusal.context;
  const challenge = challengeOf(refusal, deps);
  const document = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: description,
    // RFC 6750 §3.1: no error information for a request that had no credentials at all.
    ...(refusal.reason === 'credentials_missing' ? {} : { error }),
    correlation: deps.correlation,
    ...(problems === undefined ? {} : { problems }),
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(challenge === undefined ? {} : { 'www-authenticate': bearerChallenge(challenge) }),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...(allow === undefined ? {} : { allow }),
    },
    body: JSON.stringify(document),
  };
}

/** One case for each row of RFC 6750 §3.1 and RFC 9470 §3; other refusals are not about the token and get no challenge. */
function challengeOf(refusal: Refusal, { resourceMetadata }: ProblemDeps): BearerChallenge | undefined {
  const { description } = wireRefusals[refusal.reason];
  switch (refusal.reason) {
    case 'credentials_missing':
      return { resourceMetadata };
    case 'credentials_malformed':
    case 'secret_in_url':
      return { error: 'invalid_request', description, resourceMetadata };
    case 'token_invalid':
      return { error: 'invalid_token', description, resourceMetadata };
    case 'insufficient_scope': {
      const { scope } = refusal.context;
      return { error: 'insufficient_scope', description, resourceMetadata, ...(scope === undefined ? {} : { scope }) };
    }
    case 'step_up_required': {
      const { acrValues, maxAge } = refusal.context;
      return {
        error: 'insufficient_user_authentication',
        description,
        resourceMetadata,
        ...(acrValues === undefined ? {} : { acrValues }),
        ...(maxAge === undefined ? {} : { maxAge }),
      };
    }
    default:
      return undefined;
  }
}
