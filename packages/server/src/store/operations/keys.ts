import { isDeepStrictEqual } from 'node:util';
import type { RecordedEffects } from '@castellan/audit';
import { changes, type Operation, rows } from '../database.ts';
import { signingKeys } from '../shapes.ts';
import type { KeyRow } from '../store.ts';
import { lockDatabaseRow } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';

const all = `SELECT ${signingKeys.select('k')} FROM signing_keys k ORDER BY k.signs_from, k.kid`;

/** What a key is never changes, only how far it has come. */
const put = `${signingKeys.insert} ON CONFLICT (kid) DO UPDATE SET
  sealed_private_key = excluded.sealed_private_key, signs_from = excluded.signs_from,
  verifies_from = excluded.verifies_from, retired_at = excluded.retired_at, removed_at = excluded.removed_at`;

export function* listKeys(): Operation<readonly KeyRow[]> {
  const found = yield* rows(all, []);
  return found.map((key) => signingKeys.read(key, 'k'));
}

export interface KeyChange {
  readonly seen: readonly KeyRow[];
  readonly put: readonly KeyRow[];
}

/** Nodes that plan at the same time meet at one locked row, so that one of them is first. */
export function* changeKeys(change: KeyChange, events: RecordedEffects): Operation<'changed' | 'changed_meanwhile'> {
  yield* lockDatabaseRow();
  if (!isDeepStrictEqual(yield* listKeys(), change.seen)) return 'changed_meanwhile';
  for (const key of change.put) yield* changes(put, signingKeys.values(key));
  yield* putIntoOutbox(events);
  return 'changed';
}
