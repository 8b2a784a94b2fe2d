/** What a client or a person can tell from an answer: assertions that many flows need. */
import assert from 'node:assert/strict';
import type { Page } from './page.ts';
import type { JsonAnswer } from './relying-party.ts';
import { headerValue, type WireAnswer } from './wire.ts';

/** How the authorization endpoint said no. */
export interface DeliveredError {
  /** `page`: told to the person alone. `link`: the person may carry it to the client. `redirect`: sent there. */
  readonly via: 'page' | 'link' | 'redirect';
  readonly error: string;
  /** What the client gets or would get. */
  readonly parameters: URLSearchParams;
}

/** Reads the error an authorization request ended with; undefined when it did not end with one. */
export function deliveredError(page: Page, redirectUri: string): DeliveredError | undefined {
  const atClient = page.url.href.split('?')[0] === redirectUri.split('?')[0];
  if (atClient) {
    const error = page.url.searchParams.get('error');
    return error === null ? undefined : { via: 'redirect', error, parameters: page.url.searchParams };
  }
  const link = page.elements.find(({ tag, attributes }) => tag === 'a' && attributes['href']?.startsWith(redirectUri));
  const word = page.find('error-code')?.text;
  if (link !== undefined) {
    const { searchParams } = new URL(link.attributes['href'] ?? '');
    return { via: 'link', error: searchParams.get('error') ?? '', parameters: searchParams };
  }
  return word === undefined ? undefined : { via: 'page', error: word, parameters: new URLSearchParams() };
}

/** Asserts an OAuth error answer: status, code, a JSON object of the two known members, never cached. */
export function assertRefused(answer: JsonAnswer, status: number, error: string): void {
  assert.deepEqual([answer.status, answer.json['error']], [status, error], answer.body);
  assert.deepEqual(Object.keys(answer.json).sort(), ['error', 'error_description']);
  assert.match(String(answer.json['error_description']), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  assert.match(headerValue(answer, 'content-type') ?? '', /^application\/json\b/);
}

/** Asserts that tokens were issued, and answers with them. */
export function assertTokens(answer: JsonAnswer): {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
} {
  assert.equal(answer.status, 200, answer.body);
  const text = (name: string): string => {
    const value = answer.json[name];
    return typeof value === 'string' ? value : '';
  };
  return { accessToken: text('access_token'), idToken: text('id_token'), refreshToken: text('refresh_token') };
}

/** The header and claims of a JWT, unverified. */
export function decodeJwt(token: string): {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
} {
  const [header = '', claims = ''] = token.split('.');
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: read(header), claims: read(claims) };
}

/** Asserts that an answer shows nothing of the inside: no stack trace, no path, no marker of the test's own input. */
export function assertDiscreet(answer: WireAnswer, ...secrets: readonly string[]): void {
  const whole = `${answer.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}\n${answer.body}`;
  assert.doesNotMatch(whole, /\bat \S+ \(|\.ts:\d+|node:internal|node_modules|SQLITE|SELECT |Error: /);
  for (const secret of secrets) assert.ok(!whole.includes(secret), `the answer shows ${secret}`);
}
