/**
 * The person's session with this server, in one browser.
 *
 * Owns: the cookie's value, its hash, the idle and the absolute limit, and that each sign-in gets a new session.
 * Does not own: the cookie's attributes (`http/`), nor how a person proves themselves (`accounts/`).
 */
import type { Runtime } from '@castellan/protocol';
import type { Exchange } from '../http/exchange.ts';
import type { PersonRow, SessionRow, SessionStore } from '../store/store.ts';

export interface Sessions {
  /** The live session of this cookie value; moves the idle limit at most once a minute. */
  readonly find: (cookieValue: string | undefined) => Promise<SessionRow | undefined>;
  /** Starts a new session; `replaces` is the one this browser had, `parked` the hash of the parked request's id. */
  readonly start: (start: SessionStart, exchange: Exchange) => Promise<StartedSession | 'parked_request_gone'>;
  /** Ends a session by its public id, with its authorizations that lack `offline_access`. */
  readonly end: (id: string, exchange: Exchange) => Promise<'ended' | 'not_live'>;
}

export interface SessionStart {
  readonly person: Pick<PersonRow, 'id'>;
  /** RFC 8176 methods. */
  readonly amr: readonly string[];
  readonly replaces: SessionRow | undefined;
  readonly parked: string | undefined;
}

export interface StartedSession {
  /** For the cookie, and nowhere else. */
  readonly cookieValue: string;
  readonly session: SessionRow;
}

export interface SessionDeps {
  readonly store: SessionStore;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly lifetimes: { readonly sessionIdle: number; readonly sessionAbsolute: number };
}
