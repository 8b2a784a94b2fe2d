/** How an authorization response, success or error, reaches the client that asked. */
import { type AuthorizationErrorTarget, appendQuery, type HttpAnswer } from '@castellan/protocol';
import { type Pages, redirect } from './page.ts';

/** Who is answered, and how. */
export type ClientTarget = Pick<AuthorizationErrorTarget, 'redirectUri' | 'responseMode' | 'afterForm'>;

/** What the client is told; `iss` is always among it (RFC 9207 §2). */
export type ClientParameters = { readonly iss: string } & Readonly<Record<string, string | undefined>>;

/**
 * The answer that brings the parameters to the client.
 *
 * Checks nothing: the redirect URI must have been matched, and the mode be one of the client's.
 */
export function answerClient(
  target: ClientTarget,
  parameters: ClientParameters,
  pages: Pick<Pages, 'goOn' | 'post'>,
): HttpAnswer {
  if (target.responseMode === 'form_post') return pages.post({ action: target.redirectUri, fields: parameters });
  const address = appendQuery(target.redirectUri, parameters);
  return target.afterForm === true ? pages.goOn(address) : redirect(address);
}
