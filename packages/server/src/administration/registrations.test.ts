import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  exportSigningKey,
  generateSigningKey,
  hashSecret,
  parsePrefixedToken,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import type { ClientRegistration, Config, ResourceRegistration } from '../config.ts';
import type { ChangeVerdict } from '../registry/change.ts';
import { startAt, temporaryFolder, testRuntime } from '../stage.test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import { type Administration, openAdministration } from './administration.ts';

const invoices = 'https://invoices.example/';
const reports = 'https://reports.example/';

const batch: ClientRegistration = {
  id: 'batch',
  name: 'Nightly batch',
  kind: 'web',
  authentication: 'client_secret_basic',
  grants: ['client_credentials'],
  redirectUris: [],
  scopes: [],
  ownScopes: ['invoices:read'],
  resources: [invoices],
};

const reportsApi: ResourceRegistration = {
  audience: reports,
  name: 'Reports',
  scopes: { 'reports:read': 'Read reports', 'reports:write': 'Write reports' },
  credentials: { id: 'reports-api', authentication: 'client_secret_basic' },
};

interface Stage extends Administration {
  readonly clock: TestClock;
  readonly file: string;
  readonly events: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Another administrator beside this one. */
  readonly another: () => Promise<Administration>;
}

async function openStage(t: TestContext): Promise<Stage> {
  const clock = createClock(startAt);
  const runtime: Runtime = testRuntime(clock);
  const folder = temporaryFolder(t);
  const place = (name: string, text: string): { readonly file: string } => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return { file: join(folder, name) };
  };
  const secret = place('web-secret', 'web-secret-0123456789abcdefghijklmnopqrstuv');
  const file = join(folder, 'store.sqlite');
  const config: Config = {
    issuer: 'https://id.example',
    store: { sqlite: file },
    masterKey: place('master-key', runtime.randomBytes(32).toString('base64url')),
    resources: [
      {
        audience: invoices,
        name: 'Invoices',
        scopes: { 'invoices:read': 'Read invoices' },
        credentials: { id: 'invoices-api', authentication: 'client_secret_basic', secret },
      },
    ],
    clients: [{ ...batch, id: 'web', secret }],
  };
  const another = async (): Promise<Administration> => {
    const administration = await openAdministration(config, runtime);
    t.after(() => administration.close());
    return administration;
  };
  const store = await openSqliteStore(file, runtime);
  t.after(() => store.close());
  const events = async () => (await store.readOutbox(1000)).map(({ event }) => ({ ...event }));
  return { ...(await another()), clock, file, another, events };
}

function secretOf(verdict: ChangeVerdict): string {
  assert.ok(verdict.verdict === 'done' && verdict.secret !== undefined, JSON.stringify(verdict));
  return verdict.secret;
}

function assertDone(verdict: ChangeVerdict): void {
  assert.deepEqual(verdict, { verdict: 'done', secret: undefined });
}

function keysOf(verdict: ChangeVerdict): readonly string[] {
  assert.ok(verdict.verdict === 'invalid', JSON.stringify(verdict));
  return verdict.problems.map(({ key }) => key);
}

test('S-104[admin] S-106[admin] what is added is shown as it was given, and its events say that an administrator did it', async (t) => {
  const { clients, resources, events, clock } = await openStage(t);
  const now = startAt / 1000;
  secretOf(await resources.add(reportsApi));
  secretOf(await clients.add({ ...batch, ownScopes: ['reports:read'], resources: [reports] }));
  assert.deepEqual(await clients.find('batch'), {
    id: 'batch',
    origin: 'store',
    state: 'active',
    registration: { ...batch, ownScopes: ['reports:read'], resources: [reports] },
    secrets: [{ createdAt: now }],
    problems: [],
    createdAt: now,
    changedAt: now,
  });
  const web = await clients.find('web');
  assert.equal(web?.origin, 'configuration');
  assert.deepEqual(web.registration['ownScopes'], ['invoices:read']);
  const api = await resources.find(invoices);
  assert.deepEqual(api?.registration['scopes'], { 'invoices:read': 'Read invoices' });
  assert.deepEqual(api.registration['credentials'], { id: 'invoices-api', authentication: 'client_secret_basic' });
  const page = await clients.list({ after: '', limit: 10 });
  assert.deepEqual(
    page.map(({ id }) => id),
    ['batch', 'web'],
  );
  assert.deepEqual(
    (await resources.list({ after: 'https://id.example', limit: 10 })).map(({ id }) => id),
    [invoices, reports],
  );
  await clock.advance(5);
  assertDone(await clients.setState('batch', 'disabled'));
  assert.equal((await clients.find('batch'))?.changedAt, now + 5);
  const told = await events();
  assert.deepEqual(
    told.map(({ type, client, resource, actor }) => [type, client ?? resource, actor]),
    [
      ['resource.added', reports, 'administrator'],
      ['client.added', 'batch', 'administrator'],
      ['client.disabled', 'batch', 'administrator'],
    ],
  );
});

test('R-073[client-secret] R-033[client-secret] S-98[client-secret] a secret has 256 random bits and the form scanners know, is told once, and only its hash is stored', async (t) => {
  const { clients, resources, file, events } = await openStage(t);
  const secrets = [
    secretOf(await clients.add(batch)),
    secretOf(await clients.rotateSecret('batch')),
    secretOf(await resources.add(reportsApi)),
    secretOf(await resources.rotateSecret(reports)),
  ];
  assert.equal(new Set(secrets).size, secrets.length);
  const stored = [file, `${file}-wal`].map((path) => readFileSync(path, 'latin1')).join('');
  const shown = JSON.stringify([
    await clients.find('batch'),
    await clients.find('web'),
    await resources.find(reports),
    await resources.find(invoices),
    await clients.list({ after: '', limit: 100 }),
    await resources.list({ after: '', limit: 100 }),
    await events(),
  ]);
  for (const secret of secrets) {
    const payload = parsePrefixedToken(tokenPrefixes.clientSecret, secret) ?? '';
    assert.equal(Buffer.from(payload, 'base64url').length, 32);
    assert.ok(stored.includes(hashSecret(secret)), 'the hash is not stored');
    assert.ok(!stored.includes(secret) && !stored.includes(payload), 'the secret is stored');
    assert.ok(!shown.includes(payload) && !shown.includes(hashSecret(secret)), 'something of the secret is shown');
  }
  assert.doesNotMatch(shown, /hash/i);
});

test('R-073[client-secret] S-98[client-secret] two secrets overlap, no third is drawn, and the older one ends', async (t) => {
  const { clients, events, clock } = await openStage(t);
  assert.deepEqual(await clients.dropOldSecret('nobody'), { verdict: 'unknown' });
  await clients.add(batch);
  assert.deepEqual(await clients.dropOldSecret('batch'), { verdict: 'has_one_secret' });
  await clock.advance(60);
  secretOf(await clients.rotateSecret('batch'));
  assert.deepEqual(await clients.rotateSecret('batch'), { verdict: 'has_two_secrets' });
  const [older, newer] = (await clients.find('batch'))?.secrets ?? [];
  assert.equal((newer?.createdAt ?? 0) - (older?.createdAt ?? 0), 60);
  assertDone(await clients.dropOldSecret('batch'));
  assert.deepEqual((await clients.find('batch'))?.secrets, [newer]);
  await clients.add({
    ...batch,
    id: 'spa',
    kind: 'spa',
    authentication: 'none',
    grants: ['authorization_code'],
    ownScopes: [],
    redirectUris: ['https://spa.example/'],
  });
  assert.deepEqual(await clients.rotateSecret('spa'), { verdict: 'has_no_secret' });
  assert.deepEqual(
    (await events()).map(({ type }) => type),
    ['client.added', 'client.secret_rotated', 'client.secret_ended', 'client.added'],
  );
});

test('R-068[admin] R-016[admin] R-017[admin] what does not hold is refused with every problem, on add and on change alike, and changes nothing', async (t) => {
  const { clients, resources, events } = await openStage(t);
  await resources.add(reportsApi);
  await clients.add(batch);
  const before = await events();
  const wrong: readonly (readonly [object, readonly string[]])[] = [
    [{ secret: 'hunter2' }, ['secret']],
    [{ secrets: [{ env: 'X' }], state: 'active', revision: 9 }, ['secrets', 'state', 'revision']],
    [{ secretHashes: ['x'] }, ['secretHashes']],
    [{ name: 'a\u202eb' }, ['name']],
    [{ ownScopes: ['invoices:read', 'reports:read', 'openid'] }, ['ownScopes[1]', 'ownScopes[2]']],
    [{ resources: ['https://nowhere.example'] }, ['resources[0]', 'ownScopes[0]']],
    [{ grants: ['authorization_code', 'client_credentials'] }, ['redirectUris']],
    [{ redirectUris: ['http://batch.example/'] }, ['redirectUris[0]']],
    [{ kind: 'spa' }, ['grants', 'authentication']],
    [{ authentication: 'private_key_jwt' }, ['jwks']],
  ];
  for (const [change, keys] of wrong) {
    assert.deepEqual(keysOf(await clients.change('batch', { ...batch, ...change })), keys);
    assert.deepEqual(keysOf(await clients.add({ ...batch, id: 'other', ...change })), keys);
  }
  for (const nothing of [undefined, null, [], 'batch', 7]) assert.ok(keysOf(await clients.add(nothing)).length > 0);
  assert.deepEqual(keysOf(await clients.change('batch', { ...batch, id: 'other' })), ['id']);
  assert.deepEqual(
    keysOf(await resources.change(reports, { ...reportsApi, credentials: { ...reportsApi.credentials, id: 'new' } })),
    ['credentials.id'],
  );
  assert.deepEqual(keysOf(await resources.change(reports, { ...reportsApi, audience: invoices })), ['audience']);
  assert.deepEqual(
    keysOf(await resources.add({ ...reportsApi, audience: 'https://x.example', credentials: undefined })),
    ['scopes.reports:read', 'scopes.reports:write'],
  );
  assert.deepEqual(keysOf(await resources.add({ ...reportsApi, audience: 'not a uri' })).includes('audience'), true);
  assert.deepEqual((await clients.find('batch'))?.registration, batch);
  assert.deepEqual(await events(), before);
  assert.equal(await clients.find('other'), undefined);
});

test('R-070[admin] keys are public and asymmetric, or nothing is registered', async (t) => {
  const { clients, file } = await openStage(t);
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const d = exportSigningKey(privateKey).toString('base64url');
  const byKey = { ...batch, authentication: 'private_key_jwt' } as const;
  for (const key of [
    { ...publicJwk, d },
    { kty: 'oct', k: d, kid: 'x', alg: 'HS256' },
  ]) {
    const verdict = await clients.add({ ...byKey, jwks: { keys: [key] } });
    assert.deepEqual(keysOf(verdict), ['jwks']);
    assert.ok(!JSON.stringify(verdict).includes(d));
  }
  assert.deepEqual(keysOf(await clients.add({ ...byKey, jwksUri: 'http://batch.example/jwks' })), ['jwksUri']);
  assert.ok(!readFileSync(`${file}-wal`, 'latin1').includes(d));
  assertDone(await clients.add({ ...byKey, jwks: { keys: [publicJwk] } }));
  assert.deepEqual((await clients.find('batch'))?.secrets, []);
});

test('R-076[admin] nobody is registered by an id that somebody has or ever had, in the store or in the configuration', async (t) => {
  const { clients, resources } = await openStage(t);
  await clients.add(batch);
  await clients.add({ ...batch, id: 'gone' });
  await resources.add(reportsApi);
  assertDone(await clients.setState('gone', 'removed'));
  assert.deepEqual(await clients.add({ ...batch, id: 'web' }), { verdict: 'configured' });
  assert.deepEqual(await clients.add(batch), { verdict: 'already_there' });
  assert.deepEqual(await clients.add({ ...batch, id: 'gone' }), { verdict: 'removed' });
  assert.deepEqual(await resources.add(reportsApi), { verdict: 'already_there' });
  assert.deepEqual(await resources.add({ ...reportsApi, audience: invoices }), { verdict: 'configured' });
  assert.deepEqual(await resources.add({ ...reportsApi, audience: 'https://id.example' }), { verdict: 'configured' });
  for (const id of ['invoices-api', 'reports-api'])
    assert.deepEqual(keysOf(await clients.add({ ...batch, id })), ['id']);
  for (const id of ['web', 'batch', 'gone', 'invoices-api', 'reports-api']) {
    const api = { audience: 'https://x.example', name: 'X', scopes: { x: 'X' } };
    const credentials = { id, authentication: 'client_secret_basic' };
    assert.deepEqual(keysOf(await resources.add({ ...api, credentials })), ['credentials.id'], id);
  }
  for (const id of ['web', 'invoices-api']) {
    assert.deepEqual(await clients.change(id, { ...batch, id }), { verdict: id === 'web' ? 'configured' : 'unknown' });
    assert.notEqual((await clients.setState(id, 'disabled')).verdict, 'done');
    assert.notEqual((await clients.rotateSecret(id)).verdict, 'done');
  }
});

test('S-104[admin] removal is final, and what is switched off comes back only if it still holds', async (t) => {
  const { clients, resources } = await openStage(t);
  await resources.add(reportsApi);
  await clients.add({ ...batch, ownScopes: ['reports:read'], resources: [reports] });
  assertDone(await clients.setState('batch', 'disabled'));
  assert.deepEqual(await clients.setState('batch', 'disabled'), { verdict: 'unchanged' });
  assertDone(await clients.setState('batch', 'active'));
  assertDone(await clients.setState('batch', 'removed'));
  assert.deepEqual((await clients.find('batch'))?.secrets, []);
  assert.ok(!(await clients.list({ after: '', limit: 100 })).some(({ id }) => id === 'batch'));
  for (const again of [
    await clients.setState('batch', 'active'),
    await clients.change('batch', batch),
    await clients.rotateSecret('batch'),
    await clients.dropOldSecret('batch'),
    await clients.setState('batch', 'removed'),
  ]) {
    assert.deepEqual(again, { verdict: 'removed' });
  }
});

test('R-068[admin] R-077[private-key-jwt] a resource is not changed or removed under a client that would not hold beside it any more', async (t) => {
  const { clients, resources } = await openStage(t);
  await resources.add(reportsApi);
  await clients.add({ ...batch, ownScopes: ['reports:read'], resources: [reports] });
  const { 'reports:read': _, ...fewer } = reportsApi.scopes;
  for (const [verdict, key] of [
    [await resources.change(reports, { ...reportsApi, secretOnlyClients: false }), 'client batch: resources[0]'],
    [await resources.change(reports, { ...reportsApi, scopes: fewer }), 'client batch: ownScopes[0]'],
    [await resources.setState(reports, 'removed'), 'client batch: resources[0]'],
  ] as const) {
    assert.equal(keysOf(verdict)[0], key);
  }
  assertDone(await resources.setState(reports, 'disabled'));
  assert.deepEqual((await clients.find('batch'))?.problems, []);
  assertDone(await clients.setState('batch', 'removed'));
  assertDone(await resources.change(reports, { ...reportsApi, secretOnlyClients: false }));
  assertDone(await resources.setState(reports, 'active'));
  assert.deepEqual(
    keysOf(await clients.add({ ...batch, id: 'next', ownScopes: ['reports:read'], resources: [reports] })),
    ['resources[0]'],
  );
});

test('R-068[admin] how somebody proves themselves can be changed: a first secret is drawn, one that counts no more is erased', async (t) => {
  const { clients, events } = await openStage(t);
  const { publicJwk } = await generateSigningKey('ES256');
  await clients.add(batch);
  assertDone(await clients.change('batch', { ...batch, name: 'Weekly batch' }));
  assert.equal((await clients.find('batch'))?.secrets.length, 1);
  const byKey = { ...batch, authentication: 'private_key_jwt', jwks: { keys: [publicJwk] } };
  assertDone(await clients.change('batch', byKey));
  assert.deepEqual((await clients.find('batch'))?.secrets, []);
  secretOf(await clients.change('batch', { ...batch, authentication: 'client_secret_post' }));
  assert.deepEqual(await clients.change('batch', { ...batch, authentication: 'client_secret_post' }), {
    verdict: 'unchanged',
  });
  assert.deepEqual(
    (await events()).map(({ type, changes }) => [type, changes]),
    [
      ['client.added', undefined],
      ['client.changed', ['name']],
      ['client.changed', ['authentication', 'jwks', 'name']],
      ['client.changed', ['authentication', 'jwks']],
    ],
  );
});

test('R-068[admin] two changes at the same time that are good alone and wrong together are not both made', async (t) => {
  const { resources, another } = await openStage(t);
  const other = await another();
  const api = (name: string): object => ({ audience: `https://${name}.example`, name, scopes: { shared: 'Shared' } });
  const verdicts = await Promise.all([resources.add(api('one')), other.resources.add(api('two'))]);
  assert.deepEqual(verdicts.map(({ verdict }) => verdict).sort(), ['done', 'invalid']);
});
