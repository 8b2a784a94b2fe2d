import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import {
  atOnce,
  effects,
  newId,
  presentedRow,
  recorded,
  refreshEvents,
  start,
  startFamily,
  tally,
  tokenHash,
} from './rows.ts';

/** One refresh token presented by many requests at once, each with a successor of its own making. */
export function refreshRaceConformance({ name, check }: Conformance): void {
  const ownSuccessor = (family: string) => {
    const of = newId('-by');
    return { successorHash: tokenHash(family, 2, of), sealedSuccessor: `sealed-${family}.2${of}` };
  };

  check(
    `R-040[refresh,${name}] I-2 of 50 presentations at once one rotates and the rest get its successor`,
    async (stores) => {
      const family = await startFamily(stores.first);
      const presentations = Array.from({ length: 50 }, () =>
        presentedRow(family.id, 1, { ...ownSuccessor(family.id), retryLimit: 20 }),
      );
      const verdicts = await atOnce(stores, 50, (store, index) =>
        store.presentRefresh(presentations[index] ?? presentedRow(family.id, 1), refreshEvents),
      );
      assert.deepEqual(tally(verdicts.map(({ verdict }) => verdict)), { rotated: 1, retried: 20, refused: 29 });
      const winner = presentations[verdicts.findIndex(({ verdict }) => verdict === 'rotated')];
      const after = await stores.second.findFamily(family.id, start);
      assert.deepEqual([after?.family.generation, after?.family.currentHash], [2, winner?.successorHash]);
      assert.equal(after?.authorization.revokedAt, undefined);
      for (const verdict of verdicts) {
        if (verdict.verdict === 'retried') assert.equal(verdict.sealedSuccessor, winner?.sealedSuccessor);
      }
      assert.deepEqual(tally(await recorded(stores.first)), { rotated: 1, retried: 20 });
    },
  );

  check(
    `R-040[refresh,${name}] I-2 without a window the second of 50 presentations revokes the family`,
    async (stores) => {
      const family = await startFamily(stores.first);
      const verdicts = await atOnce(stores, 50, (store) =>
        store.presentRefresh(presentedRow(family.id, 1, { ...ownSuccessor(family.id), retryWindow: 0 }), refreshEvents),
      );
      assert.deepEqual(tally(verdicts.map(({ verdict }) => verdict)), { rotated: 1, reused: 1, revoked: 48 });
      assert.deepEqual(await recorded(stores.first), ['rotated', 'reused']);
    },
  );

  check(`R-044[refresh,${name}] I-3 a rotation that raced a revocation leaves a dead family`, async (stores) => {
    const families = await Promise.all(Array.from({ length: 20 }, () => startFamily(stores.first)));
    await Promise.all(
      families.flatMap((family) => [
        stores.first.presentRefresh(presentedRow(family.id, 1), refreshEvents),
        stores.second.revokeAuthorization(
          { id: family.authorization, reason: 'logout', now: start + 10 },
          effects('revoked'),
        ),
      ]),
    );
    for (const family of families) {
      const found = await stores.first.findFamily(family.id, start + 10);
      const { verdict } = await stores.second.presentRefresh(
        presentedRow(family.id, found?.family.generation ?? 0),
        refreshEvents,
      );
      assert.equal(verdict, 'revoked');
    }
  });
}
