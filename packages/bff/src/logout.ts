/**
 * `POST /logout`: ends the session here first, whatever the issuer says, then the one there.
 *
 * Owns: the end of the local session, and what the page is told. Does not own: how the issuer is asked (`issuer/`).
 */
import { jsonAnswer } from './answer.ts';
import type { ResolvedBffConfig } from './config.ts';
import type { BffCookies } from './cookies.ts';
import type { Endpoint } from './exchange.ts';
import type { Issuer, SignOutVerdict } from './issuer/issuer.ts';
import { checkWriter } from './origin.ts';
import type { LiveSession, Sessions } from './session.ts';

export interface LogoutDeps {
  readonly config: Pick<ResolvedBffConfig, 'origin' | 'signedOutPath'>;
  readonly issuer: Pick<Issuer, 'signOut' | 'revoke'>;
  readonly sessions: Pick<Sessions, 'find' | 'end'>;
  readonly cookies: BffCookies;
}

/**
 * The endpoint that ends a session. The page goes to `next`; `issuer` says whether the session there has `ended`, the
 * issuer `asks` the person at `next`, or it is `unknown`. Without a session it only clears up.
 */
export function createLogoutEndpoint({ config, issuer, sessions, cookies }: LogoutDeps): Endpoint {
  return async (request, exchange) => {
    checkWriter(request, config.origin);
    const live = await sessions.find(request);
    let there: SignOutVerdict = { verdict: 'ended' };
    if (live !== undefined) {
      exchange.identify(live.row.subject);
      await sessions.end(live, 'logout', exchange);
      there = await endThere(issuer, live);
    }
    const next = there.verdict === 'asks' ? there.url : config.signedOutPath;
    return jsonAnswer(
      200,
      { next, issuer: there.verdict },
      { 'set-cookie': clearing(cookies), 'clear-site-data': '"cache", "storage"' },
    );
  };
}

/** Not `"cookies"` in Clear-Site-Data: it would take those of sibling hosts along, the issuer's among them. */
function clearing({ session, login }: BffCookies): readonly string[] {
  return [...session.clear(), ...login.clear()];
}

async function endThere(issuer: Pick<Issuer, 'signOut' | 'revoke'>, { content }: LiveSession): Promise<SignOutVerdict> {
  if (content.refreshToken !== undefined) await issuer.revoke(content.refreshToken);
  return issuer.signOut(content.idToken);
}
