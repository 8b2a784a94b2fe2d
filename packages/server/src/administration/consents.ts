/** Consents, as an administrator sees and withdraws them. */
import { withdrawConsent } from '../authorizations/consent.ts';
import type { ConsentRow } from '../store/consent-store.ts';
import type { AdministrationDeps } from './administration.ts';

export interface ConsentsAdministration {
  /** All that the person with this id allows, by client and resource. */
  readonly list: (person: string) => Promise<readonly ConsentRow[]>;
  /** Forgets all that the person allows the client, and ends what the client has of them. */
  readonly withdraw: (person: string, client: string) => Promise<'withdrawn' | 'unknown'>;
}

export function administerConsents({ store, runtime, act }: AdministrationDeps): ConsentsAdministration {
  return {
    list: store.listConsents,
    withdraw: (person, client) => withdrawConsent({ store, runtime }, { person, client }, act()),
  };
}
