/**
 * A whole world in one process: an issuer on a real store, its clients and people, browsers, and a network between
 * them without sockets. Time moves when the test says so; every event is kept.
 *
 * Owns: putting the parts together and taking them apart. Does not own: what the issuer does, and the APIs and web
 * apps a test mounts on the network.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent, Sink } from '@castellan/audit';
import { type Runtime, systemRuntime } from '@castellan/protocol';
import { type Config, createServer, type Server } from '@castellan/server';
import { type Browser, type BrowserOptions, createBrowser } from './browser.ts';
import { createClock, type TestClock } from './clock.ts';
import { registrationOf, worldConfig } from './configuration.ts';
import { createNetwork, type Network } from './network.ts';
import type { Page } from './page.ts';
import { rentDatabase } from './postgres.ts';
import { seededRandom } from './random.ts';
import {
  type Attempt,
  type Changes,
  createRelyingParty,
  get,
  type JsonAnswer,
  type RelyingParty,
} from './relying-party.ts';
import { type Person, type WalkOptions, walk } from './walk.ts';
import type { HeaderPairs, WireAnswer } from './wire.ts';

export interface WorldOptions {
  readonly issuer?: string;
  /** SQLite in the world's folder when absent; PostgreSQL is one cluster per process, one database per world. */
  readonly store?: 'sqlite' | 'postgres';
  /** Changes to the configuration of `configuration.ts`. */
  readonly config?: (config: Config) => Config;
  readonly seed?: string;
}

export interface WorldPerson extends Person {
  readonly id: string;
}

/** How a sign-in ended at the client. */
export interface Landing {
  readonly page: Page;
  /** The parameters the client received. */
  readonly parameters: URLSearchParams;
  readonly attempt: Attempt;
  readonly browser: Browser;
}

export interface AuthorizeOptions extends WalkOptions {
  readonly browser?: Browser;
  readonly person?: WorldPerson;
  /** Changes to the authorization request. */
  readonly changes?: Changes;
}

export interface World extends AsyncDisposable {
  readonly issuer: string;
  readonly folder: string;
  readonly config: Config;
  readonly clock: TestClock;
  readonly runtime: Runtime;
  readonly network: Network;
  readonly server: () => Server;
  readonly people: { readonly alice: WorldPerson; readonly bob: WorldPerson };
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly client: (id: string) => RelyingParty;
  readonly browser: (options?: Partial<BrowserOptions> & { readonly address?: string }) => Browser;
  /** Opens an authorization request and answers all pages. */
  readonly authorize: (client: RelyingParty, options?: AuthorizeOptions) => Promise<Landing>;
  /** The whole code flow; the token answer of the client. */
  readonly tokens: (
    client: RelyingParty,
    options?: AuthorizeOptions,
  ) => Promise<JsonAnswer & { readonly landing: Landing }>;
  readonly userinfo: (accessToken: string, headers?: HeaderPairs) => Promise<JsonAnswer>;
  /** One plain request to the issuer, from an address of its own. */
  readonly send: (
    method: string,
    path: string,
    message?: { headers?: HeaderPairs; body?: string },
  ) => Promise<WireAnswer>;
  /** What has been delivered to the sinks so far; complete after `close`. */
  readonly events: readonly RecordedEvent[];
  /** Closes the server and starts another on the same store, perhaps with another configuration. */
  readonly restart: (change?: (config: Config) => Config) => Promise<void>;
  readonly close: () => Promise<void>;
}

const people = {
  alice: { loginName: 'alice@example.org', password: 'correct horse battery staple', name: 'Alice Archer' },
  bob: { loginName: 'bob@example.org', password: 'wild geese over the water', name: 'Bob Baker' },
} as const;

/**
 * Builds a world; dispose of it with `await using` or `close`.
 *
 * @example await using world = await createWorld(); const { json } = await world.tokens(world.client('web'));
 */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const issuer = options.issuer ?? 'https://issuer.example';
  const folder = mkdtempSync(join(tmpdir(), 'castellan-world-'));
  // Real time at the start, in whole seconds: some clients read the machine's own clock.
  const clock = createClock(Math.floor(systemRuntime.now() / 1000) * 1000);
  const network = createNetwork();
  const randomBytes = seededRandom(options.seed ?? folder);
  const runtime: Runtime = { ...clock, randomBytes, fetch: network.fetch, fetchUntrusted: network.fetch };
  const database = options.store === 'postgres' ? await rentDatabase() : undefined;
  const store = database === undefined ? { sqlite: join(folder, 'issuer.sqlite') } : { postgres: database.url };
  const base = worldConfig({ issuer, folder, store, randomBytes });
  const config = options.config?.(base) ?? base;
  const events: RecordedEvent[] = [];
  const start = (current: Config): Promise<Server> => createServer(current, runtime, [memory(events)]);
  let server = await start(config);
  network.mount(new URL(issuer).origin, (request) => server.handle(request));
  mountClients(network, config);
  const created = await createPeople(server);
  const metadata = await discover(network, issuer);
  const close = async (): Promise<void> => {
    await server.close();
    await database?.release();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    issuer,
    folder,
    config,
    clock,
    runtime,
    network,
    server: () => server,
    people: created,
    metadata,
    events,
    ...actors({ issuer, config, clock, runtime, network, metadata, alice: created.alice }),
    restart: async (change = (same) => same) => {
      await server.close();
      server = await start(change(config));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface ActorDeps extends Pick<World, 'issuer' | 'config' | 'clock' | 'runtime' | 'network' | 'metadata'> {
  readonly alice: WorldPerson;
}

type Actors = Pick<World, 'client' | 'browser' | 'authorize' | 'tokens' | 'userinfo' | 'send'>;

function actors(deps: ActorDeps): Actors {
  const { network, clock, issuer } = deps;
  const browser: World['browser'] = ({ address = '203.0.113.7', ...options } = {}) =>
    createBrowser({ transport: network.from(address), now: clock.now, ...options });
  const authorize: World['authorize'] = async (client, options = {}) => {
    const own = options.browser ?? browser();
    const attempt = client.begin(options.changes);
    await own.open(attempt.url);
    const page = await walk(own, options.person ?? deps.alice, options);
    return { page, parameters: page.url.searchParams, attempt, browser: own };
  };
  return {
    browser,
    authorize,
    client: (id) => findClient(deps, id),
    tokens: async (client, options = {}) => {
      const landing = await authorize(client, options);
      const answer = await client.redeem(landing.attempt, landing.parameters.get('code') ?? '');
      return { ...answer, landing };
    },
    userinfo: (accessToken, headers) =>
      get(
        network.from('198.51.100.4'),
        String(deps.metadata['userinfo_endpoint']),
        headers ?? [['authorization', `Bearer ${accessToken}`]],
      ),
    send: (method, path, { headers = [], body = '' } = {}) =>
      network.from('198.51.100.5')({ method, url: new URL(issuer + path), headers, body }),
  };
}

function findClient(deps: ActorDeps, id: string): RelyingParty {
  const config = deps.config.clients?.find((one) => one.id === id);
  if (config === undefined) throw new Error(`the world has no client ${id}`);
  return createRelyingParty({
    registration: registrationOf(config, (file) => readFileSync(file, 'utf8').trim()),
    authorizationEndpoint: String(deps.metadata['authorization_endpoint']),
    tokenEndpoint: String(deps.metadata['token_endpoint']),
    transport: deps.network.from('198.51.100.3'),
    randomBytes: deps.runtime.randomBytes,
  });
}

function memory(events: RecordedEvent[]): Sink {
  return {
    deliver: async (delivered) => {
      events.push(...delivered);
    },
    close: async () => undefined,
  };
}

/** Behind each web redirect URI stands a page that only says that somebody arrived. */
function mountClients(network: Network, config: Config): void {
  const uris = (config.clients ?? []).flatMap((one) => [...one.redirectUris, ...(one.postLogoutRedirectUris ?? [])]);
  for (const uri of uris.filter((one) => one.startsWith('http'))) {
    network.mount(new URL(uri).origin, async () => ({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: '<!doctype html><title>client</title><p id="arrived">Arrived</p>',
    }));
  }
}

async function createPeople(server: Server): Promise<World['people']> {
  const create = async ({ name, ...person }: Person & { readonly name: string }): Promise<WorldPerson> => {
    const created = await server.accounts.create({
      ...person,
      profile: { name, email: person.loginName, emailVerified: true },
    });
    if (created === 'login_taken') throw new Error(`there is a ${person.loginName} already`);
    return { ...person, id: created.id };
  };
  const [alice, bob] = await Promise.all([create(people.alice), create(people.bob)]);
  return { alice, bob };
}

async function discover(network: Network, issuer: string): Promise<World['metadata']> {
  const answer = await get(network.from('198.51.100.3'), `${issuer}/.well-known/openid-configuration`);
  if (answer.status !== 200) throw new Error(`discovery answered ${answer.status}`);
  return answer.json;
}
