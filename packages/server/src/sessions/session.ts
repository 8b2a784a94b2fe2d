/**
 * The person's session with this server, in one browser.
 *
 * Owns: the cookie's value, its hash, the idle and the absolute limit, and that each sign-in gets a new session.
 * Does not own: the cookie's attributes (`http/`), nor how a person proves themselves (`accounts/`).
 */
import {
  createPrefixedToken,
  epochSeconds,
  hashSecret,
  newId,
  parsePrefixedToken,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';
import type { Acting, Exchange } from '../http/exchange.ts';
import type { PersonRow, SessionRow, SessionStore } from '../store/store.ts';
import { passwordAcr } from './authentication-context.ts';

export interface Sessions {
  /** The live session of this cookie value, of somebody who may act; moves the idle limit at most once a minute. */
  readonly find: (cookieValue: string | undefined) => Promise<SessionRow | undefined>;
  /** Starts a new session and ends the one that this browser had. */
  readonly start: (start: SessionStart, exchange: Exchange) => Promise<StartedSession | NotStarted>;
  /**
   * Ends the session that a public id stands for, with its authorizations that lack `offline_access`: an ID token may
   * name one that the same person has replaced since.
   */
  readonly end: (end: SessionEnd, acting: Acting) => Promise<'ended' | 'not_live'>;
}

interface SessionEnd {
  readonly id: string;
  /** Only if it is theirs. */
  readonly person?: string;
  /** `ended_elsewhere` when it was not done in the session's own browser. */
  readonly reason: 'logout' | 'ended_elsewhere';
}

interface SessionStart {
  /** As read when they were asked who they are. */
  readonly person: Pick<PersonRow, 'id' | 'signInEpoch'>;
  /** RFC 8176 methods. */
  readonly amr: readonly string[];
  /** The session this browser had. */
  readonly replaces: SessionRow | undefined;
  /** Hash of the parked request's id that the sign-in belongs to. */
  readonly parked: string | undefined;
}

/** The request is gone; or something has ended the person's sessions while they signed in. */
type NotStarted = 'parked_request_gone' | 'not_admitted';

export interface StartedSession {
  /** For the cookie, and nowhere else. */
  readonly cookieValue: string;
  readonly session: SessionRow;
}

export interface SessionDeps {
  readonly store: SessionStore;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** Seconds. */
  readonly lifetimes: { readonly sessionIdle: number; readonly sessionAbsolute: number };
}

/** A use within this many seconds of the last one does not move the idle limit: reading must not cost a write. */
const touchInterval = 60;

/** The sessions of one server. */
export function createSessions(deps: SessionDeps): Sessions {
  return {
    find: (cookieValue) => findSession(deps, cookieValue),
    start: (start, exchange) => startSession(deps, start, exchange),
    end: (end, acting) => endSession(deps, end, acting),
  };
}

async function findSession(deps: SessionDeps, cookieValue: string | undefined): Promise<SessionRow | undefined> {
  if (cookieValue === undefined) return undefined;
  if (parsePrefixedToken(tokenPrefixes.session, cookieValue) === undefined) return undefined;
  const now = epochSeconds(deps.runtime);
  const session = await deps.store.findSession(hashSecret(cookieValue), now);
  if (session === undefined) return undefined;
  const idleExpiresAt = idleLimit(deps, now, session.absoluteExpiresAt);
  if (idleExpiresAt - session.idleExpiresAt >= touchInterval) {
    await deps.store.touchSession({ id: session.id, idleExpiresAt, now });
  }
  return session;
}

async function startSession(
  deps: SessionDeps,
  start: SessionStart,
  exchange: Exchange,
): Promise<StartedSession | NotStarted> {
  const now = epochSeconds(deps.runtime);
  const { person, amr, replaces } = start;
  const cookieValue = createPrefixedToken(tokenPrefixes.session, deps.runtime.randomBytes(32).toString('base64url'));
  const absoluteExpiresAt = now + deps.lifetimes.sessionAbsolute;
  const session: SessionRow = {
    id: newId(deps.runtime),
    secretHash: hashSecret(cookieValue),
    person: person.id,
    authTime: now,
    acr: passwordAcr,
    amr,
    createdAt: now,
    idleExpiresAt: idleLimit(deps, now, absoluteExpiresAt),
    absoluteExpiresAt,
    endedAt: undefined,
  };
  const started = { type: 'session.started', session: session.id, person: person.id, methods: amr } as const;
  const ended =
    replaces === undefined
      ? []
      : [{ type: 'session.ended', session: replaces.id, person: replaces.person, reason: 'replaced' } as const];
  const verdict = await deps.store.startSession(
    { session, signInEpoch: person.signInEpoch, replaces: replaces?.id, parked: start.parked, now },
    exchange.effects(started, ...ended),
  );
  return verdict === 'started' ? { cookieValue, session } : verdict;
}

async function endSession(
  deps: SessionDeps,
  { id, person, reason }: SessionEnd,
  acting: Acting,
): Promise<'ended' | 'not_live'> {
  const now = epochSeconds(deps.runtime);
  const session = await deps.store.findSessionById(id);
  if (session === undefined || (person !== undefined && session.person !== person)) return 'not_live';
  return deps.store.endSession(
    { id: session.id, reason, now },
    acting.effects({ type: 'session.ended', session: session.id, person: session.person, reason }),
  );
}

/** INVARIANT: use never moves the absolute limit, and the idle one never lies beyond it. */
function idleLimit(deps: SessionDeps, now: number, absoluteExpiresAt: number): number {
  return Math.min(now + deps.lifetimes.sessionIdle, absoluteExpiresAt);
}
