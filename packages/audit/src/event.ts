/**
 * Security events: what happened, to whom, through what, with what outcome.
 *
 * The union is closed and versioned. No member has a place for a secret, a token or a code: redaction is by
 * construction, not by filter. An *effect* records a change of authority and is committed together with it; an
 * *outcome* closes a request, exactly one for each; a *notice* records something else of note.
 */

/** The version of the shapes below; raised when a field changes its meaning or goes away. */
export const eventSchemaVersion = 1;

/** What every event carries besides its own fields. */
export interface EventEnvelope {
  /** Unique; sinks deliver at least once, so readers drop repeats by it. */
  readonly id: string;
  readonly version: typeof eventSchemaVersion;
  /** UTC, ISO 8601 with milliseconds. */
  readonly time: string;
  /** The same on all events of one request or job. */
  readonly correlation: string;
  /** Who writes: the issuer, or the name of an API or BFF. */
  readonly source: string;
  /** Set when nobody's request did it, but somebody who holds the configuration, in the shell. */
  readonly actor?: 'administrator';
}

/** Changes of authority, written in the commit that makes the change. */
export type EffectEvent =
  | {
      readonly type: 'authorization.granted';
      readonly authorization: string;
      readonly client: string;
      readonly person: string;
      readonly scopes: readonly string[];
      readonly resources: readonly string[];
      /** By name, those that were asked for one by one; absent when none was. */
      readonly claims?: readonly string[];
    }
  | {
      readonly type: 'authorization.revoked';
      readonly authorization: string;
      readonly client: string;
      readonly person: string | undefined;
      readonly reason: RevocationReason;
    }
  | { readonly type: 'code.redeemed'; readonly authorization: string; readonly client: string }
  | { readonly type: 'code.replayed'; readonly authorization: string; readonly client: string }
  | { readonly type: 'device.redeemed'; readonly authorization: string; readonly client: string }
  | { readonly type: 'device.denied'; readonly client: string; readonly person: string }
  | {
      readonly type: 'refresh.rotated';
      readonly authorization: string;
      readonly client: string;
      readonly generation: number;
    }
  | {
      readonly type: 'refresh.retried';
      readonly authorization: string;
      readonly client: string;
      readonly generation: number;
    }
  | {
      readonly type: 'refresh.reused';
      readonly authorization: string;
      readonly client: string;
      readonly generation: number;
    }
  | {
      readonly type: 'consent.given';
      readonly client: string;
      readonly person: string;
      readonly resource: string;
      readonly scopes: readonly string[];
    }
  /** All of the client's, at every resource. */
  | { readonly type: 'consent.withdrawn'; readonly client: string; readonly person: string }
  | {
      readonly type: 'session.started';
      readonly session: string;
      readonly person: string;
      readonly methods: readonly string[];
    }
  | {
      readonly type: 'session.ended';
      readonly session: string;
      readonly person: string;
      readonly reason: 'logout' | 'replaced' | 'refresh_refused' | SessionEnding;
    }
  | {
      /** One access token was taken back; its authorization lives on. */
      readonly type: 'access_token.revoked';
      readonly authorization: string | undefined;
      readonly client: string;
    }
  /** `removed` is final. What a client was given ends with it, each with an event of its own. */
  | { readonly type: `client.${RegistrationChange}`; readonly client: string }
  | { readonly type: 'client.changed'; readonly client: string; readonly changes: readonly string[] }
  /** A registered API, by its audience. */
  | { readonly type: `resource.${RegistrationChange}`; readonly resource: string }
  | { readonly type: 'resource.changed'; readonly resource: string; readonly changes: readonly string[] }
  /** A client was told that the session has ended (back-channel logout). */
  | {
      readonly type: 'logout.delivered';
      readonly client: string;
      readonly session: string;
      readonly attempts: number;
    }
  /** A client could not be told, and is not tried again. */
  | {
      readonly type: 'logout.abandoned';
      readonly client: string;
      readonly session: string;
      readonly attempts: number;
      /** What was wrong with its last answer: a constant text. */
      readonly reason: string;
    }
  | { readonly type: 'person.created'; readonly person: string }
  | { readonly type: 'person.state_changed'; readonly person: string; readonly state: 'active' | 'locked' | 'disabled' }
  /** Every session of the person has ended; the events of the sessions follow. */
  | { readonly type: 'person.signed_out'; readonly person: string }
  | { readonly type: 'password.rehashed'; readonly person: string }
  /** The password of before, if there was one, signs nobody in any more; a link to set one was made. */
  | { readonly type: 'password.link_issued'; readonly person: string }
  | { readonly type: 'password.changed'; readonly person: string }
  | { readonly type: 'key.announced'; readonly key: string; readonly algorithm: string }
  /** It is to sign no longer than until now, though nobody has taken over: its algorithm is used by nobody. */
  | { readonly type: 'key.ended'; readonly key: string; readonly algorithm: string }
  /** It is gone from the key set, in the ordinary way; its private half was erased. */
  | { readonly type: 'key.retired'; readonly key: string; readonly algorithm: string }
  /** An alarm: it may be in other hands. Nothing it has signed counts from now on; `successor` signs at once. */
  | {
      readonly type: 'key.removed';
      readonly key: string;
      readonly algorithm: string;
      readonly successor: string | undefined;
    }
  /** A backup was restored: every authorization and session of before has ended. */
  | { readonly type: 'epoch.raised' };

/** `secret_rotated`: a second secret is good beside the first; `secret_ended`: the older of the two is not any more. */
type RegistrationChange = 'added' | 'disabled' | 'enabled' | 'removed' | 'secret_rotated' | 'secret_ended';

/** Why a session ended that nobody signed out of in its own browser. */
export type SessionEnding = 'ended_elsewhere' | 'password_changed' | 'person_locked' | 'person_disabled';

/** Why an authorization ended before its time. */
export type RevocationReason =
  | 'code_replay'
  | 'refresh_reuse'
  | 'logout'
  | 'revoked_by_client'
  | 'consent_withdrawn'
  | 'client_disabled'
  | SessionEnding;

/** How a request ended: exactly one for each request. */
export type OutcomeEvent =
  | {
      readonly type: 'request.answered';
      readonly endpoint: string;
      readonly method: string;
      readonly status: number;
      readonly outcome: 'success' | 'refusal' | 'failure';
      /** The refusal's reason word; undefined for a success. */
      readonly reason: string | undefined;
      /** Private detail of a refusal: what was found, never a secret. */
      readonly detail: string | undefined;
      readonly address: string;
      readonly client: string | undefined;
      readonly person: string | undefined;
      /** Whole milliseconds. */
      readonly duration: number;
    }
  | {
      readonly type: 'access.decided';
      readonly route: string;
      readonly method: string;
      readonly status: number;
      readonly outcome: 'permit' | 'deny' | 'failure';
      readonly reason: string | undefined;
      readonly detail: string | undefined;
      readonly address: string;
      readonly principal: string | undefined;
      readonly client: string | undefined;
      readonly action: string | undefined;
      readonly object: string | undefined;
      /** Ids of the rules that decided. */
      readonly rules: readonly string[];
      /** Where one request may ask for several things (GraphQL): what was asked for, in the words of the schema. */
      readonly operation?: string;
      /** There, what was decided about each. */
      readonly decisions?: readonly DecidedEvent[];
      readonly duration: number;
    };

/** Decisions of one operation that came out alike. */
export interface DecidedEvent {
  readonly action: string;
  readonly effect: 'permit' | 'deny';
  readonly rules: readonly string[];
  readonly count: number;
  /** The first of the objects, as in `invoice/42`. */
  readonly objects: readonly string[];
}

/** Things of note that change no authority. */
export type NoticeEvent =
  | {
      readonly type: 'token.issued';
      /** Undefined when a client acts for itself. */
      readonly authorization: string | undefined;
      readonly client: string;
      readonly person: string | undefined;
      readonly kind: 'access_token' | 'id_token';
      readonly audience: string;
      readonly scopes: readonly string[];
    }
  | { readonly type: 'sign_in.succeeded'; readonly person: string; readonly address: string }
  | {
      readonly type: 'sign_in.failed';
      readonly person: string | undefined;
      readonly address: string;
      readonly reason: 'wrong_password' | 'unknown_login' | 'not_active' | 'rate_limited';
    }
  /** A value that must be new for each request came from a second browser: the client uses a constant. */
  | { readonly type: 'request.repeated'; readonly client: string; readonly parameter: 'code_challenge' | 'nonce' }
  /** An alarm: a token was signed with a key after it had ended, so somebody else has that key. */
  | {
      readonly type: 'key.misused';
      readonly key: string;
      readonly algorithm: string;
      readonly ended: 'retired' | 'removed';
    }
  | { readonly type: 'limit.hit'; readonly limit: string; readonly address: string }
  /** While the shared store of limits is lost, each node counts for itself. Told once for each outage. */
  | { readonly type: 'limit_store.lost'; readonly error: string }
  | { readonly type: 'limit_store.back' }
  | { readonly type: 'insecure.used'; readonly choice: string }
  /** A client or resource of the store does not hold any more, so it may do nothing. */
  | {
      readonly type: 'registration.unusable';
      readonly kind: 'client' | 'resource';
      readonly id: string;
      readonly problems: readonly string[];
    }
  | { readonly type: 'server.started'; readonly settings: Readonly<Record<string, string>> }
  | { readonly type: 'failure'; readonly where: string; readonly error: string };

export type SecurityEvent = EffectEvent | OutcomeEvent | NoticeEvent;

/** An event as it is stored and delivered. */
export type RecordedEvent = EventEnvelope & SecurityEvent;

/** At least one: an operation that changes authority cannot be called without saying what it does. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** Effects in recorded form, ready to be committed. */
export type RecordedEffects = NonEmpty<EventEnvelope & EffectEvent>;

/** Where events go. It must not throw for one bad event; a rejected promise means «deliver again». */
export interface Sink {
  readonly deliver: (events: readonly RecordedEvent[]) => Promise<void>;
  readonly close: () => Promise<void>;
}
