import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { RegistrationRow } from '../registry-store.ts';
import type { AuthorizationRow, Store } from '../store.ts';
import { claimed } from './device-codes.ts';
import {
  assertRecorded,
  atOnce,
  authorizationRow,
  authorize,
  codeRow,
  effects,
  emptyOutbox,
  newId,
  newIndex,
  redemptionEvents,
  start,
  startService,
  tally,
} from './rows.ts';

type Written = Omit<RegistrationRow, 'revision'>;

export function registrationRow(change: Partial<Written> = {}): Written {
  const id = newId('client');
  return {
    kind: 'client',
    id,
    caller: change.id ?? id,
    registration: { id, name: 'Größe «1»', redirectUris: [], scopes: ['a', 'b'] },
    secrets: [{ hash: 'hash-of-a-secret', createdAt: start }],
    state: 'active',
    createdAt: start,
    changedAt: start,
    ...change,
  };
}

type Write = Parameters<Store['writeRegistration']>[0];

function write(store: Store, change: Write, label = 'written'): Promise<string> {
  return store.writeRegistration(change, effects(label));
}

export function registryConformance(suite: Conformance): void {
  writing(suite);
  switchingOff(suite);
  racing(suite);
  servicesOff(suite);
}

function writing({ name, check }: Conformance): void {
  check(`S-104[${name}] what is registered is read by every node as it was written`, async (stores) => {
    const { first, second } = stores;
    assert.equal(await second.readRegistryRevision(), 0);
    assert.deepEqual(await second.readRegistrations(0), []);
    const batch = registrationRow();
    const api = registrationRow({ kind: 'resource', id: 'https://api.example', caller: undefined, secrets: [] });
    assert.equal(await write(first, { row: batch, expected: 0 }, 'batch'), 'written');
    assert.equal(await write(second, { row: api, expected: 1 }, 'api'), 'written');
    assert.equal(await first.readRegistryRevision(), 2);
    assert.deepEqual(await second.readRegistrations(0), [
      { ...batch, revision: 1 },
      { ...api, revision: 2 },
    ]);
    const changed = { ...batch, state: 'disabled' as const, secrets: [], changedAt: start + 5 };
    assert.equal(await write(second, { row: changed, expected: 2 }, 'changed'), 'written');
    assert.deepEqual(await first.readRegistrations(2), [{ ...changed, revision: 3 }]);
    assert.deepEqual(await first.readRegistrations(3), []);
    await assertRecorded(first, 'batch', 'api', 'changed');
  });

  check(`R-068[${name}] a change that was judged by an older registry changes nothing`, async ({ first, second }) => {
    const row = registrationRow();
    await write(first, { row, expected: 0 }, 'first');
    for (const expected of [0, 2]) {
      assert.equal(await write(second, { row: { ...row, state: 'removed' }, expected }, 'late'), 'changed_meanwhile');
      assert.equal(await write(second, { row: registrationRow(), expected }, 'late'), 'changed_meanwhile');
    }
    assert.deepEqual(await first.readRegistrations(0), [{ ...row, revision: 1 }]);
    await assertRecorded(first, 'first');
  });

  check(`R-068[${name}] of changes at once that were judged by the same registry, one is made`, async (stores) => {
    const verdicts = await atOnce(stores, 10, (store) => write(store, { row: registrationRow(), expected: 0 }));
    assert.deepEqual(tally(verdicts), { written: 1, changed_meanwhile: 9 });
    assert.equal((await stores.second.readRegistrations(0)).length, 1);
    assert.equal(await stores.first.readRegistryRevision(), 1);
    await assertRecorded(stores.first, 'written');
  });

  check(
    `R-076[${name}] nobody proves themselves by the id of another, even of one that was removed`,
    async (stores) => {
      const { first, second } = stores;
      const gone = registrationRow({ state: 'removed' });
      await write(first, { row: gone, expected: 0 }, 'removed');
      const thief = registrationRow({ kind: 'resource', id: 'https://api.example', caller: gone.id });
      await assert.rejects(write(second, { row: thief, expected: 1 }, 'thief'));
      assert.equal(await first.readRegistryRevision(), 1);
      await assertRecorded(first, 'removed');
    },
  );
}

function racing({ name, check }: Conformance): void {
  check(
    `R-036[authorize,${name}] I-3[${name}] what a client is granted while it is switched off does not outlive that`,
    async (stores) => {
      const { first, second } = stores;
      for (let round = 0; round < 8; round += 1) {
        const row = registrationRow();
        await write(first, { row, expected: 2 * round });
        const made = Array.from({ length: 12 }, () => authorizationRow({ client: row.id, statusIndex: newIndex() }));
        await Promise.all([
          ...made.slice(0, 6).map((authorization) => grant(second, authorization)),
          write(first, { row: { ...row, state: 'disabled' }, expected: 2 * round + 1 }),
          ...made.slice(6).map((authorization) => grant(second, authorization)),
        ]);
        for (const { id } of made) {
          const found = await first.findAuthorization(id);
          assert.ok(found === undefined || found.revokedAt !== undefined, `one of round ${round} lives on`);
        }
      }
    },
  );
}

function grant(store: Store, authorization: AuthorizationRow): Promise<string> {
  const code = codeRow(authorization.id, { client: authorization.client });
  return store.createAuthorization({ authorization, code, parked: undefined, relied: [] }, effects('granted'));
}

function servicesOff({ name, check }: Conformance): void {
  check(
    `R-036[${name}] R-064[${name}] a client that is switched off loses what it got for itself, and gets no more`,
    async (stores) => {
      const { first, second } = stores;
      for (const [index, state] of (['disabled', 'removed'] as const).entries()) {
        const client = newId('client');
        const [own, other] = [await startService(first, client), await startService(first)];
        await write(second, { row: registrationRow({ id: client, state }), expected: index });
        assert.equal(await first.accessTokenStands(own), false);
        assert.equal(await first.accessTokenStands(other), true);
        const { version } = await first.readStatusPosition();
        const flipped = await first.readStatusFlips({ after: version - 1, upTo: version, limit: 10 });
        assert.deepEqual(flipped, [own.statusIndex]);
        assert.equal(await first.startServiceStatus(own, newIndex()), undefined);
      }
    },
  );

  check(`R-036[${name}] I-3 of a client that asks while it is switched off nothing outlives that`, async (stores) => {
    const { first, second } = stores;
    for (let round = 0; round < 5; round += 1) {
      const service = { client: newId('client'), resource: 'https://api.example' };
      await write(first, { row: registrationRow({ id: service.client }), expected: round * 2 });
      const asked = Array.from({ length: 4 }, () => first.startServiceStatus(service, newIndex()));
      const row = registrationRow({ id: service.client, state: 'disabled' });
      const [statuses] = await Promise.all([Promise.all(asked), write(second, { row, expected: round * 2 + 1 })]);
      for (const status of statuses) {
        if (status === undefined) continue;
        assert.equal(await first.accessTokenStands({ ...service, ...status, authorization: undefined }), false);
      }
    }
  });
}

function switchingOff({ name, check }: Conformance): void {
  check(`R-036[${name}] a client that is switched off loses what it was given, in the same commit`, async (stores) => {
    const { first, second } = stores;
    for (const [index, state] of (['disabled', 'removed'] as const).entries()) {
      const client = newId('client');
      const { authorization, code } = await authorize(first, { client });
      const other = await authorize(first, { client: newId('client') });
      const ended = await authorize(first, { client });
      const revoke = { id: ended.authorization.id, reason: 'revoked_by_client', now: start } as const;
      await first.revokeAuthorization(revoke, effects('revoked'));
      await emptyOutbox(first);
      const row = registrationRow({ id: client, state, changedAt: start + 7 });
      assert.equal(await write(second, { row, expected: index }, state), 'written');
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 7);
      assert.equal((await first.findAuthorization(ended.authorization.id))?.revokedAt, start);
      assert.equal((await first.findAuthorization(other.authorization.id))?.revokedAt, undefined);
      const redeem = { codeHash: code.codeHash, family: undefined, now: start };
      assert.equal(await first.redeemCode(redeem, redemptionEvents), 'revoked');
      await assertRecorded(first, state, 'authorization.revoked');
    }
  });

  check(`R-036[${name}] whoever has not heard of it yet gives a switched-off client nothing either`, async (stores) => {
    const { first, second } = stores;
    const { claim, session, code } = await claimed(first);
    const { client } = code;
    const authorization = authorizationRow({ client, person: session.person, session: session.id });
    const service = { client, resource: 'https://api.example' };
    const own = (await first.startServiceStatus(service, newIndex())) ?? assert.fail();
    await write(second, { row: registrationRow({ id: client, state: 'disabled' }), expected: 0 });
    await emptyOutbox(first);

    const create = { authorization, code: codeRow(authorization.id), parked: undefined, relied: [] };
    assert.equal(await first.createAuthorization(create, effects('granted')), 'parked_request_gone');
    const approval = { claim, authorization: { ...authorization, id: newId('authorization') }, consents: [] };
    assert.equal(await first.approveDeviceCode(approval, effects('approved')), 'gone');
    assert.equal(await first.startServiceStatus(service, newIndex()), undefined);
    assert.equal(await first.accessTokenStands({ ...service, authorization: undefined, ...own }), false);
    await write(second, { row: registrationRow({ id: client }), expected: 1 });
    assert.equal(await first.accessTokenStands({ ...service, authorization: undefined, ...own }), false);
    assert.notEqual(await first.startServiceStatus(service, newIndex()), undefined);
    assert.equal(await first.createAuthorization(create, effects('granted')), 'created');
    await assertRecorded(first, 'written', 'granted');
  });

  check(`R-036[${name}] what is still active, and a resource, take nothing away`, async ({ first }) => {
    const { authorization } = await authorize(first, { client: 'web' });
    await write(first, { row: registrationRow({ id: 'web' }), expected: 0 });
    const api = registrationRow({ kind: 'resource', id: 'web', caller: undefined, state: 'removed' });
    await write(first, { row: api, expected: 1 });
    assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, undefined);
  });
}
