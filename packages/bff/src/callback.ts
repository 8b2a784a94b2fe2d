/**
 * `GET /callback`: the issuer sends the browser back, and the sign-in becomes a session.
 *
 * Owns: that an answer fits a sign-in this browser began, and counts once. Does not own: the checks of the answer and
 * its tokens (`issuer/`).
 */
import {
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
import type { Endpoint } from './exchange.ts';
import type { Issuer } from './issuer/issuer.ts';
import type { LoginContent } from './login.ts';
import { isTopLevel } from './origin.ts';
import { onwardPage } from './page.ts';
import { isSecret, sealOf } from './seal.ts';
import type { Sessions } from './session.ts';
import type { SessionPort } from './session-port.ts';

export interface CallbackDeps {
  readonly config: Pick<ResolvedBffConfig, 'stylesheet'>;
  readonly issuer: Pick<Issuer, 'redeem' | 'profile'>;
  readonly port: Pick<SessionPort, 'consumeLogin'>;
  readonly sessions: Pick<Sessions, 'start'>;
  readonly cookie: BffCookie;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** The endpoint that finishes a sign-in. */
export function createCallbackEndpoint(deps: CallbackDeps): Endpoint {
  return async (request, exchange) => {
    if (!isTopLevel(request)) refuse('csrf_rejected', { detail: 'not a navigation of a whole page' });
    const { state } = singleParameters(parseForm(request.query), []);
    const browser = deps.cookie.read(request);
    const login = await consume(deps, state, browser);
    const { identity, tokens } = await deps.issuer.redeem(request.query, login);
    exchange.identify(identity.subject);
    const profile = await deps.issuer.profile(tokens, identity);
    const cookies = await deps.sessions.start(
      { identity, content: { ...profile.tokens, name: profile.name }, replaces: login.replaces },
      exchange,
    );
    return onward(login.returnTo, cookies, deps.config.stylesheet);
  };
}

/**
 * Takes the sign-in out of the store. It is spent from here on, whatever the checks that follow say: an attacker gets
 * one try at most, and none without the cookie of the browser that began.
 */
async function consume(
  { port, runtime }: CallbackDeps,
  state: string | undefined,
  browser: string | undefined,
): Promise<LoginContent> {
  if (state === undefined || !isSecret(state)) return refuse('parked_request_gone', { detail: 'no state of ours' });
  if (browser === undefined) return refuse('wrong_browser', { detail: 'no login cookie' });
  const seal = sealOf('login', browser, runtime);
  const key = { stateHash: hashSecret(state), browserHash: seal.secretHash, now: epochSeconds(runtime) };
  const row = await port.consumeLogin(key);
  const content = row === undefined ? undefined : seal.open(row.sealed);
  if (content === undefined) return refuse('parked_request_gone', { detail: 'unknown, finished, expired or foreign' });
  return content as LoginContent;
}

function onward(path: string, cookies: readonly string[], stylesheet: string | undefined): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'set-cookie': cookies },
    body: onwardPage(path, stylesheet),
  };
}
