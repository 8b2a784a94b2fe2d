import assert from 'node:assert/strict';
import type { Conformance, ConformanceStores } from '../conformance.ts';
import { grace } from '../operations/purge.ts';
import type { SessionRow } from '../store.ts';
import {
  assertRecorded,
  authorize,
  createPerson,
  effects,
  emptyOutbox,
  parkedRow,
  sessionRow,
  signIn,
  start,
  startFamily,
} from './rows.ts';

export function sessionConformance(suite: Conformance): void {
  lifetimes(suite);
  replacement(suite);
  ending(suite);
  lateEnding(suite);
  replacedThenEnded(suite);
  chains(suite);
}

async function isLive({ first, second }: ConformanceStores, session: SessionRow, now = start): Promise<boolean> {
  const found = await first.findSession(session.secretHash, now);
  assert.deepEqual(await second.findSession(session.secretHash, now), found);
  return found !== undefined;
}

function lifetimes({ name, check }: Conformance): void {
  check(`R-047[${name}] a session answers to its cookie until either limit, not at it`, async (stores) => {
    const session = await signIn(stores.first, { idleExpiresAt: start + 100, absoluteExpiresAt: start + 200 });
    assert.deepEqual(await stores.second.findSession(session.secretHash, start), session);
    assert.equal(await isLive(stores, session, start + 99), true);
    assert.equal(await isLive(stores, session, start + 100), false);
    await stores.first.touchSession({ id: session.id, idleExpiresAt: start + 1000, now: start + 50 });
    assert.equal(await isLive(stores, session, start + 199), true);
    assert.equal(await isLive(stores, session, start + 200), false);
  });

  check(`I-10[${name}] a touch never shortens a session, nor revives one that is over`, async (stores) => {
    const session = await signIn(stores.first, { idleExpiresAt: start + 100 });
    await stores.first.touchSession({ id: session.id, idleExpiresAt: start + 10, now: start });
    assert.equal(await isLive(stores, session, start + 99), true);
    await stores.first.touchSession({ id: session.id, idleExpiresAt: start + 500, now: start + 100 });
    assert.equal(await isLive(stores, session, start + 100), false);
  });
}

function replacement({ name, check }: Conformance): void {
  check(`R-222[${name}] a sign-in replaces the browser's session and is remembered by its request`, async (stores) => {
    const old = await signIn(stores.first);
    const parked = parkedRow();
    await stores.first.parkRequest(parked);
    await emptyOutbox(stores.first);
    const session = sessionRow(old.person);
    const begin = { session, signInEpoch: 0, replaces: old.id, parked: parked.idHash, now: start + 5 };
    assert.equal(await stores.second.startSession(begin, effects('started')), 'started');
    assert.equal(await isLive(stores, old), false);
    assert.equal(await isLive(stores, session), true);
    assert.equal((await stores.first.findParkedRequest(parked.idHash, start))?.session, session.id);
    await assertRecorded(stores.first, 'started');
  });

  check(`I-7[${name}] I-6 a sign-in for a request that is gone or denied changes nothing`, async (stores) => {
    const old = await signIn(stores.first);
    const expired = parkedRow({ expiresAt: start + 5 });
    const denied = parkedRow();
    for (const parked of [expired, denied]) await stores.first.parkRequest(parked);
    await stores.first.denyParkedRequest(denied.idHash, start);
    await emptyOutbox(stores.first);
    for (const parked of [expired.idHash, denied.idHash, 'unknown']) {
      const session = sessionRow(old.person);
      const begin = { session, signInEpoch: 0, replaces: old.id, parked, now: start + 5 };
      assert.equal(await stores.first.startSession(begin, effects('started')), 'parked_request_gone');
      assert.equal(await isLive(stores, session), false);
    }
    assert.equal(await isLive(stores, old), true);
    await assertRecorded(stores.first);
  });
}

function ending({ name, check }: Conformance): void {
  check(
    `R-048[${name}] I-3 a logout ends what came from the session, except what has offline access`,
    async (stores) => {
      const session = await signIn(stores.first);
      const other = await signIn(stores.first, { person: session.person });
      const subject = { person: session.person, session: session.id };
      const online = await authorize(stores.first, subject);
      const offline = await authorize(stores.first, { ...subject, offline: true });
      const elsewhere = await authorize(stores.first, { ...subject, session: other.id });
      await emptyOutbox(stores.first);
      assert.equal(
        await stores.second.endSession({ id: session.id, reason: 'logout', now: start + 9 }, effects('ended')),
        'ended',
      );
      assert.equal(await isLive(stores, session), false);
      assert.equal(await isLive(stores, other), true);
      const revokedAt = async (id: string) => (await stores.first.findAuthorization(id))?.revokedAt;
      assert.equal(await revokedAt(online.authorization.id), start + 9);
      assert.equal(await revokedAt(offline.authorization.id), undefined);
      assert.equal(await revokedAt(elsewhere.authorization.id), undefined);
      const events = (await stores.first.readOutbox(10)).map(({ event }) => event);
      assert.equal(new Set(events.map(({ id }) => id)).size, 2);
      const { type, authorization, client, person, reason } = events[1] as unknown as Record<string, unknown>;
      assert.deepEqual(
        { type, authorization, client, person, reason },
        {
          type: 'authorization.revoked',
          authorization: online.authorization.id,
          client: 'web',
          person: session.person,
          reason: 'logout',
        },
      );
    },
  );

  check(`I-7[${name}] I-6 ending a session that has ended has no effect and no event`, async (stores) => {
    const session = await signIn(stores.first);
    await emptyOutbox(stores.first);
    assert.equal(
      await stores.first.endSession({ id: 'unknown', reason: 'logout', now: start }, effects('no')),
      'not_live',
    );
    const verdicts = await Promise.all(
      [stores.first, stores.second].map((store) =>
        store.endSession({ id: session.id, reason: 'logout', now: start }, effects('ended')),
      ),
    );
    assert.deepEqual(verdicts.sort(), ['ended', 'not_live']);
    await assertRecorded(stores.first, 'ended');
  });

  check(`I-3[${name}] after a logout nothing is granted from the session any more`, async (stores) => {
    const session = await signIn(stores.first);
    const parked = parkedRow();
    await stores.first.parkRequest(parked);
    await stores.first.endSession({ id: session.id, reason: 'logout', now: start }, effects('ended'));
    await emptyOutbox(stores.first);
    const { authorization, code } = await authorize(stores.second, { person: session.person, session: session.id });
    assert.equal(await stores.first.findAuthorization(authorization.id), undefined);
    assert.equal(await stores.first.findCode(code.codeHash), undefined);
    assert.notEqual(await stores.first.findParkedRequest(parked.idHash, start), undefined);
    await assertRecorded(stores.first);
  });
}

function lateEnding({ name, check }: Conformance): void {
  for (const limit of ['idleExpiresAt', 'absoluteExpiresAt'] as const) {
    check(
      `I-3[${name}] R-048 I-10[${name}] a logout after ${limit} ends what came from the session all the same`,
      async (stores) => {
        const { first, second } = stores;
        const session = await signIn(first, { [limit]: start + 5 });
        const { authorization } = await authorize(first, { person: session.person, session: session.id });
        assert.equal((await second.findSessionById(session.id))?.id, session.id);
        const end = { id: session.id, reason: 'logout', now: start + 9 } as const;
        assert.equal(await second.endSession(end, effects('ended')), 'ended');
        const ended = await first.findAuthorization(authorization.id);
        assert.equal(ended?.revokedAt, start + 9);
        assert.deepEqual(await first.readFlippedIndexes(authorization.statusIndex, authorization.statusIndex + 1), [
          authorization.statusIndex,
        ]);
        assert.equal((await first.dueLogouts({ now: start + 9, limit: 9, each: 9 })).length, 1);
        assert.equal(await isLive(stores, session), false, 'nor when the clock goes back');
      },
    );
  }
}

function replacedThenEnded({ name, check }: Conformance): void {
  check(
    `R-048[${name}] tokens of a replaced session live on, and end when the same person logs out`,
    async (stores) => {
      const old = await signIn(stores.first);
      const family = await startFamily(stores.first, {}, { person: old.person, session: old.id });
      const next = sessionRow(old.person, { idleExpiresAt: start + 7200 });
      const begin = { session: next, signInEpoch: 0, replaces: old.id, parked: undefined, now: start + 5 };
      await stores.first.startSession(begin, effects('started'));
      const found = await stores.second.findFamily(family.id, old.idleExpiresAt);
      assert.deepEqual([found?.sessionLive, found?.authorization.revokedAt], [true, undefined]);
      await stores.second.endSession({ id: next.id, reason: 'logout', now: start + 20 }, effects('ended'));
      const ended = await stores.first.findFamily(family.id, start + 20);
      assert.deepEqual([ended?.sessionLive, ended?.authorization.revokedAt], [false, start + 20]);
    },
  );

  check(
    `R-048[${name}] another person's sign-in and logout in the same browser cost the first no token`,
    async (stores) => {
      const old = await signIn(stores.first);
      const family = await startFamily(stores.first, {}, { person: old.person, session: old.id });
      const other = sessionRow((await createPerson(stores.first)).id);
      const begin = { session: other, signInEpoch: 0, replaces: old.id, parked: undefined, now: start + 5 };
      await stores.first.startSession(begin, effects('started'));
      await stores.first.endSession({ id: other.id, reason: 'logout', now: start + 20 }, effects('ended'));
      assert.equal(await isLive(stores, old, start + 21), false);
      const found = await stores.second.findFamily(family.id, old.idleExpiresAt - 1);
      assert.deepEqual([found?.sessionLive, found?.authorization.revokedAt], [true, undefined]);
      assert.equal((await stores.second.findFamily(family.id, old.idleExpiresAt))?.sessionLive, false);
    },
  );
}

/** A session of `person` that replaces another one. */
async function replace({ first }: ConformanceStores, old: SessionRow, person = old.person): Promise<SessionRow> {
  const session = sessionRow(person, { idleExpiresAt: start + 7200, createdAt: start + 5 });
  await first.startSession(
    { session, signInEpoch: 0, replaces: old.id, parked: undefined, now: start + 5 },
    effects('started'),
  );
  return session;
}

function chains({ name, check }: Conformance): void {
  check(`R-048[${name}] I-3 a logout that names a replaced session ends what took over`, async (stores) => {
    const old = await signIn(stores.first);
    const family = await startFamily(stores.first, {}, { person: old.person, session: old.id });
    const next = await replace(stores, await replace(stores, old));
    assert.equal((await stores.second.findSessionById(old.id))?.id, next.id);
    const now = old.idleExpiresAt;
    assert.equal(await stores.second.endSession({ id: old.id, reason: 'logout', now }, effects('ended')), 'ended');
    assert.equal(await isLive(stores, next, now), false);
    assert.equal((await stores.first.findFamily(family.id, start))?.authorization.revokedAt, now);
    assert.equal(await stores.first.findSessionById(old.id), undefined);
    assert.equal(await stores.first.endSession({ id: next.id, reason: 'logout', now }, effects('again')), 'not_live');
  });

  check(`R-048[${name}] I-3 a logout ends a session that another person replaced, and not theirs`, async (stores) => {
    const old = await signIn(stores.first);
    const family = await startFamily(stores.first, {}, { person: old.person, session: old.id });
    const other = await replace(stores, old, (await createPerson(stores.first)).id);
    assert.equal((await stores.first.findSessionById(old.id))?.id, old.id);
    assert.equal(
      await stores.second.endSession({ id: old.id, reason: 'logout', now: start + 9 }, effects('ended')),
      'ended',
    );
    assert.equal((await stores.first.findFamily(family.id, start))?.authorization.revokedAt, start + 9);
    assert.equal(await isLive(stores, other, start + 9), true);
  });

  check(`I-3[${name}] of two sign-ins that replaced the same session, a logout ends both`, async (stores) => {
    const old = await signIn(stores.first);
    const [one, two] = await Promise.all([replace(stores, old), replace(stores, old)]);
    assert.equal(
      await stores.second.endSession({ id: two.id, reason: 'logout', now: start + 9 }, effects('ended')),
      'ended',
    );
    assert.equal(await isLive(stores, one, start + 9), false);
  });

  check(`R-222[${name}] I-3 a purge leaves a replaced session as long as one that took over`, async (stores) => {
    const old = await signIn(stores.first, { absoluteExpiresAt: start + 3600 });
    const next = sessionRow(old.person, { idleExpiresAt: start + 900_000, absoluteExpiresAt: start + 900_000 });
    await stores.first.startSession(
      { session: next, signInEpoch: 0, replaces: old.id, parked: undefined, now: start },
      effects('next'),
    );
    assert.equal(await stores.first.purge(start + 899_999), 0);
    assert.equal((await stores.second.findSessionById(old.id))?.id, next.id);
    assert.equal(await stores.first.purge(start + 900_000 + grace), 2);
  });
}
