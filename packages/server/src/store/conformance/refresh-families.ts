import assert from 'node:assert/strict';
import type { Conformance, ConformanceStores } from '../conformance.ts';
import type { PresentedRefresh, RefreshFamilyRow } from '../store.ts';
import {
  assertRecorded,
  effects,
  personRow,
  presentedRow,
  refreshEvents,
  start,
  startFamily,
  tokenHash,
} from './rows.ts';

export function refreshConformance(suite: Conformance): void {
  rotation(suite);
  retrying(suite);
  reuse(suite);
  ending(suite);
  finding(suite);
}

async function present({ first }: ConformanceStores, presented: PresentedRefresh): Promise<string> {
  return (await first.presentRefresh(presented, refreshEvents)).verdict;
}

async function stateOf({ second }: ConformanceStores, { id }: RefreshFamilyRow): Promise<RefreshFamilyRow | undefined> {
  return (await second.findFamily(id, start))?.family;
}

function rotation({ name, check }: Conformance): void {
  check(`R-039[refresh,${name}] R-040 the live token is rotated and its successor is the live one`, async (stores) => {
    const family = await startFamily(stores.first);
    assert.deepEqual(await stores.first.presentRefresh(presentedRow(family.id, 1), refreshEvents), {
      verdict: 'rotated',
    });
    const presented = presentedRow(family.id, 1);
    assert.deepEqual(await stateOf(stores, family), {
      ...family,
      generation: 2,
      currentHash: presented.successorHash,
      sealedSuccessor: presented.sealedSuccessor,
      retryUntil: start + 20,
      idleExpiresAt: presented.idleExpiresAt,
    });
    assert.equal(await present(stores, presentedRow(family.id, 2, { now: start + 100 })), 'rotated');
    const after = await stateOf(stores, family);
    assert.deepEqual([after?.generation, after?.retryUntil, after?.retries], [3, start + 110, 0]);
    await assertRecorded(stores.first, 'rotated', 'rotated');
  });

  check(`R-047[refresh,${name}] rotation moves the idle limit, never beyond the absolute one`, async (stores) => {
    const family = await startFamily(stores.first, { absoluteExpiresAt: start + 500 });
    assert.equal(await present(stores, presentedRow(family.id, 1, { idleExpiresAt: start + 900 })), 'rotated');
    const after = await stateOf(stores, family);
    assert.deepEqual([after?.idleExpiresAt, after?.absoluteExpiresAt], [start + 500, start + 500]);
  });

  check(`R-040[refresh,${name}] R-034 I-6 a hash or generation that was never live changes nothing`, async (stores) => {
    const family = await startFamily(stores.first);
    const wrongHash = presentedRow(family.id, 1, { presentedHash: 'another' });
    assert.equal(await present(stores, wrongHash), 'refused');
    assert.equal(await present(stores, presentedRow(family.id, 2)), 'refused');
    assert.equal(await present(stores, presentedRow('unknown', 1)), 'unknown');
    assert.deepEqual(await stateOf(stores, family), family);
    await assertRecorded(stores.first);
  });
}

function retrying({ name, check }: Conformance): void {
  check(`R-041[refresh,${name}] the predecessor gets the identical successor again, so often`, async (stores) => {
    const family = await startFamily(stores.first);
    await present(stores, presentedRow(family.id, 1));
    const again = presentedRow(family.id, 1, {
      now: start + 19,
      successorHash: 'x',
      sealedSuccessor: 'y',
      retryLimit: 2,
    });
    const same = { verdict: 'retried', sealedSuccessor: presentedRow(family.id, 1).sealedSuccessor };
    assert.deepEqual(await stores.first.presentRefresh(again, refreshEvents), same);
    assert.deepEqual(await stores.second.presentRefresh(again, refreshEvents), same);
    assert.equal(await present(stores, again), 'refused');
    const after = await stateOf(stores, family);
    assert.deepEqual([after?.generation, after?.currentHash, after?.retries], [2, tokenHash(family.id, 2), 2]);
    assert.equal((await stores.first.findAuthorization(family.authorization))?.revokedAt, undefined);
    await assertRecorded(stores.first, 'rotated', 'retried', 'retried');
  });

  check(`R-041[refresh,${name}] the sealed successor is gone as soon as the successor was used`, async (stores) => {
    const family = await startFamily(stores.first);
    await present(stores, presentedRow(family.id, 1));
    await present(stores, presentedRow(family.id, 2));
    assert.equal((await stateOf(stores, family))?.sealedSuccessor, presentedRow(family.id, 2).sealedSuccessor);
  });

  check(
    `R-041[refresh,${name}] without a retry window nothing is sealed, and a replay is reuse at once`,
    async (stores) => {
      const family = await startFamily(stores.first);
      await present(stores, presentedRow(family.id, 1, { retryWindow: 0 }));
      const after = await stateOf(stores, family);
      assert.deepEqual([after?.sealedSuccessor, after?.retryUntil], [undefined, undefined]);
      assert.equal(await present(stores, presentedRow(family.id, 1, { retryWindow: 0 })), 'reused');
    },
  );
}

function reuse({ name, check }: Conformance): void {
  check(`R-039[refresh,${name}] I-2 the predecessor revokes the family once the window is over`, async (stores) => {
    const family = await startFamily(stores.first);
    await present(stores, presentedRow(family.id, 1));
    assert.equal(await present(stores, presentedRow(family.id, 1, { now: start + 20 })), 'reused');
    assert.equal((await stores.second.findAuthorization(family.authorization))?.revokedAt, start + 20);
    assert.equal(await present(stores, presentedRow(family.id, 2, { now: start + 20 })), 'revoked');
    assert.equal(await present(stores, presentedRow(family.id, 1, { now: start + 20 })), 'revoked');
    await assertRecorded(stores.first, 'rotated', 'reused');
  });

  check(`R-042[refresh,${name}] I-2 an older generation revokes the family even inside the window`, async (stores) => {
    const family = await startFamily(stores.first);
    await present(stores, presentedRow(family.id, 1));
    await present(stores, presentedRow(family.id, 2));
    assert.equal(await present(stores, presentedRow(family.id, 1)), 'reused');
    assert.equal(await present(stores, presentedRow(family.id, 3)), 'revoked');
    await assertRecorded(stores.first, 'rotated', 'rotated', 'reused');
  });
}

function ending({ name, check }: Conformance): void {
  check(`R-047[refresh,${name}] a family ends at its idle and at its absolute limit`, async (stores) => {
    for (const limit of ['idleExpiresAt', 'absoluteExpiresAt']) {
      const family = await startFamily(stores.first, { [limit]: start + 50 });
      assert.equal(await present(stores, presentedRow(family.id, 1, { now: start + 50 })), 'expired');
      assert.deepEqual(await stateOf(stores, family), family);
      assert.equal(await present(stores, presentedRow(family.id, 1, { now: start + 49 })), 'rotated');
    }
  });

  check(`R-044[refresh,${name}] I-3 a revoked authorization refreshes nothing any more`, async (stores) => {
    const family = await startFamily(stores.first);
    await present(stores, presentedRow(family.id, 1));
    const revoke = { id: family.authorization, reason: 'logout', now: start + 11 } as const;
    await stores.second.revokeAuthorization(revoke, effects('revoked'));
    for (const generation of [1, 2, 3]) {
      assert.equal(await present(stores, presentedRow(family.id, generation)), 'revoked');
    }
    await assertRecorded(stores.first, 'rotated', 'revoked');
  });
}

function finding({ name, check }: Conformance): void {
  check(
    `R-048[refresh,${name}] R-036 a family is found with its authorization and the person's state`,
    async (stores) => {
      const person = personRow({ state: 'locked' });
      await stores.first.createPerson(person, effects('person'));
      const family = await startFamily(stores.first, {}, { person: person.id });
      const found = await stores.second.findFamily(family.id, start);
      assert.deepEqual(found?.family, family);
      assert.deepEqual(found?.authorization, await stores.first.findAuthorization(family.authorization));
      assert.deepEqual([found?.sessionLive, found?.personActive], [true, false]);
      const own = await startFamily(stores.first);
      assert.equal((await stores.second.findFamily(own.id, start))?.personActive, false);
      assert.equal(await stores.second.findFamily('unknown', start), undefined);
    },
  );
}
