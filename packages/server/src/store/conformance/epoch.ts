import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import {
  assertRecorded,
  authorize,
  createPerson,
  effects,
  familyRow,
  newId,
  presentedRow,
  redemptionEvents,
  refreshEvents,
  signIn,
  start,
  startFamily,
} from './rows.ts';

export function epochConformance({ name, check }: Conformance): void {
  check(
    `R-043[refresh,${name}] a raised epoch ends every authorization and session of before`,
    async ({ first, second }) => {
      const session = await signIn(first);
      const family = await startFamily(first, {}, { person: session.person, session: session.id, offline: true });
      const { authorization, code } = await authorize(first);
      assert.equal(await second.raiseEpoch(effects('raised')), 2);
      assert.equal(await first.findSession(session.secretHash, start), undefined);
      assert.equal(await first.findSessionById(session.id), undefined);
      assert.equal(await first.findFamily(family.id, start), undefined);
      assert.equal(await first.findAuthorization(authorization.id), undefined);
      assert.equal(await first.findCode(code.codeHash), undefined);
      assert.deepEqual(await first.presentRefresh(presentedRow(family.id, 1), refreshEvents), { verdict: 'unknown' });
      const redeem = { codeHash: code.codeHash, family: familyRow(authorization.id), now: start };
      assert.equal(await first.redeemCode(redeem, redemptionEvents), 'unknown');
      const revoke = { id: authorization.id, reason: 'logout', now: start } as const;
      assert.equal(await first.revokeAuthorization(revoke, redemptionEvents.redeemed), 'unknown');
      await assertRecorded(first, 'granted', 'raised');
    },
  );

  check(
    `R-127[${name}] I-1 a raised epoch ends every link for a password: it may have been used since`,
    async (stores) => {
      const { first, second } = stores;
      const { id: person } = await createPerson(first);
      const link = { person, tokenHash: newId('link'), createdAt: start, expiresAt: start + 60 };
      await first.issuePasswordLink(link, effects('link'));
      await second.raiseEpoch(effects('raised'));
      assert.equal(await first.findPasswordLink(link.tokenHash, start), undefined);
      const set = { person, tokenHash: link.tokenHash, passwordHash: 'new', now: start };
      assert.equal(await first.setPassword(set, effects('set')), 'link_gone');
      assert.equal(await first.issuePasswordLink(link, effects('link')), 'issued');
    },
  );

  check(`R-043[${name}] what is granted afterwards belongs to the new epoch`, async ({ first, second }) => {
    await first.raiseEpoch(effects('raised'));
    const session = await signIn(second);
    const { authorization } = await authorize(first, { person: session.person, session: session.id, epoch: 1 });
    assert.equal((await second.findAuthorization(authorization.id))?.epoch, 2);
    assert.deepEqual(await first.findSession(session.secretHash, start), session);
  });
}
