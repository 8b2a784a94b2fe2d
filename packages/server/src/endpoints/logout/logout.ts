/**
 * RP-initiated logout, and the page that signs a person out by hand.
 *
 * Owns: when a sign-out needs no question, when it is asked first, and where the browser may go afterwards.
 * Does not own: ending a session with what depends on it (`sessions/`, `store/`).
 *
 * A link from anywhere may open this page. Only a valid ID token of ours (`id_token_hint`) ends a session at once and
 * only it opens the way to a registered address; without one the person is asked, and stays here.
 */
import {
  checkOrigin,
  type HttpAnswer,
  type HttpRequest,
  parseForm,
  type Runtime,
  singleParameters,
} from '@castellan/protocol';
import type { SubjectOf } from '../../accounts/subject.ts';
import type { ClientDirectory } from '../../clients/client.ts';
import { rememberBrowser, type ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect, setCookies } from '../../http/page.ts';
import type { VerifyHint } from '../../requests/id-token-hint.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { SessionRow } from '../../store/store.ts';
import { checkLogout, type LogoutRequest, returnAddress } from './check-logout.ts';
import { confirmPage, signedOutPage } from './logout-page.ts';

export interface LogoutDeps {
  readonly issuer: string;
  readonly clients: ClientDirectory;
  readonly sessions: Pick<Sessions, 'find' | 'end'>;
  readonly verifyHint: VerifyHint;
  readonly subjectOf: SubjectOf;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly pages: Pick<Pages, 'page' | 'goOn'>;
  readonly runtime: Pick<Runtime, 'randomBytes'>;
}

/** GET and POST /logout: asked for by a client, by a link, or by a person. */
export function createLogoutEndpoint(deps: LogoutDeps): Endpoint {
  return async (request, exchange) => {
    const asked = await checkLogout(request, deps);
    const session = await deps.sessions.find(deps.cookies.session.read(request));
    identify(exchange, asked, session);
    if (mayEndAtOnce(asked, session, deps)) {
      await endSessions(asked, session, { deps, exchange });
      return leave(request, asked, deps);
    }
    return session === undefined ? signedOut(request, deps) : ask(request, { asked, session }, deps);
  };
}

/** POST /logout/confirm: the person pressed «Sign out» on our own page. */
export function createLogoutConfirmEndpoint(deps: LogoutDeps): Endpoint {
  return async (request, exchange) => {
    checkOrigin(request, new URL(deps.issuer).origin);
    const fields = singleParameters(parseForm(request.body), []);
    const session = await deps.sessions.find(deps.cookies.session.read(request));
    // The session the page was made for has ended meanwhile: that is what the person wanted.
    if (session === undefined) return signedOut(request, deps);
    const browser = deps.cookies.browser.read(request) ?? '';
    const { address } = fields;
    deps.formTokens.check('logout', [browser, session.id, address ?? ''], fields['form_token']);
    exchange.identify({ person: session.person });
    await deps.sessions.end({ id: session.id, reason: 'logout' }, exchange);
    if (address === undefined) return signedOut(request, deps);
    const answer = deps.pages.goOn(address);
    return { ...answer, headers: { ...answer.headers, ...clearedCookie(request, deps) } };
  };
}

function identify(exchange: Exchange, asked: LogoutRequest, session: SessionRow | undefined): void {
  const client = asked.hint?.client ?? asked.client?.id;
  // A pairwise name is no person's id, and stands in no event for one.
  const hinted = asked.client?.sector === undefined ? asked.hint?.subject : undefined;
  const person = session?.person ?? hinted;
  exchange.identify({ ...(client === undefined ? {} : { client }), ...(person === undefined ? {} : { person }) });
}

/** A hint speaks for the person it names; when somebody else is signed in here, that person is asked. */
function mayEndAtOnce(
  { hint, client }: LogoutRequest,
  session: SessionRow | undefined,
  { subjectOf }: Pick<LogoutDeps, 'subjectOf'>,
): boolean {
  if (hint === undefined || client === undefined) return false;
  return session === undefined || subjectOf(session.person, client) === hint.subject;
}

interface Ending {
  readonly deps: LogoutDeps;
  readonly exchange: Exchange;
}

/** Ends the session of this browser and the one the hint names, which may be another, or live without any cookie. */
async function endSessions(
  asked: LogoutRequest,
  session: SessionRow | undefined,
  { deps, exchange }: Ending,
): Promise<void> {
  for (const id of new Set([session?.id, asked.hint?.session])) {
    if (id !== undefined) await deps.sessions.end({ id, reason: 'logout' }, exchange);
  }
}

function leave(request: HttpRequest, asked: LogoutRequest, deps: LogoutDeps): HttpAnswer {
  const address = returnAddress(asked);
  if (address === undefined) return signedOut(request, deps);
  const answer = redirect(address);
  return { ...answer, headers: { ...answer.headers, ...clearedCookie(request, deps) } };
}

function signedOut(request: HttpRequest, deps: LogoutDeps): HttpAnswer {
  return deps.pages.page({ ...signedOutPage(), headers: clearedCookie(request, deps) });
}

/**
 * INVARIANT: only a cookie that came along is cleared. A post from another site comes without it, and clearing it
 * then would sign a person out whom nobody has asked.
 */
function clearedCookie(request: HttpRequest, deps: LogoutDeps): HttpAnswer['headers'] {
  const hasCookie = deps.cookies.session.read(request) !== undefined;
  return setCookies(hasCookie ? deps.cookies.session.clear() : []);
}

interface Asking {
  readonly asked: LogoutRequest;
  readonly session: SessionRow;
}

/**
 * Asks first. The address to go to afterwards travels in the form, sealed by the form token: only an address that
 * was checked together with a valid hint is ever in there, and the hint itself, a token, is not.
 */
function ask(request: HttpRequest, { asked, session }: Asking, deps: LogoutDeps): HttpAnswer {
  const { browser, setCookie } = rememberBrowser(request, deps);
  const address = returnAddress(asked);
  const formToken = deps.formTokens.issue('logout', [browser, session.id, address ?? '']);
  const page = confirmPage({ action: `${deps.issuer}/logout/confirm`, formToken, address });
  return deps.pages.page({ ...page, headers: setCookies(setCookie) });
}
