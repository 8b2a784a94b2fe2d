/**
 * `kill -9` in the middle of refreshes, again and again: whatever the moment, each client goes on with the last token
 * it was given. Five rounds on each store; `ROUNDS` or an argument says otherwise, `npm run test:faults` runs 50.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import type { Config } from '@castellan/server';
import { seededRandom } from '@castellan/testkit';
import { availablePostgres } from '@castellan/testkit/postgres';
import { Client } from 'pg';
import { generationOf, type RefreshClient, refreshTwice, refreshUntilKilled, signInClients } from './clients.ts';
import { startIssuer } from './issuer.ts';
import type { IssuerSettings } from './issuer-process.ts';
import { clientOf, temporaryFolder, writeSettings } from './stage.ts';

const rounds = Number(process.env['ROUNDS'] ?? process.argv[2] ?? 5);
const clientCount = 6;
/** Milliseconds of refreshing before a kill. */
const longestRun = 500;
/** Seconds: a restart on a busy machine must fit in. */
const retryWindow = 60;

const title = (store: string) =>
  `I-2[refresh,${store}] I-4 I-5 R-033 R-040 R-043 after kill -9 at any moment each client goes on with its last token`;

test(title('sqlite'), (t) =>
  survive(t, {
    storeIn: (folder) => ({ sqlite: join(folder, 'issuer.sqlite') }),
    read: async (folder) => readFileSync(join(folder, 'issuer.sqlite'), 'latin1'),
  }),
);

const available = await availablePostgres('durable');
if ('missing' in available) {
  test(title('postgres'), { skip: available.missing }, () => undefined);
} else {
  after(() => available.cluster.close());
  const postgres = await available.cluster.database();
  test(title('postgres'), (t) => survive(t, { storeIn: () => ({ postgres }), read: () => readAll(postgres) }));
}

interface TestedStore {
  readonly storeIn: (folder: string) => Config['store'];
  /** All that whoever has stolen the database can read. */
  readonly read: (folder: string) => Promise<string>;
}

async function survive(t: TestContext, { storeIn, read }: TestedStore): Promise<void> {
  const folder = temporaryFolder(t);
  const { settings, path } = await writeSettings(folder, storeIn(folder), (config) => ({
    ...config,
    refreshRetry: { window: retryWindow },
  }));
  const random = seededRandom(`${systemRuntime.now()}`);

  let issuer = await startIssuer(path);
  t.after(() => issuer.kill());
  const clients = await signIn(settings);
  for (let round = 0; round < rounds; round += 1) {
    // Every other kill may come before the first answer; all of them could use the retries of one token up.
    if (round % 2 === 1) await Promise.all(clients.map(refreshTwice));
    const running = clients.map(refreshUntilKilled);
    await pause(random(2).readUInt16BE() % longestRun);
    await issuer.kill();
    await Promise.all(running);
    issuer = await startIssuer(path);
    assertNoProblems(clients, round);
  }
  // Twice: the second one proves that what the first one gave is live.
  for (let count = 0; count < 2; count += 1) await Promise.all(clients.map(refreshTwice));
  assertNoProblems(clients, rounds);
  assert.equal(await issuer.stop(), 0);
  assertEveryRotationTold(settings.events, clients);
  assertNothingUsable(await read(folder), clients);
  report(t, clients);
}

async function readAll(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const contents: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ text: string }>(`SELECT t::TEXT AS text FROM ${name} t`);
    contents.push(...rows.map(({ text }) => text));
  }
  await client.end();
  return contents.join('\n');
}

/** the database alone opens nothing: it has the family's id, but not the secret, of any live token. */
function assertNothingUsable(database: string, clients: readonly RefreshClient[]): void {
  for (const { token } of clients) {
    const [family = '', , secret = '', tag = ''] = token.replace(/^castellan_rt_/, '').split('.');
    assert.ok(database.includes(family), 'the whole database was read');
    for (const part of [secret, tag]) assert.ok(part.length > 40 && !database.includes(part));
  }
}

async function signIn(settings: IssuerSettings): Promise<readonly RefreshClient[]> {
  const { config, person } = settings;
  return signInClients({ issuer: config.issuer, config: clientOf(settings, 'trusted'), person, count: clientCount });
}

function assertNoProblems(clients: readonly RefreshClient[], round: number): void {
  assert.deepEqual(
    clients.flatMap(({ problems }) => problems),
    [],
    `after ${round} kills`,
  );
}

/** I-7: each rotation has its event, also one whose answer was lost; and no generation was rotated twice. */
function assertEveryRotationTold(path: string, clients: readonly RefreshClient[]): void {
  const events = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedEvent);
  const rotated = [...new Map(events.map((event) => [event.id, event])).values()].filter(
    (event) => event.type === 'refresh.rotated',
  );
  const families = Map.groupBy(rotated, ({ authorization }) => authorization);
  const told = [...families.values()].map((family) =>
    family.map(({ generation }) => generation).toSorted((a, b) => a - b),
  );
  for (const generations of told) {
    assert.deepEqual(
      generations,
      generations.map((_, index) => index + 1),
    );
  }
  const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
  assert.deepEqual(
    ascending(told.map((generations) => generations.length)),
    ascending(clients.map(({ token }) => generationOf(token) - 1)),
  );
}

function report(t: TestContext, clients: readonly RefreshClient[]): void {
  const sum = (count: (client: RefreshClient) => number) => clients.reduce((total, client) => total + count(client), 0);
  t.diagnostic(
    `${rounds} kills: ${sum(({ acknowledged }) => acknowledged)} refreshes answered, ` +
      `${sum(({ unanswered }) => unanswered)} cut off, all of ${clients.length} clients went on`,
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    systemRuntime.schedule(milliseconds, resolve);
  });
}
