import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'castellan-web-'));
after(() => rmSync(folder, { recursive: true }));
const secretFile = join(folder, 'web-client-secret');
writeFileSync(secretFile, 'a-secret-for-this-test-only-0123456789\n', { mode: 0o600 });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function start(url: string, changes: Record<string, string | undefined> = {}): ChildProcess {
  return fork(fileURLToPath(new URL('main.ts', import.meta.url)), {
    env: {
      ...process.env,
      ISSUER: 'http://localhost:4000',
      API_URL: 'http://127.0.0.1:4001',
      WEB_URL: url,
      FOLDER: folder,
      WEB_CLIENT_ID: 'invoices-web',
      WEB_CLIENT_SECRET_FILE: secretFile,
      ...changes,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

for (const [how, end] of [
  ['asked to', (child: ChildProcess) => child.kill('SIGTERM')],
  ['interrupted', (child: ChildProcess) => child.kill('SIGINT')],
  ['left by its parent', (child: ChildProcess) => child.disconnect()],
] as const) {
  test(`R-183[bff] the web app says when it is ready, answers, and ends cleanly when it is ${how}`, async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const child = start(url);
    assert.deepEqual(await once(child, 'message'), ['ready', undefined]);
    const page = await fetch(url);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>Overview · Invoices<\/title>/);
    const refused = await fetch(`${url}/api/invoices`, { headers: { 'x-castellan-csrf': '1' } });
    assert.equal(refused.status, 401);
    await refused.body?.cancel();
    const ended = once(child, 'exit');
    end(child);
    assert.deepEqual(await ended, [0, null]);
    assert.equal(statSync(join(folder, 'events.jsonl')).mode & 0o077, 0);
  });
}

test('R-218[bff] a setting that is missing or weak ends the start with its name and without its value', async () => {
  writeFileSync(join(folder, 'short'), 'hunter2');
  for (const [changes, expected] of [
    [{ ISSUER: '' }, /The environment variable ISSUER is missing/],
    [{ WEB_CLIENT_SECRET_FILE: join(folder, 'short') }, /client\.secret: found 7 characters/],
    [{ WEB_URL: 'http://app.example' }, /url: found http:\/\/app\.example; allowed: an https origin/],
  ] as const) {
    const child = start('http://127.0.0.1:1', changes);
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = (await once(child, 'exit')) as [number];
    assert.notEqual(code, 0);
    assert.match(said, expected);
    assert.doesNotMatch(said, /hunter2/);
  }
});
