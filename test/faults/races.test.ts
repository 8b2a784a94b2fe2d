/**
 * Two server processes on one PostgreSQL, and fifty redemptions of one artefact at once, again and again: whatever the
 * interleaving, what is for one use succeeds once. Ten rounds of each; `ROUNDS` or an argument says otherwise,
 * `npm run test:faults` runs 1,000.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { generateSigningKey, signJwt, systemRuntime } from '@castellan/protocol';
import type { Config } from '@castellan/server';
import {
  type Browser,
  createBrowser,
  createRelyingParty,
  type JsonAnswer,
  type Person,
  post,
  type RelyingParty,
  registrationOf,
  signIn,
  socketTransport,
  walk,
} from '@castellan/testkit';
import { availablePostgres } from '@castellan/testkit/postgres';
import { arrivingAt } from './clients.ts';
import { startIssuer } from './issuer.ts';
import { clientOf, temporaryFolder, type WrittenSettings, writeSecondNode, writeSettings } from './stage.ts';

const rounds = Number(process.env['ROUNDS'] ?? process.argv[2] ?? 10);
const requests = 50;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const signer = await generateSigningKey('ES256');

const available = await availablePostgres('fast');

/** Uses one artefact at a node; the number is that of the request. */
type Use = (node: number) => Promise<JsonAnswer>;

race('I-1[code,postgres] R-023[code,postgres] a code', async (stage) => {
  const { attempt, code } = await newCode(stage, 'trusted');
  return { use: (node) => stage.party('trusted', node).redeem(attempt, code), judge: assertOneSuccess };
});

race('I-1[device,postgres] R-056[device,postgres] a device code', async (stage) => {
  const deviceCode = await approvedDevice(stage);
  return {
    use: (node) => stage.party('tv', node).token({ grant_type: deviceGrant, device_code: deviceCode }),
    judge: assertOneSuccess,
  };
});

race('I-1[private-key-jwt,postgres] R-072[private-key-jwt] the name of an assertion', async (stage, round) => {
  const now = Math.floor(systemRuntime.now() / 1000);
  const body = { iss: 'signed', sub: 'signed', aud: stage.issuer, jti: `round-${round}`, iat: now, exp: now + 60 };
  const key = { kid: signer.publicJwk.kid, algorithm: 'ES256', privateKey: signer.privateKey } as const;
  const form = {
    grant_type: 'client_credentials',
    scope: 'notes:read',
    client_assertion_type: assertionType,
    client_assertion: await signJwt(key, 'JWT', body),
  };
  return { use: (node) => post(socketTransport, `${stage.nodes[node]}/token`, form), judge: assertOneSuccess };
});

race('I-2[refresh,postgres] R-040[refresh,postgres] R-041[refresh,postgres] a refresh token', async (stage) => {
  const { attempt, code } = await newCode(stage, 'trusted');
  const { json } = await stage.party('trusted', 0).redeem(attempt, code);
  const token = String(json['refresh_token']);
  return {
    use: (node) => stage.party('trusted', node).refresh(token),
    judge: async (answers) => {
      const granted = answers.filter(({ status }) => status === 200);
      const successors = new Set(granted.map(({ json: answer }) => String(answer['refresh_token'])));
      assert.ok(granted.length >= 1 && granted.length <= 6, `${granted.length} of ${answers.length} succeeded`);
      assert.equal(successors.size, 1, 'every success carries the same successor');
      assertRefused(answers);
      const [successor = ''] = successors;
      const next = await stage.party('trusted', 1).refresh(successor);
      assert.equal(next.status, 200, `the family lives: ${next.body}`);
    },
  };
});

interface Artefact {
  readonly use: Use;
  readonly judge: (answers: readonly JsonAnswer[]) => void | Promise<void>;
}

function race(what: string, prepare: (stage: Stage, round: number) => Promise<Artefact>): void {
  const title = `${what} that ${requests} requests present at once to two processes counts once`;
  if ('missing' in available) {
    test(title, { skip: available.missing }, () => undefined);
    return;
  }
  const { cluster } = available;
  test(title, { timeout: 3_600_000 }, async (t) => {
    const stage = await openStage(t, await cluster.database());
    for (let round = 1; round <= rounds; round += 1) {
      const { use, judge } = await prepare(stage, round);
      await judge(await Promise.all(Array.from({ length: requests }, (_, index) => use(index % 2))));
      if (round % 100 === 0) process.stderr.write(`${what.replaceAll(/\S+\] /g, '')}: ${round} of ${rounds} rounds\n`);
    }
    t.diagnostic(`${rounds} rounds of ${requests} requests at once`);
  });
}

if ('cluster' in available) after(() => available.cluster.close());

interface Stage {
  readonly issuer: string;
  /** Addresses of both processes. */
  readonly nodes: readonly [string, string];
  readonly person: Person;
  /** Signed in. */
  readonly browser: Browser;
  readonly party: (client: string, node: number) => RelyingParty;
}

async function openStage(t: TestContext, postgres: string): Promise<Stage> {
  const folder = temporaryFolder(t);
  const first = await writeSettings(folder, { postgres }, withSigningClient);
  const second = await writeSecondNode(folder, first);
  for (const { path } of [first, second]) {
    const node = await startIssuer(path);
    t.after(() => node.stop());
  }
  const { config, person } = first.settings;
  const nodes = [first, second].map(addressOf) as [string, string];
  const { redirectUris } = clientOf(first.settings, 'trusted');
  const browser = createBrowser({ transport: arrivingAt(redirectUris[0] ?? ''), now: systemRuntime.now });
  return {
    issuer: config.issuer,
    nodes,
    person,
    browser,
    party: (id, node) =>
      createRelyingParty({
        registration: registrationOf(clientOf(first.settings, id), (file) => readFileSync(file, 'utf8').trim()),
        authorizationEndpoint: `${config.issuer}/authorize`,
        tokenEndpoint: `${nodes[node]}/token`,
        transport: socketTransport,
        randomBytes: systemRuntime.randomBytes,
      }),
  };
}

function addressOf({ settings }: WrittenSettings): string {
  return `http://127.0.0.1:${settings.port}`;
}

/** A service that proves itself by assertions. */
function withSigningClient(config: Config): Config {
  const batch = config.clients?.find(({ id }) => id === 'batch');
  assert.ok(batch);
  const { secret: _, ...service } = batch;
  const signed = {
    ...service,
    id: 'signed',
    authentication: 'private_key_jwt',
    jwks: { keys: [signer.publicJwk] },
  } as const;
  return { ...config, clients: [...(config.clients ?? []), signed] };
}

async function newCode(stage: Stage, client: string) {
  const attempt = stage.party(client, 0).begin();
  await stage.browser.open(attempt.url);
  const page = await walk(stage.browser, stage.person);
  return { attempt, code: page.url.searchParams.get('code') ?? '' };
}

async function approvedDevice({ issuer, nodes, browser, person }: Stage): Promise<string> {
  const asked = { client_id: 'tv', scope: 'openid notes:read' };
  const { json } = await post(socketTransport, `${nodes[0]}/device_authorization`, asked);
  await browser.open(`${issuer}/device`);
  browser.fill('user-code', String(json['user_code']));
  await browser.click('device-continue');
  if (browser.page().find('login-submit') !== undefined) await signIn(browser, person);
  await browser.click('device-allow');
  assert.notEqual(browser.page().find('device-done'), undefined, browser.page().text);
  return String(json['device_code']);
}

function assertOneSuccess(answers: readonly JsonAnswer[]): void {
  const granted = answers.filter(({ status }) => status === 200);
  assert.equal(granted.length, 1, `${granted.length} of ${answers.length} succeeded`);
  assertRefused(answers);
}

/** Who lost was told so: a race is no failure of the server. */
function assertRefused(answers: readonly JsonAnswer[]): void {
  for (const { status, json, body } of answers.filter((answer) => answer.status !== 200)) {
    assert.ok(['invalid_grant', 'invalid_client'].includes(String(json['error'])), `${status}: ${body}`);
  }
}
