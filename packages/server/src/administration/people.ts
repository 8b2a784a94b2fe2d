/** People, as an administrator sees and changes them: never a password, nor anything made of one. */
import { epochSeconds } from '@castellan/protocol';
import { canonicalLoginName } from '../accounts/login-name.ts';
import { issuePasswordLink, passwordLinkAddress } from '../accounts/password-link.ts';
import { addPerson, changeState, type StateChange } from '../accounts/person.ts';
import type { Profile } from '../store/profile.ts';
import type { PersonRow, PersonState } from '../store/store.ts';
import type { AdministrationDeps } from './administration.ts';

/** A person, without any proof of who they are. */
export interface PersonView {
  /** The `sub` of their tokens. */
  readonly id: string;
  readonly loginName: string;
  readonly state: PersonState;
  /** Not after a link was made that nobody has used yet. */
  readonly hasPassword: boolean;
  readonly profile: Profile;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

export interface PeopleAdministration {
  /** In the order of login names, from the one after `after`; an empty `after` begins. */
  readonly list: (page: { readonly after: string; readonly limit: number }) => Promise<readonly PersonView[]>;
  /** By id, or by login name in any spelling of it. */
  readonly find: (name: string) => Promise<PersonView | undefined>;
  /** Adds a person, who has to set a password by a link first. */
  readonly add: (
    person: Pick<PersonView, 'loginName' | 'profile'>,
  ) => Promise<{ readonly id: string } | 'login_taken' | 'no_login_name'>;
  /** Changes the state of the person with this id; what ends with it ends in the same commit. */
  readonly change: (person: string, change: StateChange) => Promise<'changed' | 'not_in_state'>;
  /** Makes the one link by which the person sets a password; whatever they had before signs in no more. */
  readonly issuePasswordLink: (person: string) => Promise<PasswordLink | 'not_allowed'>;
  /** Ends every session of the person, with what ends with a session; answers how many there were. */
  readonly endSessions: (person: string) => Promise<number>;
}

/** For the person alone: whoever opens it first sets the password. */
export interface PasswordLink {
  readonly url: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export function administerPeople({ config, store, runtime, act }: AdministrationDeps): PeopleAdministration {
  const deps = { store, runtime };
  return {
    list: async (page) => (await store.listPersons(page)).map(viewOf),
    find: async (name) => {
      const loginName = canonicalLoginName(name);
      const byLogin = loginName === undefined ? undefined : await store.findPersonByLogin(loginName);
      // INVARIANT: an id is nobody's choice; a login name that looks like one must not stand in for it.
      const person = (await store.findPerson(name)) ?? byLogin;
      return person && viewOf(person);
    },
    add: async ({ loginName: name, profile }) => {
      const loginName = canonicalLoginName(name);
      if (loginName === undefined) return 'no_login_name';
      return addPerson(deps, { loginName, profile, passwordHash: undefined }, act());
    },
    change: (person, change) => changeState(deps, { person, change }, act()),
    issuePasswordLink: async (person) => {
      const issued = await issuePasswordLink(deps, person, act());
      if (issued === 'not_allowed') return issued;
      return { url: passwordLinkAddress(config.issuer, issued.token), expiresAt: issued.expiresAt };
    },
    endSessions: (person) =>
      store.endSessionsOf({ person, now: epochSeconds(runtime) }, act().effects({ type: 'person.signed_out', person })),
  };
}

/** INVARIANT: members are named one by one, so that nothing new of a row comes along by itself. */
function viewOf({ id, loginName, state, passwordHash, profile, createdAt }: PersonRow): PersonView {
  return { id, loginName, state, hasPassword: passwordHash !== undefined, profile, createdAt };
}
