/**
 * The registry as it is at one revision: what the configuration registers and what the store does, judged together.
 *
 * A registration of the store is judged by the same rules as one of the configuration, each time it is read: what does
 * not hold (any more) is nobody, and says why. The configuration comes first and is never overruled.
 */
import type { Client } from '../clients/client.ts';
import type { ResolvedConfig } from '../config.ts';
import { resolveClient } from '../resolve-config/clients.ts';
import { storedSecrets } from '../resolve-config/credentials.ts';
import { type ConfigProblem, problemList } from '../resolve-config/problems.ts';
import { resolveResource } from '../resolve-config/resources.ts';
import { clientRegistrationSchema, readPart, resourceRegistrationSchema } from '../resolve-config/schema.ts';
import type { Resource, ResourceCaller } from '../resources/resource.ts';
import type { RegistrationKind, RegistrationRow } from '../store/registry-store.ts';

/** What the configuration registers, and the default that a stored resource takes from it. */
export type Foundation = Pick<ResolvedConfig, 'clients' | 'resources'> & {
  readonly lifetimes: Pick<ResolvedConfig['lifetimes'], 'accessToken'>;
};

/** A registration of the store, judged. */
export interface Entry<T> {
  readonly row: RegistrationRow;
  /** Undefined when it is removed, or does not hold. */
  readonly party: T | undefined;
  /** Why it does not hold. */
  readonly problems: readonly ConfigProblem[];
}

/** Never changed: whoever has one sees one state of all of it. */
export interface Edition {
  readonly revision: number;
  readonly entries: {
    readonly client: ReadonlyMap<string, Entry<Client>>;
    readonly resource: ReadonlyMap<string, Entry<Resource>>;
  };
  /** Clients that may do something now, by id. */
  readonly clients: ReadonlyMap<string, Client>;
  /** Resources that there are tokens for now, by audience; the issuer first. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** Those and the disabled ones, of which tokens may still be about. */
  readonly knownResources: readonly [Resource, ...Resource[]];
  /** Resources that may ask for themselves now, by the id of their credentials. */
  readonly callers: ReadonlyMap<string, ResourceCaller>;
}

/** What the configuration registers, before the store was read. */
export function firstEdition(foundation: Foundation): Edition {
  return assemble(foundation, { revision: 0, entries: { client: new Map(), resource: new Map() } });
}

/**
 * The edition after some rows were written; rows that it knows in this or a later form change nothing.
 *
 * What has not changed stays the same object, so that whatever is kept beside a client or a resource is kept.
 */
export function nextEdition(
  foundation: Foundation,
  previous: Pick<Edition, 'revision' | 'entries'>,
  rows: readonly RegistrationRow[],
): Edition {
  const news = rows.filter((row) => row.revision > (previous.entries[row.kind].get(row.id)?.row.revision ?? 0));
  const owners = ownersOf(foundation, [...allRows(previous), ...news]);
  const hasNewResources = news.some(({ kind }) => kind === 'resource');
  const resource = hasNewResources
    ? judgeResources(foundation, { rows: merged(previous.entries.resource, news, 'resource'), owners, previous })
    : previous.entries.resource;
  const resources = knownResources(foundation, resource);
  const client = new Map<string, Entry<Client>>();
  for (const row of merged(previous.entries.client, news, 'client')) {
    const known = previous.entries.client.get(row.id);
    const isSame = !hasNewResources && known?.row === row;
    const entry = isSame ? known : keep(known, judgeClient(row, { owners, resources }));
    client.set(row.id, entry);
  }
  const revision = Math.max(previous.revision, ...news.map((row) => row.revision));
  return assemble(foundation, { revision, entries: { client, resource } });
}

/** Who proves themselves by an id: `client batch` or `resource https://api.example`. */
type Owners = ReadonlyMap<string, string>;

function ownersOf({ clients, resources }: Foundation, rows: readonly RegistrationRow[]): Owners {
  const owners = new Map<string, string>();
  // The older row comes first, and keeps its id.
  for (const row of rows) {
    if (row.caller !== undefined && !owners.has(row.caller)) owners.set(row.caller, nameOf(row));
  }
  for (const { credentials } of resources) if (credentials !== undefined) owners.set(credentials.id, 'configuration');
  for (const { id } of clients) owners.set(id, 'configuration');
  return owners;
}

function nameOf({ kind, id }: Pick<RegistrationRow, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

function isTakenFrom(owners: Owners, row: RegistrationRow): (id: string) => boolean {
  return (id) => owners.has(id) && owners.get(id) !== nameOf(row);
}

function allRows({ entries }: Pick<Edition, 'entries'>): readonly RegistrationRow[] {
  return [...entries.client.values(), ...entries.resource.values()].map(({ row }) => row);
}

function merged(
  entries: ReadonlyMap<string, Entry<unknown>>,
  news: readonly RegistrationRow[],
  kind: RegistrationKind,
): readonly RegistrationRow[] {
  const rows = new Map([...entries].map(([id, { row }]) => [id, row]));
  for (const row of news) if (row.kind === kind) rows.set(row.id, row);
  return [...rows.values()];
}

interface ResourceJudging {
  readonly rows: readonly RegistrationRow[];
  readonly owners: Owners;
  readonly previous: Pick<Edition, 'entries'>;
}

function judgeResources(
  foundation: Foundation,
  { rows, owners, previous }: ResourceJudging,
): ReadonlyMap<string, Entry<Resource>> {
  const judged = new Map<string, Entry<Resource>>();
  for (const row of rows) {
    const others = knownResources(foundation, judged);
    const known = previous.entries.resource.get(row.id);
    const entry = judgeResource(row, { owners, others, accessToken: foundation.lifetimes.accessToken });
    judged.set(row.id, keep(known, entry));
  }
  return judged;
}

/** A row that held and still does makes the party it made. */
function keep<T>(known: Entry<T> | undefined, entry: Entry<T>): Entry<T> {
  return known?.row === entry.row && known.party !== undefined && entry.party !== undefined ? known : entry;
}

function judgeClient(
  row: RegistrationRow,
  { owners, resources }: { readonly owners: Owners; readonly resources: readonly [Resource, ...Resource[]] },
): Entry<Client> {
  if (row.state === 'removed') return { row, party: undefined, problems: [] };
  const problems = problemList();
  const shape = readPart({ key: '', schema: clientRegistrationSchema, value: row.registration }, problems);
  const rules = { resources, key: '', isTaken: isTakenFrom(owners, row), secrets: secretsOf(row), problems };
  return entryOf(row, shape && resolveClient(shape, rules), problems.all());
}

interface ResourceSurroundings {
  readonly owners: Owners;
  readonly others: readonly Resource[];
  readonly accessToken: number;
}

function judgeResource(row: RegistrationRow, around: ResourceSurroundings): Entry<Resource> {
  if (row.state === 'removed') return { row, party: undefined, problems: [] };
  const problems = problemList();
  const shape = readPart({ key: '', schema: resourceRegistrationSchema, value: row.registration }, problems);
  const rules = { ...around, key: '', isTaken: isTakenFrom(around.owners, row), secrets: secretsOf(row), problems };
  return entryOf(row, shape && resolveResource(shape, rules), problems.all());
}

function secretsOf(row: RegistrationRow): ReturnType<typeof storedSecrets> {
  return storedSecrets(row.secrets.map(({ hash }) => hash));
}

/** INVARIANT: whoever has a problem is nobody: nothing is given by a registration that does not hold as a whole. */
function entryOf<T>(row: RegistrationRow, party: T | undefined, problems: readonly ConfigProblem[]): Entry<T> {
  return { row, party: problems.length === 0 ? party : undefined, problems };
}

function knownResources(
  { resources: [issuer, ...configured] }: Foundation,
  stored: ReadonlyMap<string, Entry<Resource>>,
): readonly [Resource, ...Resource[]] {
  return [issuer, ...configured, ...[...stored.values()].flatMap(({ party }) => party ?? [])];
}

/** INVARIANT: the disabled are left out here, and everybody who looks for a party looks here. */
function assemble(foundation: Foundation, { revision, entries }: Pick<Edition, 'revision' | 'entries'>): Edition {
  const clients = [...foundation.clients, ...activeOf(entries.client)];
  const resources = [...foundation.resources, ...activeOf(entries.resource)];
  const callers = resources.flatMap(({ audience, credentials }) =>
    credentials === undefined ? [] : [[credentials.id, { ...credentials, audience }] as const],
  );
  return {
    revision,
    entries,
    clients: new Map(clients.map((client) => [client.id, client])),
    resources: new Map(resources.map((resource) => [resource.audience, resource])),
    knownResources: knownResources(foundation, entries.resource),
    callers: new Map(callers),
  };
}

function activeOf<T>(entries: ReadonlyMap<string, Entry<T>>): readonly T[] {
  return [...entries.values()].flatMap(({ row, party }) => (row.state === 'active' ? (party ?? []) : []));
}
