/** The port of consents; what holds for all ports stands in `store.ts`. */
import type { RecordedEffects } from '@castellan/audit';

/** What a person allowed a client at one resource; scopes add up over time. */
export interface ConsentRow {
  readonly person: string;
  readonly client: string;
  /** The resource's audience. */
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly givenAt: number;
}

export interface ConsentStore {
  readonly findConsents: (person: string, client: string) => Promise<readonly ConsentRow[]>;
  /** Adds the scopes to what is remembered and marks the parked request, in one commit. */
  readonly giveConsent: (
    give: { readonly consents: readonly ConsentRow[]; readonly parked: string; readonly now: number },
    events: RecordedEffects,
  ) => Promise<'given' | 'parked_request_gone'>;
  /** All that a person allows anybody, by client and resource. */
  readonly listConsents: (person: string) => Promise<readonly ConsentRow[]>;
  /**
   * Forgets what the person allowed the client, at every resource, and revokes every authorization that the client has
   * of the person, whatever it is for: none of its tokens holds a right that was withdrawn.
   */
  readonly withdrawConsent: (
    withdraw: { readonly person: string; readonly client: string; readonly now: number },
    events: RecordedEffects,
  ) => Promise<'withdrawn' | 'unknown'>;
}
