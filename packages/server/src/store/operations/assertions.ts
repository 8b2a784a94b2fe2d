import { changes, type Operation } from '../database.ts';
import type { UsedAssertion } from '../store.ts';

/**
 * One statement decides: of any number of requests, on any number of nodes, one inserts. A `jti` whose first use is over
 * is free again, whether or not it was purged.
 */
export function* consumeAssertion({ client, jti, expiresAt, now }: UsedAssertion): Operation<'consumed' | 'replayed'> {
  const taken = yield* changes(
    `INSERT INTO used_assertions (client_id, jti, expires_at) VALUES ($1, $2, $3)
      ON CONFLICT (client_id, jti) DO UPDATE SET expires_at = $3 WHERE used_assertions.expires_at <= $4`,
    [client, jti, expiresAt, now],
  );
  return taken === 1 ? 'consumed' : 'replayed';
}
