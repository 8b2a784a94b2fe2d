/** Status lists: every access token names a bit in a signed list, and whatever takes its ground sets that bit. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRecorder, recordEvents } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { openSqliteStore } from '@castellan/server';
import { get, headerValue } from '@castellan/testkit';
import { assertInactive, billsApi, createMachineWorld, notesApi } from './machine-world.ts';
import { type Format, type GrantName, isFlipped, issueBy, readList, statusOf, ways } from './status-world.ts';

const machine = await createMachineWorld('status-lists');
const { world } = machine;
after(machine.close);

const apis = { 'access-jwt': notesApi, 'access-opaque': billsApi } as const;
const formats = Object.keys(apis) as readonly Format[];
const grants = Object.keys(issueBy) as readonly GrantName[];

/** Somebody else's bits, which nothing below concerns. */
const bystanders = {
  'access-jwt': await statusOf(machine, (await issueBy.code(machine, 'access-jwt', 'bob')).token),
  'access-opaque': await statusOf(machine, (await issueBy.code(machine, 'access-opaque', 'bob')).token),
};

for (const grant of grants) {
  for (const format of formats) {
    test(`R-064[status,${grant},${format}] S-50 a token names a bit of a list that everybody can read, and it is not set`, async () => {
      const { token } = await issueBy[grant](machine, format);
      const status = await statusOf(machine, token);
      assert.match(status.uri, /^https:\/\/issuer\.example\/status\/1\.0$/);
      assert.equal(await isFlipped(machine, status), false);
    });
  }
}

for (const [way, { by, take }] of Object.entries(ways)) {
  for (const grant of by) {
    for (const format of formats) {
      test(`R-064[status,${grant},${format}] S-50[status] I-3 ${way} sets the bit of a token, before it is answered`, async () => {
        const issued = await issueBy[grant](machine, format);
        const status = await statusOf(machine, issued.token);
        await take(machine, issued);
        assert.equal(await isFlipped(machine, status), true);
        assert.equal(await isFlipped(machine, bystanders[format]), false, 'nobody else is concerned');
        assertInactive(await machine.introspect(issued.token, apis[format]));
      });
    }
  }
}

test('R-064[status] R-062 tokens of one authorization share their bit; the next ones have another', async () => {
  const first = await issueBy.code(machine, 'access-jwt');
  const web = world.client('web');
  const { json } = await web.refresh(first.refreshToken);
  const sibling = String(json['access_token']);
  const shared = await statusOf(machine, first.token);
  assert.deepEqual(await statusOf(machine, sibling), shared);
  await machine.revoke(first.token, 'web');
  assertInactive(await machine.introspect(sibling));
  const { json: after } = await web.refresh(String(json['refresh_token']));
  const next = await statusOf(machine, String(after['access_token']));
  assert.notDeepEqual(next, shared);
  assert.equal(await isFlipped(machine, next), false);
  assert.equal((await machine.introspect(String(after['access_token']))).json['active'], true);
});

test('R-064[status] R-062 a service that gave a token back gets one with another bit, at that resource alone', async () => {
  const service = async (format: Format) => (await issueBy['client-credentials'](machine, format)).token;
  const [token, elsewhere] = [await service('access-jwt'), await service('access-opaque')];
  const before = await statusOf(machine, token);
  assert.deepEqual(await statusOf(machine, await service('access-jwt')), before);
  assert.notDeepEqual(await statusOf(machine, elsewhere), before);
  await machine.revoke(token, 'batch');
  const next = await service('access-jwt');
  assert.notDeepEqual(await statusOf(machine, next), before);
  assert.equal((await machine.introspect(next)).json['active'], true);
  assert.equal((await machine.introspect(elsewhere, billsApi)).json['active'], true);
});

test('R-064[status] a list is signed for its own address, for a minute, and says how fresh it is to be kept', async () => {
  const { uri } = await statusOf(machine, (await issueBy.code(machine, 'access-jwt')).token);
  const { claims } = await readList(machine, uri);
  const now = world.clock.now() / 1000;
  const { version, status_list, ...rest } = claims;
  assert.deepEqual(rest, { iss: world.issuer, sub: uri, iat: now, exp: now + 60, ttl: 10, epoch: 1 });
  assert.deepEqual(Object.keys(status_list as object), ['bits', 'lst']);
  assert.ok(Number.isSafeInteger(version));
});

test('R-064[status] a copy is asked about each time, and answered briefly while nothing changed', async () => {
  const issued = await issueBy.code(machine, 'access-jwt');
  const { uri } = await statusOf(machine, issued.token);
  const from = world.network.from('198.51.100.40');
  const first = await get(from, uri);
  assert.equal(headerValue(first, 'cache-control'), 'public, no-cache');
  const etag = headerValue(first, 'etag') ?? '';
  const again = await get(from, uri, [['if-none-match', etag]]);
  assert.deepEqual([again.status, again.body], [304, '']);
  await machine.revoke(issued.token, 'web');
  const changed = await get(from, uri, [['if-none-match', etag]]);
  assert.equal(changed.status, 200);
  assert.notEqual(changed.body, first.body);
  await world.clock.advance(30);
  const { claims } = await readList(machine, uri);
  assert.equal(claims.iat, world.clock.now() / 1000, 'it never comes near its end');
});

test('R-064[status] a list that there is not is not found, whatever its name', async () => {
  for (const name of ['1.1', '2.0', '1.00', '0.0', '1', '1.0.0', '1.0%20', 'x', '*', '9'.repeat(30), '1.0/x']) {
    assert.equal((await world.send('GET', `/status/${name}`)).status, 404, name);
  }
  assert.equal((await world.send('POST', '/status/1.0')).status, 405);
});

for (const store of ['sqlite', 'postgres'] as const) {
  test(`R-063[revoke,${store}] R-064 I-3[revoke,${store}] what was answered with 200 is in the list after a restart`, async () => {
    const own = await createMachineWorld(`status-${store}`, store);
    const issued = await issueBy.code(own, 'access-jwt');
    const kept = await statusOf(own, (await issueBy.code(own, 'access-jwt')).token);
    const status = await statusOf(own, issued.token);
    await own.revoke(issued.refreshToken, 'web');
    assert.equal(await isFlipped(own, status), true);
    await own.world.restart();
    assert.equal(await isFlipped(own, status), true);
    assert.equal(await isFlipped(own, kept), false);
    const later = await statusOf(own, (await issueBy.code(own, 'access-jwt')).token);
    assert.notDeepEqual(later, status);
    await own.close();
  });
}

test('R-064[status] S-50 after a restored backup every bit of before is set, and no token of before stands', async () => {
  const own = await createMachineWorld('status-epoch');
  const before = await issueBy.code(own, 'access-jwt');
  const service = await issueBy['client-credentials'](own, 'access-jwt');
  const status = await statusOf(own, before.token);
  const { store } = own.world.config;
  const restored = await openSqliteStore('sqlite' in store ? store.sqlite : '', systemRuntime);
  const recorder = createRecorder({ source: own.world.issuer }, systemRuntime);
  await restored.raiseEpoch(recordEvents(recorder, 'restore', [{ type: 'epoch.raised' }]));
  await restored.close();
  assert.equal(await isFlipped(own, status), true);
  const { list } = await readList(own, status.uri);
  assert.ok(list.bytes.every((byte) => byte === 255));
  const lost = `${own.world.issuer}/status/1.77`;
  assert.equal(await isFlipped(own, { idx: 0, uri: lost }), true, 'nor of lists that the backup knew nothing of');
  for (const { token } of [before, service]) assertInactive(await own.introspect(token));
  const after = await issueBy['client-credentials'](own, 'access-jwt');
  const next = await statusOf(own, after.token);
  assert.match(next.uri, /\/status\/2\.0$/);
  assert.equal(await isFlipped(own, next), false);
  assert.equal((await own.introspect(after.token)).json['active'], true);
  await own.close();
});
