import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'castellan-invoices-'));
after(() => rmSync(folder, { recursive: true }));
const peopleFile = join(folder, 'demo-people.json');
const secretFile = join(folder, 'api-client-secret');
writeFileSync(secretFile, 'a-secret-for-this-test-0123456789abcdef');
writeFileSync(peopleFile, JSON.stringify({ nora: 'sub-nora', theo: 'sub-theo' }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function start(url: string): ChildProcess {
  return fork(fileURLToPath(new URL('main.ts', import.meta.url)), {
    env: {
      ...process.env,
      ISSUER: 'http://localhost:4000',
      API_URL: url,
      API_CLIENT_ID: 'invoices-api',
      API_CLIENT_SECRET_FILE: secretFile,
      FOLDER: folder,
      DEMO_PEOPLE_FILE: peopleFile,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

for (const [how, end] of [
  ['asked to', (child: ChildProcess) => child.kill('SIGTERM')],
  ['left by its parent', (child: ChildProcess) => child.disconnect()],
] as const) {
  test(`R-183[guard] the API says when it is ready, answers, and ends cleanly when it is ${how}`, async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const child = start(url);
    assert.deepEqual(await once(child, 'message'), ['ready', undefined]);
    const health = await fetch(`${url}/health`);
    assert.deepEqual([health.status, await health.json()], [200, { status: 'ok' }]);
    const refused = await fetch(`${url}/invoices`);
    assert.equal(refused.status, 401);
    assert.equal(
      refused.headers.get('www-authenticate'),
      `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource"`,
    );
    await refused.body?.cancel();
    const ended = once(child, 'exit');
    end(child);
    assert.deepEqual(await ended, [0, null]);
    const events = readFileSync(join(folder, 'events.jsonl'), 'utf8').trim().split('\n');
    assert.equal(
      JSON.parse(events.at(-1) ?? '').reason,
      'credentials_missing',
      'what was recorded is written at the end',
    );
  });
}
