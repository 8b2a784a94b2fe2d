/**
 * What the BFF asks of a database: operations on sign-ins under way and on sessions, each one atomic commit.
 *
 * Whoever reads the stored rows gets no token and can take over no session: cookies are stored as hashes, and what a
 * row knows beyond names is sealed under a key that only the cookie yields (`seal.ts`).
 *
 * Owns: the port and the stored shapes. Does not own: lifetimes, cookies, or what is sealed in a row.
 */
import type { RecordedEffects, RecordedEvent } from '@castellan/audit';

/** A sign-in under way. Times are whole seconds since the epoch. */
export interface LoginRow {
  readonly stateHash: string;
  /** Hash of the login cookie: only the browser that began may finish. */
  readonly browserHash: string;
  readonly sealed: string;
  readonly expiresAt: number;
}

export interface SessionRow {
  /** Public: names the session in events. */
  readonly id: string;
  readonly secretHash: string;
  /** The person: `iss` and `sub` together, and nothing else (OpenID Connect Core §5.7). */
  readonly issuer: string;
  readonly subject: string;
  readonly sealed: string;
  /** Counts the changes of `sealed`. */
  readonly version: number;
  readonly createdAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** Where sessions live. A returned promise settles after the commit is durable. */
export interface SessionPort {
  readonly beginLogin: (row: LoginRow, now: number) => Promise<void>;
  /** Takes the sign-in out, once: whoever comes second, or from another browser, gets nothing. */
  readonly consumeLogin: (key: {
    readonly stateHash: string;
    readonly browserHash: string;
    readonly now: number;
  }) => Promise<LoginRow | undefined>;
  /** Starts a session and ends the one it replaces, if that is live, in one commit. */
  readonly startSession: (
    start: { readonly session: SessionRow; readonly replaces: string | undefined; readonly now: number },
    events: { readonly started: RecordedEffects; readonly replaced: RecordedEffects },
  ) => Promise<void>;
  /** Only a live session: not ended, neither lifetime over at `now`. */
  readonly findSession: (secretHash: string, now: number) => Promise<SessionRow | undefined>;
  /** Moves the idle limit; changes nothing on a session that is not live. */
  readonly touchSession: (touch: {
    readonly secretHash: string;
    readonly idleExpiresAt: number;
    readonly now: number;
  }) => Promise<void>;
  /** Asks for the right to refresh this version's tokens, for all nodes; it lapses by itself at `until` (ms). */
  readonly claimRefresh: (claim: {
    readonly secretHash: string;
    readonly version: number;
    readonly until: number;
    readonly nowMs: number;
  }) => Promise<'claimed' | 'busy' | 'changed'>;
  /** Gives the claim back without a change. */
  readonly releaseRefresh: (secretHash: string, version: number) => Promise<void>;
  /** Replaces what is sealed if the version is still `version`, raises the version and ends the claim. */
  readonly updateSession: (update: {
    readonly secretHash: string;
    readonly version: number;
    readonly sealed: string;
  }) => Promise<'updated' | 'changed'>;
  readonly endSession: (secretHash: string, events: RecordedEffects) => Promise<'ended' | 'not_live'>;
  /** The oldest committed events that no drain has dropped yet. */
  readonly readOutbox: (
    limit: number,
  ) => Promise<readonly { readonly sequence: number; readonly event: RecordedEvent }[]>;
  readonly dropFromOutbox: (sequences: readonly number[]) => Promise<void>;
  readonly close: () => Promise<void>;
}
