/** Sessions, as an administrator sees and ends them. */
import { epochSeconds } from '@castellan/protocol';
import { createSessions } from '../sessions/session.ts';
import type { ListedSession } from '../store/store.ts';
import type { AdministrationDeps } from './administration.ts';

/** A session, without what its cookie holds. Times are seconds since the epoch. */
export interface SessionView {
  /** The `sid` of ID tokens. */
  readonly id: string;
  readonly person: string;
  readonly loginName: string;
  /** When somebody signed in first in that browser, as far as it is still known; and the last time. */
  readonly since: number;
  readonly signedInAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

export interface SessionsAdministration {
  /** By id, from the one after `after`; of the person with this id, or of everybody. */
  readonly list: (page: {
    readonly person?: string;
    readonly after: string;
    readonly limit: number;
  }) => Promise<readonly SessionView[]>;
  /** Ends a session with what ends with it. */
  readonly end: (id: string) => Promise<'ended' | 'not_live'>;
}

export function administerSessions({ config, store, runtime, act }: AdministrationDeps): SessionsAdministration {
  const sessions = createSessions({ store, runtime, lifetimes: config.lifetimes });
  return {
    list: async ({ person, after, limit }) => {
      const found = await store.listSessions({ person, after, limit, now: epochSeconds(runtime) });
      return found.map(viewOf);
    },
    end: (id) => sessions.end({ id, reason: 'ended_elsewhere' }, act()),
  };
}

/** INVARIANT: members are named one by one, so that nothing new of a row comes along by itself. */
function viewOf(session: ListedSession): SessionView {
  const { id, person, loginName, since, authTime: signedInAt, idleExpiresAt, absoluteExpiresAt } = session;
  return { id, person, loginName, since, signedInAt, idleExpiresAt, absoluteExpiresAt };
}
