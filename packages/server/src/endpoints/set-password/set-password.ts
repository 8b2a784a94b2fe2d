/**
 * The page on which somebody who holds a link sets a password.
 *
 *     GET /set-password?token=… -> the token goes into a cookie -> GET /set-password -> form -> POST -> the password is set
 *
 * The address with the token is answered by a redirect, so that no page, and nothing a page loads, is ever shown there.
 *
 * Owns: that way. Does not own: links and what ends with a new password (`accounts/`). It signs nobody in.
 */
import {
  checkOrigin,
  type HttpAnswer,
  type HttpRequest,
  hashSecret,
  parseForm,
  parsePrefixedToken,
  type Runtime,
  secretsEqual,
  singleParameters,
  tokenPrefixes,
} from '@castellan/protocol';
import { type PasswordLinks, passwordLinkParameter, passwordLinkPath } from '../../accounts/password-link.ts';
import { rememberBrowser, type ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect, setCookies } from '../../http/page.ts';
import { parseParameters } from '../../requests/parse.ts';
import { linkGonePage, passwordSetPage, setPasswordPage } from './set-password-page.ts';

export interface SetPasswordDeps {
  readonly issuer: string;
  readonly passwordLinks: PasswordLinks;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly pages: Pick<Pages, 'page'>;
  readonly runtime: Pick<Runtime, 'randomBytes'>;
}

export function createSetPasswordEndpoint(deps: SetPasswordDeps): Endpoint {
  return async (request, exchange) => {
    const named = parseParameters(request.query).get(passwordLinkParameter);
    if (named !== undefined && request.method === 'GET') return takeToken(named, deps);
    const token = deps.cookies.passwordLink.read(request);
    const person = token === undefined ? undefined : await deps.passwordLinks.find(token);
    if (token === undefined) return deps.pages.page(linkGonePage());
    if (person === undefined) return linkGone(deps);
    exchange.identify({ person: person.id });
    const held = { token, loginName: person.loginName };
    return request.method === 'POST' ? set(request, { held, exchange }, deps) : show(request, { held }, deps);
  };
}

/** INVARIANT: whatever it is, it leaves the address bar; nothing is looked up, so a preview of the link uses nothing up. */
function takeToken(token: string, { issuer, cookies }: SetPasswordDeps): HttpAnswer {
  const isOne = parsePrefixedToken(tokenPrefixes.passwordLink, token) !== undefined;
  return redirect(issuer + passwordLinkPath, isOne ? cookies.passwordLink.set(token) : cookies.passwordLink.clear());
}

/** A link in the hands of this browser, and whose it is. */
interface Held {
  readonly token: string;
  readonly loginName: string;
}

function show(
  request: HttpRequest,
  { held, problem }: { readonly held: Held; readonly problem?: string },
  deps: SetPasswordDeps,
): HttpAnswer {
  const { browser, setCookie } = rememberBrowser(request, deps);
  const answer = deps.pages.page(
    setPasswordPage({
      action: deps.issuer + passwordLinkPath,
      formToken: deps.formTokens.issue('set-password', bindings(browser, held)),
      loginName: held.loginName,
      problem,
    }),
  );
  return { ...answer, headers: { ...answer.headers, ...setCookies(setCookie) } };
}

function bindings(browser: string, { token }: Held): readonly string[] {
  return [browser, hashSecret(token)];
}

/** INVARIANT: nothing of the form is looked at before origin and form token were checked. */
async function set(
  request: HttpRequest,
  { held, exchange }: { readonly held: Held; readonly exchange: Exchange },
  deps: SetPasswordDeps,
): Promise<HttpAnswer> {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  const browser = deps.cookies.browser.read(request) ?? '';
  deps.formTokens.check('set-password', bindings(browser, held), fields['form_token']);
  const { password = '', repeated = '' } = fields;
  if (!secretsEqual(password, repeated))
    return show(request, { held, problem: 'The two passwords are not the same.' }, deps);
  const verdict = await deps.passwordLinks.use({ token: held.token, password }, exchange);
  if (verdict.verdict === 'refused') {
    return show(request, { held, problem: `The password ${verdict.problem}.` }, deps);
  }
  if (verdict.verdict === 'link_gone') return linkGone(deps);
  const answer = deps.pages.page(passwordSetPage());
  return { ...answer, headers: { ...answer.headers, ...setCookies(deps.cookies.passwordLink.clear()) } };
}

/** Only for who holds one: a post from another site brings no cookie, and must not take one away. */
function linkGone({ pages, cookies }: SetPasswordDeps): HttpAnswer {
  const answer = pages.page(linkGonePage());
  return { ...answer, headers: { ...answer.headers, ...setCookies(cookies.passwordLink.clear()) } };
}
