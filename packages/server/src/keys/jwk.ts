import type { PublicJwk } from '@castellan/protocol';
import type { KeyRow } from '../store/store.ts';

/** The public half, as it was written when the key was made. */
export function jwkOf(row: Pick<KeyRow, 'publicJwk'>): PublicJwk {
  return JSON.parse(row.publicJwk) as PublicJwk;
}
