/**
 * `POST /logout`: ends the session here first, whatever the issuer says, then tells the page where to go on.
 *
 * Owns: the end of the local session. Does not own: the session at the issuer, which its own page ends (docs/decisions/0005).
 */
import { Refusal } from '@castellan/protocol';
import { jsonAnswer } from './answer.ts';
import type { ResolvedBffConfig } from './config.ts';
import type { BffCookies } from './cookies.ts';
import type { Endpoint } from './exchange.ts';
import type { Issuer } from './issuer/issuer.ts';
import { checkWriter } from './origin.ts';
import type { Sessions } from './session.ts';

export interface LogoutDeps {
  readonly config: Pick<ResolvedBffConfig, 'origin' | 'signedOutPath'>;
  readonly issuer: Pick<Issuer, 'signOutUrl' | 'revoke'>;
  readonly sessions: Pick<Sessions, 'find' | 'end'>;
  readonly cookies: BffCookies;
}

/** The endpoint that ends a session; the page goes to `next`. Without a session it only clears up. */
export function createLogoutEndpoint({ config, issuer, sessions, cookies }: LogoutDeps): Endpoint {
  return async (request, exchange) => {
    checkWriter(request, config.origin);
    const live = await sessions.find(request);
    let next = config.signedOutPath;
    if (live !== undefined) {
      exchange.identify(live.row.subject);
      await sessions.end(live, 'logout', exchange);
      if (live.content.refreshToken !== undefined) await issuer.revoke(live.content.refreshToken);
      next = (await signOutThere(issuer, live.row.issuerSession)) ?? next;
    }
    return jsonAnswer(200, { next }, { 'set-cookie': clearing(cookies), 'clear-site-data': '"cache", "storage"' });
  };
}

/** Not `"cookies"` in Clear-Site-Data: it would take those of sibling hosts along, the issuer's among them. */
function clearing({ session, login }: BffCookies): readonly string[] {
  return [...session.clear(), ...login.clear()];
}

async function signOutThere(
  issuer: Pick<Issuer, 'signOutUrl'>,
  session: string | undefined,
): Promise<string | undefined> {
  try {
    return await issuer.signOutUrl(session);
  } catch (error) {
    // An issuer that cannot be reached must not keep anybody signed in here.
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
