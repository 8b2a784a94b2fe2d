import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, row, rows } from '../database.ts';
import { signingKeys } from '../shapes.ts';
import type { KeyRow } from '../store.ts';
import { lockDatabaseRow } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';

const all = `SELECT ${signingKeys.select('k')} FROM signing_keys k ORDER BY k.signs_from, k.kid`;

export function* listKeys(): Operation<readonly KeyRow[]> {
  const found = yield* rows(all, []);
  return found.map((key) => signingKeys.read(key, 'k'));
}

/** Nodes that find the same key due at the same time meet at one locked row, so that one of them adds it. */
export function* addKey(key: KeyRow, events: RecordedEffects): Operation<'added' | 'already_there'> {
  yield* lockDatabaseRow();
  const sameOrLater = yield* row('SELECT kid FROM signing_keys WHERE algorithm = $1 AND signs_from >= $2 LIMIT 1', [
    key.algorithm,
    key.signsFrom,
  ]);
  if (sameOrLater !== undefined) return 'already_there';
  yield* changes(signingKeys.insert, signingKeys.values(key));
  yield* putIntoOutbox(events);
  return 'added';
}
