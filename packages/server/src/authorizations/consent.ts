/** What a person must still allow, decided from values alone. */
import type { ConsentRow } from '../store/store.ts';

/** Scopes at one resource. */
export interface WantedConsent {
  /** The resource's audience. */
  readonly resource: string;
  readonly scopes: readonly string[];
}

/**
 * What is wanted and not remembered, per resource; empty when the person need not be asked.
 *
 * A resource without scopes is wanted all the same: its very name is something to allow.
 *
 * @example missingConsent(client, [{ resource, scopes: ['invoices:read'] }], remembered);
 */
export function missingConsent(
  client: { readonly consent: 'ask' | 'trusted' },
  wanted: readonly WantedConsent[],
  remembered: readonly ConsentRow[],
): readonly WantedConsent[] {
  if (client.consent === 'trusted') return [];
  return wanted.flatMap(({ resource, scopes }) => {
    const row = remembered.find((consent) => consent.resource === resource);
    const missing = scopes.filter((scope) => row?.scopes.includes(scope) !== true);
    return row !== undefined && missing.length === 0 ? [] : [{ resource, scopes: missing }];
  });
}
