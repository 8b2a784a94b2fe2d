import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { ConsentRow } from '../consent-store.ts';
import type { Store } from '../store.ts';
import {
  assertRecorded,
  atOnce,
  authorizationRow,
  authorize,
  codeRow,
  createPerson,
  effects,
  emptyOutbox,
  parkedRow,
  recorded,
  signIn,
  start,
  startFamily,
  tally,
} from './rows.ts';

const consentRow = (person: string, change: Partial<ConsentRow> = {}): ConsentRow => ({
  person,
  client: 'web',
  resource: 'https://api.example',
  scopes: ['read'],
  givenAt: start,
  ...change,
});

export function consentConformance(conformance: Conformance): void {
  const { name, check } = conformance;
  withdrawal(conformance);
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

function withdrawal({ name, check }: Conformance): void {
  check(
    `R-012 I-3[${name}] a withdrawn consent is forgotten, and every token of that client ends with it`,
    async (stores) => {
      const { first, second } = stores;
      const session = await signIn(first);
      const { person } = session;
      const others = [{ person, client: 'other' }, { person: (await createPerson(first)).id }];
      for (const of of [{ person, resource: 'https://b.example' }, { person }, ...others]) await give(first, of);
      const online = await startFamily(first, {}, { person, session: session.id });
      const offline = await startFamily(first, {}, { person, session: session.id, offline: true });
      const { authorization } = await authorize(first, {
        person,
        session: session.id,
        resources: ['https://c.example'],
      });
      const kept = await Promise.all(others.map((of) => startFamily(first, {}, of)));
      await emptyOutbox(first);
      const withdraw = { person, client: 'web', now: start + 9 };
      assert.equal(await second.withdrawConsent(withdraw, effects('withdrawn')), 'withdrawn');
      assert.deepEqual(await first.findConsents(person, 'web'), []);
      assert.deepEqual(tally(await recorded(first)), { withdrawn: 1, 'authorization.revoked': 3 });
      for (const { id } of [online, offline]) {
        assert.equal((await first.findFamily(id, start))?.authorization.revokedAt, start + 9);
      }
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 9);
      for (const { id } of kept) assert.equal((await first.findFamily(id, start))?.authorization.revokedAt, undefined);
      assert.deepEqual(await second.listConsents(person), [consentRow(person, { client: 'other' })]);
      await emptyOutbox(first);
      assert.equal(await second.withdrawConsent(withdraw, effects('no')), 'unknown');
      await assertRecorded(first);
    },
  );

  check(
    `R-012 I-3[${name}] what a client has by an administrator's trust alone is taken back too`,
    async ({ first }) => {
      const { person } = await signIn(first);
      const family = await startFamily(first, {}, { person });
      const withdraw = { person, client: 'web', now: start + 9 };
      assert.equal(await first.withdrawConsent(withdraw, effects('withdrawn')), 'withdrawn');
      assert.equal((await first.findFamily(family.id, start))?.authorization.revokedAt, start + 9);
    },
  );

  check(
    `R-012 I-3[${name}] nothing is granted on a consent that is gone, in part or all`,
    async ({ first, second }) => {
      const session = await signIn(first);
      const { person } = session;
      await give(first, { person });
      const grant = (relied: readonly Pick<ConsentRow, 'resource' | 'scopes'>[]) => {
        const authorization = authorizationRow({ person, session: session.id });
        const create = { authorization, code: codeRow(authorization.id), parked: undefined, relied };
        return second.createAuthorization(create, effects('granted'));
      };
      const { resource } = consentRow(person);
      assert.equal(await grant([{ resource, scopes: ['read'] }]), 'created');
      assert.equal(await grant([{ resource, scopes: ['read', 'write'] }]), 'consent_gone');
      assert.equal(await grant([{ resource: 'https://b.example', scopes: [] }]), 'consent_gone');
      await emptyOutbox(first);
      const verdicts = await Promise.all([
        ...Array.from({ length: 4 }, () => grant([{ resource, scopes: ['read'] }])),
        first.withdrawConsent({ person, client: 'web', now: start + 9 }, effects('withdrawn')),
        ...Array.from({ length: 4 }, () => grant([{ resource, scopes: ['read'] }])),
      ]);
      const { created = 0 } = tally(verdicts);
      assert.deepEqual(tally(await recorded(first)), {
        withdrawn: 1,
        ...(created === 0 ? {} : { granted: created }),
        'authorization.revoked': created + 1,
      });
    },
  );
}

async function give(store: Store, of: Partial<ConsentRow> & { readonly person: string }): Promise<void> {
  const parked = parkedRow();
  await store.parkRequest(parked);
  const consents = [consentRow(of.person, of)];
  assert.equal(await store.giveConsent({ consents, parked: parked.idHash, now: start }, effects('given')), 'given');
}
