/** Clients and resources, as an administrator sees and changes them: never a secret but once, nor a hash. */
import type { Client, Credentials } from '../clients/client.ts';
import {
  addRegistration,
  type ChangeDeps,
  type ChangeVerdict,
  changeRegistration,
  dropOldSecret,
  rotateSecret,
  setRegistrationState,
} from '../registry/change.ts';
import type { Entry } from '../registry/edition.ts';
import { openRegistry } from '../registry/registry.ts';
import type { ConfigProblem } from '../resolve-config/problems.ts';
import type { Resource } from '../resources/resource.ts';
import type { RegistrationKind, RegistrationState } from '../store/registry-store.ts';
import type { AdministrationDeps } from './administration.ts';

/** A client or a resource, without any proof of who it is. */
export interface RegistrationView {
  /** A client's id, or a resource's audience. */
  readonly id: string;
  /** Whoever stands in the configuration is changed there. */
  readonly origin: 'configuration' | 'store';
  readonly state: RegistrationState;
  /** The shape of the configuration, without secrets. */
  readonly registration: Readonly<Record<string, unknown>>;
  /** When each live secret was drawn, in seconds since the epoch; only of what the store registers. */
  readonly secrets: readonly { readonly createdAt: number }[];
  /** Why it does not hold and may do nothing, though it is active. */
  readonly problems: readonly ConfigProblem[];
  readonly createdAt?: number;
  readonly changedAt?: number;
}

/** The work on clients, or on resources. */
export interface RegistrationAdministration {
  /** In the order of ids, from the one after `after`; an empty `after` begins. The removed are left out. */
  readonly list: (page: { readonly after: string; readonly limit: number }) => Promise<readonly RegistrationView[]>;
  /** Also one that was removed. */
  readonly find: (id: string) => Promise<RegistrationView | undefined>;
  readonly add: (registration: unknown) => Promise<ChangeVerdict>;
  /** Replaces the registration whole; it is judged as a new one would be. */
  readonly change: (id: string, registration: unknown) => Promise<ChangeVerdict>;
  /** What a client was given ends with it. */
  readonly setState: (id: string, state: RegistrationState) => Promise<ChangeVerdict>;
  readonly rotateSecret: (id: string) => Promise<ChangeVerdict>;
  readonly dropOldSecret: (id: string) => Promise<ChangeVerdict>;
}

export interface Registrations {
  readonly clients: RegistrationAdministration;
  readonly resources: RegistrationAdministration;
}

/** @throws {ConfigError} when the configuration and the store register the same */
export async function administerRegistrations({
  config: foundation,
  store,
  runtime,
  act,
}: AdministrationDeps): Promise<Registrations> {
  // An administrator sees what is there now, however far away the database is.
  const registry = await openRegistry({ foundation, store: { ...store, registryMaxAge: 0 }, runtime });
  const deps: ChangeDeps = { foundation, registry, store, runtime, act };
  const viewsOf = async (kind: RegistrationKind): Promise<readonly RegistrationView[]> => {
    await registry.refresh();
    const { entries } = registry.edition();
    const configured = kind === 'client' ? foundation.clients.map(viewClient) : foundation.resources.map(viewResource);
    return [...configured, ...[...entries[kind].values()].map(viewEntry)];
  };
  const administer = (kind: RegistrationKind): RegistrationAdministration => ({
    list: async ({ after, limit }) => {
      const views = (await viewsOf(kind)).filter(({ id, state }) => id > after && state !== 'removed');
      return views.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    find: async (id) => (await viewsOf(kind)).find((view) => view.id === id),
    add: (registration) => addRegistration(deps, { kind, registration }),
    change: (id, registration) => changeRegistration(deps, { party: { kind, id }, registration }),
    setState: (id, state) => setRegistrationState(deps, { party: { kind, id }, state }),
    rotateSecret: (id) => rotateSecret(deps, { kind, id }),
    dropOldSecret: (id) => dropOldSecret(deps, { kind, id }),
  });
  return { clients: administer('client'), resources: administer('resource') };
}

/** INVARIANT: members are named one by one, so that nothing new of a row comes along by itself. */
function viewEntry({ row, problems }: Entry<unknown>): RegistrationView {
  const { id, state, registration, createdAt, changedAt } = row;
  const secrets = row.secrets.map((secret) => ({ createdAt: secret.createdAt }));
  return { id, origin: 'store', state, registration, secrets, problems, createdAt, changedAt };
}

const configured = { origin: 'configuration', state: 'active', secrets: [], problems: [] } as const;

const viewClient = (client: Client): RegistrationView => ({
  ...configured,
  id: client.id,
  registration: registrationOf(client),
});

const viewResource = (resource: Resource): RegistrationView => ({
  ...configured,
  id: resource.audience,
  registration: registrationOf(resource),
});

/** INVARIANT: the hashes are all that is not public of a party that the configuration registers. */
function registrationOf(party: Client | Resource | Credentials): Readonly<Record<string, unknown>> {
  const members = Object.entries(party).map(([name, value]: [string, unknown]) => viewMember(name, value));
  return Object.fromEntries(members.filter(([name]) => name !== 'secretHashes'));
}

function viewMember(name: string, value: unknown): readonly [name: string, value: unknown] {
  if (name === 'credentials') return [name, registrationOf(value as Credentials)];
  if (name === 'keys') {
    const keys = value as NonNullable<Credentials['keys']>;
    return 'uri' in keys ? ['jwksUri', keys.uri] : ['jwks', keys.jwks];
  }
  if (value instanceof Set) return [name, [...value]];
  return [name, value instanceof Map ? Object.fromEntries(value) : value];
}
