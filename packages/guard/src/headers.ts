/** Headers: what a request may not say in them, and what every answer says. */
import { type HttpRequest, refuse } from '@castellan/protocol';
import { type Limiter, tellLimits } from './limits.ts';
import type { GuardAnswer } from './route.ts';

/** Some frameworks let these change the method or the path after the rules were applied; here nothing does. */
const overrideHeaders = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
] as const;
/** Headers that frame, route or authorize a message: two of them mean that somebody else may read it differently. */
const singleHeaders = [
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
] as const;

/**
 * Asks for the names that matter and looks at no others: a browser sends twenty.
 *
 * @throws {Refusal} `malformed_request` or `credentials_malformed`
 */
export function checkHeaders({ headers }: Pick<HttpRequest, 'headers'>): void {
  for (const name of overrideHeaders) {
    if (headers[name] !== undefined) refuse('malformed_request', { detail: `override header: ${name}` });
  }
  for (const name of singleHeaders) {
    const values = headers[name];
    if (values === undefined || values.length < 2) continue;
    if (name === 'authorization') refuse('credentials_malformed', { detail: 'more than one Authorization header' });
    refuse('malformed_request', { detail: `repeated header: ${name}` });
  }
}

interface Completing {
  readonly request: Pick<HttpRequest, 'method'>;
  readonly limiter: Limiter;
  /** The API is reached by https. */
  readonly https: boolean;
}

/** What every answer says, whatever it is. */
export function completeAnswer(answer: GuardAnswer, { request, limiter, https }: Completing): GuardAnswer {
  const { status, body, stream } = answer;
  const headers = securityHeaders();
  if (https) headers['strict-transport-security'] = 'max-age=31536000; includeSubDomains';
  tellLimits(limiter, headers);
  for (const name of Object.keys(answer.headers)) headers[name] = answer.headers[name] as string;
  if (stream !== undefined) return { status, headers, body, stream };
  // With its length known an answer goes out in one piece. One without content must not have a length (RFC 9110 §8.6).
  if (status !== 204) headers['content-length'] = String(Buffer.byteLength(body));
  // RFC 9110 §9.3.2: the headers of the GET, its length included.
  return { status, headers, body: request.method === 'HEAD' ? '' : body };
}

/** R-184; a new object for each answer, which is cheaper than a copy. RFC 6797 asks for the year. */
function securityHeaders(): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  };
}
