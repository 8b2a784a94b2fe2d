/** The port of clients and resources that are kept in the store; what holds for all ports stands in `store.ts`. */
import type { RecordedEffects } from '@castellan/audit';

export type RegistrationKind = 'client' | 'resource';

/** `removed` is final: the row stays, so that its ids are never given to somebody else. */
export type RegistrationState = 'active' | 'disabled' | 'removed';

/** A client or a resource, as an administrator registered it. */
export interface RegistrationRow {
  readonly kind: RegistrationKind;
  /** A client's id, or a resource's audience. */
  readonly id: string;
  /** The id by which it proves itself, if it does. No two rows of either kind have the same, whatever their state. */
  readonly caller: string | undefined;
  /** As it was given: the shape of the configuration, without secrets. Checked again whenever it is read. */
  readonly registration: Readonly<Record<string, unknown>>;
  /** The live secrets, oldest first: none, one, or two while one takes over from the other. */
  readonly secrets: readonly StoredSecret[];
  readonly state: RegistrationState;
  readonly createdAt: number;
  readonly changedAt: number;
  /** Of the registry, by the change that this row was last written in. */
  readonly revision: number;
}

export interface StoredSecret {
  readonly hash: string;
  readonly createdAt: number;
}

export interface RegistryStore {
  /**
   * Milliseconds for which a reader may go on without asking for the revision: 0 where asking costs microseconds, so
   * that what is read is always exact.
   */
  readonly registryMaxAge: number;
  /** Counts changes of the registry; 0 when nothing was ever registered. */
  readonly readRegistryRevision: () => Promise<number>;
  /** Rows written after a revision, in the order of their changes. */
  readonly readRegistrations: (after: number) => Promise<readonly RegistrationRow[]>;
  /**
   * Adds a row or replaces the one with its kind and id, if the registry is still at the revision that the caller has
   * judged the change by. The row gets the next revision, whatever it says. A client that is not active afterwards
   * loses all its authorizations, with an `authorization.revoked` event of the store's for each.
   */
  readonly writeRegistration: (
    write: { readonly row: Omit<RegistrationRow, 'revision'>; readonly expected: number },
    events: RecordedEffects,
  ) => Promise<'written' | 'changed_meanwhile'>;
}
