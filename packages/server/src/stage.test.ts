/**
 * A stage for tests of the back channel: real SQLite in a temporary folder, real keys, the real way in, and a clock
 * that only the test moves. Holds no tests itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { createRecorder, type RecordedEvent, type Recorder, recordEvents } from '@castellan/audit';
import { memoryLimitStore } from '@castellan/limits';
import { challengeOf, type HttpAnswer, hashSecret, type Runtime } from '@castellan/protocol';
import { createClock, type TestClock } from '../../testkit/src/clock.ts';
import { seededRandom } from '../../testkit/src/random.ts';
import { createSubjects } from './accounts/subject.ts';
import { grantAuthorization } from './authorizations/authorization.ts';
import { createAuthenticator } from './clients/authenticate.ts';
import type { Client } from './clients/client.ts';
import type { LimitSettings } from './config.ts';
import { createDiscoveryEndpoint, createJwksEndpoint } from './endpoints/discovery/discovery.ts';
import { authorizationCodeGrant } from './endpoints/token/authorization-code.ts';
import { clientCredentialsGrant } from './endpoints/token/client-credentials.ts';
import { refreshTokenGrant } from './endpoints/token/refresh-token.ts';
import { createTokenEndpoint } from './endpoints/token/token.ts';
import { createUserinfoEndpoint } from './endpoints/userinfo/userinfo.ts';
import type { Exchange } from './http/exchange.ts';
import { createHandle, type Handle } from './http/handle.ts';
import type { Pages } from './http/page.ts';
import type { Route } from './http/route.ts';
import { createKeyRing, type KeyRing } from './keys/key-ring.ts';
import { deriveKey } from './keys/master-key.ts';
import { profileClaims } from './resources/claims.ts';
import { issuerResource, type Resource, resourceDirectory } from './resources/resource.ts';
import { createSessions } from './sessions/session.ts';
import { createStatusIndexes } from './status/status-indexes.ts';
import { openSqliteStore } from './store/sqlite/sqlite.ts';
import type { PersonRow, PersonState, SessionRow, Store } from './store/store.ts';
import { createAccessTokens } from './tokens/access-token.ts';
import { createMint } from './tokens/issue.ts';
import { createSessionNames } from './tokens/session-name.ts';

export const issuer = 'https://id.example';
export const invoices = 'https://invoices.example/';
export const reports = 'https://reports.example/';
export const verifier = 'a-verifier-that-is-long-enough-0123456789abc';
export const redirectUri = 'https://web.example/callback';
export const secret = 'castellan_cs_0123456789abcdefghijklmnopqrstuv';
export const masterKey: Buffer = Buffer.alloc(32, 7);
export const startAt: number = Date.UTC(2026, 0, 15);

const lifetimes = {
  code: 60,
  idToken: 300,
  refreshIdle: 14 * 86_400,
  refreshAbsolute: 30 * 86_400,
  sessionIdle: 12 * 3600,
  sessionAbsolute: 7 * 86_400,
};

export interface Asked {
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonce?: string;
}

export interface Stage {
  readonly clock: TestClock;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly keys: KeyRing;
  readonly handle: Handle;
  readonly exchange: Exchange;
  readonly person: PersonRow;
  readonly session: SessionRow;
  /** What was recorded besides effects. */
  readonly events: RecordedEvent[];
  /** Types of the committed effects, in order. */
  readonly effects: () => Promise<readonly string[]>;
  /** Changes the person's state beneath the ports: no operation does so yet. */
  readonly setState: (state: PersonState) => void;
  /** Replaces or adds a client from now on. */
  readonly register: (client: Client) => void;
  /** A fresh code for a client. */
  readonly code: (client?: string, asked?: Asked) => Promise<string>;
  /** A request to the token endpoint, as the client `web` unless another one is named. */
  readonly token: (parameters: Readonly<Record<string, string>>, as?: string) => Promise<Told>;
  readonly redeem: (code: string, changes?: Readonly<Record<string, string>>, as?: string) => Promise<Told>;
  readonly refresh: (
    token: string | undefined,
    changes?: Readonly<Record<string, string>>,
    as?: string,
  ) => Promise<Told>;
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<HttpAnswer>;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: string;
}

/** An answer with its JSON read. */
export interface Told {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly text: string;
  readonly json: Readonly<Record<string, string>>;
}

export function testClient(id: string, changes: Partial<Client> = {}): Client {
  return {
    id,
    name: id,
    kind: 'web',
    authentication: 'client_secret_post',
    secretHashes: [hashSecret(secret)],
    grants: new Set(['authorization_code', 'refresh_token']),
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [],
    scopes: new Set([
      'openid',
      'profile',
      'email',
      'offline_access',
      'invoices:read',
      'invoices:write',
      'reports:read',
    ]),
    ownScopes: new Set(),
    resources: [issuer, invoices, reports],
    defaultResource: invoices,
    idTokenAlgorithm: 'RS256',
    consent: 'ask',
    sector: undefined,
    ...changes,
  };
}

export const profile = {
  name: 'Anna Muster',
  givenName: 'Anna',
  familyName: 'Muster',
  email: 'anna@example.org',
  emailVerified: true,
  updatedAt: 1_767_000_000,
};

const plenty = { count: 100_000, period: 60 };

const unlimited: LimitSettings = {
  signInPerAccount: plenty,
  signInPerAddress: plenty,
  tokenPerClient: plenty,
  tokenPerAddress: plenty,
  authorizePerAddress: plenty,
  deviceCodePerAddress: plenty,
  userCodePerAddress: plenty,
  userCodePerAccount: plenty,
  userCodeOverall: plenty,
};

/** A folder that goes away with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function testRuntime(clock: TestClock): Runtime {
  const fetch = () => Promise.reject(new Error('there is no network in this test'));
  return { ...clock, randomBytes: seededRandom('stage'), fetch, fetchUntrusted: fetch };
}

export function testRecorder(runtime: Runtime): Recorder {
  return createRecorder({ source: issuer }, runtime);
}

export function testExchange(recorder: Recorder, events: RecordedEvent[]): Exchange {
  return {
    correlation: 'stage',
    address: '192.0.2.1',
    identify: () => {},
    effects: (...effects) => recordEvents(recorder, 'stage', effects),
    notice: (event) => events.push(...recordEvents(recorder, 'stage', [event])),
  };
}

function resources(): readonly [Resource, ...Resource[]] {
  const described = (...scopes: string[]) => new Map(scopes.map((scope) => [scope, scope]));
  const api = { accessTokenLifetime: 300, algorithm: 'ES256', tokenFormat: 'jwt' } as const;
  return [
    issuerResource(issuer, 300),
    { ...api, audience: invoices, name: 'Invoices', scopes: described('invoices:read', 'invoices:write') },
    { ...api, audience: reports, name: 'Reports', scopes: described('reports:read'), accessTokenLifetime: 3600 },
  ];
}

export interface StageOptions {
  readonly limits?: Partial<LimitSettings>;
  readonly refreshRetry?: { readonly window: number; readonly limit: number };
}

/** Opens a stage with one person who has signed in. */
export async function openStage(t: TestContext, options: StageOptions = {}): Promise<Stage> {
  const clock = createClock(startAt);
  const runtime = testRuntime(clock);
  const events: RecordedEvent[] = [];
  const recorder = testRecorder(runtime);
  const exchange = testExchange(recorder, events);
  const file = join(temporaryFolder(t), 'stage.sqlite');
  const store = await openSqliteStore(file, runtime);
  t.after(() => store.close());
  const keys = await createKeyRing({
    store,
    masterKey,
    runtime,
    recorder,
    algorithms: async () => [],
    longestToken: 900,
  });
  const clients = new Map([testClient('web'), testClient('other')].map((client) => [client.id, client]));
  const handle = wire({ options, runtime, recorder, events, store, keys, clients });
  const person = await signUp(store, exchange);
  const started = await createSessions({ store, runtime, lifetimes }).start(
    { person, amr: ['pwd'], replaces: undefined, parked: undefined },
    exchange,
  );
  if (typeof started === 'string') throw new Error('no session');
  const { session } = started;
  const grant = grantAuthorization({
    store,
    runtime,
    statusIndexes: createStatusIndexes({ store, runtime }),
    issuer,
    lifetimes,
  });
  const send: Stage['send'] = (method, path, { headers = {}, query = '', body = '' } = {}) =>
    handle({ method, path, query, headers: lists(headers), body, peer: { address: '192.0.2.1' } });
  const token: Stage['token'] = async (parameters, as = 'web') => {
    const credentials = clients.get(as)?.authentication === 'none' ? {} : { client_secret: secret };
    const body = new URLSearchParams({ client_id: as, ...credentials, ...parameters }).toString();
    return told(await send('POST', '/token', { headers: form, body }));
  };
  return {
    clock,
    runtime,
    store,
    keys,
    handle,
    exchange,
    person,
    session,
    events,
    send,
    token,
    effects: async () => (await store.readOutbox(1000)).map(({ event }) => event.type),
    setState: (state) => {
      const database = new DatabaseSync(file);
      database.prepare('UPDATE persons SET state = ? WHERE id = ?').run(state, person.id);
      database.close();
    },
    register: (client) => void clients.set(client.id, client),
    code: async (client = 'web', asked = {}) => {
      const request = {
        redirectUri,
        scopes: asked.scopes ?? ['openid', 'profile', 'invoices:read', 'invoices:write'],
        resources: asked.resources ?? [invoices],
        codeChallenge: challengeOf(verifier),
        ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
      };
      const granting = { client: testClient(client), session, request, parkedIdHash: undefined, relied: [] };
      const granted = await grant(granting, exchange);
      if (typeof granted === 'string') throw new Error('not granted');
      return granted.code;
    },
    redeem: (code, changes = {}, as) =>
      token(
        { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier, ...changes },
        as,
      ),
    refresh: (refreshToken = '', changes = {}, as) =>
      token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...changes }, as),
  };
}

export const form: Readonly<Record<string, string>> = { 'content-type': 'application/x-www-form-urlencoded' };

export function told(answer: HttpAnswer): Told {
  const text = Buffer.from(answer.body).toString();
  return { status: answer.status, headers: answer.headers, text, json: text === '' ? {} : JSON.parse(text) };
}

function lists(headers: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
}

async function signUp(store: Store, exchange: Exchange): Promise<PersonRow> {
  const person: PersonRow = {
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    loginName: 'anna',
    passwordHash: '$argon2id$none',
    state: 'active',
    signInEpoch: 0,
    profile,
    createdAt: 0,
  };
  await store.createPerson(person, exchange.effects({ type: 'person.created', person: person.id }));
  return person;
}

interface Wiring {
  readonly options: StageOptions;
  readonly runtime: Runtime;
  readonly recorder: Recorder;
  readonly events: RecordedEvent[];
  readonly store: Store;
  readonly keys: KeyRing;
  readonly clients: ReadonlyMap<string, Client>;
}

function wire({ options, runtime, recorder, events, store, keys, clients: registered }: Wiring): Handle {
  const limitStore = memoryLimitStore({ capacity: 1000 });
  const limits = { ...unlimited, ...options.limits };
  const clients = { find: (id: string) => registered.get(id) };
  const directory = resourceDirectory(resources());
  const refreshRetry = options.refreshRetry ?? { window: 10, limit: 5 };
  const deps = { store, runtime, tagKey: deriveKey(masterKey, 'refresh-tag'), lifetimes, refreshRetry };
  const grants = new Map([
    ['client_credentials', clientCredentialsGrant],
    ['authorization_code', authorizationCodeGrant(deps)],
    ['refresh_token', refreshTokenGrant(deps)],
  ]);
  const nameKey = deriveKey(masterKey, 'access-token-name');
  const subjectOf = createSubjects(deriveKey(masterKey, 'pairwise-subject'));
  const issue = createMint({
    sessionNames: createSessionNames({ masterKey, runtime }),
    issuer,
    keys,
    store,
    subjectOf,
    statusIndexes: createStatusIndexes({ store, runtime }),
    nameKey,
    runtime,
    lifetimes,
  });
  const refused = async () => {};
  const accessTokens = createAccessTokens({
    issuer,
    clients,
    resources: directory,
    keys,
    store,
    runtime,
    nameKey,
    refused,
  });
  const tokenEndpoint = createTokenEndpoint({
    authenticate: createAuthenticator({ find: clients.find, checkAssertion: async () => 'no assertions here' }),
    resources: directory,
    grants,
    issue,
    limitStore,
    limits,
    runtime,
  });
  const userinfo = createUserinfoEndpoint({
    resource: directory.issuer,
    clients,
    accessTokens,
    subjectOf,
    keys,
    store,
    runtime,
    refused,
  });
  const paths = {
    authorize: '/authorize',
    deviceAuthorization: '/device_authorization',
    token: '/token',
    userinfo: '/userinfo',
    revoke: '/revoke',
    introspect: '/introspect',
    logout: '/logout',
    jwks: '/jwks',
  };
  const discovery = createDiscoveryEndpoint({
    issuer,
    resources: directory,
    paths,
    profileClaims,
    edition: () => directory,
  });
  const read = { effect: 'read', cors: 'any', cache: 'no-store', limit: undefined, channel: 'json' } as const;
  const routes: readonly Route[] = [
    {
      ...read,
      method: 'POST',
      path: '/token',
      name: 'token',
      endpoint: tokenEndpoint,
      effect: 'act',
      form: 'required',
      limit: 'tokenPerAddress',
    },
    { ...read, method: 'GET', path: '/userinfo', name: 'userinfo', endpoint: userinfo, form: 'none' },
    { ...read, method: 'POST', path: '/userinfo', name: 'userinfo', endpoint: userinfo, form: 'optional' },
    { ...read, method: 'GET', path: '/jwks', name: 'jwks', endpoint: createJwksEndpoint({ keys }), form: 'none' },
    { ...read, method: 'GET', path: '/discovery', name: 'discovery', endpoint: discovery, form: 'none' },
  ];
  const record = (event: RecordedEvent) => void events.push(event);
  const rest = {
    trustedProxies: [],
    clientOrigins: new Set<string>(),
    record,
    refresh: async () => {},
    startAgain: () => undefined,
    committed: () => {},
  };
  return createHandle({ issuer, routes, pages: {} as Pages, runtime, recorder, limitStore, limits, ...rest });
}
