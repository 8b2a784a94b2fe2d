import type { RecordedEffects } from '@castellan/audit';
import { changes, lockedRow, type Operation, row } from '../database.ts';
import type { PasswordLinkRow } from '../password-link-store.ts';
import { passwordLinks, persons } from '../shapes.ts';
import type { PersonRow } from '../store.ts';
import { putIntoOutbox } from './outbox.ts';
import { endEverything } from './persons.ts';

/** INVARIANT: a disabled person has no link and gets none: a password would be the first step back in. */
const byToken = `SELECT ${persons.select('p')} FROM password_links l JOIN persons p ON p.id = l.person_id
  WHERE l.token_hash = $1 AND l.expires_at > $2 AND p.state <> 'disabled'`;
const replace = `${passwordLinks.insert} ON CONFLICT (person_id)
  DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at`;

/** INVARIANT: a sign-in with the password of before that is under way finds itself too late, as with a new password. */
export function* issuePasswordLink(
  link: PasswordLinkRow,
  events: RecordedEffects,
): Operation<'issued' | 'not_allowed'> {
  const taken = yield* changes(
    `UPDATE persons SET password_hash = '', sign_in_epoch = sign_in_epoch + 1 WHERE id = $1 AND state <> 'disabled'`,
    [link.person],
  );
  if (taken === 0) return 'not_allowed';
  yield* changes(replace, passwordLinks.values(link));
  yield* putIntoOutbox(events);
  return 'issued';
}

export function* findPasswordLink(tokenHash: string, now: number): Operation<PersonRow | undefined> {
  const found = yield* row(byToken, [tokenHash, now]);
  return found && persons.read(found, 'p');
}

export interface PasswordSetting {
  readonly person: string;
  readonly tokenHash: string;
  readonly passwordHash: string;
  readonly now: number;
}

/** INVARIANT: the person's row is locked first: of two that use one link at once, the second finds it gone. */
export function* setPassword(set: PasswordSetting, events: RecordedEffects): Operation<'set' | 'link_gone'> {
  const { person, tokenHash, passwordHash, now } = set;
  const held = yield* lockedRow(`SELECT id FROM persons WHERE id = $1 AND state <> 'disabled'`, [person]);
  if (held === undefined) return 'link_gone';
  const used = yield* changes(
    'DELETE FROM password_links WHERE person_id = $1 AND token_hash = $2 AND expires_at > $3',
    [person, tokenHash, now],
  );
  if (used === 0) return 'link_gone';
  yield* changes('UPDATE persons SET password_hash = $2 WHERE id = $1', [person, passwordHash]);
  yield* putIntoOutbox(events);
  yield* endEverything({ person, reason: 'password_changed', now }, events[0]);
  return 'set';
}
