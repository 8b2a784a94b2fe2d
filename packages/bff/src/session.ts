/**
 * The person's session with this app, in one browser, and what the page may know of it (`GET /session`).
 *
 * Owns: the cookie's secret, both lifetimes, what is sealed in a row, and that each sign-in gets a new session.
 * Does not own: when tokens are refreshed (`refresh.ts`), nor how a person is told from another (`issuer/`).
 */
import { epochSeconds, type HttpRequest, newId, type Runtime } from '@castellan/protocol';
import { jsonAnswer } from './answer.ts';
import type { ResolvedBffConfig } from './config.ts';
import type { BffCookie } from './cookies.ts';
import type { Endpoint, Exchange } from './exchange.ts';
import type { Identity, Tokens } from './issuer/issuer.ts';
import { checkReader } from './origin.ts';
import { createSecret, type Seal, sealOf } from './seal.ts';
import type { SessionPort, SessionRow } from './session-port.ts';

/** What a session knows and nobody but its cookie can open. */
interface SessionContent extends Tokens {
  /** What to call the person; for display only. */
  readonly name: string | undefined;
}

/** A session whose cookie is at hand. */
export interface LiveSession {
  readonly row: SessionRow;
  readonly content: SessionContent;
  readonly seal: Seal;
}

/** What a sign-in must remember of the session it will replace: its Strict cookie stays away from the callback. */
export interface ReplacedSession {
  readonly secretHash: string;
  readonly id: string;
  readonly subject: string;
}

interface SessionStart {
  readonly identity: Identity;
  readonly content: SessionContent;
  readonly replaces: ReplacedSession | undefined;
}

export interface Sessions {
  /** The live session of a request; moves its idle limit at most once a minute. */
  readonly find: (request: Pick<HttpRequest, 'headers'>) => Promise<LiveSession | undefined>;
  /** The same session as it is stored now. */
  readonly reload: (live: LiveSession) => Promise<LiveSession | undefined>;
  /** Starts a new session; answers the `Set-Cookie` values. */
  readonly start: (start: SessionStart, exchange: Exchange) => Promise<readonly string[]>;
  /** Replaces what a session knows, unless somebody else did meanwhile. */
  readonly update: (live: LiveSession, content: SessionContent) => Promise<LiveSession | 'changed'>;
  readonly end: (live: LiveSession, reason: 'logout' | 'refresh_refused', exchange: Exchange) => Promise<void>;
}

export interface SessionDeps {
  readonly port: SessionPort;
  readonly cookie: BffCookie;
  readonly config: Pick<ResolvedBffConfig, 'lifetimes'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** The sessions of an app behind their port. */
export function createSessions(deps: SessionDeps): Sessions {
  const { port, cookie, runtime } = deps;
  return {
    find: async (request) => {
      const secret = cookie.read(request);
      if (secret === undefined) return undefined;
      const live = await openSession(port, sealOf('session', secret, runtime), runtime);
      if (live !== undefined) await touch(deps, live.row);
      return live;
    },
    reload: (live) => openSession(port, live.seal, runtime),
    start: (start, exchange) => startSession(deps, start, exchange),
    update: async (live, content) => {
      const { secretHash, version } = live.row;
      const sealed = live.seal.close(content);
      const verdict = await port.updateSession({ secretHash, version, sealed });
      if (verdict === 'changed') return verdict;
      return { ...live, content, row: { ...live.row, sealed, version: version + 1 } };
    },
    end: async ({ row }, reason, exchange) => {
      const event = { type: 'session.ended', session: row.id, person: row.subject, reason } as const;
      await port.endSession(row.secretHash, exchange.effects(event));
    },
  };
}

async function openSession(
  port: SessionPort,
  seal: Seal,
  runtime: Pick<Runtime, 'now'>,
): Promise<LiveSession | undefined> {
  const row = await port.findSession(seal.secretHash, epochSeconds(runtime));
  // INVARIANT: a row that does not open is no session: somebody changed it or moved it here.
  const content = row === undefined ? undefined : (seal.open(row.sealed) as SessionContent | undefined);
  return row === undefined || content === undefined ? undefined : { row, content, seal };
}

const touchInterval = 60;

async function touch({ port, config, runtime }: SessionDeps, row: SessionRow): Promise<void> {
  const now = epochSeconds(runtime);
  const idleExpiresAt = Math.min(now + config.lifetimes.sessionIdle, row.absoluteExpiresAt);
  if (idleExpiresAt - row.idleExpiresAt < touchInterval) return;
  await port.touchSession({ secretHash: row.secretHash, idleExpiresAt, now });
}

async function startSession(
  { port, cookie, config, runtime }: SessionDeps,
  { identity, content, replaces }: SessionStart,
  exchange: Exchange,
): Promise<readonly string[]> {
  const secret = createSecret(runtime);
  const seal = sealOf('session', secret, runtime);
  const now = epochSeconds(runtime);
  const { sessionIdle, sessionAbsolute } = config.lifetimes;
  const session: SessionRow = {
    id: newId(runtime),
    secretHash: seal.secretHash,
    issuer: identity.issuer,
    subject: identity.subject,
    sealed: seal.close(content),
    version: 1,
    createdAt: now,
    idleExpiresAt: now + Math.min(sessionIdle, sessionAbsolute),
    absoluteExpiresAt: now + sessionAbsolute,
  };
  const { id, subject: person } = session;
  await port.startSession(
    { session, replaces: replaces?.secretHash, now },
    {
      started: exchange.effects({ type: 'session.started', session: id, person, methods: identity.methods }),
      replaced: exchange.effects({
        type: 'session.ended',
        session: replaces?.id ?? '',
        person: replaces?.subject ?? '',
        reason: 'replaced',
      }),
    },
  );
  return cookie.set(secret);
}

/** What the page may know: whether somebody is signed in, what to call them, and until when at most. No token. */
export function createSessionEndpoint(sessions: Pick<Sessions, 'find'>, origin: string): Endpoint {
  return async (request, exchange) => {
    checkReader(request, origin);
    const live = await sessions.find(request);
    if (live === undefined) return jsonAnswer(200, { signedIn: false });
    exchange.identify(live.row.subject);
    const { name } = live.content;
    const expires = new Date(live.row.absoluteExpiresAt * 1000).toISOString();
    return jsonAnswer(200, { signedIn: true, ...(name === undefined ? {} : { name }), expires });
  };
}
