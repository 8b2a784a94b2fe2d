/** What a store does when a commit fails, or succeeds without its caller hearing of it. For stores with a fault hook. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultPoint, StoreOptions } from '../database.ts';
import type { Store } from '../store.ts';
import {
  assertRecorded,
  authorize,
  effects,
  emptyOutbox,
  familyRow,
  personRow,
  presentedRow,
  redemptionEvents,
  refreshEvents,
  start,
  startFamily,
} from './rows.ts';

export interface FaultyStore {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

interface Scene {
  readonly store: Store;
  /** From now on every commit fails at this point; `undefined` repairs the store. */
  readonly failAt: (point: FaultPoint | undefined) => void;
}

class Outage extends Error {
  override readonly name = 'Outage';
}

/** Registers the suite; `open` opens a store with the given options on a new, empty database. */
export function faultConformance(name: string, open: (options: StoreOptions) => Promise<FaultyStore>): void {
  const check = (title: string, body: (scene: Scene) => Promise<void>) => {
    void test(title, async () => {
      let failing: FaultPoint | undefined;
      const faults = (point: FaultPoint) => {
        if (point === failing) throw new Outage(point);
      };
      const { store, close } = await open({ faults });
      try {
        await body({ store, failAt: (point) => (failing = point) });
      } finally {
        await close();
      }
    });
  };
  for (const point of ['before_write', 'before_commit'] as const) unchanged(name, point, check);
  durable(name, check);
}

type Check = (title: string, body: (scene: Scene) => Promise<void>) => void;

function unchanged(name: string, point: FaultPoint, check: Check): void {
  check(
    `I-5[refresh,${name}] a failure ${point} is told and leaves everything as it was`,
    async ({ store, failAt }) => {
      const family = await startFamily(store);
      failAt(point);
      await assert.rejects(store.presentRefresh(presentedRow(family.id, 1), refreshEvents), Outage);
      failAt(undefined);
      assert.deepEqual((await store.findFamily(family.id, start))?.family, family);
      await assertRecorded(store);
      assert.deepEqual(await store.presentRefresh(presentedRow(family.id, 1), refreshEvents), { verdict: 'rotated' });
    },
  );

  check(`I-5[code,${name}] everyone who shares a commit that fails ${point} is told`, async ({ store, failAt }) => {
    const { authorization, code } = await authorize(store);
    await emptyOutbox(store);
    const person = personRow();
    const redeem = { codeHash: code.codeHash, family: familyRow(authorization.id), now: start };
    failAt(point);
    await Promise.all([
      assert.rejects(store.redeemCode(redeem, redemptionEvents), Outage),
      assert.rejects(store.createPerson(person, effects('person')), Outage),
    ]);
    failAt(undefined);
    assert.equal(await store.findPerson(person.id), undefined);
    await assertRecorded(store);
    assert.equal(await store.redeemCode(redeem, redemptionEvents), 'redeemed');
  });
}

function durable(name: string, check: Check): void {
  check(
    `I-4[refresh,${name}] R-041 a rotation whose answer was lost is there, and a retry gets its successor`,
    async (scene) => {
      const family = await startFamily(scene.store);
      const lost = presentedRow(family.id, 1);
      scene.failAt('after_commit');
      await assert.rejects(scene.store.presentRefresh(lost, refreshEvents), Outage);
      scene.failAt(undefined);
      await assertRecorded(scene.store, 'rotated');
      const again = presentedRow(family.id, 1, { successorHash: 'other', sealedSuccessor: 'other', now: start + 15 });
      assert.deepEqual(await scene.store.presentRefresh(again, refreshEvents), {
        verdict: 'retried',
        sealedSuccessor: lost.sealedSuccessor,
      });
      assert.deepEqual(await scene.store.presentRefresh(presentedRow(family.id, 2), refreshEvents), {
        verdict: 'rotated',
      });
    },
  );

  check(`I-4[code,${name}] a redemption whose answer was lost stays redeemed`, async ({ store, failAt }) => {
    const { authorization, code } = await authorize(store);
    const redeem = { codeHash: code.codeHash, family: familyRow(authorization.id), now: start };
    failAt('after_commit');
    await assert.rejects(store.redeemCode(redeem, redemptionEvents), Outage);
    failAt(undefined);
    assert.equal((await store.findCode(code.codeHash))?.code.redeemedAt, start);
    assert.equal(await store.redeemCode(redeem, redemptionEvents), 'replayed');
  });
}
