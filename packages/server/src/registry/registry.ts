/**
 * Clients and resources, of the configuration and of the store: who they are now.
 *
 * Owns: reading what was registered, as exact as the store allows, and finding parties in it. Does not own: what a
 * registration must look like (`resolve-config/`), nor changing one (`change.ts`).
 */
import type { NoticeEvent } from '@castellan/audit';
import type { Runtime, SignatureAlgorithm } from '@castellan/protocol';
import type { Client, ClientDirectory } from '../clients/client.ts';
import { ConfigError, problemList } from '../resolve-config/problems.ts';
import type { ResourceDirectory } from '../resources/resource.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { type Edition, type Entry, type Foundation, firstEdition, nextEdition } from './edition.ts';

export interface Registry {
  /**
   * Brings everything below up to date: before each request, and before a job that looks at clients or resources.
   *
   * Exact on SQLite; on PostgreSQL what was read at most a second ago counts.
   *
   * @throws {Refusal} `store_unavailable`; what was read before stays
   */
  readonly refresh: () => Promise<void>;
  /** Who may do something now. */
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  /** Where the scripts of public clients come from. */
  readonly clientOrigins: { readonly has: (origin: string) => boolean };
  /** Those that something is signed with. */
  readonly algorithms: () => readonly SignatureAlgorithm[];
  /** As it was read last; another object after each change, and the same one until then. */
  readonly edition: () => Edition;
  /** Tells what is unsafe and what does not hold, now and whenever something is registered. */
  readonly watch: (tell: (event: NoticeEvent) => void) => void;
}

export interface RegistryDeps {
  readonly foundation: Foundation;
  readonly store: Pick<RegistryStore, 'registryMaxAge' | 'readRegistryRevision' | 'readRegistrations'>;
  readonly runtime: Pick<Runtime, 'monotonic'>;
}

interface State {
  readonly deps: RegistryDeps;
  edition: Edition;
  /** When the read began that `edition` comes from. */
  readAt: number;
  reading: Promise<void> | undefined;
  tell: (event: NoticeEvent) => void;
}

/**
 * Reads the registry.
 *
 * @throws {ConfigError} when the configuration registers what the store has registered already, or once had
 */
export async function openRegistry(deps: RegistryDeps): Promise<Registry> {
  const edition = firstEdition(deps.foundation);
  const state: State = { deps, edition, readAt: -Infinity, reading: undefined, tell: () => undefined };
  await read(state);
  checkClashes(state);
  const origins = perEdition(state, originsOf);
  const algorithms = perEdition(state, algorithmsOf);
  return {
    refresh: () => refresh(state),
    clients: { find: (id) => state.edition.clients.get(id) },
    resources: directoryOf(state),
    clientOrigins: { has: (origin) => origins().has(origin) },
    algorithms,
    edition: () => state.edition,
    watch: (tell) => {
      state.tell = tell;
      tellAll(state, undefined);
    },
  };
}

/** What is made of an edition once, when somebody asks for it. */
function perEdition<T>(state: State, make: (edition: Edition) => T): () => T {
  let made: { readonly of: Edition; readonly value: T } | undefined;
  return () => {
    if (made?.of !== state.edition) made = { of: state.edition, value: make(state.edition) };
    return made.value;
  };
}

function directoryOf(state: State): ResourceDirectory {
  return {
    issuer: state.edition.knownResources[0],
    find: (audience) => state.edition.resources.get(audience),
    findKnown: (audience) => state.edition.knownResources.find((resource) => resource.audience === audience),
    findCaller: (id) => state.edition.callers.get(id),
    all: () => [...state.edition.resources.values()],
  };
}

/**
 * INVARIANT: nobody is answered by something older than the store allows: who joins a read that began too long ago
 * waits for another one.
 */
async function refresh(state: State): Promise<void> {
  const { runtime, store } = state.deps;
  if (store.registryMaxAge === 0) return read(state);
  const oldest = runtime.monotonic() - store.registryMaxAge;
  while (state.readAt <= oldest) {
    state.reading ??= read(state).finally(() => {
      state.reading = undefined;
    });
    await state.reading;
  }
}

async function read(state: State): Promise<void> {
  const { foundation, store, runtime } = state.deps;
  const readAt = runtime.monotonic();
  const revision = await store.readRegistryRevision();
  const { edition } = state;
  if (revision !== edition.revision) {
    // A lower one: an older database was put in this one's place, so nothing of this edition counts.
    const base = revision < edition.revision ? firstEdition(foundation) : edition;
    const rows = await store.readRegistrations(base.revision);
    // Another read may have come first; rows that it has brought as well change nothing.
    publish(state, nextEdition(foundation, state.edition === edition ? base : state.edition, rows));
  }
  state.readAt = readAt;
}

function publish(state: State, edition: Edition): void {
  const previous = state.edition;
  state.edition = edition;
  tellAll(state, previous);
}

/** A configuration never takes over what the store holds, nor the other way round. */
function checkClashes({ deps: { foundation }, edition: { entries } }: State): void {
  const problems = problemList();
  const rows = [...entries.client.values(), ...entries.resource.values()].map(({ row }) => row);
  const callers = new Map(rows.map((row) => [row.caller, row]));
  const check = (key: string, id: string, row: Entry<unknown>['row'] | undefined): void => {
    if (row === undefined) return;
    const state = row.state === 'removed' ? 'was registered once and removed' : 'is registered';
    const allowed = `what the store has not registered: ${row.kind} ${row.id} ${state} there, and no id is used twice`;
    problems.add({ key, found: JSON.stringify(id), allowed });
  };
  for (const [index, { id }] of foundation.clients.entries()) check(`clients[${index}].id`, id, callers.get(id));
  for (const [index, { audience, credentials }] of foundation.resources.slice(1).entries()) {
    check(`resources[${index}].audience`, audience, entries.resource.get(audience)?.row);
    const id = credentials?.id;
    if (id !== undefined) check(`resources[${index}].credentials.id`, id, callers.get(id));
  }
  if (problems.all().length > 0) throw new ConfigError(problems.all());
}

/** An app's own scheme has no origin. */
function originsOf({ clients }: Edition): ReadonlySet<string> {
  const open = [...clients.values()].filter((client) => client.authentication === 'none');
  const uris = open.flatMap((client) => client.redirectUris).filter((uri) => /^https?:/.test(uri));
  return new Set(uris.map((uri) => new URL(uri).origin));
}

function algorithmsOf({ clients, knownResources }: Edition): readonly SignatureAlgorithm[] {
  const ofClients = [...clients.values()].flatMap(({ idTokenAlgorithm, userinfoAlgorithm = idTokenAlgorithm }) => [
    idTokenAlgorithm,
    userinfoAlgorithm,
  ]);
  return [...new Set([...ofClients, ...knownResources.map(({ algorithm }) => algorithm)])];
}

/** Tells what was not so in the edition before. */
function tellAll({ edition, tell }: State, previous: Edition | undefined): void {
  for (const [id, client] of edition.clients) {
    if (previous?.clients.get(id) !== client)
      for (const choice of unsafeChoices(client)) tell({ type: 'insecure.used', choice });
  }
  for (const kind of ['client', 'resource'] as const) {
    for (const [id, { problems }] of edition.entries[kind]) {
      const known = previous?.entries[kind].get(id)?.problems ?? [];
      if (problems.length > 0 && known.length === 0)
        tell({ type: 'registration.unusable', kind, id, problems: describe(problems) });
    }
  }
}

function unsafeChoices({ id, pkce, assertionAudience }: Client): readonly string[] {
  return [
    ...(pkce === undefined ? [] : [`pkce ${pkce}: ${id}`]),
    ...(assertionAudience === undefined ? [] : [`assertionAudience ${assertionAudience}: ${id}`]),
  ];
}

function describe(problems: Entry<unknown>['problems']): readonly string[] {
  return problems.map(({ key, found, allowed }) => `${key}: found ${found}; allowed is ${allowed}`);
}
