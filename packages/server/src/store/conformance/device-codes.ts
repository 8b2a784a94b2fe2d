import assert from 'node:assert/strict';
import type { Conformance, ConformanceStores } from '../conformance.ts';
import type { DeviceClaim, DeviceCodeRow } from '../device-code-store.ts';
import type { SessionRow, Store } from '../store.ts';
import {
  assertRecorded,
  atOnce,
  authorizationRow,
  effects,
  emptyOutbox,
  familyRow,
  newId,
  parkedRow,
  signIn,
  start,
  tally,
} from './rows.ts';

export function deviceCodeConformance(suite: Conformance): void {
  asking(suite);
  polling(suite);
  deciding(suite);
  redemption(suite);
  ending(suite);
}

function deviceRow(change: Partial<DeviceCodeRow> = {}): DeviceCodeRow {
  return {
    deviceCodeHash: newId('device-code'),
    userCodeHash: newId('user-code'),
    client: 'tv',
    scopes: ['openid', 'invoices:read'],
    resources: ['https://issuer.example', 'https://api.example'],
    address: '192.0.2.7',
    userAgent: 'television/1.0 «Küche»',
    createdAt: start,
    expiresAt: start + 600,
    interval: 5,
    polledAt: undefined,
    claim: undefined,
    session: undefined,
    authorization: undefined,
    deniedAt: undefined,
    redeemedAt: undefined,
    ...change,
  };
}

interface Claimed {
  readonly code: DeviceCodeRow;
  readonly session: SessionRow;
  readonly claim: DeviceClaim;
}

/** A code in the hands of somebody who has signed in; the outbox is empty afterwards. */
export async function claimed(store: Store): Promise<Claimed> {
  const code = deviceRow();
  await store.createDeviceCode(code);
  const session = await signIn(store);
  const parked = parkedRow({ client: '' });
  await store.parkRequest(parked);
  const claim = { userCodeHash: code.userCodeHash, parked: parked.idHash, session: session.id, now: start + 1 };
  assert.equal(await store.claimDeviceCode(claim), 'claimed');
  await emptyOutbox(store);
  return { code, session, claim };
}

function approval({ claim, session, code }: Claimed) {
  const { client, scopes, resources } = code;
  const authorization = authorizationRow({ client, scopes, resources, person: session.person, session: session.id });
  const consents = resources.map((resource) => ({
    person: session.person,
    client,
    resource,
    scopes,
    givenAt: claim.now,
  }));
  return { claim, authorization, consents };
}

async function approved(store: Store) {
  const held = await claimed(store);
  const { authorization } = approval(held);
  await store.approveDeviceCode({ ...approval(held), authorization, consents: [] }, effects('approved'));
  await emptyOutbox(store);
  return { ...held, authorization };
}

function asking({ name, check }: Conformance): void {
  check(`R-051[device,${name}] a device code is found as stored, and no two share a user code`, async (stores) => {
    const { first, second } = stores;
    const code = deviceRow();
    assert.equal(await first.createDeviceCode(code), 'created');
    assert.deepEqual(await second.findDeviceCode(code.deviceCodeHash), {
      code,
      authorization: undefined,
      personActive: false,
    });
    assert.deepEqual(await second.findUserCode(code.userCodeHash), code);
    assert.equal(await second.createDeviceCode(deviceRow({ userCodeHash: code.userCodeHash })), 'user_code_taken');
    assert.equal(await first.findDeviceCode('unknown'), undefined);
    assert.equal(await first.findUserCode('unknown'), undefined);
  });
}

function polling({ name, check }: Conformance): void {
  check(`R-055[device,${name}] a poll before its time makes the interval longer, up to its end`, async (stores) => {
    const { first, second } = stores;
    const code = deviceRow();
    await first.createDeviceCode(code);
    const poll = (store: Store, now: number) =>
      store.pollDeviceCode({ deviceCodeHash: code.deviceCodeHash, step: 5, most: 15, now });
    const row = async () => (await first.findDeviceCode(code.deviceCodeHash))?.code;
    assert.equal(await poll(first, start), 'pending');
    assert.equal(await poll(second, start + 4), 'slow_down');
    assert.deepEqual([(await row())?.interval, (await row())?.polledAt], [10, start + 4]);
    assert.equal(await poll(first, start + 13), 'slow_down');
    assert.equal(await poll(second, start + 20), 'slow_down');
    // At the end of the interval's growth an early poll leaves the row alone.
    assert.deepEqual([(await row())?.interval, (await row())?.polledAt], [15, start + 13]);
    assert.equal(await poll(first, start + 28), 'pending');
    assert.equal(await first.pollDeviceCode({ deviceCodeHash: 'unknown', step: 5, most: 15, now: start }), 'pending');
  });
}

function deciding({ name, check }: Conformance): void {
  check(`R-053[device,${name}] only the session that claimed a code decides about it`, async ({ first, second }) => {
    const held = await claimed(first);
    const other = await signIn(second);
    await emptyOutbox(first);
    const { claim } = held;
    assert.equal(await second.claimDeviceCode({ ...claim, parked: 'another', session: other.id }), 'gone');
    for (const stranger of [{ session: other.id }, { parked: 'another' }, { userCodeHash: 'another' }]) {
      const wrong = { ...approval(held), claim: { ...claim, ...stranger } };
      assert.equal(await second.approveDeviceCode(wrong, effects('no')), 'gone');
      assert.equal(await second.denyDeviceCode(wrong.claim, effects('no')), 'gone');
    }
    await assertRecorded(first);
    const granting = approval(held);
    assert.equal(await second.approveDeviceCode(granting, effects('approved')), 'approved');
    const found = await first.findDeviceCode(held.code.deviceCodeHash);
    assert.deepEqual(found?.authorization, granting.authorization);
    assert.equal((await first.findConsents(held.session.person, 'tv')).length, 2);
    assert.equal(await first.findParkedRequest(claim.parked, start), undefined);
    await assertRecorded(first, 'approved');
  });

  check(`R-056[device,${name}] a denial is final, and so is an approval`, async ({ first, second }) => {
    const held = await claimed(first);
    assert.equal(await first.denyDeviceCode(held.claim, effects('denied')), 'denied');
    assert.equal(await second.approveDeviceCode(approval(held), effects('no')), 'gone');
    assert.equal(await second.claimDeviceCode(held.claim), 'gone');
    assert.equal(await second.denyDeviceCode(held.claim, effects('no')), 'gone');
    await assertRecorded(first, 'denied');
    const done = await approved(first);
    assert.equal(await second.denyDeviceCode(done.claim, effects('no')), 'gone');
    await assertRecorded(first);
  });

  check(`I-1[device,${name}] R-056 of many decisions at once one counts`, async (stores) => {
    const held = await claimed(stores.first);
    const verdicts = await atOnce(stores, 20, (store, index) =>
      index % 4 < 2
        ? store.denyDeviceCode(held.claim, effects('decided'))
        : store.approveDeviceCode(approval(held), effects('decided')),
    );
    assert.equal(verdicts.filter((verdict) => verdict !== 'gone').length, 1);
    await assertRecorded(stores.first, 'decided');
  });

  check(
    `R-057[device,${name}] I-3 a session that has ended approves nothing, nor does one after the code's end`,
    async ({ first, second }) => {
      const held = await claimed(first);
      const late = { ...approval(held), claim: { ...held.claim, now: held.code.expiresAt } };
      assert.equal(await second.approveDeviceCode(late, effects('no')), 'gone');
      await second.endSession({ id: held.session.id, reason: 'logout', now: start + 2 }, effects('ended'));
      assert.equal(await first.approveDeviceCode(approval(held), effects('no')), 'gone');
      await assertRecorded(first, 'ended');
    },
  );
}

async function redeemAtOnce(stores: ConformanceStores): Promise<readonly string[]> {
  const { code, authorization } = await approved(stores.first);
  return atOnce(stores, 50, (store) =>
    store.redeemDeviceCode(
      { deviceCodeHash: code.deviceCodeHash, family: familyRow(authorization.id), now: start + 5 },
      effects('redeemed'),
    ),
  );
}

function redemption({ name, check }: Conformance): void {
  check(`R-056[device,${name}] I-1 of fifty redemptions at once on two nodes one succeeds`, async (stores) => {
    assert.deepEqual(tally(await redeemAtOnce(stores)), { redeemed: 1, used: 49 });
    await assertRecorded(stores.first, 'redeemed');
  });

  check(`R-056[device,${name}] I-6 a second redemption is refused and ends nothing`, async ({ first, second }) => {
    const { code, authorization } = await approved(first);
    const family = familyRow(authorization.id);
    const redeem = { deviceCodeHash: code.deviceCodeHash, family, now: start + 5 };
    assert.equal(await first.redeemDeviceCode(redeem, effects('redeemed')), 'redeemed');
    assert.equal(await second.redeemDeviceCode(redeem, effects('no')), 'used');
    assert.equal((await second.findFamily(family.id, start + 6))?.authorization.revokedAt, undefined);
    await assertRecorded(first, 'redeemed');
  });

  check(`R-057[device,${name}] I-3 a logout between approval and redemption leaves nothing`, async (stores) => {
    const { first, second } = stores;
    const { code, session } = await approved(first);
    const redeem = { deviceCodeHash: code.deviceCodeHash, family: undefined, now: start + 5 };
    await second.endSession({ id: session.id, reason: 'logout', now: start + 2 }, effects('ended'));
    assert.equal(await first.redeemDeviceCode(redeem, effects('no')), 'revoked');
  });

  check(
    `R-051[device,${name}] an approved code ends too, and one that nobody approved is nothing`,
    async ({ first }) => {
      const { code } = await approved(first);
      const late = { deviceCodeHash: code.deviceCodeHash, family: undefined, now: code.expiresAt };
      assert.equal(await first.redeemDeviceCode(late, effects('no')), 'expired');
      const waiting = deviceRow();
      await first.createDeviceCode(waiting);
      const early = { deviceCodeHash: waiting.deviceCodeHash, family: undefined, now: start };
      assert.equal(await first.redeemDeviceCode(early, effects('no')), 'unknown');
      await assertRecorded(first);
    },
  );
}

function ending({ name, check }: Conformance): void {
  check(
    `R-222[${name}] R-051[device] device codes are erased soon after they end, then what came of them`,
    async (stores) => {
      const { first, second } = stores;
      const { code, authorization } = await approved(first);
      await second.purge(code.expiresAt + 599);
      assert.notEqual(await first.findDeviceCode(code.deviceCodeHash), undefined);
      await second.purge(code.expiresAt + 600);
      assert.equal(await first.findDeviceCode(code.deviceCodeHash), undefined);
      assert.notEqual(await first.findAuthorization(authorization.id), undefined);
      await second.purge(start + 3600 + 86_400);
      assert.equal(await first.findAuthorization(authorization.id), undefined);
    },
  );

  check(`R-056[device,${name}] I-3 a restored backup revives no approval`, async ({ first, second }) => {
    const { code } = await approved(first);
    await second.raiseEpoch(effects('raised'));
    assert.equal((await first.findDeviceCode(code.deviceCodeHash))?.authorization, undefined);
    const redeem = { deviceCodeHash: code.deviceCodeHash, family: undefined, now: start + 5 };
    assert.equal(await first.redeemDeviceCode(redeem, effects('no')), 'unknown');
  });
}
