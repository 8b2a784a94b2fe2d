/** Answers as the BFF gives them: JSON, the security headers all of them carry, and a refusal as either audience reads it. */
import { type HttpAnswer, type Refusal, wireRefusals } from '@castellan/protocol';
import { problemPage } from './page.ts';

export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A JSON answer; {@link withSecurityHeaders} keeps it out of caches. */
export function jsonAnswer(status: number, body: unknown, headers: Headers = {}): HttpAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}

/** For pages and assets of the app: everything from its own origin, nothing inline, no frame around it. */
const appPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** For what is not a page: were it opened as one, it could do nothing. */
const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

const permissionsPolicy = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ');

/** One year, as browsers ask before they take a site for https only. */
const transportSecurity = 'max-age=31536000; includeSubDomains';

/** Who made an answer decides what it may say about caching and about its own policy. */
export type AnswerSource = 'app' | 'own page' | 'data';

/**
 * Adds the headers that every answer carries.
 *
 * INVARIANT: an answer that depends on the session is never `app`: it must not be stored anywhere.
 */
export function withSecurityHeaders(answer: HttpAnswer, source: AnswerSource, secure: boolean): HttpAnswer {
  const said = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const policy = source === 'data' ? closedPolicy : (source === 'app' && said['content-security-policy']) || appPolicy;
  const cache = source === 'app' && answer.status < 400 ? (said['cache-control'] ?? 'no-cache') : 'no-store';
  return {
    ...answer,
    headers: {
      ...said,
      'cache-control': cache,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': permissionsPolicy,
      ...(secure ? { 'strict-transport-security': transportSecurity } : {}),
    },
  };
}

/** What a refusal says besides its constant text. */
export interface RefusalAudience {
  readonly channel: 'page' | 'json';
  readonly correlation: string;
  readonly stylesheet: string | undefined;
}

/** A refusal on the wire: nothing of the request comes back in it. */
export function refusalAnswer({ reason, context }: Refusal, audience: RefusalAudience): HttpAnswer {
  const { error, status, description } = wireRefusals[reason];
  const headers: Record<string, string> = {};
  if (context.retryAfter !== undefined) headers['retry-after'] = String(context.retryAfter);
  if (context.allow !== undefined) headers['allow'] = context.allow;
  const body = { error, error_description: description, reason, correlation: audience.correlation };
  if (audience.channel === 'json') return jsonAnswer(status, body, headers);
  const page = problemPage({ code: error, description, ...audience });
  return { status, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' }, body: page };
}
