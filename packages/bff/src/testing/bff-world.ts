/** A web app with its backend, an issuer, an API and browsers, in one process; time moves when the test says so. */
import type { RecordedEvent } from '@castellan/audit';
import { type HttpAnswer, type HttpRequest, type Runtime, systemRuntime } from '@castellan/protocol';
import {
  type Browser,
  createBrowser,
  createClock,
  createNetwork,
  type Network,
  type Page,
  seededRandom,
  type TestClock,
  type WireAnswer,
} from '@castellan/testkit';
import { type Bff, createBff } from '../bff.ts';
import type { BffConfig } from '../config.ts';
import type { SessionPort } from '../session-port.ts';
import { openSqliteSessions } from '../sqlite-sessions.ts';
import { createStubIssuer, json, type StubIssuer } from './stub-issuer.ts';

export const appUrl = 'https://app.example';
const apiUrl = 'https://api.example/v1';
export const issuerUrl = 'https://login.example';
export const clientSecret = 'a-secret-of-the-app-0123456789-abcdef';

export interface BffWorld {
  readonly bff: Bff;
  readonly issuer: StubIssuer;
  readonly network: Network;
  readonly clock: TestClock;
  readonly runtime: Runtime;
  readonly sessions: SessionPort;
  readonly events: RecordedEvent[];
  /** What reached the API. */
  readonly calls: HttpRequest[];
  /** What the API answers. */
  api: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
  readonly browser: () => Browser;
  /** A browser in which a person has signed in. */
  readonly signedIn: () => Promise<Browser>;
  /** What a script of the app sends from the page shown. */
  readonly script: (
    browser: Browser,
    path: string,
    init?: { method?: string; body?: string; headers?: Record<string, string> },
  ) => Promise<WireAnswer>;
  /** One request as an attacker writes it, with exactly these headers. */
  readonly send: (
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ) => Promise<WireAnswer>;
}

/** Builds a world; `change` alters the configuration of the app. */
export async function createBffWorld(change: (config: BffConfig) => BffConfig = (config) => config): Promise<BffWorld> {
  const clock = createClock(Math.floor(systemRuntime.now() / 1000) * 1000);
  const network = createNetwork();
  const { fetch } = network;
  const runtime: Runtime = { ...clock, randomBytes: seededRandom('bff'), fetch, fetchUntrusted: fetch };
  const issuer = await createStubIssuer(issuerUrl, runtime);
  const sessions = openSqliteSessions(':memory:', runtime);
  const events: RecordedEvent[] = [];
  const calls: HttpRequest[] = [];
  const config = change(baseConfig(sessions));
  const sink = {
    deliver: async (some: readonly RecordedEvent[]) => void events.push(...some),
    close: async () => undefined,
  };
  const bff = createBff(config, runtime, [sink]);
  const world: BffWorld = {
    bff,
    issuer,
    network,
    clock,
    runtime,
    sessions,
    events,
    calls,
    api: () => json(200, { ok: true }),
    browser: () => createBrowser({ transport: network.from('203.0.113.7'), now: clock.now }),
    signedIn: async () => {
      const browser = world.browser();
      await browser.open(`${config.url}/login`);
      return browser;
    },
    script: (browser, path, { headers, ...init } = {}) =>
      browser.script(path, { ...init, headers: { 'x-castellan-csrf': '1', ...headers } }),
    send: (method, path, headers = {}, body = '') =>
      network.from('203.0.113.66')({ method, url: new URL(path, config.url), headers: Object.entries(headers), body }),
  };
  network.mount(config.url, bff.handle);
  network.mount(issuerUrl, issuer.handle);
  network.mount(new URL(apiUrl).origin, async (request) => {
    calls.push(request);
    return world.api(request);
  });
  return world;
}

function baseConfig(sessions: SessionPort): BffConfig {
  return {
    name: 'shop',
    url: appUrl,
    issuer: issuerUrl,
    client: { id: 'shop-web', secret: clientSecret, idTokenAlgorithm: 'ES256' },
    scopes: ['openid', 'profile', 'orders:read'],
    resource: 'https://api.example',
    sessions,
    proxy: [{ path: '/api', target: apiUrl, methods: ['GET', 'POST', 'PATCH'] }],
    signedOutPath: '/signed-out',
    stylesheet: '/app.css',
    app: (request) => ({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: `<p id="app">${request.path}</p>`,
    }),
  };
}

/** The value of the session cookie in a browser. */
export function sessionCookie(browser: Browser): string | undefined {
  return browser.cookies.all().find((cookie) => cookie.name === '__Host-shop-session')?.value;
}

/** What the page is told about the session. */
export async function sessionOf(world: BffWorld, browser: Browser): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await world.script(browser, '/session')).body) as Record<string, unknown>;
}

/** The error word of a page the BFF shows. */
export function errorCode(page: Page): string | undefined {
  return page.find('error-code')?.text;
}
