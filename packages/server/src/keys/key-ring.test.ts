import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createJwtVerifier, exportSigningKey, type Runtime, signJwt } from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import { masterKey, startAt, temporaryFolder, testRecorder, testRuntime } from '../stage.test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { createKeyRing, type KeyRing, MasterKeyError } from './key-ring.ts';
import { announcementLead, signingLife } from './timetable.ts';

interface Nodes {
  readonly clock: TestClock;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly open: (key?: Buffer, changes?: Partial<Store>) => Promise<KeyRing>;
}

async function openNodes(t: TestContext): Promise<Nodes> {
  const clock = createClock(startAt);
  const runtime = testRuntime(clock);
  const store = await openSqliteStore(join(temporaryFolder(t), 'keys.sqlite'), runtime);
  t.after(() => store.close());
  const recorder = testRecorder(runtime);
  const deps = { runtime, recorder, algorithms: async () => [], longestToken: 900 } as const;
  const open: Nodes['open'] = (key = masterKey, changes = {}) =>
    createKeyRing({ ...deps, masterKey: key, store: { ...store, ...changes } });
  return { clock, runtime, store, open };
}

/** Of ES256: the ring has keys of RS256 too. */
async function kids(ring: Pick<KeyRing, 'jwks'>): Promise<readonly string[]> {
  return (await ring.jwks()).keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid);
}

test('R-101[keys] S-41 the first start makes one asymmetric key for each algorithm, the next start finds it', async (t) => {
  const nodes = await openNodes(t);
  const first = await nodes.open();
  const [kid] = await kids(first);
  assert.equal((await first.signer('ES256')).kid, kid);
  const second = await nodes.open();
  assert.deepEqual(await kids(second), [kid]);
  const told = (await nodes.store.readOutbox(10)).map(({ event }) => event.type);
  assert.deepEqual(told, ['key.announced', 'key.announced'], 'RS256 and ES256');
});

test('R-101[keys] two nodes that start at once agree on one key', async (t) => {
  const nodes = await openNodes(t);
  const [one, other] = await Promise.all([nodes.open(), nodes.open()]);
  assert.equal((await one.signer('ES256')).kid, (await other.signer('ES256')).kid);
  assert.equal((await nodes.store.listKeys()).length, 2, 'RS256 and ES256');
});

test('R-101[keys] a successor is published a day before it signs, and its predecessor until all it signed is over', async (t) => {
  const nodes = await openNodes(t);
  const ring = await nodes.open();
  const old = (await ring.signer('ES256')).kid;
  await nodes.clock.advance(signingLife - announcementLead);
  await ring.maintain();
  const both = await kids(ring);
  assert.deepEqual([both.length, both[0]], [2, old]);
  assert.equal((await ring.signer('ES256')).kid, old, 'announced, not signing');
  await ring.maintain();
  assert.equal((await kids(ring)).length, 2, 'announced once');
  await nodes.clock.advance(announcementLead);
  assert.equal((await ring.signer('ES256')).kid, both[1]);
  assert.deepEqual(await kids(ring), both, 'what the old one signed can still be verified');
  await nodes.clock.advance(900 + 60);
  assert.deepEqual(await kids(ring), [both[1]]);
});

test('R-101[keys] a token signed in the last second of a key verifies until it expires', async (t) => {
  const nodes = await openNodes(t);
  const ring = await nodes.open();
  await nodes.clock.advance(signingLife - 1);
  await ring.maintain();
  const now = Math.floor(nodes.clock.now() / 1000);
  const rules = { issuer: 'https://id.example', audience: 'a', algorithms: ['ES256'], typ: 'JWT' } as const;
  const claims = { iss: rules.issuer, aud: rules.audience, iat: now, exp: now + 900 };
  const token = await signJwt(await ring.signer('ES256'), 'JWT', claims);
  const verifier = createJwtVerifier({ ...rules, keys: ring.source, now: nodes.clock.now, maxLifetime: 900 });
  await nodes.clock.advance(899);
  assert.equal((await verifier.verify(token)).claims.aud, 'a');
  await nodes.clock.advance(100);
  await assert.rejects(verifier.verify(token), { reason: 'token_invalid' });
});

test('R-101[keys] another node learns of a key within a second', async (t) => {
  const nodes = await openNodes(t);
  const [one, other] = [await nodes.open(), await nodes.open()];
  await nodes.clock.advance(signingLife - announcementLead);
  await one.maintain();
  await nodes.clock.advance(1);
  assert.deepEqual(await kids(other), await kids(one));
});

test('R-101[keys] a server that slept through a change of keys signs again at once', async (t) => {
  const nodes = await openNodes(t);
  const ring = await nodes.open();
  const old = (await ring.signer('ES256')).kid;
  await nodes.clock.advance(signingLife + 30 * 86_400);
  assert.notEqual((await ring.signer('ES256')).kid, old);
});

test('R-101[keys] the same set is the same object, and a key in it the same key', async (t) => {
  const ring = await (await openNodes(t)).open();
  assert.equal(await ring.jwks(), await ring.jwks());
  const [kid = ''] = await kids(ring);
  assert.equal(await ring.source.find(kid, 'ES256'), await ring.source.find(kid, 'ES256'));
  assert.equal(await ring.source.find(kid, 'RS256'), undefined);
  assert.equal(await ring.source.find('other', 'ES256'), undefined);
});

test('R-102[keys] a private key lies in the store sealed, and no event names more than its id', async (t) => {
  const nodes = await openNodes(t);
  const ring = await nodes.open();
  const { privateKey } = await ring.signer('ES256');
  const stored = JSON.stringify([await nodes.store.listKeys(), await nodes.store.readOutbox(10)]);
  const { d = '' } = privateKey.export({ format: 'jwk' });
  for (const encoding of ['base64', 'base64url', 'hex'] as const) {
    assert.ok(!stored.includes(exportSigningKey(privateKey).toString(encoding)));
  }
  assert.ok(d !== '' && !stored.includes(d));
});

test('R-102[keys] another master key is one clear error at the start, and changes nothing', async (t) => {
  const nodes = await openNodes(t);
  await nodes.open();
  const before = await nodes.store.listKeys();
  await nodes.clock.advance(signingLife + 1);
  await assert.rejects(nodes.open(Buffer.alloc(32, 9)), (error) => {
    assert.ok(error instanceof MasterKeyError);
    assert.match(error.message, /master key does not open/);
    return true;
  });
  assert.deepEqual(await nodes.store.listKeys(), before);
});

test('R-101[keys] the key set stays up while the store is away', async (t) => {
  const nodes = await openNodes(t);
  let away = false;
  const listKeys: Store['listKeys'] = async () => (away ? Promise.reject(new Error('away')) : nodes.store.listKeys());
  const ring = await nodes.open(masterKey, { listKeys });
  const before = await kids(ring);
  away = true;
  await nodes.clock.advance(60);
  assert.deepEqual(await kids(ring), before);
  assert.ok(await ring.source.find(before[0] ?? '', 'ES256'));
});
