/**
 * What it costs to look, before each request, whether somebody was registered or switched off: on SQLite, as a share of
 * a whole token request by client credentials; and what the first request after a change pays beside many clients.
 *
 * Run it with `node tools/launch.js bench/registry.ts`. Compare shares of one run, never times of two.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import { type Config, createServer, openAdministration, openSqliteStore } from '@castellan/server';
import { effects } from '@castellan/server/store-conformance';

const rounds = 9;
const each = 400;
const many = 1000;

const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'));
const file = join(folder, 'store.sqlite');
writeFileSync(join(folder, 'master-key'), systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
const plenty = { count: 1_000_000, period: 60 };
const config: Config = {
  issuer: 'http://localhost:4000',
  store: { sqlite: file },
  masterKey: { file: join(folder, 'master-key') },
  resources: [{ audience: 'https://api.example', name: 'API', scopes: { read: 'Read' } }],
  limits: { tokenPerClient: plenty, tokenPerAddress: plenty },
};
const batch = {
  name: 'Batch',
  kind: 'web',
  authentication: 'client_secret_post',
  grants: ['client_credentials'],
  redirectUris: [],
  scopes: [],
  ownScopes: ['read'],
  resources: ['https://api.example'],
};

const server = await createServer(config);
const store = await openSqliteStore(file, systemRuntime);
const administration = await openAdministration(config);
const added = await administration.clients.add({ id: 'batch', ...batch });
if (added.verdict !== 'done') throw new Error(added.verdict);
const body = new URLSearchParams({
  grant_type: 'client_credentials',
  client_id: 'batch',
  client_secret: added.secret ?? '',
}).toString();

async function token(): Promise<void> {
  const headers = { 'content-type': ['application/x-www-form-urlencoded'] };
  const request = { method: 'POST', path: '/token', query: '', headers, body, peer: { address: '192.0.2.1' } };
  const { status } = await server.handle(request);
  if (status !== 200) throw new Error(`a token request was answered with ${status}`);
}

async function look(): Promise<void> {
  await store.readRegistryRevision();
}

/** Microseconds for one. */
async function measure(work: () => Promise<void>): Promise<number> {
  const from = systemRuntime.monotonic();
  for (let index = 0; index < each; index += 1) await work();
  return ((systemRuntime.monotonic() - from) * 1000) / each;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

async function share(): Promise<void> {
  const results = { token: [] as number[], look: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    results.token.push(await measure(token));
    results.look.push(await measure(look));
  }
  const [whole, part] = [median(results.token), median(results.look)];
  console.log(`a token request: ${whole.toFixed(0)} µs; the look at the registry: ${part.toFixed(1)} µs`);
  console.log(`share: ${((100 * part) / whole).toFixed(1)} %`);
}

/** The first request after a change reads one row and judges what it concerns. */
async function afterChange(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await administration.clients.change('batch', { id: 'batch', ...batch, name: `Batch ${round}` });
    const from = systemRuntime.monotonic();
    await token();
    times.push(systemRuntime.monotonic() - from);
  }
  console.log(`the first token request after a change: ${median(times).toFixed(1)} ms`);
}

await measure(token);
await share();
await afterChange();

const hash = 'x'.repeat(43);
for (let index = 0; index < many; index += 1) {
  const id = `client-${index}`;
  const row = { kind: 'client', id, caller: id, registration: { id, ...batch }, state: 'active' } as const;
  const times = { createdAt: 0, changedAt: 0, secrets: [{ hash, createdAt: 0 }] };
  const write = { row: { ...row, ...times }, expected: index + 1 + rounds };
  const verdict = await store.writeRegistration(write, effects('added'));
  if (verdict !== 'written') throw new Error(verdict);
}
await token();
console.log(`beside ${many} more clients:`);
await share();
await afterChange();

await administration.close();
await server.close();
await store.close();
rmSync(folder, { recursive: true });
