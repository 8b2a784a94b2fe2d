/** The demonstration as it runs for real: the issuer in this process, API and web app as the processes they are. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type HttpAnswer, systemRuntime } from '@castellan/protocol';
import { createServer, listen, type Server } from '@castellan/server';
import { freePort, type Person } from '@castellan/testkit';
import type { DevelopmentSetup } from 'castellan';
import { project } from '../../examples/invoices/castellan.config.ts';

export interface Stack extends AsyncDisposable {
  readonly issuer: string;
  readonly web: string;
  readonly people: Readonly<Record<string, Person>>;
  /** Every token and code the issuer has given out so far. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Starts it on free ports.
 *
 * @param webHost `127.0.0.1` is another site than the issuer's `localhost`, `localhost` the same
 */
export async function startStack(webHost: '127.0.0.1' | 'localhost'): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-browser-'));
  const [issuerPort, apiPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const issuer = `http://localhost:${issuerPort}`;
  const urls = { api: `http://127.0.0.1:${apiPort}`, web: `http://${webHost}:${webPort}` };
  const setup = project.describe({ folder, issuer, urls });
  createSecrets(setup);
  const server = await createServer(setup.config, systemRuntime, []);
  const people = await createPeople(setup, server, folder);
  const secrets = new Set<string>();
  const handle: Server['handle'] = async (request) => {
    const answer = await server.handle(request);
    for (const secret of secretsOf(answer)) secrets.add(secret);
    return answer;
  };
  const listening = await listen({ handle }, { port: issuerPort, host: 'localhost' });
  const apps = await Promise.all(setup.apps.map(startApp));
  return {
    issuer,
    web: urls.web,
    people,
    secrets,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(apps.map(stopApp));
      await listening.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createSecrets({ config }: DevelopmentSetup): void {
  const clients = (config.clients ?? []).map(({ secret }) => secret);
  const apis = (config.resources ?? []).map(({ credentials }) => credentials?.secret);
  for (const source of [config.masterKey, ...clients, ...apis]) {
    if (source === undefined || !('file' in source)) continue;
    writeFileSync(source.file, systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
  }
}

async function createPeople(setup: DevelopmentSetup, server: Server, folder: string): Promise<Stack['people']> {
  const people: Record<string, Person> = {};
  const subjects: Record<string, string> = {};
  for (const { loginName, profile } of setup.people) {
    const password = systemRuntime.randomBytes(18).toString('base64url');
    const created = await server.accounts.create({ loginName, password, profile });
    if (created === 'login_taken') throw new Error(`two people are called ${loginName}`);
    people[loginName] = { loginName, password };
    subjects[loginName] = created.id;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'demo-people.json'), JSON.stringify(subjects));
  return people;
}

/** Tokens of a token answer, and the code of an authorization answer. */
function secretsOf({ headers, body }: HttpAnswer): readonly string[] {
  const text = `${String(headers['location'] ?? '')} ${String(body)}`;
  const tokens = [...text.matchAll(/"(?:access_token|refresh_token|id_token)":"([^"]+)"/g)].map(([, token]) => token);
  const codes = [...text.matchAll(/[?&;]code=([\w.-]+)/g)].map(([, code]) => code);
  return [...tokens, ...codes].filter((secret) => secret !== undefined);
}

function startApp({ name, entry, environment }: DevelopmentSetup['apps'][number]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=castellan-source', fileURLToPath(entry)], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} has ended with ${code} before it was ready`)));
  });
}

function stopApp(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
