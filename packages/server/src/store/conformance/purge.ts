import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import {
  authorize,
  familyRow,
  parkedRow,
  presentedRow,
  redemptionEvents,
  refreshEvents,
  signIn,
  start,
  startFamily,
} from './rows.ts';

/** Seconds that rows stay beyond their end, as SCHEMA.md promises. */
const grace = 86_400;

export function purgeConformance(suite: Conformance): void {
  whatGoes(suite);
  whatStays(suite);
}

function whatGoes({ name, check }: Conformance): void {
  check(`R-222[${name}] R-033 a sealed successor is erased when its window is over`, async ({ first, second }) => {
    const family = await startFamily(first);
    await first.presentRefresh(presentedRow(family.id, 1), refreshEvents);
    assert.equal(await second.purge(start + 19), 0);
    assert.equal((await second.findFamily(family.id, start))?.family.sealedSuccessor, `sealed-${family.id}.2`);
    assert.equal(await second.purge(start + 20), 1);
    const after = await second.findFamily(family.id, start);
    assert.deepEqual([after?.family.sealedSuccessor, after?.family.retryUntil], [undefined, start + 20]);
    // I-10: a clock that goes back finds the window open but nothing in it.
    const back = await first.presentRefresh(presentedRow(family.id, 1), refreshEvents);
    assert.deepEqual(back, { verdict: 'refused' });
    assert.deepEqual(await first.presentRefresh(presentedRow(family.id, 1, { now: start + 20 }), refreshEvents), {
      verdict: 'reused',
    });
  });

  check(`R-222[${name}] what has ended is erased in time, in batches`, async ({ first }) => {
    await Promise.all(Array.from({ length: 600 }, () => first.parkRequest(parkedRow())));
    assert.equal(await first.purge(start + 899), 0);
    assert.equal(await first.purge(start + 900), 600);
    const session = await signIn(first, { absoluteExpiresAt: start + 100, idleExpiresAt: start + 100 });
    const limits = { idleExpiresAt: start + 100, absoluteExpiresAt: start + 200 };
    const family = await startFamily(first, limits, { person: session.person, session: session.id });
    assert.equal(await first.purge(start + 100 + grace - 1), 1, 'the code');
    // The session, the family by its idle limit, and then the authorization that nothing refers to any more.
    assert.equal(await first.purge(start + 100 + grace), 3);
    assert.equal(await first.findAuthorization(family.authorization), undefined);
    assert.equal(await first.purge(start + 10 * grace), 0);
    assert.notEqual(await first.findPerson(session.person), undefined);
  });
}

function whatStays({ name, check }: Conformance): void {
  check(
    `I-9[code,${name}] R-023 the replay of a code is known long after its expiry, and purge revives nothing`,
    async (stores) => {
      const { first, second } = stores;
      const { authorization, code } = await authorize(first);
      const redeem = { codeHash: code.codeHash, family: familyRow(authorization.id), now: start };
      await first.redeemCode(redeem, redemptionEvents);
      await second.purge(code.expiresAt + grace - 1);
      assert.equal(await first.redeemCode(redeem, redemptionEvents), 'replayed');
      await second.purge(code.expiresAt + grace);
      assert.equal(await first.redeemCode(redeem, redemptionEvents), 'unknown');
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start);
    },
  );

  check(
    `R-043[refresh,${name}] I-9 a live family survives every purge with its generation`,
    async ({ first, second }) => {
      const family = await startFamily(first);
      await first.presentRefresh(presentedRow(family.id, 1), refreshEvents);
      await second.purge(start + 13 * 86_400);
      const reuse = presentedRow(family.id, 1, { now: start + 13 * 86_400 });
      assert.deepEqual(await first.presentRefresh(reuse, refreshEvents), { verdict: 'reused' });
    },
  );
}
