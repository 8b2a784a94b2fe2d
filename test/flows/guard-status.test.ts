/** From whatever takes the ground from a token to the API that refuses it: the feed, the guard, and the example. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type StatusLists, statusLists } from '@castellan/guard';
import { post, until } from '@castellan/testkit';
import { createInvoicesWorld } from './invoices-world.ts';
import { createMachineWorld, type MachineWorld, secrets } from './machine-world.ts';
import { type Format, issueBy, statusOf, ways } from './status-world.ts';

const machine = await createMachineWorld('guard-status');
const lists = subscribe(machine);
await until(() => lists.isFollowing());
after(async () => {
  lists.close();
  await machine.close();
});

function subscribe({ world }: MachineWorld): StatusLists {
  const { issuer, runtime } = world;
  const feed = { endpoint: `${issuer}/status/feed`, client: 'notes-api', secret: secrets.notes };
  return statusLists({ issuer, algorithms: ['ES256'], jwksUri: String(world.metadata['jwks_uri']), feed }, runtime);
}

async function referenceOf(own: MachineWorld, token: string) {
  const { uri, idx: index } = await statusOf(own, token);
  return { issuer: own.world.issuer, uri, index };
}

/** Somebody else's bits, which nothing below concerns. */
const bystanders = {
  'access-jwt': await referenceOf(machine, (await issueBy.code(machine, 'access-jwt', 'bob')).token),
  'access-opaque': await referenceOf(machine, (await issueBy.code(machine, 'access-opaque', 'bob')).token),
};

for (const [way, { by, take }] of Object.entries(ways)) {
  for (const grant of by) {
    for (const format of ['access-jwt', 'access-opaque'] satisfies readonly Format[]) {
      test(`R-064[guard,${grant},${format}] S-50[guard] I-3 ${way} reaches an API that listens, before any clock moves`, async () => {
        const issued = await issueBy[grant](machine, format);
        const own = await referenceOf(machine, issued.token);
        const other = bystanders[format];
        assert.deepEqual([await lists.isRevoked(own), await lists.isRevoked(other)], [false, false]);
        await take(machine, issued);
        await until(() => lists.isRevoked(own) === true);
        assert.equal(await lists.isRevoked(other), false);
      });
    }
  }
}

test('R-064[guard] S-50 an API that was away learns all of it when it comes back, without reading a list again', async () => {
  const issued = await issueBy.code(machine, 'access-jwt');
  const own = await referenceOf(machine, issued.token);
  assert.equal(await lists.isRevoked(own), false);
  await machine.world.restart();
  await until(() => !lists.isFollowing());
  await machine.revoke(issued.refreshToken, 'web');
  assert.equal(await lists.isRevoked(own), false, 'within the staleness that is stated');
  await machine.world.clock.advance(1);
  await until(() => lists.isFollowing());
  assert.equal(lists.isRevoked(own), true);
});

for (const store of ['sqlite', 'postgres'] as const) {
  test(`R-064[guard,${store}] S-50 an API without a feed learns of it within its staleness`, async () => {
    const machineOfStore = await createMachineWorld(`guard-status-${store}`, store);
    const { issuer, metadata, runtime, clock } = machineOfStore.world;
    const polling = statusLists(
      { issuer, algorithms: ['ES256'], jwksUri: String(metadata['jwks_uri']), staleness: 4 },
      runtime,
    );
    const issued = await issueBy.code(machineOfStore, 'access-jwt');
    const own = await referenceOf(machineOfStore, issued.token);
    assert.equal(await polling.isRevoked(own), false);
    await machineOfStore.revoke(issued.token, 'web');
    assert.equal(await polling.isRevoked(own), false);
    await clock.advance(4.1);
    assert.equal(await polling.isRevoked(own), true);
    await machineOfStore.close();
  });
}

test('R-064[guard] S-50 R-161 the invoices API refuses a token from the moment it is given back, and after a logout', async () => {
  await using invoices = await createInvoicesWorld('guard-status');
  const { world, nora, theo, call, revocation } = invoices;
  await until(() => revocation.isFollowing());
  const [token, other] = [await invoices.token(nora), await invoices.token(theo)];
  for (const one of [token, other]) assert.equal((await call(one, 'GET /invoices')).status, 200);
  const from = world.network.from('198.51.100.60');
  const form = { client_id: 'invoices-cli', token };
  assert.equal((await post(from, `${world.issuer}/revoke`, form)).status, 200);
  await untilRefused(() => call(token, 'GET /invoices'));
  assert.equal((await call(other, 'GET /invoices')).status, 200);

  const browser = await invoices.atApp(nora);
  assert.equal((await invoices.script(browser, 'GET /api/invoices')).status, 200);
  const cli = await invoices.token(nora, {}, browser);
  assert.equal((await call(cli, 'GET /invoices')).status, 200);
  await browser.open(`${world.issuer}/logout`);
  await browser.click('logout-confirm');
  await untilRefused(() => call(cli, 'GET /invoices'));
});

/** Asks until the answer is 401; a few turns of the event loop lie between the commit and the bit. */
async function untilRefused(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await ask()).status === 401) return;
  }
  assert.fail('it is still answered');
}
