import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, row, rows } from '../database.ts';
import type { RegistrationRow } from '../registry-store.ts';
import { readInteger } from '../shape.ts';
import { registrations } from '../shapes.ts';
import { putIntoOutbox } from './outbox.ts';
import { revokeMatching } from './revocation.ts';

const newer = `SELECT ${registrations.select('r')} FROM registrations r WHERE r.revision > $1 ORDER BY r.revision`;

const upsert = `${registrations.insert} ON CONFLICT (kind, id) DO UPDATE SET
  caller = excluded.caller, registration = excluded.registration, secrets = excluded.secrets, state = excluded.state,
  changed_at = excluded.changed_at, revision = excluded.revision`;

export function* readRegistryRevision(): Operation<number> {
  const found = yield* row('SELECT registry_revision FROM meta', []);
  return readInteger(found?.['registry_revision']);
}

export function* readRegistrations(after: number): Operation<readonly RegistrationRow[]> {
  const found = yield* rows(newer, [after]);
  return found.map((entry) => registrations.read(entry, 'r'));
}

export interface RegistrationWrite {
  readonly row: Omit<RegistrationRow, 'revision'>;
  readonly expected: number;
}

/**
 * INVARIANT: the counter moves first and holds its row until the commit, so changes are made one after the other, each
 * judged by all that came before, and nobody who has read a revision misses a row of it.
 */
export function* writeRegistration(
  { row: written, expected }: RegistrationWrite,
  events: RecordedEffects,
): Operation<'written' | 'changed_meanwhile'> {
  const revision = expected + 1;
  const moved = yield* changes('UPDATE meta SET registry_revision = $2 WHERE registry_revision = $1', [
    expected,
    revision,
  ]);
  if (moved === 0) return 'changed_meanwhile';
  yield* changes(upsert, registrations.values({ ...written, revision }));
  yield* putIntoOutbox(events);
  // INVARIANT: in this commit, so that no client is switched off and goes on with what it was given before.
  if (written.kind === 'client' && written.state !== 'active') {
    const target = { of: 'client', client: written.id } as const;
    yield* revokeMatching({ target, reason: 'client_disabled', now: written.changedAt }, events[0]);
  }
  return 'written';
}
