import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import {
  assertRecorded,
  atOnce,
  authorizationRow,
  authorize,
  codeRow,
  effects,
  emptyOutbox,
  familyRow,
  parkedRow,
  redemptionEvents,
  signIn,
  start,
  tally,
} from './rows.ts';

export function authorizationConformance(suite: Conformance): void {
  granting(suite);
  redemption(suite);
  redemptionRaces(suite);
  revocation(suite);
}

function granting({ name, check }: Conformance): void {
  check(
    `I-4[code,${name}] R-024 an authorization and its code are found exactly as stored`,
    async ({ first, second }) => {
      const session = await signIn(first);
      const parked = parkedRow();
      await first.parkRequest(parked);
      await emptyOutbox(first);
      const authorization = authorizationRow({
        person: session.person,
        session: session.id,
        cnf: '{"jkt":"thumbprint"}',
        sector: 'sector.example',
        claims: { userinfo: [{ name: 'name' }], idToken: [{ name: 'email', values: ['a@b.example', 1, null] }] },
        offline: true,
      });
      const code = codeRow(authorization.id, { nonce: undefined });
      const create = { authorization, code, parked: parked.idHash, relied: [] };
      assert.equal(await first.createAuthorization(create, effects('granted')), 'created');
      assert.deepEqual(await second.findAuthorization(authorization.id), authorization);
      assert.deepEqual(await second.findCode(code.codeHash), { code, authorization, personActive: true });
      assert.equal(await second.findAuthorization('unknown'), undefined);
      assert.equal(await second.findCode('unknown'), undefined);
      await assertRecorded(first, 'granted');
    },
  );
}

function redemption({ name, check }: Conformance): void {
  check(
    `R-023[code,${name}] a code is redeemed once, and a replay revokes what came from it`,
    async ({ first, second }) => {
      const { authorization, code } = await authorize(first);
      const family = familyRow(authorization.id);
      await emptyOutbox(first);
      const redeem = { codeHash: code.codeHash, family, now: start + 5 };
      assert.equal(await first.redeemCode(redeem, redemptionEvents), 'redeemed');
      assert.equal((await second.findCode(code.codeHash))?.code.redeemedAt, start + 5);
      const found = await second.findFamily(family.id, start + 5);
      assert.deepEqual(found?.family, family);
      assert.equal(found?.authorization.revokedAt, undefined);

      // Even after its expiry a redeemed code is known as such (RFC 6749 §4.1.2).
      const replay = { codeHash: code.codeHash, family: familyRow(authorization.id), now: start + 3600 };
      assert.equal(await second.redeemCode(replay, redemptionEvents), 'replayed');
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 3600);
      assert.equal(await first.findFamily(replay.family.id, start), undefined);
      assert.equal(await first.redeemCode(replay, redemptionEvents), 'replayed');
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 3600);
      await assertRecorded(first, 'redeemed', 'replayed');
    },
  );

  check(
    `R-026[code,${name}] R-007 I-6 an expired, revoked or unknown code has no effect and no event`,
    async ({ first }) => {
      const expired = await authorize(first);
      const revoked = await authorize(first);
      await first.revokeAuthorization(
        { id: revoked.authorization.id, reason: 'logout', now: start },
        effects('revoked'),
      );
      await emptyOutbox(first);
      const redeem = (codeHash: string, authorization: string, now: number) =>
        first.redeemCode({ codeHash, family: familyRow(authorization), now }, redemptionEvents);
      assert.equal(await redeem(expired.code.codeHash, expired.authorization.id, start + 60), 'expired');
      assert.equal(await redeem(revoked.code.codeHash, revoked.authorization.id, start), 'revoked');
      assert.equal(await redeem('unknown', expired.authorization.id, start), 'unknown');
      await assertRecorded(first);
      assert.equal(await redeem(expired.code.codeHash, expired.authorization.id, start + 59), 'redeemed');
    },
  );
}

function redemptionRaces({ name, check }: Conformance): void {
  check(`R-023[code,${name}] R-007 I-1 of 50 redemptions at once on two nodes exactly one succeeds`, async (stores) => {
    const { authorization, code } = await authorize(stores.first);
    await emptyOutbox(stores.first);
    const families = Array.from({ length: 50 }, () => familyRow(authorization.id));
    const verdicts = await atOnce(stores, 50, (store, index) =>
      store.redeemCode({ codeHash: code.codeHash, family: families[index], now: start }, redemptionEvents),
    );
    assert.deepEqual(tally(verdicts), { redeemed: 1, replayed: 49 });
    const found = await Promise.all(families.map(({ id }) => stores.first.findFamily(id, start)));
    assert.equal(found.filter((family) => family !== undefined).length, 1);
    assert.equal((await stores.first.findAuthorization(authorization.id))?.revokedAt, start);
    await assertRecorded(stores.first, 'redeemed', 'replayed');
  });

  check(
    `I-3[logout,${name}] R-044 redemption and logout are serialised: nothing survives the logout`,
    async (stores) => {
      const session = await signIn(stores.first);
      const granted = await Promise.all(
        Array.from({ length: 20 }, () => authorize(stores.first, { person: session.person, session: session.id })),
      );
      const families = granted.map(({ authorization }) => familyRow(authorization.id));
      await Promise.all([
        ...granted.map(({ code }, index) =>
          stores.first.redeemCode({ codeHash: code.codeHash, family: families[index], now: start }, redemptionEvents),
        ),
        stores.second.endSession({ id: session.id, reason: 'logout', now: start }, effects('ended')),
      ]);
      for (const { authorization } of granted) {
        assert.equal((await stores.first.findAuthorization(authorization.id))?.revokedAt, start);
      }
    },
  );
}

function revocation({ name, check }: Conformance): void {
  check(`R-063[revoke,${name}] an authorization is revoked once, with its family`, async (stores) => {
    const { authorization, code } = await authorize(stores.first);
    const family = familyRow(authorization.id);
    await stores.first.redeemCode({ codeHash: code.codeHash, family, now: start }, redemptionEvents);
    await emptyOutbox(stores.first);
    const revoke = { id: authorization.id, reason: 'logout', now: start + 7 } as const;
    const verdicts = await atOnce(stores, 10, (store) => store.revokeAuthorization(revoke, effects('revoked')));
    assert.deepEqual(tally(verdicts), { revoked: 1, already_revoked: 9 });
    assert.equal((await stores.first.findFamily(family.id, start + 7))?.authorization.revokedAt, start + 7);
    assert.equal(await stores.first.revokeAuthorization({ ...revoke, id: 'unknown' }, effects('no')), 'unknown');
    await assertRecorded(stores.first, 'revoked');
  });
}
