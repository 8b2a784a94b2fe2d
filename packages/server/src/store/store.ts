/**
 * What the server asks of a database: operations, not tables.
 *
 * Each writing operation is one atomic commit that answers with a verdict; none throws for a protocol reason, so an
 * effect that must stay (a replay revokes) stays. An operation that changes authority takes the events of each
 * verdict and writes them to the outbox in the same commit. A returned promise settles after the commit is durable.
 *
 * Times are whole seconds since the epoch and always come from the caller: SQL's own clock is never used.
 * Ids and hashes are base64url text. A `…Hash` is SHA-256 of a secret that has at least 128 bit of entropy.
 *
 * Owns: the ports and the stored shapes. Does not own: any rule about who may do what.
 */
import type { RecordedEffects, RecordedEvent, RevocationReason } from '@castellan/audit';
import type { AskedClaims } from './asked-claims.ts';
import type { ConsentRow, ConsentStore } from './consent-store.ts';
import type { DeviceCodeStore } from './device-code-store.ts';
import type { LogoutStore } from './logout-store.ts';
import type { PasswordLinkStore } from './password-link-store.ts';
import type { Profile } from './profile.ts';
import type { RegistryStore } from './registry-store.ts';
import type { OwnedStatus, Service, StatusStore } from './status-store.ts';

/** The whole store: the product of its ports. */
export interface Store
  extends PersonStore,
    PasswordLinkStore,
    SessionStore,
    ParkedRequestStore,
    ConsentStore,
    AuthorizationStore,
    DeviceCodeStore,
    RefreshFamilyStore,
    AccessTokenStore,
    StatusStore,
    AssertionStore,
    LogoutStore,
    KeyStore,
    RegistryStore,
    Outbox {
  /**
   * Ends every authorization and session at once, and answers the new epoch: for the operator who has restored a
   * backup, since what was revoked after the backup was made must stay dead.
   */
  readonly raiseEpoch: (events: RecordedEffects) => Promise<number>;
  /** Erases what has ended and no rule needs any more; returns how many rows went. */
  readonly purge: (now: number) => Promise<number>;
  /** Answers when the database answers. */
  readonly ping: () => Promise<void>;
  /** Waits for queued writes and closes. */
  readonly close: () => Promise<void>;
}

// ── People ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type PersonState = 'active' | 'locked' | 'disabled';

export interface PersonRow {
  readonly id: string;
  /** Canonical: NFKC, lower case. Unique. */
  readonly loginName: string;
  /** PHC string; undefined when the person has to set a password first. */
  readonly passwordHash: string | undefined;
  readonly state: PersonState;
  readonly profile: Profile;
  /** Counts up each time everything ends that the person had signed in to: no sign-in goes on that began before. */
  readonly signInEpoch: number;
  readonly createdAt: number;
}

export interface PersonStore {
  readonly findPerson: (id: string) => Promise<PersonRow | undefined>;
  readonly findPersonByLogin: (loginName: string) => Promise<PersonRow | undefined>;
  /** In the order of login names, from the one after `after`; an empty `after` begins. */
  readonly listPersons: (page: { readonly after: string; readonly limit: number }) => Promise<readonly PersonRow[]>;
  readonly createPerson: (person: PersonRow, events: RecordedEffects) => Promise<'created' | 'login_taken'>;
  /** Replaces the hash only if it is still `previousHash`. */
  readonly rehashPassword: (
    change: { readonly person: string; readonly previousHash: string; readonly passwordHash: string },
    events: RecordedEffects,
  ) => Promise<'replaced' | 'changed_meanwhile'>;
  /**
   * Moves the person to another state. Any but `active` ends every session and every authorization, those with
   * `offline_access` too, and the link to set a password, if there is one; no later change revives them.
   */
  readonly changePersonState: (
    change: {
      readonly person: string;
      readonly from: readonly [PersonState, ...PersonState[]];
      readonly to: PersonState;
      readonly now: number;
    },
    events: RecordedEffects,
  ) => Promise<'changed' | 'not_in_state'>;
}

// ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface SessionRow {
  /** Public: the `sid` claim. The cookie holds another value, of which only the hash is stored. */
  readonly id: string;
  readonly secretHash: string;
  readonly person: string;
  readonly authTime: number;
  readonly acr: string;
  /** RFC 8176 methods. */
  readonly amr: readonly string[];
  readonly createdAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly endedAt: number | undefined;
}

/** A session as it is listed. */
export interface ListedSession extends SessionRow {
  readonly loginName: string;
  /** When the first session of its chain began, as far as that is still known. */
  readonly since: number;
}

/** Sessions by id, from the one after `after`; an empty `after` begins. */
export interface SessionPage {
  /** Those of one person; of everybody when undefined. */
  readonly person: string | undefined;
  readonly after: string;
  readonly limit: number;
  readonly now: number;
}

export interface SessionStore {
  /** Those that answer to a cookie. */
  readonly listSessions: (page: SessionPage) => Promise<readonly ListedSession[]>;
  /** Only a live session of an active person: not ended, neither lifetime over at `now`. */
  readonly findSession: (secretHash: string, now: number) => Promise<SessionRow | undefined>;
  /** What a public id stands for: the session that took over for the same person, or itself, replaced or not. */
  readonly findSessionById: (id: string) => Promise<SessionRow | undefined>;
  /**
   * Starts a session and ends the one it replaces, if that is live, in one commit. When the sign-in belongs to a
   * parked request (`parked` is its `idHash`), the request remembers the new session; if it is gone, nothing changes.
   * Nor if the person is not active any more, or has another `signInEpoch` than when they were asked who they are.
   * Ending the replaced session revokes nothing: the same person has only proven themselves anew, or another
   * person has taken the browser over, whose sign-in must not cost the first one their tokens.
   */
  readonly startSession: (
    start: {
      readonly session: SessionRow;
      readonly signInEpoch: number;
      readonly replaces: string | undefined;
      readonly parked: string | undefined;
      readonly now: number;
    },
    events: RecordedEffects,
  ) => Promise<'started' | 'parked_request_gone' | 'not_admitted'>;
  /** Moves the idle limit; changes nothing on a session that is not live. */
  readonly touchSession: (touch: {
    readonly id: string;
    readonly idleExpiresAt: number;
    readonly now: number;
  }) => Promise<void>;
  /**
   * Ends the session, those it replaced for the same person and those that replaced it, and revokes their
   * authorizations, except those with `offline_access`, with an `authorization.revoked` event of the store's for each.
   */
  readonly endSession: (
    end: { readonly id: string; readonly reason: 'logout' | 'ended_elsewhere'; readonly now: number },
    events: RecordedEffects,
  ) => Promise<'ended' | 'not_live'>;
  /** Ends every session of the person, as {@link SessionStore.endSession} ends one; answers how many there were. */
  readonly endSessionsOf: (
    end: { readonly person: string; readonly now: number },
    events: RecordedEffects,
  ) => Promise<number>;
}

// ── Parked authorization requests ──────────────────────────────────────────────────────────────────────────────

export interface ParkedRequestRow {
  readonly idHash: string;
  /** Hash of the cookie of the browser that started it. */
  readonly browserHash: string;
  readonly client: string;
  /** The checked request, as JSON of `requests/check.ts`. */
  readonly request: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The public id of the session that signed in for this very request. */
  readonly session: string | undefined;
  /** When the person allowed it on the consent page of this very request. */
  readonly consentedAt: number | undefined;
  /** When the person said no, on either page. */
  readonly deniedAt: number | undefined;
}

export interface ParkedRequestStore {
  readonly parkRequest: (row: ParkedRequestRow) => Promise<void>;
  readonly findParkedRequest: (idHash: string, now: number) => Promise<ParkedRequestRow | undefined>;
  /** The person pressed cancel or deny. */
  readonly denyParkedRequest: (idHash: string, now: number) => Promise<'denied' | 'gone'>;
  /** Ends a parked request that is answered with an error. */
  readonly dropParkedRequest: (idHash: string) => Promise<void>;
}

// ── Authorizations and codes ───────────────────────────────────────────────────────────────────────────────────

/** What tokens are issued from. */
export interface AuthorizationRow {
  readonly id: string;
  readonly client: string;
  /** Undefined when a client acts for itself. */
  readonly person: string | undefined;
  /** The public id of the session it came from. */
  readonly session: string | undefined;
  readonly scopes: readonly string[];
  /** Audiences. */
  readonly resources: readonly string[];
  /** Undefined when no claim was asked for by itself. */
  readonly claims: AskedClaims | undefined;
  readonly authTime: number | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** Confirmation (`cnf`) of a sender-constrained authorization, as JSON. */
  readonly cnf: string | undefined;
  /** For pairwise subjects. */
  readonly sector: string | undefined;
  /** Which life of the database it belongs to: a restored backup raises the epoch and revives nothing. */
  readonly epoch: number;
  /** With `offline_access` it outlives its session. */
  readonly offline: boolean;
  readonly createdAt: number;
  readonly revokedAt: number | undefined;
  /** Where the bit of its access tokens is; another one after one of them was revoked. */
  readonly statusIndex: number;
}

export interface CodeRow {
  readonly codeHash: string;
  readonly authorization: string;
  readonly client: string;
  readonly redirectUri: string;
  /** Empty when the client sent none: it fits no verifier. */
  readonly codeChallenge: string;
  readonly nonce: string | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly redeemedAt: number | undefined;
}

export interface FoundCode {
  readonly code: CodeRow;
  readonly authorization: AuthorizationRow;
  /** As in {@link FoundFamily}. */
  readonly personActive: boolean;
}

export interface AuthorizationStore {
  readonly findAuthorization: (id: string) => Promise<AuthorizationRow | undefined>;
  /**
   * Stores authorization and code and ends the parked request (if any), in one commit. The epoch is the database's,
   * whatever the row says. A session that has ended meanwhile grants nothing any more, nor is a client
   * granted anything that was switched off: the request counts as gone.
   * `relied` is what is granted only because the person allows it: if they have withdrawn that, nothing is.
   */
  readonly createAuthorization: (
    create: {
      readonly authorization: AuthorizationRow;
      readonly code: CodeRow;
      readonly parked: string | undefined;
      readonly relied: readonly Pick<ConsentRow, 'resource' | 'scopes'>[];
    },
    events: RecordedEffects,
  ) => Promise<'created' | 'parked_request_gone' | 'consent_gone'>;
  readonly findCode: (codeHash: string) => Promise<FoundCode | undefined>;
  /**
   * Redeems a code that the caller has fully checked, by compare-and-swap, and starts the refresh family, if any.
   *
   * INVARIANT: call it only after every check has passed: a second redemption is a replay and revokes the
   * authorization with everything issued from it. (A replay after that is still told, but has no effect to record.)
   */
  readonly redeemCode: (
    redeem: { readonly codeHash: string; readonly family: RefreshFamilyRow | undefined; readonly now: number },
    events: { readonly redeemed: RecordedEffects; readonly replayed: RecordedEffects },
  ) => Promise<'redeemed' | 'replayed' | 'expired' | 'revoked' | 'unknown'>;
  /** Revokes the authorization and its family. */
  readonly revokeAuthorization: (
    revoke: { readonly id: string; readonly reason: RevocationReason; readonly now: number },
    events: RecordedEffects,
  ) => Promise<'revoked' | 'already_revoked' | 'unknown'>;
}

// ── Refresh families ───────────────────────────────────────────────────────────────────────────────────────────

/** One row per authorization, not per token. */
export interface RefreshFamilyRow {
  /** Part of the token; never in an event. */
  readonly id: string;
  readonly authorization: string;
  readonly client: string;
  /** Of the one live token; a counter, never a time. */
  readonly generation: number;
  readonly currentHash: string;
  /** The live token, sealed under a key that only its predecessor yields; undefined before the first rotation. */
  readonly sealedSuccessor: string | undefined;
  /** Until when the immediate predecessor may ask for the same successor again. */
  readonly retryUntil: number | undefined;
  readonly retries: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly createdAt: number;
}

export interface FoundFamily {
  readonly family: RefreshFamilyRow;
  readonly authorization: AuthorizationRow;
  /**
   * Whether the session the authorization came from is live at `now`; true when it has none. One that was replaced
   * counts as live until its limits, or as long as the same person goes on in the session that took over.
   */
  readonly sessionLive: boolean;
  /** Whether the person is one who may act; false when there is none. */
  readonly personActive: boolean;
}

/** A refresh token as presented, after its tag was verified, and what would succeed it. */
export interface PresentedRefresh {
  readonly family: string;
  readonly generation: number;
  readonly presentedHash: string;
  readonly successorHash: string;
  readonly sealedSuccessor: string;
  /** Seconds; 0 switches the retry window off. */
  readonly retryWindow: number;
  readonly retryLimit: number;
  readonly idleExpiresAt: number;
  readonly now: number;
}

export type PresentedRefreshVerdict =
  /** The presented token was the live one; its successor is now. */
  | { readonly verdict: 'rotated' }
  /** The immediate predecessor within the window: the same successor again. */
  | { readonly verdict: 'retried'; readonly sealedSuccessor: string }
  /** The predecessor within the window but beyond the retry limit, or a hash that does not fit: nothing changed. */
  | { readonly verdict: 'refused' }
  /** An older generation, or the predecessor after the window: the authorization is revoked now. */
  | { readonly verdict: 'reused' }
  | { readonly verdict: 'expired' }
  | { readonly verdict: 'revoked' }
  | { readonly verdict: 'unknown' };

export interface RefreshFamilyStore {
  readonly findFamily: (id: string, now: number) => Promise<FoundFamily | undefined>;
  /**
   * Decides and applies one presentation of a refresh token atomically (DESIGN: refresh families).
   *
   * INVARIANT: call it only for a token whose tag was verified and whose client, scope and resource were checked.
   */
  readonly presentRefresh: (
    presented: PresentedRefresh,
    events: { readonly rotated: RecordedEffects; readonly retried: RecordedEffects; readonly reused: RecordedEffects },
  ) => Promise<PresentedRefreshVerdict>;
}

// ── Access tokens ──────────────────────────────────────────────────────────────────────────────────────────────

/** An opaque access token: its claims stay here, and the text only points at them. */
export interface ReferenceToken {
  readonly tokenHash: string;
  /** Undefined when a client acts for itself. */
  readonly authorization: string | undefined;
  /** As a JWT would carry them. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly expiresAt: number;
}

/** What an access token stands on. */
export interface AccessTokenGround extends Service, OwnedStatus {
  /** Undefined when the client acts for itself: then client and resource own the status. */
  readonly authorization: string | undefined;
}

export interface AccessTokenRevocation {
  readonly ground: AccessTokenGround;
  /** The authorization's index from here on. */
  readonly freshIndex: number;
  readonly now: number;
}

export interface AccessTokenStore {
  readonly addReferenceToken: (token: ReferenceToken) => Promise<void>;
  /** Also one that has expired or was revoked; none of another epoch. */
  readonly findReferenceToken: (tokenHash: string) => Promise<ReferenceToken | undefined>;
  /**
   * Whether the token's owner still has the index it carries and, if that is an authorization, is live and of an active
   * person. Says nothing about its lifetime, nor about the client.
   */
  readonly accessTokenStands: (ground: AccessTokenGround) => Promise<boolean>;
  /**
   * Flips the bit of the token's owner, which gets another index for the tokens to come: those of before that carry
   * the same bit are revoked with it.
   */
  readonly revokeAccessToken: (
    revocation: AccessTokenRevocation,
    events: RecordedEffects,
  ) => Promise<'revoked' | 'already_revoked'>;
}

// ── Client assertions ──────────────────────────────────────────────────────────────────────────────────────────

export interface UsedAssertion {
  readonly client: string;
  readonly jti: string;
  readonly expiresAt: number;
  readonly now: number;
}

export interface AssertionStore {
  /** Of any number of uses before `expiresAt`, exactly one is told `consumed`. */
  readonly consumeAssertion: (assertion: UsedAssertion) => Promise<'consumed' | 'replayed'>;
}

// ── Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface KeyRow {
  readonly kid: string;
  readonly algorithm: string;
  /** Public JWK as JSON. */
  readonly publicJwk: string;
  /** PKCS#8, sealed under the master key with `kid` and `algorithm` as associated data; undefined once erased. */
  readonly sealedPrivateKey: string | undefined;
  readonly announcedAt: number;
  readonly signsFrom: number;
  /** It is published, but does not sign any more, from here on. */
  readonly verifiesFrom: number;
  /** It is gone from the key set from here on. */
  readonly retiredAt: number;
  /** When it was taken out because it may be in other hands: from then on nothing it has signed counts. */
  readonly removedAt: number | undefined;
}

export interface KeyStore {
  /** Also those that have retired or were removed. */
  readonly listKeys: () => Promise<readonly KeyRow[]>;
  /**
   * Adds and changes keys in one commit, provided the keys are still those that the caller has seen and planned on:
   * so of nodes that plan at once one is first, and the others look again.
   */
  readonly changeKeys: (
    change: { readonly seen: readonly KeyRow[]; readonly put: readonly KeyRow[] },
    events: RecordedEffects,
  ) => Promise<'changed' | 'changed_meanwhile'>;
}

// ── Outbox ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Outbox {
  /** The oldest committed events that no drain has dropped yet. */
  readonly readOutbox: (
    limit: number,
  ) => Promise<readonly { readonly sequence: number; readonly event: RecordedEvent }[]>;
  readonly dropFromOutbox: (sequences: readonly number[]) => Promise<void>;
}
