/** Persons and their states. */
import { epochSeconds, newId, type Runtime } from '@castellan/protocol';
import type { Acting } from '../http/exchange.ts';
import type { PersonRow, PersonStore } from '../store/store.ts';

export interface PersonDeps {
  readonly store: Pick<PersonStore, 'createPerson' | 'changePersonState'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/**
 * Adds a person; without a password hash they have to set a password by a link first.
 *
 * Checks nothing: the login name is canonical.
 */
export async function addPerson(
  { store, runtime }: Pick<PersonDeps, 'runtime'> & { readonly store: Pick<PersonStore, 'createPerson'> },
  person: Pick<PersonRow, 'loginName' | 'profile' | 'passwordHash'>,
  acting: Acting,
): Promise<{ readonly id: string } | 'login_taken'> {
  // Random and never given again: a subject is never reassigned, and no client id can be taken for one.
  const id = newId(runtime);
  const row: PersonRow = { id, ...person, state: 'active', signInEpoch: 0, createdAt: epochSeconds(runtime) };
  const verdict = await store.createPerson(row, acting.effects({ type: 'person.created', person: id }));
  return verdict === 'created' ? { id } : 'login_taken';
}

export type StateChange = 'lock' | 'unlock' | 'disable' | 'enable';

/**
 * What may be done about a person, from which states, and where it leads.
 *
 * A *lock* is for a doubt: nobody comes in for now, though a new password can be set meanwhile. *Disabling* closes the
 * account. Both end everything that the person had signed in to or allowed, and undoing them revives nothing.
 */
const changes: Readonly<
  Record<StateChange, Readonly<Pick<Parameters<PersonStore['changePersonState']>[0], 'from' | 'to'>>>
> = {
  lock: { from: ['active'], to: 'locked' },
  unlock: { from: ['locked'], to: 'active' },
  disable: { from: ['active', 'locked'], to: 'disabled' },
  enable: { from: ['disabled'], to: 'active' },
};

/** Changes a person's state, if it is one from which this leads on. */
export function changeState(
  { store, runtime }: PersonDeps,
  { person, change }: { readonly person: string; readonly change: StateChange },
  acting: Acting,
): Promise<'changed' | 'not_in_state'> {
  const { from, to } = changes[change];
  const event = { type: 'person.state_changed', person, state: to } as const;
  return store.changePersonState({ person, from, to, now: epochSeconds(runtime) }, acting.effects(event));
}
