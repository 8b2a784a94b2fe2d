/** What went wrong with the issuer, in words that quote nothing of what it sent. */
import { Refusal, refuse } from '@castellan/protocol';
import * as client from 'openid-client';
import { unreachable } from './discovery.ts';

/** Turns what the library throws into a refusal. Its messages may quote an answer, so only its codes are kept. */
export function refuseFor(error: unknown): never {
  if (error instanceof Refusal) throw error;
  const detail = unreachable(error);
  if (detail !== undefined) return refuse('issuer_unavailable', { detail, retryAfter: 5 });
  if (error instanceof client.AuthorizationResponseError)
    return refuse(error.error === 'access_denied' ? 'access_denied' : 'sign_in_refused', { detail: wordFor(error) });
  return refuse('issuer_answer_refused', { detail: wordFor(error) });
}

/** A word for the event: an error code of the issuer's if it looks like one, or the library's code. */
export function wordFor(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError)
    return /^[a-z_]{1,60}$/.test(error.error) ? `the issuer said ${error.error}` : 'the issuer said something unusual';
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  const claim = cause instanceof Error ? (cause.cause as { readonly claim?: unknown } | undefined)?.claim : undefined;
  const code = (error as { readonly code?: unknown }).code;
  return [error.name, code, claim].filter((part) => typeof part === 'string').join(' ');
}
