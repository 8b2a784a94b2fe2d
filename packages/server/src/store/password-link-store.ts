/** The port of links to set a password; what holds for all ports stands in `store.ts`. */
import type { RecordedEffects } from '@castellan/audit';
import type { PersonRow } from './store.ts';

/** One for each person at most: the newest. */
export interface PasswordLinkRow {
  readonly person: string;
  readonly tokenHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface PasswordLinkStore {
  /**
   * Stores a link in place of the one before, and takes the password away, if there is one: whoever must set a new one
   * cannot sign in with the old one. A disabled person gets none.
   */
  readonly issuePasswordLink: (link: PasswordLinkRow, events: RecordedEffects) => Promise<'issued' | 'not_allowed'>;
  /** Whose link it is, unless it is over at `now`. */
  readonly findPasswordLink: (tokenHash: string, now: number) => Promise<PersonRow | undefined>;
  /**
   * Sets the password and uses the link up; of any number at once exactly one is told `set`. Every session and every
   * authorization of the person ends in the same commit, those with `offline_access` too.
   */
  readonly setPassword: (
    set: {
      readonly person: string;
      readonly tokenHash: string;
      readonly passwordHash: string;
      readonly now: number;
    },
    events: RecordedEffects,
  ) => Promise<'set' | 'link_gone'>;
}
