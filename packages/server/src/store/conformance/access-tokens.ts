import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { ReferenceToken } from '../store.ts';
import { assertRecorded, atOnce, authorize, effects, emptyOutbox, newId, signIn, start, tally } from './rows.ts';

const referenceToken = (change: Partial<ReferenceToken> = {}): ReferenceToken => ({
  tokenHash: newId('token'),
  authorization: undefined,
  claims: { sub: 'client:batch', scope: 'a b', exp: start + 300 },
  expiresAt: start + 300,
  ...change,
});

export function accessTokenConformance({ name, check }: Conformance): void {
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

  check(`R-063[${name}] a token that was revoked stands nowhere from then on, and is revoked once`, async (stores) => {
    const { first, second } = stores;
    const jti = newId('jti');
    const ground = { jti, authorization: undefined };
    assert.equal(await first.accessTokenStands(ground), true);
    const revoked = { jti, expiresAt: start + 300, now: start };
    const verdicts = await atOnce(stores, 20, (store) => store.revokeAccessToken(revoked, effects('revoked')));
    assert.deepEqual(tally(verdicts), { revoked: 1, already_revoked: 19 });
    await assertRecorded(first, 'revoked');
    assert.equal(await second.accessTokenStands(ground), false);
    assert.equal(await second.accessTokenStands({ ...ground, jti: newId('jti') }), true);
    assert.equal(await first.purge(start + 299), 0);
    assert.equal(await first.purge(start + 300), 1);
  });

  check(`R-063[${name}] R-062 with its authorization every token falls`, async ({ first, second }) => {
    const { person, id: session } = await signIn(first);
    const { authorization } = await authorize(first, { person, session });
    await emptyOutbox(first);
    const ground = { jti: newId('jti'), authorization: authorization.id };
    assert.equal(await second.accessTokenStands(ground), true);
    assert.equal(await second.accessTokenStands({ ...ground, authorization: newId('none') }), false);
    const end = { id: authorization.id, reason: 'revoked_by_client', now: start } as const;
    assert.equal(await first.revokeAuthorization(end, effects('revoked')), 'revoked');
    assert.equal(await second.accessTokenStands(ground), false);
  });
}
