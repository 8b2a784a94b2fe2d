import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { NoticeEvent } from '@castellan/audit';
import { Refusal, type Runtime } from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import { ConfigError } from '../resolve-config/problems.ts';
import { issuerResource, type Resource } from '../resources/resource.ts';
import { issuer, startAt, temporaryFolder, testClient, testRuntime } from '../stage.test.ts';
import { effects } from '../store/conformance/rows.ts';
import type { RegistrationRow, RegistryStore } from '../store/registry-store.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { Foundation } from './edition.ts';
import { openRegistry, type Registry } from './registry.ts';

const invoices = 'https://invoices.example/';
const reports = 'https://reports.example/';

const configured: Resource = {
  audience: invoices,
  name: 'Invoices',
  scopes: new Map([['invoices:read', 'Read invoices']]),
  algorithm: 'ES256',
  tokenFormat: 'jwt',
  accessTokenLifetime: 300,
  credentials: { id: 'invoices-api', authentication: 'client_secret_basic', secretHashes: ['hash'] },
};

const foundation: Foundation = {
  clients: [testClient('web')],
  resources: [issuerResource(issuer, 300), configured],
  lifetimes: { accessToken: 240 },
};

type Written = Omit<RegistrationRow, 'revision'>;

function batch(registration: object = {}, row: Partial<Written> = {}): Written {
  const id = row.id ?? 'batch';
  return {
    kind: 'client',
    id,
    caller: id,
    registration: {
      id,
      name: 'Nightly batch',
      kind: 'web',
      authentication: 'client_secret_basic',
      grants: ['client_credentials'],
      redirectUris: [],
      scopes: [],
      ownScopes: ['invoices:read'],
      resources: [invoices],
      ...registration,
    },
    secrets: [{ hash: 'hash-of-the-secret', createdAt: 0 }],
    state: 'active',
    createdAt: 0,
    changedAt: 0,
    ...row,
  };
}

function reportsApi(registration: object = {}, row: Partial<Written> = {}): Written {
  const credentials = { id: 'reports-api', authentication: 'client_secret_basic' };
  return {
    kind: 'resource',
    id: reports,
    caller: 'reports-api',
    registration: {
      audience: reports,
      name: 'Reports',
      scopes: { 'reports:read': 'Read reports' },
      algorithm: 'RS256',
      credentials,
      ...registration,
    },
    secrets: [{ hash: 'hash-of-the-secret', createdAt: 0 }],
    state: 'active',
    createdAt: 0,
    changedAt: 0,
    ...row,
  };
}

interface Stage {
  readonly clock: TestClock;
  readonly store: RegistryStore;
  /** Writes as another process would. */
  readonly write: (row: Written) => Promise<void>;
  readonly open: (store?: RegistryStore, base?: Foundation) => Promise<Registry>;
}

async function openStage(t: TestContext): Promise<Stage> {
  const clock = createClock(startAt);
  const runtime: Runtime = testRuntime(clock);
  const path = join(temporaryFolder(t), 'registry.sqlite');
  const [store, other] = [await openSqliteStore(path, runtime), await openSqliteStore(path, runtime)];
  t.after(() => Promise.all([store.close(), other.close()]));
  return {
    clock,
    store,
    write: async (row) => {
      const expected = await other.readRegistryRevision();
      assert.equal(await other.writeRegistration({ row, expected }, effects('written')), 'written');
    },
    open: (from = store, base = foundation) => openRegistry({ foundation: base, store: from, runtime }),
  };
}

/** A store whose reading takes a while, so that it is asked once a second at most. */
function distant(store: RegistryStore): RegistryStore {
  return { ...store, registryMaxAge: 1000 };
}

test('R-036[sqlite] what another process registers, disables and removes counts from the next request on', async (t) => {
  const { open, write } = await openStage(t);
  const { clients, resources, refresh } = await open();
  assert.equal(clients.find('batch'), undefined);
  await write(batch());
  await write(reportsApi());
  await refresh();
  assert.equal(clients.find('batch')?.name, 'Nightly batch');
  assert.deepEqual(clients.find('batch')?.secretHashes, ['hash-of-the-secret']);
  assert.equal(resources.find(reports)?.accessTokenLifetime, 240);
  assert.equal(resources.findCaller('reports-api')?.audience, reports);
  for (const state of ['disabled', 'removed'] as const) {
    await write(batch({}, { state }));
    await write(reportsApi({}, { state }));
    await refresh();
    assert.equal(clients.find('batch'), undefined, state);
    assert.equal(resources.find(reports), undefined, state);
    assert.equal(resources.findCaller('reports-api'), undefined, state);
    assert.ok(!resources.all().some(({ audience }) => audience === reports), state);
    assert.equal(resources.findKnown(reports) !== undefined, state === 'disabled');
  }
});

test('R-036[postgres] where asking costs a round trip, a disabled client counts for a second at most', async (t) => {
  const { clock, open, store, write } = await openStage(t);
  const { clients, refresh } = await open(distant(store));
  await write(batch());
  await clock.advance(1);
  await refresh();
  assert.notEqual(clients.find('batch'), undefined);
  await write(batch({}, { state: 'disabled' }));
  await clock.advance(0.999);
  await refresh();
  assert.notEqual(clients.find('batch'), undefined);
  await clock.advance(0.001);
  await refresh();
  assert.equal(clients.find('batch'), undefined);
});

test('R-036[postgres] many requests ask once, and none is answered by a read that began too long before it', async (t) => {
  const { clock, open, store, write } = await openStage(t);
  const gates: (() => void)[] = [];
  let reads = 0;
  const slow: RegistryStore = {
    ...distant(store),
    readRegistryRevision: async () => {
      reads += 1;
      const revision = await store.readRegistryRevision();
      if (reads > 1) await new Promise<void>((resolve) => gates.push(resolve));
      return revision;
    },
  };
  const { clients, refresh } = await open(slow);
  await clock.advance(1);
  const early = Promise.all([refresh(), refresh(), refresh()]);
  await clock.advance(5);
  await write(batch());
  const late = refresh();
  assert.equal(reads, 2);
  gates[0]?.();
  await early;
  assert.equal(clients.find('batch'), undefined);
  await clock.advance(0.5);
  assert.equal(reads, 3);
  gates[1]?.();
  await late;
  assert.notEqual(clients.find('batch'), undefined);
});

test('R-036[sqlite,postgres] while the store cannot be read, what was read before stays and whoever asks is refused', async (t) => {
  const { clock, open, store, write } = await openStage(t);
  for (const kind of [store, distant(store)]) {
    let isAway = false;
    const failing: RegistryStore = {
      ...kind,
      readRegistryRevision: () =>
        isAway ? Promise.reject(new Refusal('store_unavailable')) : store.readRegistryRevision(),
    };
    await write(batch());
    const { clients, refresh } = await open(failing);
    isAway = true;
    await clock.advance(1);
    await assert.rejects(refresh(), { reason: 'store_unavailable' });
    assert.notEqual(clients.find('batch'), undefined);
    isAway = false;
    await write(batch({}, { state: 'disabled' }));
    await refresh();
    assert.equal(clients.find('batch'), undefined);
  }
});

test('R-068[admin] a registration that does not hold any more is nobody, and says why once', async (t) => {
  const { open, write } = await openStage(t);
  const { clients, resources, refresh, watch } = await open();
  const told: NoticeEvent[] = [];
  watch((event) => told.push(event));
  await write(reportsApi());
  await write(batch({ ownScopes: ['reports:read'], resources: [reports] }));
  await write(batch({ redirectUris: ['http://evil.example/'] }, { id: 'crooked' }));
  await write(batch({ name: 7, colour: 'red' }, { id: 'strange' }));
  await write(batch({ jwks: { keys: [] }, authentication: 'private_key_jwt' }, { id: 'keyless', secrets: [] }));
  await write(batch({}, { id: 'secretless', secrets: [] }));
  await refresh();
  assert.notEqual(clients.find('batch'), undefined);
  await write(reportsApi({ scopes: { 'reports:write': 'Write reports' } }));
  await refresh();
  await refresh();
  for (const id of ['batch', 'crooked', 'strange', 'keyless', 'secretless'])
    assert.equal(clients.find(id), undefined, id);
  assert.notEqual(clients.find('web'), undefined);
  assert.notEqual(resources.find(reports), undefined);
  const unusable = told.flatMap((event) => (event.type === 'registration.unusable' ? [event] : []));
  assert.deepEqual(
    unusable.map(({ id }) => id),
    ['crooked', 'strange', 'keyless', 'secretless', 'batch'],
  );
  assert.deepEqual(unusable.at(-1)?.problems, [
    'ownScopes[0]: found "reports:read"; allowed is a scope of one of the resources of this client',
  ]);
  await write(reportsApi());
  await refresh();
  assert.notEqual(clients.find('batch'), undefined);
});

test('R-076[config] a configuration that registers what the store has, or ever had, stops the start and says where', async (t) => {
  const { open, write } = await openStage(t);
  const [issuerItself] = foundation.resources;
  const cases: readonly (readonly [Written, Foundation, string])[] = [
    [batch(), { ...foundation, clients: [testClient('web'), testClient('batch')] }, 'clients[1].id'],
    [batch({}, { state: 'removed' }), { ...foundation, clients: [testClient('batch')] }, 'clients[0].id'],
    [reportsApi(), { ...foundation, clients: [testClient('reports-api')] }, 'clients[0].id'],
    [
      reportsApi({}, { state: 'disabled' }),
      { ...foundation, resources: [issuerItself, { ...configured, audience: reports }] },
      'resources[0].audience',
    ],
    [
      batch(),
      {
        ...foundation,
        resources: [
          issuerItself,
          configured,
          { ...configured, audience: 'https://x.example', credentials: { ...configured.credentials!, id: 'batch' } },
        ],
      },
      'resources[1].credentials.id',
    ],
  ];
  for (const [row, base, key] of cases) {
    await write(row);
    await assert.rejects(open(undefined, base), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map((problem) => problem.key),
        [key],
      );
      assert.match(error.message, /registered/);
      return true;
    });
  }
});

test('R-076[admin] what another node registers over the configuration of this one never takes its place here', async (t) => {
  const { open, write } = await openStage(t);
  const { clients, resources, refresh } = await open();
  await write(batch({}, { id: 'web' }));
  await write(batch({}, { id: 'invoices-api' }));
  await write(reportsApi({ audience: invoices }, { id: invoices }));
  await write(reportsApi({ credentials: { id: 'web', authentication: 'client_secret_post' } }, { caller: undefined }));
  await refresh();
  assert.deepEqual(clients.find('web'), testClient('web'));
  assert.equal(clients.find('invoices-api'), undefined);
  assert.equal(resources.find(invoices), configured);
  assert.equal(resources.findCaller('invoices-api')?.audience, invoices);
  assert.equal(resources.find(reports), undefined);
});

test('S-104[sqlite] R-038[token] what has not changed stays the same object, and what is made of all of them follows', async (t) => {
  const { open, write } = await openStage(t);
  const registry = await open();
  await write(reportsApi());
  await write(batch());
  await registry.refresh();
  const before = { edition: registry.edition(), batch: registry.clients.find('batch') };
  assert.deepEqual(new Set(registry.algorithms()), new Set(['RS256', 'ES256']));
  assert.ok(!registry.clientOrigins.has('https://spa.example'));
  await registry.refresh();
  assert.equal(registry.edition(), before.edition);
  const spa = {
    kind: 'spa',
    authentication: 'none',
    grants: ['authorization_code'],
    redirectUris: ['https://spa.example/callback'],
    scopes: ['openid'],
    ownScopes: [],
    idTokenAlgorithm: 'PS256',
    userinfoAlgorithm: 'EdDSA',
  };
  await write(batch(spa, { id: 'spa', secrets: [] }));
  await write(reportsApi({ name: 'Better reports' }));
  await registry.refresh();
  assert.notEqual(registry.edition(), before.edition);
  assert.equal(registry.clients.find('batch'), before.batch);
  assert.equal(registry.resources.find(reports)?.name, 'Better reports');
  assert.deepEqual(new Set(registry.algorithms()), new Set(['RS256', 'ES256', 'PS256', 'EdDSA']));
  assert.ok(registry.clientOrigins.has('https://spa.example'));
  assert.ok(!registry.clientOrigins.has('https://web.example'), 'a client with a secret is no script');
  await write(batch(spa, { id: 'spa', secrets: [], state: 'disabled' }));
  await registry.refresh();
  assert.ok(!registry.clientOrigins.has('https://spa.example'));
});

test('S-104[sqlite] a database of before, put in the place of this one, is read anew', async (t) => {
  const { open, store, write } = await openStage(t);
  let isRestored = false;
  const restored: RegistryStore = {
    ...store,
    readRegistryRevision: async () => (isRestored ? 1 : store.readRegistryRevision()),
    readRegistrations: async (after) => (await store.readRegistrations(after)).slice(0, isRestored ? 1 : undefined),
  };
  await write(batch());
  await write(batch({}, { id: 'younger' }));
  const { clients, refresh } = await open(restored);
  assert.notEqual(clients.find('younger'), undefined);
  isRestored = true;
  await refresh();
  assert.equal(clients.find('younger'), undefined);
  assert.notEqual(clients.find('batch'), undefined);
});

test('S-107[config] what is unsafe is told at the start and whenever it is registered', async (t) => {
  const { open, write } = await openStage(t);
  const base = { ...foundation, clients: [testClient('web', { pkce: 'optional' })] };
  const { refresh, watch } = await open(undefined, base);
  const told: NoticeEvent[] = [];
  watch((event) => told.push(event));
  await write(batch({ assertionAudience: 'compatible' }));
  await refresh();
  await refresh();
  assert.deepEqual(told, [
    { type: 'insecure.used', choice: 'pkce optional: web' },
    { type: 'insecure.used', choice: 'assertionAudience compatible: batch' },
  ]);
});
