import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemRuntime } from '@castellan/protocol';

const command = fileURLToPath(new URL('../../bin/castellan.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'castellan-dev-'));
after(() => rmSync(home, { recursive: true, force: true }));

/** Below the range from which systems deal out ports, and different for test runs side by side. */
let nextPort = 20_000 + (process.pid % 1000) * 10;
const takePorts = (): number => (nextPort += 2) - 2;

const app = `
import { createServer } from 'node:http';
const server = createServer((request, response) => response.end('app'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));
process.on('SIGTERM', () => { server.close(); process.disconnect?.(); });
if (process.env.STUBBORN) process.on('SIGTERM', () => setInterval(() => {}, 1000));
`;

interface ProjectChanges {
  readonly config?: string;
  readonly environment?: string;
  readonly app?: string;
}

/** A project with one client, one person and one app. */
function writeProject(name: string, changes: ProjectChanges = {}): string {
  const folder = mkdtempSync(join(home, `${name}-`));
  writeFileSync(join(folder, 'api.mjs'), changes.app ?? app);
  writeFileSync(
    join(folder, 'castellan.config.ts'),
    `export const project = {
      name: 'small', ports: ['api'],
      describe: (place) => ({
        config: {
          issuer: place.issuer,
          store: { sqlite: place.folder + '/issuer.sqlite' },
          masterKey: { file: place.folder + '/master-key' },
          clients: [{
            id: 'web', name: 'Web', kind: 'web', authentication: 'client_secret_basic',
            secret: { file: place.folder + '/web-secret' },
            redirectUris: ['http://127.0.0.1:4002/callback'], scopes: ['openid'],
          }],
          ${changes.config ?? ''}
        },
        people: [{ loginName: 'nora', description: 'an ordinary person', profile: { name: 'Nora' } }],
        apps: [{
          name: 'api', entry: new URL('./api.mjs', import.meta.url),
          environment: { PORT: new URL(place.urls.api).port, ${changes.environment ?? ''} },
        }],
        tryNext: ['Open the app.'],
      }),
    };`,
  );
  return folder;
}

interface Run {
  readonly child: ChildProcess;
  /** Everything printed so far. */
  readonly printed: () => string;
  /** Settles when the text was printed; rejects when the process ends without. */
  readonly prints: (text: string) => Promise<void>;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function startDev(project: string, port: number): Run {
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv.filter((flag) => flag.startsWith('--conditions')),
      command,
      'dev',
      project,
      '--port',
      String(port),
    ],
    {
      cwd: project,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.add(child);
  let text = '';
  const waiting = new Set<() => void>();
  const collect = (chunk: Buffer): void => {
    text += String(chunk);
    for (const look of waiting) look();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const prints = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!text.includes(wanted)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      void ended.then(() => reject(new Error(`ended without printing «${wanted}»:\n${text}`)));
      look();
    });
  return { child, printed: () => text, prints, ended };
}

const ready = 'Ctrl-C ends everything';

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

function passwordOf(folder: string): string {
  const line = readFileSync(join(folder, '.castellan/demo-people.txt'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith('nora'));
  return line?.split(/\s+/)[1] ?? '';
}

test('R-136[cli] R-218[cli] S-8[cli] a first start makes keys and people of its own, a second one uses them again', async () => {
  const project = writeProject('twice');
  const port = takePorts();
  const first = startDev(project, port);
  await first.prints(ready);
  const metadata = await fetch(`http://localhost:${port}/.well-known/openid-configuration`);
  assert.equal(metadata.status, 200);
  assert.equal(await (await fetch(`http://127.0.0.1:${port + 1}`)).text(), 'app');
  const screen = first.printed();
  for (const shown of [
    `http://localhost:${port}`,
    `http://127.0.0.1:${port + 1}`,
    'demo-people.txt',
    'Open the app.',
  ]) {
    assert.ok(screen.includes(shown), `${shown} is not shown`);
  }

  const stored = join(project, '.castellan');
  assert.equal(mode(stored), 0o700);
  for (const file of ['master-key', 'web-secret', 'demo-people.txt', 'demo-people.json']) {
    assert.equal(mode(join(stored, file)), 0o600, file);
  }
  const password = passwordOf(project);
  assert.ok(password.length >= 15);
  assert.ok(!screen.includes(password), 'the terminal shows a password');
  const events = readFileSync(join(stored, 'events.jsonl'), 'utf8');
  assert.match(events, /"type":"person.created"/);
  const secrets = [password, ...['master-key', 'web-secret'].map((file) => readFileSync(join(stored, file), 'utf8'))];
  for (const secret of secrets) assert.ok(!events.includes(secret), 'an event holds a secret');
  // What scanners of secrets look for.
  assert.match(secrets.at(-1) ?? '', /^castellan_cs_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);

  const before = systemRuntime.monotonic();
  first.child.kill('SIGINT');
  assert.equal(await first.ended, 0);
  assert.ok(systemRuntime.monotonic() - before < 2000, 'it took longer than 2 s to end');

  const second = startDev(project, port);
  await second.prints(ready);
  assert.equal(passwordOf(project), password);
  assert.equal(readFileSync(join(stored, 'events.jsonl'), 'utf8').match(/person\.created/g)?.length, 1);
  second.child.kill('SIGTERM');
  assert.equal(await second.ended, 0);
});

test('an app that ignores the request to end is ended, within 2 s', async () => {
  const port = takePorts();
  const run = startDev(writeProject('stubborn', { environment: `STUBBORN: '1'` }), port);
  await run.prints(ready);
  const before = systemRuntime.monotonic();
  run.child.kill('SIGINT');
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0);
  assert.ok(systemRuntime.monotonic() - before < 2000, 'it took longer than 2 s to end');
  await assert.rejects(fetch(`http://127.0.0.1:${port + 1}`), 'the app still listens');
});

test('an app that crashes ends everything, and is named', async () => {
  const broken = `process.send?.('ready'); process.once('disconnect', () => {}); setTimeout(() => process.exit(3), 200);`;
  const run = startDev(writeProject('crash', { app: broken }), takePorts());
  await run.prints('api has ended by itself (exit code 3)');
  assert.equal(await run.ended, 1);
});

test('an app that cannot start ends everything, and is named', async () => {
  const run = startDev(writeProject('broken', { app: `process.exit(4)` }), takePorts());
  await run.prints('api has ended by itself (exit code 4)');
  assert.equal(await run.ended, 1);
  assert.ok(!run.printed().includes(ready));
});

test('R-219[config] a wrong configuration tells every problem at once and ends with 1 before a port opens', async () => {
  const wrong = `lifetimes: { code: 3600 }, trustedProxies: ['everybody'], colour: 'red',`;
  const port = takePorts();
  const run = startDev(writeProject('wrong', { config: wrong }), port);
  assert.equal(await run.ended, 1);
  for (const key of ['lifetimes.code', 'trustedProxies[0]', 'colour']) {
    assert.match(run.printed(), new RegExp(`^  ${key.replace(/[.[\]]/g, '\\$&')}: found .+; allowed is .+$`, 'm'));
  }
  assert.doesNotMatch(run.printed(), /^\s+at /m, 'a stack trace is shown');
  await assert.rejects(fetch(`http://127.0.0.1:${port}`));
});

test('a wrong project file tells every problem at once', async () => {
  const project = writeProject('shape');
  writeFileSync(
    join(project, 'castellan.config.ts'),
    `export const project = { name: '', ports: ['A', 'A'], describe: 1 };`,
  );
  const run = startDev(project, takePorts());
  assert.equal(await run.ended, 1);
  for (const key of ['project.name', 'project.ports', 'project.describe'])
    assert.ok(run.printed().includes(`  ${key}: found`));
  assert.ok(!existsSync(join(project, '.castellan')), 'something was created');
});

test('a folder without a project, and a project that cannot be read, are told in one line', async () => {
  const empty = startDev(mkdtempSync(join(home, 'empty-')), takePorts());
  assert.equal(await empty.ended, 1);
  assert.match(
    empty.printed(),
    /^There is no castellan\.config\.ts in .+: castellan dev <folder>, and --project <folder> .+\n$/,
  );
  const project = writeProject('throws');
  writeFileSync(join(project, 'castellan.config.ts'), `throw new Error('no plan');`);
  const throwing = startDev(project, takePorts());
  assert.equal(await throwing.ended, 1);
  assert.match(throwing.printed(), /^.+castellan\.config\.ts cannot be run: no plan\n$/);
});

test('taken ports are named, with the flag that moves all of them, before anything starts', async () => {
  const port = takePorts();
  const holder = createServer().listen(port + 1, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const project = writeProject('taken');
  const run = startDev(project, port);
  assert.equal(await run.ended, 1);
  assert.match(run.printed(), new RegExp(`^Port ${port + 1}, for the api, is taken\\.$`, 'm'));
  assert.match(run.printed(), new RegExp(`--port ${port + 100}\\b`));
  assert.ok(!existsSync(join(project, '.castellan/issuer.sqlite')), 'the issuer was started');
  holder.close();
});
