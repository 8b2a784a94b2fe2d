import type { EventEnvelope, RecordedEffects, SessionEnding } from '@castellan/audit';
import { changes, isStorable, type Operation, row, rows } from '../database.ts';
import { persons } from '../shapes.ts';
import type { PersonRow, PersonState } from '../store.ts';
import { putIntoOutbox } from './outbox.ts';
import { revokeMatching } from './revocation.ts';
import { endAllSessions } from './sessions.ts';

const byId = `SELECT ${persons.select('p')} FROM persons p WHERE p.id = $1`;
const byLogin = `SELECT ${persons.select('p')} FROM persons p WHERE p.login_name = $1`;
const page = `SELECT ${persons.select('p')} FROM persons p WHERE p.login_name > $1 ORDER BY p.login_name LIMIT $2`;

export function* findPerson(id: string): Operation<PersonRow | undefined> {
  const found = yield* row(byId, [id]);
  return found && persons.read(found, 'p');
}

/** A login name comes from a form; one that no database could hold belongs to nobody. */
export function* findPersonByLogin(loginName: string): Operation<PersonRow | undefined> {
  if (!isStorable(loginName)) return undefined;
  const found = yield* row(byLogin, [loginName]);
  return found && persons.read(found, 'p');
}

export function* listPersons({ after, limit }: PersonPage): Operation<readonly PersonRow[]> {
  const found = yield* rows(page, [isStorable(after) ? after : '', limit]);
  return found.map((person) => persons.read(person, 'p'));
}

export interface PersonPage {
  readonly after: string;
  readonly limit: number;
}

export function* createPerson(person: PersonRow, events: RecordedEffects): Operation<'created' | 'login_taken'> {
  const created = yield* changes(`${persons.insert} ON CONFLICT (login_name) DO NOTHING`, persons.values(person));
  if (created === 0) return 'login_taken';
  yield* putIntoOutbox(events);
  return 'created';
}

export interface PasswordChange {
  readonly person: string;
  readonly previousHash: string;
  readonly passwordHash: string;
}

export function* rehashPassword(
  change: PasswordChange,
  events: RecordedEffects,
): Operation<'replaced' | 'changed_meanwhile'> {
  const replaced = yield* changes('UPDATE persons SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [
    change.person,
    change.previousHash,
    change.passwordHash,
  ]);
  if (replaced === 0) return 'changed_meanwhile';
  yield* putIntoOutbox(events);
  return 'replaced';
}

export interface StateChange {
  readonly person: string;
  readonly from: readonly [PersonState, ...PersonState[]];
  readonly to: PersonState;
  readonly now: number;
}

export function* changePersonState(
  change: StateChange,
  events: RecordedEffects,
): Operation<'changed' | 'not_in_state'> {
  const { person, from, to } = change;
  const [first, second = first] = from;
  const changed = yield* changes('UPDATE persons SET state = $2 WHERE id = $1 AND state IN ($3, $4)', [
    person,
    to,
    first,
    second,
  ]);
  if (changed === 0) return 'not_in_state';
  yield* putIntoOutbox(events);
  if (to !== 'active') {
    yield* changes('DELETE FROM password_links WHERE person_id = $1', [person]);
    yield* endEverything({ person, reason: `person_${to}`, now: change.now }, events[0]);
  }
  return 'changed';
}

/** A step of a larger operation: nothing that the person had signed in to or allowed goes on, `offline_access` or not. */
export function* endEverything(
  end: { readonly person: string; readonly reason: SessionEnding; readonly now: number },
  envelope: EventEnvelope,
): Operation<void> {
  const { person, reason, now } = end;
  yield* endAllSessions(end, envelope);
  yield* revokeMatching({ target: { of: 'person', person }, reason, now }, envelope);
}
