import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import { clockMargin } from '../operations/purge.ts';
import { atOnce, newId, start, tally } from './rows.ts';

export function assertionConformance({ name, check }: Conformance): void {
  const use = (jti: string, now = start, client = 'batch') => ({ client, jti, expiresAt: start + 60, now });

  check(
    `R-072[private-key-jwt] S-17[private-key-jwt] I-1[${name}] of 50 uses of an assertion at once one counts`,
    async (stores) => {
      const jti = newId('jti');
      const verdicts = await atOnce(stores, 50, (store) => store.consumeAssertion(use(jti)));
      assert.deepEqual(tally(verdicts), { consumed: 1, replayed: 49 });
      assert.equal(await stores.second.consumeAssertion(use(jti, start + 59)), 'replayed');
    },
  );

  check(
    `R-072[private-key-jwt] names of assertions are each client's own, and free again after their end`,
    async (stores) => {
      const { first, second } = stores;
      const jti = newId('jti');
      assert.equal(await first.consumeAssertion(use(jti)), 'consumed');
      assert.equal(await second.consumeAssertion(use(jti, start, 'other')), 'consumed');
      assert.equal(await first.purge(start + 59), 0);
      assert.equal(await second.consumeAssertion(use(jti, start + 59)), 'replayed');
      const again = { ...use(jti, start + 60), expiresAt: start + 120 };
      assert.equal(await second.consumeAssertion(again), 'consumed');
      assert.equal(await first.consumeAssertion(again), 'replayed');
      assert.equal(await first.purge(start + 60 + clockMargin), 1, 'that of the other client');
      assert.equal(await first.purge(start + 120 + clockMargin), 1);
    },
  );

  check(
    `R-072[private-key-jwt] I-9[${name}] I-10[${name}] a node whose clock is ahead frees no name`,
    async (stores) => {
      const jti = newId('jti');
      assert.equal(await stores.first.consumeAssertion(use(jti)), 'consumed');
      for (const ahead of [61, 300, clockMargin]) await stores.second.purge(start + 59 + ahead);
      assert.equal(await stores.first.consumeAssertion(use(jti, start + 59)), 'replayed');
    },
  );
}
