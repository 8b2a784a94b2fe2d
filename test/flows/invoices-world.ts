/** The world of the example: a real issuer, the invoices API behind its guard, and a web app behind its backend. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RecordedEvent, Sink } from '@castellan/audit';
import { createBff, openSqliteSessions } from '@castellan/bff';
import { type StatusLists, statusLists } from '@castellan/guard';
import { systemRuntime } from '@castellan/protocol';
import type { ClientConfig, Config } from '@castellan/server';
import {
  assertTokens,
  type Browser,
  type Changes,
  createWorld,
  get,
  type JsonAnswer,
  type WireAnswer,
  type World,
  type WorldPerson,
  walk,
} from '@castellan/testkit';
import { createInvoicesApi } from '../../examples/invoices/api/api.ts';

export const apiUrl = 'https://invoices-api.example';
export const appUrl = 'https://invoices.example';
const apiSecret = 'invoices-api-0123456789abcdefghijklmnopq';
export const allScopes = 'openid profile invoices:read invoices:write users:read users:write users:admin';

export interface InvoicesWorld extends AsyncDisposable {
  readonly world: World;
  readonly nora: WorldPerson;
  readonly theo: WorldPerson;
  /** What the API knows of revocations. */
  readonly revocation: StatusLists;
  /** Events of the API and of the web app so far; complete after disposal. */
  readonly events: { readonly api: readonly RecordedEvent[]; readonly app: readonly RecordedEvent[] };
  /** An access token for the API. */
  readonly token: (person: WorldPerson, changes?: Changes, browser?: Browser) => Promise<string>;
  /** One call of the API with a token. */
  readonly call: (token: string | undefined, line: string, body?: unknown) => Promise<JsonAnswer>;
  /** A browser in which the person has signed in to the web app. */
  readonly atApp: (person: WorldPerson) => Promise<Browser>;
  /** What a script of the web app sends. */
  readonly script: (browser: Browser, line: string, body?: unknown) => Promise<WireAnswer>;
}

/** Builds it; dispose of it with `await using` or in `after`. */
export async function createInvoicesWorld(seed: string): Promise<InvoicesWorld> {
  const world = await createWorld({ seed, config: withInvoices });
  const [nora, theo] = await Promise.all([person(world, 'nora'), person(world, 'theo')]);
  const events = { api: [] as RecordedEvent[], app: [] as RecordedEvent[] };
  const folder = join(world.folder, 'invoices');
  mkdirSync(folder);
  const { issuer } = world;
  const jwksUri = String(world.metadata['jwks_uri']);
  const feed = { endpoint: `${issuer}/status/feed`, client: 'invoices-api', secret: apiSecret };
  const revocation = statusLists({ issuer, algorithms: ['ES256'], jwksUri, feed }, world.runtime);
  const settings = { issuer, jwksUri, revocation, url: apiUrl, folder };
  const api = createInvoicesApi({ ...settings, people: { nora: nora.id, theo: theo.id } }, world.runtime, [
    keepIn(events.api),
  ]);
  const sessions = openSqliteSessions(join(folder, 'web.sqlite'), world.runtime);
  const app = createBff(appConfig(world, sessions), world.runtime, [keepIn(events.app)]);
  world.network.mount(apiUrl, api.handle);
  world.network.mount(appUrl, app.handle);
  return {
    world,
    nora,
    theo,
    revocation,
    events,
    token: async (someone, changes = {}, browser = world.browser()) => {
      const answer = await world.tokens(world.client('invoices-cli'), {
        person: someone,
        browser,
        changes: { scope: allScopes, ...changes },
      });
      return assertTokens(answer).accessToken;
    },
    call: (token, line, body) => callApi(world, token, { line, body }),
    atApp: async (someone) => {
      const browser = world.browser();
      await browser.open(`${appUrl}/login`);
      await walk(browser, someone);
      return browser;
    },
    script: (browser, line, body) => {
      const [method = '', path = ''] = line.split(' ');
      const json = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = {
        'x-castellan-csrf': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      return browser.script(path, { method, headers, ...json });
    },
    [Symbol.asyncDispose]: async () => {
      revocation.close();
      await api.close();
      await app.close();
      await sessions.close();
      await world.close();
    },
  };
}

function withInvoices(base: Config): Config {
  const masterKey = 'file' in base.masterKey ? base.masterKey.file : '';
  const secret = { file: join(dirname(masterKey), 'invoices-web') };
  writeFileSync(secret.file, systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
  const ofApi = { file: join(dirname(masterKey), 'invoices-api') };
  writeFileSync(ofApi.file, apiSecret, { mode: 0o600 });
  const credentials = { id: 'invoices-api', authentication: 'client_secret_basic', secret: ofApi } as const;
  const shared = {
    scopes: [...allScopes.split(' '), 'offline_access'],
    resources: [apiUrl],
    defaultResource: apiUrl,
    grants: ['authorization_code', 'refresh_token'],
  } as const;
  const clients: readonly ClientConfig[] = [
    {
      id: 'invoices-web',
      name: 'Invoices',
      kind: 'web',
      authentication: 'client_secret_basic',
      secret,
      redirectUris: [`${appUrl}/callback`],
      postLogoutRedirectUris: [`${appUrl}/signed-out`],
      ...shared,
    },
    {
      id: 'invoices-batch',
      name: 'Nightly count of invoices',
      kind: 'web',
      authentication: 'client_secret_basic',
      secret,
      grants: ['client_credentials'],
      redirectUris: [],
      scopes: [],
      ownScopes: ['invoices:report'],
      resources: [apiUrl],
      defaultResource: apiUrl,
    },
    {
      id: 'invoices-cli',
      name: 'Invoices by hand',
      kind: 'native',
      authentication: 'none',
      redirectUris: ['http://127.0.0.1/callback'],
      ...shared,
    },
  ];
  const scopes = Object.fromEntries(
    `${allScopes} invoices:report`
      .split(' ')
      .filter((scope) => scope.includes(':'))
      .map((scope) => [scope, scope]),
  );
  return {
    ...base,
    resources: [...(base.resources ?? []), { audience: apiUrl, name: 'Invoices', scopes, credentials }],
    clients: [...(base.clients ?? []), ...clients],
  };
}

function appConfig(world: World, sessions: ReturnType<typeof openSqliteSessions>): Parameters<typeof createBff>[0] {
  return {
    name: 'invoices',
    url: appUrl,
    issuer: world.issuer,
    client: { id: 'invoices-web', secret: world.client('invoices-web').secret ?? '' },
    scopes: allScopes.split(' '),
    resource: apiUrl,
    sessions,
    proxy: [{ path: '/api', target: apiUrl, methods: ['GET', 'PATCH'] }],
    signedOutPath: '/signed-out',
    app: ({ path }) => ({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: `<!doctype html><title>app</title><p id="app">${path === '/signed-out' ? 'Signed out' : 'Hello'}</p>`,
    }),
  };
}

async function person(world: World, loginName: string): Promise<WorldPerson> {
  const password = `the long password of ${loginName}`;
  const created = await world.server().accounts.create({ loginName, password, profile: { name: loginName } });
  if (created === 'login_taken') throw new Error(`there is a ${loginName} already`);
  return { loginName, password, id: created.id };
}

function keepIn(events: RecordedEvent[]): Sink {
  return {
    deliver: async (delivered) => {
      events.push(...delivered);
    },
    close: async () => undefined,
  };
}

async function callApi(
  world: World,
  token: string | undefined,
  request: { readonly line: string; readonly body: unknown },
): Promise<JsonAnswer> {
  const [method = '', path = ''] = request.line.split(' ');
  const authorization = token === undefined ? [] : [['authorization', `Bearer ${token}`] as const];
  const transport = world.network.from('198.51.100.20');
  if (request.body === undefined && method === 'GET') return get(transport, apiUrl + path, authorization);
  const headers = [...authorization, ['content-type', 'application/json'] as const];
  const body = JSON.stringify(request.body ?? {});
  const answer = await transport({ method, url: new URL(apiUrl + path), headers, body });
  return { ...answer, json: answer.body.startsWith('{') ? (JSON.parse(answer.body) as Record<string, unknown>) : {} };
}
