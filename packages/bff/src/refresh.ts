/**
 * Keeps the access token of a session usable: refreshed shortly before it expires, once for all requests that wait,
 * in this process and in others.
 *
 * Owns: when a refresh happens and what its verdict does to the session. Does not own: the call (`issuer/`), the row.
 */
import { type Runtime, refuse } from '@castellan/protocol';
import type { Exchange } from './exchange.ts';
import type { Issuer } from './issuer/issuer.ts';
import type { LiveSession, Sessions } from './session.ts';
import type { SessionPort } from './session-port.ts';

export interface RefreshDeps {
  readonly issuer: Pick<Issuer, 'refresh' | 'revoke'>;
  readonly sessions: Pick<Sessions, 'reload' | 'update' | 'end'>;
  readonly port: Pick<SessionPort, 'claimRefresh' | 'releaseRefresh'>;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule'>;
}

export interface AccessTokens {
  /**
   * An access token that should work; never `rejected`, one that the API would not take.
   *
   * @throws {Refusal} `session_ended` when the issuer says that the authorization is over; `issuer_unavailable` when
   * there is no usable token and no way to get one, which leaves the session as it is
   */
  readonly usable: (live: LiveSession, exchange: Exchange, rejected?: string) => Promise<string>;
}

/** Seconds before its end at which a token is replaced: a request on its way must not outlive it. */
const leeway = 30;
/** How long one node may take for a refresh before another tries, in milliseconds. Longer than a call to the issuer. */
const claimTime = 25_000;
const pollInterval = 50;

/** The access tokens of all sessions. */
export function createAccessTokens(deps: RefreshDeps): AccessTokens {
  const running = new Map<string, Promise<LiveSession>>();
  return {
    usable: async (live, exchange, rejected) => {
      if (isUsable(live, deps, { margin: leeway, rejected })) return live.content.accessToken;
      const { secretHash } = live.row;
      let refreshing = running.get(secretHash);
      if (refreshing === undefined) {
        refreshing = refreshShared(deps, { live, exchange, rejected }).finally(() => running.delete(secretHash));
        running.set(secretHash, refreshing);
      }
      return (await refreshing).content.accessToken;
    },
  };
}

interface RefreshTask {
  readonly live: LiveSession;
  readonly exchange: Exchange;
  readonly rejected: string | undefined;
}

interface Need {
  /** Seconds the token must have left. */
  readonly margin: number;
  readonly rejected: string | undefined;
}

function isUsable({ content }: LiveSession, { runtime }: RefreshDeps, { margin, rejected }: Need): boolean {
  return content.accessToken !== rejected && content.expiresAt - margin > runtime.now() / 1000;
}

/** Waits for the claim that one node at a time holds; whoever comes later finds the work done. */
async function refreshShared(deps: RefreshDeps, task: RefreshTask): Promise<LiveSession> {
  const { port, runtime, sessions } = deps;
  const deadline = runtime.monotonic() + claimTime;
  for (let live = task.live; ; ) {
    const { secretHash, version } = live.row;
    const nowMs = runtime.now();
    const verdict = await port.claimRefresh({ secretHash, version, until: nowMs + claimTime, nowMs });
    if (verdict === 'claimed') return refreshClaimed(deps, { ...task, live });
    if (verdict === 'busy') {
      if (isUsable(live, deps, { margin: 0, rejected: task.rejected })) return live;
      if (runtime.monotonic() > deadline) refuse('issuer_unavailable', { detail: 'refresh claimed elsewhere' });
      await new Promise<void>((resolve) => runtime.schedule(pollInterval, resolve));
    }
    const found = await sessions.reload(live);
    if (found === undefined) return refuse('session_ended', { detail: 'ended during a refresh' });
    if (isUsable(found, deps, { margin: leeway, rejected: task.rejected })) return found;
    live = found;
  }
}

async function refreshClaimed(deps: RefreshDeps, { live, exchange, rejected }: RefreshTask): Promise<LiveSession> {
  const { issuer, sessions, port } = deps;
  const { refreshToken } = live.content;
  const ended = async (detail: string): Promise<never> => {
    await sessions.end(live, 'refresh_refused', exchange);
    return refuse('session_ended', { detail });
  };
  if (refreshToken === undefined) {
    await port.releaseRefresh(live.row.secretHash, live.row.version);
    return isUsable(live, deps, { margin: 0, rejected }) ? live : ended('no refresh token');
  }
  const found = await issuer.refresh(refreshToken, live.row);
  if (found.verdict === 'ended') return ended(found.detail);
  if (found.verdict === 'unavailable') {
    await port.releaseRefresh(live.row.secretHash, live.row.version);
    if (isUsable(live, deps, { margin: 0, rejected })) return live;
    return refuse('issuer_unavailable', { detail: found.detail, retryAfter: 5 });
  }
  const idToken = found.tokens.idToken ?? live.content.idToken;
  const updated = await sessions.update(live, { ...live.content, ...found.tokens, idToken });
  if (updated !== 'changed') return updated;
  // Somebody signed out meanwhile: the tokens that just arrived belong to no session any more.
  if (found.tokens.refreshToken !== undefined) await issuer.revoke(found.tokens.refreshToken);
  return refuse('session_ended', { detail: 'ended during a refresh' });
}
