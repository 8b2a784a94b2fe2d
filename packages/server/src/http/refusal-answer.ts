/** How each Refusal is told: to the client at its redirect URI, to a person on a page, or to a program as JSON. */
import {
  type AuthorizationErrorTarget,
  appendQuery,
  bearerChallenge,
  type HttpAnswer,
  type Refusal,
  type RefusalReason,
  type WireRefusal,
  wireRefusals,
} from '@castellan/protocol';
import { answerClient } from './client-answer.ts';
import type { Pages } from './page.ts';
import type { Route } from './route.ts';

export interface RefusalDeps {
  readonly issuer: string;
  readonly pages: Pages;
  readonly correlation: string;
  /** Where the person may start again; for a request whose page has no way on. */
  readonly startAgain: { readonly name: string; readonly address: string } | undefined;
}

/** Reasons whose wire code says too little on a page of ours; the page shows the reason itself. */
const pageWords: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'parked_request_gone',
  'wrong_browser',
  'csrf_rejected',
  'method_not_allowed',
  'media_type_unsupported',
  'body_too_large',
  'rate_limited',
]);

/** The person has done nothing wrong but come too late, or in another browser, or without their cookies. */
const lostTheWay: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'parked_request_gone',
  'wrong_browser',
  'csrf_rejected',
]);

/** The answer to a refusal, for a route of this channel. */
export function refusalAnswer(refusal: Refusal, channel: Route['channel'], deps: RefusalDeps): HttpAnswer {
  const wire = wireRefusals[refusal.reason];
  const headers = refusalHeaders(refusal, wire);
  if (channel === 'json') return jsonRefusal(wire, headers);
  const { target } = refusal.context;
  if (target !== undefined) return targetAnswer(refusal, target, deps);
  const code = pageWords.has(refusal.reason) ? refusal.reason : wire.error;
  const { correlation, pages } = deps;
  const startAgain = lostTheWay.has(refusal.reason) ? deps.startAgain : undefined;
  return pages.error({ status: wire.status, code, description: wire.description, correlation, headers, startAgain });
}

function jsonRefusal(wire: WireRefusal, headers: HttpAnswer['headers']): HttpAnswer {
  return {
    status: wire.status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error: wire.error, error_description: wire.description }),
  };
}

/**
 * An authorization error at the client. A browser in which nobody is signed in is never sent there by itself, or an
 * address of ours would be a redirector for whoever registers a client (RFC 9700 §4.11.2): the person may follow a
 * link instead.
 */
function targetAnswer(refusal: Refusal, target: AuthorizationErrorTarget, deps: RefusalDeps): HttpAnswer {
  const wire = wireRefusals[refusal.reason];
  const { error, description } = wire;
  const { redirectUri, state } = target;
  const { correlation, pages, issuer } = deps;
  const fields = { error, error_description: description, state, iss: issuer };
  if (target.afterForm === true || target.automatic) return answerClient(target, fields, pages);
  const client =
    target.responseMode === 'form_post'
      ? { clientForm: { action: redirectUri, fields } }
      : { client: appendQuery(redirectUri, fields) };
  return pages.error({ status: 400, code: error, description, correlation, ...client });
}

function refusalHeaders(refusal: Refusal, wire: WireRefusal): HttpAnswer['headers'] {
  const { retryAfter, allow } = refusal.context;
  const challenge = challengeOf(refusal, wire);
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
    ...(allow === undefined ? {} : { allow }),
    ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
  };
}

/** RFC 6749 §5.2 for a client that tried Basic, RFC 6750 §3 for UserInfo. */
function challengeOf({ reason, context }: Refusal, wire: WireRefusal): string | undefined {
  if (context.challenge === 'Basic') return 'Basic realm="castellan", charset="UTF-8"';
  if (reason === 'credentials_missing') return bearerChallenge({});
  const isBearer = context.challenge === 'Bearer' || reason === 'token_invalid' || reason === 'insufficient_scope';
  if (!isBearer && reason !== 'credentials_malformed') return undefined;
  const { error } = wire;
  if (error !== 'invalid_token' && error !== 'insufficient_scope' && error !== 'invalid_request') return undefined;
  const scope = context.scope === undefined ? {} : { scope: context.scope };
  return bearerChallenge({ error, description: wire.description, ...scope });
}
