/** People, as an administrator sees and changes them: never a password, nor anything made of one. */
import { canonicalLoginName } from '../accounts/login-name.ts';
import type { Profile } from '../store/profile.ts';
import type { PersonRow, PersonState } from '../store/store.ts';
import type { AdministrationDeps } from './administration.ts';

/** A person, without any proof of who they are. */
export interface PersonView {
  /** The `sub` of their tokens. */
  readonly id: string;
  readonly loginName: string;
  readonly state: PersonState;
  readonly profile: Profile;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

export interface PeopleAdministration {
  /** In the order of login names, from the one after `after`; an empty `after` begins. */
  readonly list: (page: { readonly after: string; readonly limit: number }) => Promise<readonly PersonView[]>;
  /** By login name, in any spelling of it, or by id. */
  readonly find: (name: string) => Promise<PersonView | undefined>;
}

export function administerPeople({ store }: AdministrationDeps): PeopleAdministration {
  return {
    list: async (page) => (await store.listPersons(page)).map(viewOf),
    find: async (name) => {
      const loginName = canonicalLoginName(name);
      const byLogin = loginName === undefined ? undefined : await store.findPersonByLogin(loginName);
      const person = byLogin ?? (await store.findPerson(name));
      return person && viewOf(person);
    },
  };
}

/** INVARIANT: members are named one by one, so that nothing new of a row comes along by itself. */
function viewOf({ id, loginName, state, profile, createdAt }: PersonRow): PersonView {
  return { id, loginName, state, profile, createdAt };
}
