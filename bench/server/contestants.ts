/** The servers that are measured, each in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import {
  createBrowser,
  freePort,
  type Registration,
  registrationOf,
  signIn,
  socketTransport,
  worldConfig,
} from '@castellan/testkit';
import type { Usage } from './answering.ts';
import type { OurSettings } from './ours.ts';

export interface Contestant {
  readonly name: string;
  readonly port: number;
  /** `Authorization` of the service, and of the web app. */
  readonly service: string;
  readonly web: string;
  readonly redirectUri: string;
  /** Of a browser whose person has signed in. */
  readonly cookie: string;
  /** Of the API that asks about opaque tokens, and one such token. */
  readonly api: string;
  readonly opaque: string;
  readonly usage: () => Promise<Usage>;
  readonly stop: () => void;
}

function start(program: string, parameters: readonly string[]): Promise<ChildProcess> {
  const child = fork(program, parameters, {
    execArgv: ['--conditions=castellan-source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
}

function usageOf(child: ChildProcess): () => Promise<Usage> {
  return async () => {
    const answer = once(child, 'message');
    child.send('usage');
    const [usage] = (await answer) as [Usage];
    return usage;
  };
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

export async function startFloor(): Promise<Contestant> {
  const port = await freePort();
  const secret = systemRuntime.randomBytes(32).toString('base64url');
  const child = await start(join(import.meta.dirname, 'floor.ts'), [String(port), secret]);
  return {
    name: 'limit',
    port,
    service: basic('batch', secret),
    web: basic('trusted', secret),
    api: basic('bills-api', secret),
    redirectUri: 'https://trusted.example/callback',
    cookie: '',
    opaque: 'opaque',
    usage: usageOf(child),
    stop: () => child.disconnect(),
  };
}

/** @param checkout the folder of this project, or of an earlier state of it */
export async function startOurs(name: string, checkout: string, parent: string): Promise<Contestant> {
  const folder = join(parent, name);
  mkdirSync(folder);
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const apiSecret = join(folder, 'api-secret');
  writeFileSync(apiSecret, systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
  const store = { sqlite: join(folder, 'issuer.sqlite') };
  const base = worldConfig({ issuer, folder, store, randomBytes: systemRuntime.randomBytes });
  const credentials = {
    id: 'bills-api',
    authentication: 'client_secret_basic',
    secret: { file: apiSecret },
  } as const;
  const settings: OurSettings = {
    config: {
      ...base,
      // RSA signatures would hide everything else: here every signature is ES256.
      clients: (base.clients ?? []).map((one) => ({ ...one, idTokenAlgorithm: 'ES256' })),
      limits: Object.fromEntries(Object.keys(base.limits ?? {}).map((key) => [key, { count: 1_000_000, period: 1 }])),
      resources: (base.resources ?? []).map((one) =>
        one.scopes['bills:read'] === undefined ? one : { ...one, tokenFormat: 'reference', credentials },
      ),
    },
    port,
    person: { loginName: 'alice@example.org', password: 'correct horse battery staple', profile: {} },
    events: join(folder, 'events.jsonl'),
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  const child = await start(join(checkout, 'bench', 'server', 'ours.ts'), [join(folder, 'settings.json')]);
  const registration = (id: string): Registration => {
    const found = base.clients?.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no client ${id}`);
    return registrationOf(found, (file) => readFileSync(file, 'utf8'));
  };
  const authorization = (id: string): string => basic(id, registration(id).secret ?? '');
  const answer = await systemRuntime.fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: authorization('batch') },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: 'https://bills.example' }),
  });
  const { access_token: opaque } = (await answer.json()) as { readonly access_token: string };
  return {
    name,
    port,
    service: authorization('batch'),
    web: authorization('trusted'),
    api: basic('bills-api', readFileSync(apiSecret, 'utf8')),
    redirectUri: registration('trusted').redirectUri,
    cookie: await signedInCookie(issuer, registration('trusted'), settings.person),
    opaque,
    usage: usageOf(child),
    stop: () => child.disconnect(),
  };
}

async function signedInCookie(
  issuer: string,
  { id, redirectUri }: Registration,
  person: OurSettings['person'],
): Promise<string> {
  const arrived = [['content-type', 'text/html; charset=utf-8']] as const;
  const browser = createBrowser({
    now: systemRuntime.now,
    transport: async (request) =>
      request.url.href.startsWith(redirectUri)
        ? { status: 200, headers: arrived, body: '<p>arrived</p>' }
        : socketTransport(request),
  });
  const asked = { client_id: id, redirect_uri: redirectUri, response_type: 'code', scope: 'openid notes:read' };
  const challenge = { code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' };
  await browser.open(`${issuer}/authorize?${new URLSearchParams({ ...asked, ...challenge })}`);
  await signIn(browser, person);
  const context = { sameSite: true, topLevel: true, method: 'GET' };
  return browser.cookies.header(new URL(`${issuer}/authorize`), context) ?? '';
}
