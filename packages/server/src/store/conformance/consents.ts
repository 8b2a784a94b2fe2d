import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { ConsentRow } from '../store.ts';
import { assertRecorded, atOnce, createPerson, effects, emptyOutbox, parkedRow, start } from './rows.ts';

const consentRow = (person: string, change: Partial<ConsentRow> = {}): ConsentRow => ({
  person,
  client: 'web',
  resource: 'https://api.example',
  scopes: ['read'],
  givenAt: start,
  ...change,
});

export function consentConformance({ name, check }: Conformance): void {
  check(
    `R-222[${name}] consents add up for each client and resource, and mark their request`,
    async ({ first, second }) => {
      const { id } = await createPerson(first);
      const parked = parkedRow();
      await first.parkRequest(parked);
      await emptyOutbox(first);
      const issuer = consentRow(id, { resource: 'https://a-issuer.example', scopes: ['openid'] });
      const give = (consents: readonly ConsentRow[], now: number) =>
        first.giveConsent({ consents, parked: parked.idHash, now }, effects('given'));
      assert.equal(await give([consentRow(id), issuer], start), 'given');
      assert.equal(await give([consentRow(id, { scopes: ['write', 'read'], givenAt: start + 5 })], start + 5), 'given');
      assert.deepEqual(await second.findConsents(id, 'web'), [
        issuer,
        consentRow(id, { scopes: ['read', 'write'], givenAt: start + 5 }),
      ]);
      assert.deepEqual(await second.findConsents(id, 'other'), []);
      assert.equal((await second.findParkedRequest(parked.idHash, start))?.consentedAt, start + 5);
      await assertRecorded(first, 'given', 'given');
    },
  );

  check(`I-7[${name}] I-6 a consent for a request that is gone is not remembered`, async ({ first }) => {
    const { id } = await createPerson(first);
    const parked = parkedRow({ expiresAt: start + 10 });
    await first.parkRequest(parked);
    await emptyOutbox(first);
    const give = { consents: [consentRow(id)], parked: parked.idHash, now: start + 10 };
    assert.equal(await first.giveConsent(give, effects('given')), 'parked_request_gone');
    assert.deepEqual(await first.findConsents(id, 'web'), []);
    await assertRecorded(first);
  });

  check(`I-4[${name}] no scope is lost when consents are given at once on two nodes`, async (stores) => {
    const { id } = await createPerson(stores.first);
    const scopes = Array.from({ length: 20 }, (_, index) => `scope-${index}`);
    const parked = await Promise.all(
      scopes.map(async () => {
        const row = parkedRow();
        await stores.first.parkRequest(row);
        return row.idHash;
      }),
    );
    await atOnce(stores, scopes.length, (store, index) => {
      const consents = [consentRow(id, { scopes: [scopes[index] ?? ''] })];
      return store.giveConsent({ consents, parked: parked[index] ?? '', now: start }, effects('given'));
    });
    const [consent] = await stores.first.findConsents(id, 'web');
    assert.deepEqual([...(consent?.scopes ?? [])].sort(), [...scopes].sort());
  });
}
