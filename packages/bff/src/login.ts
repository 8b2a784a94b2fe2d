/**
 * `GET /login`: begins a sign-in and sends the browser to the issuer.
 *
 * Owns: the secrets of one sign-in, and that only this browser can finish it. Does not own: what comes back
 * (`callback.ts`).
 */

import type { LimitStore } from '@castellan/limits';
import {
  addressBucket,
  epochSeconds,
  type HttpAnswer,
  hashSecret,
  parseForm,
  type Runtime,
  refuse,
  singleParameters,
} from '@castellan/protocol';
import type { ResolvedBffConfig } from './config.ts';
import type { BffCookie } from './cookies.ts';
import type { Endpoint, Exchange } from './exchange.ts';
import type { Issuer, LoginSecrets } from './issuer/issuer.ts';
import { isFromElsewhere, isTopLevel } from './origin.ts';
import { askToSignInPage } from './page.ts';
import { parseReturnTo } from './return-to.ts';
import { createSecret, sealOf } from './seal.ts';
import type { ReplacedSession, Sessions } from './session.ts';
import type { SessionPort } from './session-port.ts';

/** What a sign-in under way knows; sealed under the login cookie. */
export interface LoginContent extends LoginSecrets {
  readonly returnTo: string;
  readonly replaces: ReplacedSession | undefined;
}

export interface LoginDeps {
  readonly config: Pick<ResolvedBffConfig, 'origin' | 'lifetimes' | 'limit' | 'stylesheet'>;
  readonly issuer: Pick<Issuer, 'signInUrl'>;
  readonly port: Pick<SessionPort, 'beginLogin'>;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly cookie: BffCookie;
  readonly limits: LimitStore;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
}

/** The endpoint that begins a sign-in. */
export function createLoginEndpoint(deps: LoginDeps): Endpoint {
  return async (request, exchange) => {
    const { returnTo } = singleParameters(parseForm(request.query), []);
    const path = parseReturnTo(returnTo, deps.config.origin);
    if (!isTopLevel(request)) refuse('csrf_rejected', { detail: 'not a navigation of a whole page' });
    if (isFromElsewhere(request)) return askFirst(path, deps);
    await checkLimit(deps, exchange);
    const secrets: LoginSecrets = {
      state: createSecret(deps.runtime),
      nonce: createSecret(deps.runtime),
      verifier: createSecret(deps.runtime),
    };
    // Before anything is stored: an issuer that cannot be reached leaves nothing behind.
    const location = await deps.issuer.signInUrl(secrets);
    const live = await deps.sessions.find(request);
    const replaces = live && { secretHash: live.row.secretHash, id: live.row.id, subject: live.row.subject };
    // One browser may sign in from two tabs: they share the cookie, each has a transaction of its own.
    const browser = deps.cookie.read(request) ?? createSecret(deps.runtime);
    await begin(deps, browser, { ...secrets, returnTo: path, replaces });
    return { status: 303, headers: { location, 'set-cookie': deps.cookie.set(browser) }, body: '' };
  };
}

/** Another site can send a browser here, but not begin a sign-in with it: that takes a click on our own page. */
function askFirst(returnTo: string, { config }: LoginDeps): HttpAnswer {
  const path = `/login?${new URLSearchParams({ returnTo })}`;
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: askToSignInPage(path, config.stylesheet),
  };
}

async function checkLimit({ limits, config, runtime }: LoginDeps, exchange: Exchange): Promise<void> {
  const { count, period } = config.limit;
  const key = `bff-login:${addressBucket(exchange.address)}`;
  const { admitted, retryAfter } = await limits.take(key, { count, period }, runtime);
  if (admitted) return;
  exchange.notice({ type: 'limit.hit', limit: 'login', address: exchange.address });
  refuse('rate_limited', { retryAfter });
}

async function begin({ port, config, runtime }: LoginDeps, browser: string, content: LoginContent): Promise<void> {
  const seal = sealOf('login', browser, runtime);
  const now = epochSeconds(runtime);
  const expiresAt = now + config.lifetimes.login;
  const stateHash = hashSecret(content.state);
  await port.beginLogin({ stateHash, browserHash: seal.secretHash, sealed: seal.close(content), expiresAt }, now);
}
