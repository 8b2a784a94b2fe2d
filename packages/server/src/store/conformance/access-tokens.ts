import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { AccessTokenGround, AuthorizationRow, ReferenceToken } from '../store.ts';
import {
  assertRecorded,
  atOnce,
  authorize,
  effects,
  emptyOutbox,
  newId,
  newIndex,
  signIn,
  start,
  startService,
  tally,
} from './rows.ts';

const referenceToken = (change: Partial<ReferenceToken> = {}): ReferenceToken => ({
  tokenHash: newId('token'),
  authorization: undefined,
  claims: { sub: 'client:batch', scope: 'a b', exp: start + 300 },
  expiresAt: start + 300,
  ...change,
});

const resource = 'https://api.example';

function groundOf(authorization: AuthorizationRow): AccessTokenGround {
  const { id, client, statusIndex, epoch } = authorization;
  return { authorization: id, client, resource, statusIndex, epoch };
}

export function accessTokenConformance(suite: Conformance): void {
  references(suite);
  standing(suite);
  revoking(suite);
}

function references({ name, check }: Conformance): void {
  check(
    `R-034[access-opaque] R-222[${name}] an opaque token is found by its whole hash, until it is purged`,
    async (stores) => {
      const { first, second } = stores;
      const token = referenceToken();
      await first.addReferenceToken(token);
      assert.deepEqual(await second.findReferenceToken(token.tokenHash), token);
      assert.equal(await second.findReferenceToken(token.tokenHash.slice(0, -1)), undefined);
      assert.equal(await first.purge(start + 299), 0);
      assert.equal(await first.purge(start + 300), 1);
      assert.equal(await second.findReferenceToken(token.tokenHash), undefined);
    },
  );

  check(`R-222[${name}] no opaque token survives a raised epoch`, async ({ first, second }) => {
    const token = referenceToken();
    await first.addReferenceToken(token);
    await second.raiseEpoch(effects('raised'));
    assert.equal(await first.findReferenceToken(token.tokenHash), undefined);
  });
}

function standing({ name, check }: Conformance): void {
  check(`R-063[${name}] R-062 with its authorization every token falls`, async ({ first, second }) => {
    const { person, id: session } = await signIn(first);
    const { authorization } = await authorize(first, { person, session });
    const ground = groundOf(authorization);
    assert.equal(await second.accessTokenStands(ground), true);
    const strangers: readonly Partial<AccessTokenGround>[] = [
      { authorization: newId('none') },
      { statusIndex: newIndex() },
      { epoch: 2 },
      { authorization: undefined },
    ];
    for (const change of strangers) {
      assert.equal(await second.accessTokenStands({ ...ground, ...change }), false, JSON.stringify(change));
    }
    const end = { id: authorization.id, reason: 'revoked_by_client', now: start } as const;
    assert.equal(await first.revokeAuthorization(end, effects('revoked')), 'revoked');
    assert.equal(await second.accessTokenStands(ground), false);
  });

  check(`R-062[${name}] what a client got for itself stands while the client has that index there`, async (stores) => {
    const { first, second } = stores;
    const service = { client: newId('client'), resource };
    assert.equal(await first.findServiceStatus(service), undefined);
    const statusIndex = newIndex();
    const ground = { ...service, authorization: undefined, statusIndex, epoch: 1 };
    assert.equal(await first.accessTokenStands(ground), false);
    assert.deepEqual(await first.startServiceStatus(service, statusIndex), { statusIndex, epoch: 1 });
    assert.deepEqual(await second.startServiceStatus(service, newIndex()), { statusIndex, epoch: 1 }, 'it has one');
    assert.deepEqual(await second.findServiceStatus(service), { statusIndex, epoch: 1 });
    assert.equal(await second.accessTokenStands(ground), true);
    for (const change of [{ client: 'other' }, { resource: 'https://other.example' }, { statusIndex: newIndex() }]) {
      assert.equal(await second.accessTokenStands({ ...ground, ...change }), false, JSON.stringify(change));
    }
    await second.raiseEpoch(effects('raised'));
    assert.equal(await first.accessTokenStands(ground), false);
    assert.deepEqual(await first.findServiceStatus(service), { statusIndex, epoch: 2 });
  });
}

function revoking({ name, check }: Conformance): void {
  check(`R-063[${name}] R-062 a token of a person is revoked once, and its authorization goes on`, async (stores) => {
    const { first, second } = stores;
    const { person, id: session } = await signIn(first);
    const { authorization } = await authorize(first, { person, session });
    await emptyOutbox(first);
    const ground = groundOf(authorization);
    const verdicts = await atOnce(stores, 20, (store) =>
      store.revokeAccessToken({ ground, freshIndex: newIndex(), now: start }, effects('revoked')),
    );
    assert.deepEqual(tally(verdicts), { revoked: 1, already_revoked: 19 });
    await assertRecorded(first, 'revoked');
    assert.equal(await second.accessTokenStands(ground), false);
    const found = await second.findAuthorization(authorization.id);
    assert.equal(found?.revokedAt, undefined);
    const { statusIndex = ground.statusIndex } = found ?? {};
    assert.notEqual(statusIndex, ground.statusIndex);
    assert.equal(await second.accessTokenStands({ ...ground, statusIndex }), true, 'the tokens to come');
  });

  check(
    `R-063[${name}] R-062 a token of a client is revoked once, and the next one has another bit`,
    async (stores) => {
      const { first, second } = stores;
      const ground = await startService(first);
      const verdicts = await atOnce(stores, 20, (store) =>
        store.revokeAccessToken({ ground, freshIndex: newIndex(), now: start }, effects('revoked')),
      );
      assert.deepEqual(tally(verdicts), { revoked: 1, already_revoked: 19 });
      await assertRecorded(first, 'revoked');
      assert.equal(await second.accessTokenStands(ground), false);
      const fresh = newIndex();
      assert.deepEqual(await second.startServiceStatus(ground, fresh), { statusIndex: fresh, epoch: 1 });
      assert.equal(await first.accessTokenStands({ ...ground, statusIndex: fresh }), true);
    },
  );

  check(
    `R-062[${name}] nothing is revoked by a token of another epoch or of an authorization that has ended`,
    async (stores) => {
      const { first } = stores;
      const { person, id: session } = await signIn(first);
      const { authorization } = await authorize(first, { person, session });
      const ground = groundOf(authorization);
      const revoke = (change: Partial<AccessTokenGround>) =>
        first.revokeAccessToken(
          { ground: { ...ground, ...change }, freshIndex: newIndex(), now: start },
          effects('no'),
        );
      assert.equal(await revoke({ epoch: 2 }), 'already_revoked');
      assert.equal(await revoke({ statusIndex: newIndex() }), 'already_revoked');
      assert.equal(await first.accessTokenStands(ground), true);
      const end = { id: authorization.id, reason: 'logout', now: start } as const;
      await first.revokeAuthorization(end, effects('revoked'));
      assert.equal(await revoke({}), 'already_revoked');
    },
  );
}
