/** The port of logout notices: what clients have yet to be told of sessions that have ended. */
import type { RecordedEffects } from '@castellan/audit';

/**
 * One client to be told of one session. The operation that ends a session writes them in its commit, one for each
 * client and session id that an ID token may have named.
 */
export interface LogoutNoticeRow {
  readonly sequence: number;
  readonly client: string;
  readonly person: string;
  /** That the `sid` names which the client knows. */
  readonly session: string;
  /** Of the authorization it was given, which decides by what name it knows the person. */
  readonly sector: string | undefined;
  readonly queuedAt: number;
  /** How often it was taken up. */
  readonly attempts: number;
}

/** A notice as it was taken up: whoever has lost it to another node changes nothing. */
export type HeldNotice = Pick<LogoutNoticeRow, 'sequence' | 'attempts'>;

export interface LogoutStore {
  /** Those that are due, the longest waiting first; of one client at most `each`, so that none keeps out the others. */
  readonly dueLogouts: (due: {
    readonly now: number;
    readonly limit: number;
    readonly each: number;
  }) => Promise<readonly LogoutNoticeRow[]>;
  /** Takes one up: until `until` nobody else does. One node of several gets it, and `attempts` grows by one. */
  readonly holdLogout: (
    hold: HeldNotice & { readonly now: number; readonly until: number },
  ) => Promise<'held' | 'taken'>;
  /** It did not work: not before `until` again. */
  readonly postponeLogout: (held: HeldNotice & { readonly until: number }) => Promise<void>;
  /** It worked, or will never: the notice goes, and its events are told. Without events nobody had to be told. */
  readonly finishLogout: (held: HeldNotice, events: RecordedEffects | undefined) => Promise<'finished' | 'lost'>;
}
