import type { RecordedEffects } from '@castellan/audit';
import type { ConsentRow } from '../consent-store.ts';
import { changes, lockedRow, type Operation, row, rows } from '../database.ts';
import { consents } from '../shapes.ts';
import { putIntoOutbox } from './outbox.ts';
import { markConsented } from './parked-requests.ts';
import { revokeMatching } from './revocation.ts';

const ofClient = `SELECT ${consents.select('c')} FROM consents c
  WHERE c.person_id = $1 AND c.client_id = $2 ORDER BY c.resource`;
const ofPerson = `SELECT ${consents.select('c')} FROM consents c
  WHERE c.person_id = $1 ORDER BY c.client_id, c.resource`;
const ofResource = `SELECT ${consents.select('c')} FROM consents c
  WHERE c.person_id = $1 AND c.client_id = $2 AND c.resource = $3`;
const remember = `${consents.insert} ON CONFLICT (person_id, client_id, resource)
  DO UPDATE SET scopes = excluded.scopes, given_at = excluded.given_at`;

export function* findConsents(person: string, client: string): Operation<readonly ConsentRow[]> {
  const found = yield* rows(ofClient, [person, client]);
  return found.map((consent) => consents.read(consent, 'c'));
}

export function* listConsents(person: string): Operation<readonly ConsentRow[]> {
  const found = yield* rows(ofPerson, [person]);
  return found.map((consent) => consents.read(consent, 'c'));
}

export interface ConsentGiving {
  readonly consents: readonly ConsentRow[];
  readonly parked: string;
  readonly now: number;
}

export function* giveConsent(give: ConsentGiving, events: RecordedEffects): Operation<'given' | 'parked_request_gone'> {
  const [first] = give.consents;
  if (first !== undefined) yield* lockConsents(first.person);
  if (!(yield* markConsented(give.parked, give.now))) return 'parked_request_gone';
  for (const consent of give.consents) yield* rememberConsent(consent);
  yield* putIntoOutbox(events);
  return 'given';
}

export interface ConsentWithdrawal {
  readonly person: string;
  readonly client: string;
  readonly now: number;
}

export function* withdrawConsent(
  { person, client, now }: ConsentWithdrawal,
  events: RecordedEffects,
): Operation<'withdrawn' | 'unknown'> {
  yield* lockConsents(person);
  const forgotten = yield* changes('DELETE FROM consents WHERE person_id = $1 AND client_id = $2', [person, client]);
  const target = { of: 'person at client', person, client } as const;
  const revoked = yield* revokeMatching({ target, reason: 'consent_withdrawn', now }, events[0]);
  if (forgotten + revoked === 0) return 'unknown';
  yield* putIntoOutbox(events);
  return 'withdrawn';
}

/**
 * A step of a larger operation: whether the person allows all of it still, which they cannot withdraw until the commit.
 *
 * INVARIANT: whatever is granted because of a consent asks here, in the commit that grants it.
 */
export function* holdConsents(
  of: Pick<ConsentRow, 'person' | 'client'>,
  relied: readonly Pick<ConsentRow, 'resource' | 'scopes'>[],
): Operation<boolean> {
  // Also when nothing is relied on: the person's row comes before those of sessions, and what is granted refers to it.
  yield* lockConsents(of.person);
  if (relied.length === 0) return true;
  const allowed = yield* findConsents(of.person, of.client);
  return relied.every(({ resource, scopes }) => {
    const consent = allowed.find((one) => one.resource === resource);
    return consent !== undefined && scopes.every((scope) => consent.scopes.includes(scope));
  });
}

/**
 * A step of a larger operation, before it touches sessions: consents come and go under the person's row, since what is
 * not there has no row of its own that two could meet at.
 */
export function* lockConsents(person: string): Operation<void> {
  yield* lockedRow('SELECT id FROM persons WHERE id = $1', [person]);
}

/** A step of a larger operation: adds scopes to what is remembered. */
export function* rememberConsent(consent: ConsentRow): Operation<void> {
  yield* lockConsents(consent.person);
  const found = yield* row(ofResource, [consent.person, consent.client, consent.resource]);
  const remembered = found === undefined ? [] : consents.read(found, 'c').scopes;
  const scopes = [...new Set([...remembered, ...consent.scopes])];
  yield* changes(remember, consents.values({ ...consent, scopes }));
}
