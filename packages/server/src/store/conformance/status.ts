import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import { clockMargin } from '../operations/purge.ts';
import { nextTurn } from '../sqlite/turn.ts';
import type { AuthorizationRow, SessionRow, Store } from '../store.ts';
import {
  atOnce,
  authorize,
  effects,
  familyRow,
  newIndex,
  presentedRow,
  redemptionEvents,
  refreshEvents,
  signIn,
  start,
  startFamily,
  startService,
} from './rows.ts';

/**
 * Seconds that a bit stays, as SCHEMA.md promises: the longest access token, a minute for the clocks on each side, and
 * an hour for the clock of a node that erases while others still accept tokens.
 */
const flipKept: number = 1020 + clockMargin;

export function statusConformance(suite: Conformance): void {
  indexes(suite);
  flips(suite);
  versions(suite);
  ends(suite);
}

const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1000 } as const;

function indexes({ name, check }: Conformance): void {
  check(`R-064[${name}] S-50 no status index is given out twice, whoever asks at once`, async (stores) => {
    const leases = await atOnce(stores, 40, (store, at) => store.leaseStatusIndexes(at + 1));
    const given = leases.flatMap((first, at) => Array.from({ length: at + 1 }, (_, more) => first + more));
    assert.equal(new Set(given).size, 820);
    assert.deepEqual([Math.min(...given), Math.max(...given)], [0, 819]);
    assert.equal((await stores.second.readStatusPosition()).endOfIndexes, 820);
  });
}

function flips({ name, check }: Conformance): void {
  check(
    `R-064[${name}] I-3 I-10[${name}] a flip is seen by every node with its version, and goes when no token names it on any clock`,
    async (stores) => {
      const { first, second } = stores;
      assert.deepEqual(await second.readStatusPosition(), { epoch: 1, version: 0, endOfIndexes: 0 });
      const { authorization } = await authorize(first);
      await end(first, authorization);
      assert.equal((await second.readStatusPosition()).version, 1);
      const { statusIndex } = authorization;
      assert.deepEqual(await second.readStatusFlips(everything), [statusIndex]);
      assert.deepEqual(await second.readStatusFlips({ ...everything, after: 1 }), []);
      assert.deepEqual(await second.readStatusFlips({ ...everything, upTo: 0 }), []);
      assert.deepEqual(await second.readFlippedIndexes(statusIndex, statusIndex + 1), [statusIndex]);
      assert.deepEqual(await second.readFlippedIndexes(statusIndex + 1, statusIndex + 100), []);
      assert.deepEqual(await second.readFlippedIndexes(0, statusIndex), []);
      await first.purge(start + flipKept - 1);
      assert.deepEqual(await second.readStatusFlips(everything), [statusIndex]);
      await first.purge(start + flipKept);
      assert.deepEqual(await second.readStatusFlips(everything), []);
      assert.equal((await second.readStatusPosition()).version, 1, 'which never goes back');
    },
  );

  check(`R-064[${name}] I-3[${name}] what shares a bit that is set already is ended all the same`, async (stores) => {
    const { first, second } = stores;
    const { authorization } = await authorize(first);
    const { authorization: twin } = await authorize(first, { statusIndex: authorization.statusIndex });
    await end(first, authorization);
    await end(second, twin);
    assert.notEqual((await first.findAuthorization(twin.id))?.revokedAt, undefined);
    assert.deepEqual(await first.readStatusFlips({ ...everything, after: 1 }), [authorization.statusIndex]);
  });

  check(`R-064[${name}] what was revoked before is not flipped again`, async ({ first, second }) => {
    const { authorization } = await authorize(first);
    for (const store of [first, second, first]) await end(store, authorization);
    assert.equal((await second.readStatusPosition()).version, 1);
  });
}

function versions({ name, check }: Conformance): void {
  check(`R-064[${name}] versions have no gap and come in order, whoever revokes at once`, async (stores) => {
    const granted = await Promise.all(Array.from({ length: 30 }, () => authorize(stores.first)));
    const seen: number[] = [];
    const watch = async (): Promise<void> => {
      for (let version = 0; version < 30; ) {
        version = (await stores.second.readStatusPosition()).version;
        const flipped = await stores.second.readStatusFlips({ ...everything, upTo: version });
        // A version is never seen before the bits of all versions up to it.
        assert.ok(flipped.length >= version, `${flipped.length} bits at version ${version}`);
        seen.push(version);
        await nextTurn();
      }
    };
    const watching = watch();
    await atOnce(stores, 30, (store, at) => end(store, granted[at]?.authorization as AuthorizationRow));
    await watching;
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal((await stores.second.readStatusPosition()).version, 30);
    for (let version = 1; version <= 30; version += 1) {
      const own = await stores.first.readStatusFlips({ ...everything, after: version - 1, upTo: version });
      assert.equal(own.length, 1, `version ${version}`);
    }
  });
}

/** INVARIANT: each way in which an authorization ends stands here. */
function ends({ name, check }: Conformance): void {
  const cases: readonly (readonly [string, (store: Store, session: SessionRow) => Promise<AuthorizationRow>])[] = [
    ['revocation', byRevocation],
    ['replay of a code', byReplay],
    ['reuse of a refresh token', byReuse],
    ['logout', byLogout],
  ];
  for (const [way, take] of cases) {
    check(`R-064[${name}] I-3 ${way} flips the bit in the same commit`, async ({ first, second }) => {
      const authorization = await take(first, await signIn(first));
      assert.notEqual((await second.findAuthorization(authorization.id))?.revokedAt, undefined);
      assert.deepEqual(await second.readStatusFlips(everything), [authorization.statusIndex]);
    });
  }

  check(
    `R-064[${name}] I-3 a revoked access token flips the bit of its owner, whoever that is`,
    async ({ first, second }) => {
      const { authorization } = await authorize(first);
      const { id, client, statusIndex, epoch } = authorization;
      const ground = { authorization: id, client, resource: 'https://api.example', statusIndex, epoch };
      await first.revokeAccessToken({ ground, freshIndex: newIndex(), now: start }, effects('revoked'));
      const own = await startService(first);
      await first.revokeAccessToken({ ground: own, freshIndex: 0, now: start }, effects('revoked'));
      assert.deepEqual(await second.readStatusFlips(everything), [statusIndex, own.statusIndex]);
    },
  );
}

function end(store: Store, authorization: AuthorizationRow): Promise<unknown> {
  const revoke = { id: authorization.id, reason: 'revoked_by_client', now: start } as const;
  return store.revokeAuthorization(revoke, effects('revoked'));
}

async function byRevocation(store: Store): Promise<AuthorizationRow> {
  const { authorization } = await authorize(store);
  await end(store, authorization);
  return authorization;
}

async function byReplay(store: Store): Promise<AuthorizationRow> {
  const { authorization, code } = await authorize(store);
  const redeem = () =>
    store.redeemCode({ codeHash: code.codeHash, family: familyRow(authorization.id), now: start }, redemptionEvents);
  await redeem();
  assert.equal(await redeem(), 'replayed');
  return authorization;
}

async function byReuse(store: Store): Promise<AuthorizationRow> {
  const family = await startFamily(store);
  const authorization = await store.findAuthorization(family.authorization);
  for (const generation of [1, 2]) await store.presentRefresh(presentedRow(family.id, generation), refreshEvents);
  const reuse = await store.presentRefresh(presentedRow(family.id, 1), refreshEvents);
  assert.equal(reuse.verdict, 'reused');
  return authorization as AuthorizationRow;
}

async function byLogout(store: Store, session: SessionRow): Promise<AuthorizationRow> {
  const own = { person: session.person, session: session.id };
  const { authorization } = await authorize(store, own);
  await authorize(store, { ...own, offline: true });
  assert.equal(await store.endSession({ id: session.id, reason: 'logout', now: start }, effects('ended')), 'ended');
  return authorization;
}
