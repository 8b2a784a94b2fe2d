/** Consents: what a person must still allow, decided from values alone, and taking it back. */
import { epochSeconds, type Runtime } from '@castellan/protocol';
import type { Acting } from '../http/exchange.ts';
import type { ConsentRow, ConsentStore } from '../store/consent-store.ts';

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

export interface WithdrawDeps {
  readonly store: Pick<ConsentStore, 'withdrawConsent'>;
  readonly runtime: Pick<Runtime, 'now'>;
}

/**
 * Takes back all that a person allowed a client, and with it every token the client has of them.
 *
 * At all resources at once: an authorization is for several, and a person thinks of the app.
 */
export function withdrawConsent(
  { store, runtime }: WithdrawDeps,
  { person, client }: Pick<ConsentRow, 'person' | 'client'>,
  acting: Acting,
): Promise<'withdrawn' | 'unknown'> {
  const event = { type: 'consent.withdrawn', client, person } as const;
  return store.withdrawConsent({ person, client, now: epochSeconds(runtime) }, acting.effects(event));
}
