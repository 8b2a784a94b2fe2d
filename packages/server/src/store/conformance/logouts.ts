import assert from 'node:assert/strict';
import type { Conformance, ConformanceStores } from '../conformance.ts';
import type { LogoutNoticeRow } from '../logout-store.ts';
import type { SessionRow, Store } from '../store.ts';
import { assertRecorded, atOnce, authorize, effects, emptyOutbox, sessionRow, signIn, start, tally } from './rows.ts';

const all = { now: start + 9, limit: 100, each: 100 };

async function queued(store: Store): Promise<readonly string[]> {
  return (await store.dueLogouts(all)).map(({ client, session }) => `${client} ${session}`).sort();
}

/** A session that has ended, of which `clients` have to be told. */
async function endedSession({ first }: ConformanceStores, clients: readonly string[]): Promise<SessionRow> {
  const session = await signIn(first);
  for (const client of clients) await authorize(first, { client, person: session.person, session: session.id });
  await first.endSession({ id: session.id, reason: 'logout', now: start + 9 }, effects('ended'));
  await emptyOutbox(first);
  return session;
}

async function heldNotice(stores: ConformanceStores): Promise<LogoutNoticeRow> {
  const [notice] = await stores.first.dueLogouts(all);
  assert.ok(notice);
  assert.equal(await stores.first.holdLogout({ ...notice, now: start + 9, until: start + 69 }), 'held');
  return { ...notice, attempts: notice.attempts + 1 };
}

export function logoutConformance(suite: Conformance): void {
  queueing(suite);
  holding(suite);
}

function queueing({ name, check }: Conformance): void {
  check(
    `R-110[logout] R-222[${name}] the end of a session tells each client of each session id it knows, once`,
    async ({ first, second }) => {
      const old = await signIn(first);
      const subject = { person: old.person, session: old.id };
      await authorize(first, { ...subject, client: 'web' });
      await authorize(first, { ...subject, client: 'web', scopes: ['openid'] });
      await authorize(first, { ...subject, client: 'kept', offline: true });
      await authorize(first, { ...subject, client: 'api', scopes: ['openid-like', 'read'] });
      const gone = await authorize(first, { ...subject, client: 'revoked' });
      const revoke = { id: gone.authorization.id, reason: 'revoked_by_client', now: start } as const;
      await first.revokeAuthorization(revoke, effects('revoked'));
      const session = sessionRow(old.person);
      await first.startSession(
        { session, signInEpoch: 0, replaces: old.id, parked: undefined, now: start },
        effects('again'),
      );
      await authorize(first, { person: old.person, session: session.id, client: 'web', sector: 'web.example' });
      const other = await signIn(first, { person: old.person });
      await authorize(first, { person: old.person, session: other.id, client: 'other' });
      assert.deepEqual(await queued(first), []);
      await second.endSession({ id: session.id, reason: 'logout', now: start + 9 }, effects('ended'));
      const expected = [`kept ${old.id}`, `revoked ${old.id}`, `web ${old.id}`, `web ${session.id}`];
      assert.deepEqual(await queued(first), expected.sort());
      const again = (await first.dueLogouts(all)).find((notice) => notice.session === session.id);
      assert.partialDeepStrictEqual(again, {
        person: old.person,
        sector: 'web.example',
        queuedAt: start + 9,
        attempts: 0,
      });
      await second.endSession({ id: session.id, reason: 'logout', now: start + 9 }, effects('ended'));
      assert.deepEqual(await queued(first), expected.sort(), 'a session ends once');
    },
  );

  check(
    `R-110[logout] R-222[${name}] who has to be told is known for as long as the session may last`,
    async (stores) => {
      const week = 7 * 86_400;
      const limits = { idleExpiresAt: start + week, absoluteExpiresAt: start + week };
      const session = await signIn(stores.first, limits);
      await authorize(stores.first, { person: session.person, session: session.id });
      await stores.first.purge(start + week - 1);
      const end = { id: session.id, reason: 'logout', now: start + week - 1 } as const;
      assert.equal(await stores.first.endSession(end, effects('ended')), 'ended');
      assert.equal((await stores.first.dueLogouts({ ...all, now: end.now })).length, 1);
    },
  );
}

function holding({ name, check }: Conformance): void {
  check(
    `R-116[logout] R-222[${name}] of nodes that take up a notice at once one has it, until its time is over`,
    async (stores) => {
      await endedSession(stores, ['web']);
      const [notice] = await stores.first.dueLogouts(all);
      assert.ok(notice);
      const until = start + 69;
      const verdicts = await atOnce(stores, 8, (store) => store.holdLogout({ ...notice, now: start + 9, until }));
      assert.deepEqual(tally(verdicts), { held: 1, taken: 7 });
      assert.deepEqual(await queued(stores.second), []);
      const [left] = await stores.second.dueLogouts({ ...all, now: until });
      assert.deepEqual(left, { ...notice, attempts: 1 }, 'whoever held it has died');
    },
  );

  check(
    `R-116[logout] R-222[${name}] a notice that was lost to another node is neither postponed nor finished`,
    async (stores) => {
      await endedSession(stores, ['web']);
      const held = await heldNotice(stores);
      const late = { now: start + 69, until: start + 200 };
      assert.equal(await stores.second.holdLogout({ ...held, ...late }), 'held');
      await stores.first.postponeLogout({ ...held, until: start });
      assert.equal(await stores.first.finishLogout(held, effects('delivered')), 'lost');
      assert.deepEqual(await queued(stores.first), []);
      await assertRecorded(stores.first);
      const now = { ...held, attempts: 2 };
      await stores.second.postponeLogout({ ...now, until: start + 5 });
      assert.equal((await queued(stores.first)).length, 1);
      assert.equal(await stores.second.finishLogout(now, effects('delivered')), 'finished');
      assert.deepEqual(await queued(stores.first), []);
      await assertRecorded(stores.first, 'delivered');
    },
  );

  check(`R-116[logout] R-222[${name}] one client with many sessions keeps no other waiting`, async (stores) => {
    for (let count = 0; count < 5; count += 1) await endedSession(stores, ['busy']);
    await endedSession(stores, ['calm']);
    const due = await stores.first.dueLogouts({ ...all, limit: 3, each: 2 });
    assert.deepEqual(due.map(({ client }) => client).sort(), ['busy', 'busy', 'calm']);
  });
}
