/**
 * An issuer on a real loopback port, with the machine's own clock, chance and sockets: for clients that bring their
 * own HTTP. Beside it a client's web server, where redirects arrive.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import { type Config, createServer, nodeListener } from '@castellan/server';
import { type Browser, createBrowser } from './browser.ts';
import { registrationOf, worldConfig } from './configuration.ts';
import type { Page } from './page.ts';
import type { Registration } from './relying-party.ts';
import { type Person, walk } from './walk.ts';
import { socketTransport } from './wire.ts';

export interface LiveIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly config: Config;
  readonly person: Person & { readonly id: string };
  /** Where the person lands after signing out. */
  readonly signedOutUri: string;
  readonly registration: (client: string) => Registration;
  readonly browser: () => Browser;
  /** Opens an address, answers all pages, and ends on the page the person sees last. */
  readonly visit: (browser: Browser, url: string | URL) => Promise<Page>;
}

/** Starts an issuer with the clients of `configuration.ts`, whose redirect URIs are on loopback here. */
export async function startLiveIssuer(): Promise<LiveIssuer> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-live-'));
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const front = await listen('localhost', (request, response) => listener(request, response));
  const arrivals = await listen('127.0.0.1', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p id="arrived">Arrived</p>');
  });
  const issuer = `http://localhost:${front.port}`;
  const callback = `http://127.0.0.1:${arrivals.port}/callback`;
  const signedOutUri = `http://127.0.0.1:${arrivals.port}/bye`;
  const store = { sqlite: join(folder, 'issuer.sqlite') };
  const base = worldConfig({ issuer, folder, store, randomBytes: systemRuntime.randomBytes });
  const clients = (base.clients ?? []).map((one) =>
    one.kind === 'native'
      ? { ...one, redirectUris: ['http://127.0.0.1/callback'] }
      : { ...one, redirectUris: [callback], postLogoutRedirectUris: [signedOutUri] },
  );
  const config = { ...base, clients };
  const server = await createServer(config, systemRuntime, []);
  listener = nodeListener(server);
  const person = { loginName: 'alice@example.org', password: 'correct horse battery staple' };
  const created = await server.accounts.create({
    ...person,
    profile: { name: 'Alice Archer', email: person.loginName },
  });
  if (created === 'login_taken') throw new Error('the folder was not empty');
  return {
    issuer,
    config,
    person: { ...person, id: created.id },
    signedOutUri,
    registration: (id) => {
      const client = clients.find((one) => one.id === id);
      if (client === undefined) throw new Error(`there is no client ${id}`);
      const registration = registrationOf(client, (file) => readFileSync(file, 'utf8').trim());
      // A native client listens on a port of its own choice (RFC 8252 §7.3).
      return client.kind === 'native' ? { ...registration, redirectUri: callback } : registration;
    },
    browser: () => createBrowser({ transport: socketTransport, now: systemRuntime.now }),
    visit: async (browser, url) => {
      await browser.open(url);
      return walk(browser, person);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([front.close(), arrivals.close()]);
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listen(
  host: string,
  listener: RequestListener,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server: HttpServer = createHttpServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
