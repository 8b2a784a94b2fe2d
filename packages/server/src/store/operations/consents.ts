import type { RecordedEffects } from '@castellan/audit';
import { changes, lockedRow, type Operation, row, rows } from '../database.ts';
import { consents } from '../shapes.ts';
import type { ConsentRow } from '../store.ts';
import { putIntoOutbox } from './outbox.ts';
import { markConsented } from './parked-requests.ts';

const ofClient = `SELECT ${consents.select('c')} FROM consents c
  WHERE c.person_id = $1 AND c.client_id = $2 ORDER BY c.resource`;
const ofResource = `SELECT ${consents.select('c')} FROM consents c
  WHERE c.person_id = $1 AND c.client_id = $2 AND c.resource = $3`;
const remember = `${consents.insert} ON CONFLICT (person_id, client_id, resource)
  DO UPDATE SET scopes = excluded.scopes, given_at = excluded.given_at`;

export function* findConsents(person: string, client: string): Operation<readonly ConsentRow[]> {
  const found = yield* rows(ofClient, [person, client]);
  return found.map((consent) => consents.read(consent, 'c'));
}

export interface ConsentGiving {
  readonly consents: readonly ConsentRow[];
  readonly parked: string;
  readonly now: number;
}

export function* giveConsent(give: ConsentGiving, events: RecordedEffects): Operation<'given' | 'parked_request_gone'> {
  if (!(yield* markConsented(give.parked, give.now))) return 'parked_request_gone';
  for (const consent of give.consents) yield* rememberConsent(consent);
  yield* putIntoOutbox(events);
  return 'given';
}

/**
 * A step of a larger operation: adds scopes to what is remembered.
 *
 * The person's row is locked, since the first consent has no row of its own yet that two could
 * meet at.
 */
export function* rememberConsent(consent: ConsentRow): Operation<void> {
  yield* lockedRow('SELECT id FROM persons WHERE id = $1', [consent.person]);
  const found = yield* row(ofResource, [consent.person, consent.client, consent.resource]);
  const remembered = found === undefined ? [] : consents.read(found, 'c').scopes;
  const scopes = [...new Set([...remembered, ...consent.scopes])];
  yield* changes(remember, consents.values({ ...consent, scopes }));
}
