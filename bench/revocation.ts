/**
 * How long a revocation takes to reach an API that verifies by itself: from the answer of `/revoke` until the guard's
 * subscriber knows that the token was revoked. Over real sockets; the API listens to the node that revokes, and then to
 * another one on the same database. Run it with `npm run bench:revocation`; it fails when the bound does not hold.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type StatusLists, statusLists } from '@castellan/guard';
import { parseCompact, systemRuntime } from '@castellan/protocol';
import { type ClientConfig, type Config, createServer, listen, openSqliteStore } from '@castellan/server';
import { basic, formOf, turn } from '@castellan/testkit';

const revocations = 1_000;
/** Milliseconds that are published. */
const bound = 1_000;
/** Tokens that are revoked at once. */
const together = 10;

const api = 'https://api.example';
const folder = mkdtempSync(join(tmpdir(), 'castellan-bench-'));
const secret = systemRuntime.randomBytes(32).toString('base64url');

function secretFile(name: string, text: string): { readonly file: string } {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return { file: path };
}

function configOf(issuer: string): Config {
  const method = { authentication: 'client_secret_basic', secret: secretFile('secret', secret) } as const;
  const plenty = { count: 1_000_000, period: 60 };
  const client = (id: string): ClientConfig => ({
    id,
    name: id,
    kind: 'web',
    ...method,
    grants: ['client_credentials'],
    redirectUris: [],
    scopes: [],
    ownScopes: ['read'],
    resources: [api],
    defaultResource: api,
  });
  return {
    issuer,
    store: { sqlite: join(folder, 'issuer.sqlite') },
    masterKey: secretFile('master-key', secret),
    resources: [{ audience: api, name: 'API', scopes: { read: 'Read' }, credentials: { id: 'api', ...method } }],
    clients: Array.from({ length: together }, (_, at) => client(`client-${at}`)),
    limits: { tokenPerClient: plenty, tokenPerAddress: plenty },
  };
}

/** A node of the issuer; the address of the first one is the issuer's. */
async function startNode(port: number, issuer: string) {
  const server = await createServer(configOf(issuer), systemRuntime, []);
  const listening = await listen(server, { port });
  const close = async (): Promise<void> => {
    await Promise.all([listening.close(), server.close()]);
  };
  return { url: `http://127.0.0.1:${listening.port}`, close };
}

async function send(url: string, client: string, form: Readonly<Record<string, string>>): Promise<Response> {
  const headers = [['content-type', 'application/x-www-form-urlencoded'], ...basic(client, secret)] as [
    string,
    string,
  ][];
  return systemRuntime.fetch(url, { method: 'POST', headers, body: formOf(form) });
}

/** Milliseconds from the answer until it is known. */
async function revokeOne(node: string, client: string, lists: StatusLists): Promise<number> {
  const { access_token: token } = (await (
    await send(`${node}/token`, client, { grant_type: 'client_credentials' })
  ).json()) as {
    readonly access_token: string;
  };
  const { claims } = parseCompact(token);
  const { uri, idx: index } = (claims['status'] as { status_list: { uri: string; idx: number } }).status_list;
  const status = { issuer: String(claims['iss']), uri, index };
  if ((await lists.isRevoked(status)) !== false) throw new Error('a new token is not good');
  const answer = await send(`${node}/revoke`, client, { token });
  const from = systemRuntime.monotonic();
  if (answer.status !== 200) throw new Error(`/revoke answered ${answer.status}`);
  while (lists.isRevoked(status) !== true) {
    if (systemRuntime.monotonic() - from > 10 * bound) throw new Error('a revocation was never heard of');
    await turn();
  }
  return systemRuntime.monotonic() - from;
}

async function measure(name: string, node: string, feedNode: string): Promise<number> {
  const issuer = first.url;
  const feed = { endpoint: `${feedNode}/status/feed`, client: 'api', secret };
  const lists = statusLists({ issuer, algorithms: ['ES256'], jwksUri: `${issuer}/jwks`, feed }, systemRuntime);
  while (!lists.isFollowing()) await turn();
  const times: number[] = [];
  while (times.length < revocations) {
    const round = Array.from({ length: together }, (_, at) => revokeOne(node, `client-${at}`, lists));
    times.push(...(await Promise.all(round)));
  }
  lists.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const [p50, p99, max] = [at(0.5), at(0.99), at(1)];
  const shown = [p50, p99, max].map((time) => time.toFixed(1).padStart(7));
  process.stdout.write(`${name.padEnd(28)} p50 ${shown[0]} ms   p99 ${shown[1]} ms   max ${shown[2]} ms\n`);
  return p99;
}

/** What the bit costs a client that acts for itself: one row that is read for each token. */
async function costOfTheBit(): Promise<void> {
  const store = await openSqliteStore(join(folder, 'issuer.sqlite'), systemRuntime);
  const rounds = 2_000;
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const from = systemRuntime.monotonic();
    for (let round = 0; round < rounds; round += 1) await work();
    return ((systemRuntime.monotonic() - from) / rounds) * 1000;
  };
  const read = await time(() => store.findServiceStatus({ client: 'client-0', resource: api }));
  const token = await time(async () =>
    (await send(`${first.url}/token`, 'client-0', { grant_type: 'client_credentials' })).arrayBuffer(),
  );
  await store.close();
  process.stdout.write(
    `the bit of a client is read in ${read.toFixed(0)} µs, ${((read / token) * 100).toFixed(1)} % of a token request over a socket\n`,
  );
}

const port = 20_000 + (systemRuntime.randomBytes(2).readUInt16BE() % 20_000);
const first = await startNode(port, `http://127.0.0.1:${port}`);
const second = await startNode(0, first.url);
process.stdout.write(`${revocations} revocations, ${together} at once, each way\n`);
const slowest = Math.max(
  await measure('the node that revokes', first.url, first.url),
  await measure('another node, same database', second.url, first.url),
);
await costOfTheBit();
await Promise.all([first.close(), second.close()]);
rmSync(folder, { recursive: true });
if (slowest >= bound) {
  process.stdout.write(`more than ${bound} ms: the published bound does not hold\n`);
  process.exitCode = 1;
}
