/** What ends with a person's state, password and sessions, and what a sign-in that overlaps with it comes to. */
import assert from 'node:assert/strict';
import type { Conformance, ConformanceStores } from '../conformance.ts';
import type { PersonState, SessionRow, Store } from '../store.ts';
import {
  assertRecorded,
  atOnce,
  authorizationRow,
  authorize,
  codeRow,
  createPerson,
  effects,
  emptyOutbox,
  newId,
  parkedRow,
  presentedRow,
  recorded,
  refreshEvents,
  sessionRow,
  signIn,
  start,
  startFamily,
  startOf,
  tally,
} from './rows.ts';

export function personEndConformance(conformance: Conformance): void {
  for (const [title, end] of ends) everythingEnds(conformance, title, end);
  states(conformance);
  allSessions(conformance);
  listing(conformance);
  links(conformance);
  races(conformance);
}

type End = (store: Store, person: string) => Promise<unknown>;

const change =
  (to: PersonState, ...from: readonly [PersonState, ...PersonState[]]): End =>
  (store, person) =>
    store.changePersonState({ person, from, to, now: start + 9 }, effects('ended'));

const ends: readonly (readonly [title: string, end: End])[] = [
  ['locking', change('locked', 'active')],
  ['disabling', change('disabled', 'active', 'locked')],
  [
    'a new password',
    async (store, person) => {
      const tokenHash = newId('link');
      await store.issuePasswordLink({ person, tokenHash, createdAt: start, expiresAt: start + 60 }, effects('link'));
      await emptyOutbox(store);
      return store.setPassword({ person, tokenHash, passwordHash: 'new', now: start + 9 }, effects('ended'));
    },
  ],
];

/** A person who is signed in twice, once again in the same browser, with what came of it. */
async function settle(store: Store) {
  const replaced = await signIn(store);
  const { person } = replaced;
  const session = sessionRow(person);
  await store.startSession(startOf(session, { replaces: replaced.id }), effects('again'));
  const other = await signIn(store, { person });
  const online = await startFamily(store, {}, { person, session: session.id });
  const offline = await startFamily(store, {}, { person, session: session.id, offline: true });
  const { authorization, code } = await authorize(store, { person, session: other.id });
  const bystander = await startFamily(store, {}, { person: (await createPerson(store)).id });
  await emptyOutbox(store);
  return { person, sessions: [session, other], families: [online, offline], authorization, code, bystander };
}

const isLive = async (store: Store, { secretHash }: SessionRow): Promise<boolean> =>
  (await store.findSession(secretHash, start + 10)) !== undefined;

function everythingEnds({ name, check }: Conformance, title: string, end: End): void {
  check(
    `R-048[${name}] R-114 I-3 ${title} ends all of one person, offline access too, in one commit`,
    async (stores) => {
      const { first, second } = stores;
      const { person, sessions, families, authorization, code, bystander } = await settle(first);
      await end(second, person);
      for (const session of sessions) assert.equal(await isLive(first, session), false);
      for (const family of families) {
        assert.equal((await first.findFamily(family.id, start + 10))?.authorization.revokedAt, start + 9);
        const presented = presentedRow(family.id, 1);
        assert.deepEqual(await first.presentRefresh(presented, refreshEvents), { verdict: 'revoked' });
      }
      assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 9);
      const redeem = { codeHash: code.codeHash, family: undefined, now: start + 10 };
      const events = { redeemed: effects('no'), replayed: effects('no') };
      assert.equal(await first.redeemCode(redeem, events), 'revoked');
      assert.equal((await first.findFamily(bystander.id, start))?.authorization.revokedAt, undefined);
      assert.deepEqual(tally(await recorded(first)), { ended: 1, 'session.ended': 2, 'authorization.revoked': 3 });
      const waiting = (await first.readOutbox(20)).map(({ event }) => event);
      assert.equal(new Set(waiting.map(({ id }) => id)).size, 6);
      const parked = parkedRow();
      await first.parkRequest(parked);
      const again = authorizationRow({ person, session: sessions[0]?.id });
      const create = { authorization: again, code: codeRow(again.id), parked: parked.idHash, relied: [] };
      assert.equal(await second.createAuthorization(create, effects('no')), 'parked_request_gone');
    },
  );
}

function states({ name, check }: Conformance): void {
  check(
    `R-114[${name}] I-3 to be let in again revives nothing, and a state is left only for its next`,
    async (stores) => {
      const { first, second } = stores;
      const { person, sessions, families } = await settle(first);
      assert.equal(await change('disabled', 'active')(first, person), 'changed');
      assert.equal((await second.findPerson(person))?.state, 'disabled');
      await emptyOutbox(first);
      assert.equal(await change('locked', 'active')(second, person), 'not_in_state');
      assert.equal(await change('active', 'locked')(second, person), 'not_in_state');
      assert.equal(await change('active', 'disabled')(second, newId('nobody')), 'not_in_state');
      await assertRecorded(first);
      assert.equal(await change('active', 'disabled')(second, person), 'changed');
      await assertRecorded(first, 'ended');
      for (const session of sessions) assert.equal(await isLive(first, session), false);
      for (const { id } of families) {
        const found = await first.findFamily(id, start + 10);
        assert.deepEqual([found?.personActive, found?.authorization.revokedAt], [true, start + 9]);
      }
    },
  );

  check(`R-127[${name}] of a person's links the newest works, once, before its end`, async ({ first, second }) => {
    const { id: person } = await createPerson(first);
    const issue = (tokenHash: string) =>
      first.issuePasswordLink({ person, tokenHash, createdAt: start, expiresAt: start + 60 }, effects(tokenHash));
    assert.equal(await issue('old'), 'issued');
    assert.equal((await second.findPerson(person))?.passwordHash, undefined);
    assert.equal(await issue('new'), 'issued');
    assert.equal(await second.findPasswordLink('old', start), undefined);
    assert.equal((await second.findPasswordLink('new', start + 59))?.id, person);
    assert.equal(await second.findPasswordLink('new', start + 60), undefined);
    const set = (tokenHash: string, now: number, of = person) =>
      second.setPassword({ person: of, tokenHash, passwordHash: `hash-${now}`, now }, effects('set'));
    await emptyOutbox(first);
    assert.equal(await set('old', start), 'link_gone');
    assert.equal(await set('new', start + 60), 'link_gone');
    assert.equal(await set('new', start, (await createPerson(first)).id), 'link_gone');
    await emptyOutbox(first);
    assert.equal((await second.findPerson(person))?.passwordHash, undefined);
    const verdicts = await atOnce({ first, second }, 6, (store, index) =>
      store.setPassword({ person, tokenHash: 'new', passwordHash: `hash-${index}`, now: start }, effects('set')),
    );
    assert.deepEqual(tally(verdicts), { set: 1, link_gone: 5 });
    assert.equal((await first.findPerson(person))?.passwordHash, `hash-${verdicts.indexOf('set')}`);
    await assertRecorded(first, 'set');
  });

  check(
    `R-127[${name}] R-114 a lock takes the link along, and a disabled person gets none`,
    async ({ first, second }) => {
      const { id: person } = await createPerson(first);
      const link = { person, tokenHash: newId('link'), createdAt: start, expiresAt: start + 60 };
      await first.issuePasswordLink(link, effects('link'));
      await change('locked', 'active')(second, person);
      assert.equal(await first.findPasswordLink(link.tokenHash, start), undefined);
      assert.equal(await first.issuePasswordLink(link, effects('link')), 'issued');
      await change('disabled', 'locked')(second, person);
      await emptyOutbox(first);
      assert.equal(await first.issuePasswordLink(link, effects('no')), 'not_allowed');
      const set = { person, tokenHash: link.tokenHash, passwordHash: 'new', now: start };
      assert.equal(await first.setPassword(set, effects('no')), 'link_gone');
      await assertRecorded(first);
    },
  );

  check(`R-222[${name}] R-127 a link that is over is erased`, async ({ first }) => {
    const { id: person } = await createPerson(first);
    const link = { person, tokenHash: newId('link'), createdAt: start, expiresAt: start + 60 };
    await first.issuePasswordLink(link, effects('link'));
    assert.equal(await first.purge(start + 59), 0);
    assert.equal(await first.purge(start + 60), 1);
  });
}

function allSessions({ name, check }: Conformance): void {
  check(`R-109[${name}] R-048 the end of all sessions of one person ends what ends with a session`, async (stores) => {
    const { first, second } = stores;
    const { person, sessions, families, authorization, bystander } = await settle(first);
    const foreign = await signIn(first);
    await emptyOutbox(first);
    assert.equal(await second.endSessionsOf({ person, now: start + 9 }, effects('ended')), 2);
    for (const session of sessions) assert.equal(await isLive(first, session), false);
    assert.equal(await isLive(first, foreign), true);
    const revoked = await Promise.all(
      [...families, bystander].map(async ({ id }) => (await first.findFamily(id, start))?.authorization.revokedAt),
    );
    assert.deepEqual(revoked, [start + 9, undefined, undefined]);
    assert.equal((await first.findAuthorization(authorization.id))?.revokedAt, start + 9);
    assert.deepEqual(tally(await recorded(first)), { ended: 1, 'session.ended': 2, 'authorization.revoked': 2 });
  });
}

function listing({ name, check }: Conformance): void {
  check(`R-109[${name}] sessions are listed while they answer to a cookie, of one person or of all`, async (stores) => {
    const { first, second } = stores;
    const { person, sessions } = await settle(first);
    const foreign = await signIn(first, { createdAt: start + 1 });
    const list = async (of: string | undefined, after = '', limit = 9) =>
      (await second.listSessions({ person: of, after, limit, now: start + 10 })).map(({ id }) => id);
    const own = sessions.map(({ id }) => id).sort();
    assert.deepEqual(await list(person), own);
    assert.deepEqual(await list(undefined), [...own, foreign.id].sort());
    assert.deepEqual(await list(undefined, own[0], 1), [[...own, foreign.id].sort()[1]]);
    assert.deepEqual(await list(newId('nobody')), []);
    const [listed] = await second.listSessions({ person: foreign.person, after: '', limit: 1, now: start + 10 });
    const { loginName = '' } = (await first.findPerson(foreign.person)) ?? {};
    assert.deepEqual(listed, { ...foreign, loginName, since: start + 1 });
    await first.endSession({ id: foreign.id, reason: 'ended_elsewhere', now: start + 9 }, effects('ended'));
    assert.deepEqual(await list(foreign.person), []);
    await change('locked', 'active')(first, person);
    assert.deepEqual(await list(undefined), []);
  });
}

function links({ name, check }: Conformance): void {
  check(
    `R-122[${name}] I-3 the password of before a link was made lets in nobody who typed it before`,
    async (stores) => {
      const { first, second } = stores;
      const known = await createPerson(first);
      const link = { person: known.id, tokenHash: newId('link'), createdAt: start, expiresAt: start + 60 };
      await second.issuePasswordLink(link, effects('link'));
      const { signInEpoch } = known;
      const begin = startOf(sessionRow(known.id), { signInEpoch });
      assert.equal(await first.startSession(begin, effects('begun')), 'not_admitted');
      const set = { person: known.id, tokenHash: link.tokenHash, passwordHash: 'new', now: start + 1 };
      assert.equal(await first.setPassword(set, effects('set')), 'set');
      const now = (await second.findPerson(known.id)) ?? assert.fail();
      const again = startOf(sessionRow(known.id), { signInEpoch: now.signInEpoch });
      assert.equal(await second.startSession(again, effects('begun')), 'started');
    },
  );
}

function races({ name, check }: Conformance): void {
  const overlapping: readonly (readonly [string, End])[] = [
    ...ends,
    ['the end of all sessions', (store, person) => store.endSessionsOf({ person, now: start + 9 }, effects('ended'))],
  ];
  for (const [title, end] of overlapping) {
    check(
      `I-10[${name}] R-114 after ${title} no clock that goes back revives a session that had run out`,
      async (stores) => {
        const { first, second } = stores;
        const session = await signIn(first, { idleExpiresAt: start + 5 });
        await emptyOutbox(first);
        await end(second, session.person);
        assert.equal(await first.findSession(session.secretHash, start), undefined);
        assert.equal((await recorded(first)).includes('session.ended'), false, 'which it had not told anybody');
      },
    );

    check(`R-122[${name}] R-114 I-3 a sign-in that overlaps with ${title} leaves no session behind`, async (stores) => {
      const { first, second } = stores;
      const person = await createPerson(first);
      const sessions = Array.from({ length: 6 }, () => sessionRow(person.id));
      const begin = (session: SessionRow, index: number) =>
        (index % 2 === 0 ? first : second).startSession(startOf(session), effects('begun'));
      await Promise.all([...sessions.slice(0, 3).map(begin), end(second, person.id), ...sessions.slice(3).map(begin)]);
      assert.equal(await begin(sessionRow(person.id), 0), 'not_admitted');
      for (const session of sessions) assert.equal(await isLive(first, session), false);
    });
  }

  check(`I-3[refresh,${name}] R-048 a refresh that races with disabling is the last one, or none`, async (stores) => {
    const { first, second } = stores;
    const { person, families } = await settle(first);
    const verdicts = await Promise.all([
      ...families.map(async ({ id }) => (await first.presentRefresh(presentedRow(id, 1), refreshEvents)).verdict),
      change('disabled', 'active')(second, person),
    ]);
    for (const verdict of verdicts.slice(0, 2)) assert.match(String(verdict), /^(rotated|revoked)$/);
    for (const { id } of families) {
      for (const generation of [1, 2]) {
        const presented = presentedRow(id, generation, { now: start + 11 });
        assert.equal((await second.presentRefresh(presented, refreshEvents)).verdict, 'revoked');
      }
    }
  });

  check(`I-3[code,${name}] R-114 what is granted while a person is disabled is not granted after`, async (stores) => {
    const { first, second }: ConformanceStores = stores;
    const session = await signIn(first);
    const granted = Array.from({ length: 6 }, () => authorizationRow({ person: session.person, session: session.id }));
    await Promise.all([
      ...granted.map((authorization, index) =>
        (index % 2 === 0 ? first : second).createAuthorization(
          { authorization, code: codeRow(authorization.id), parked: undefined, relied: [] },
          effects('granted'),
        ),
      ),
      change('disabled', 'active')(second, session.person),
    ]);
    for (const { id } of granted) {
      const found = await first.findAuthorization(id);
      assert.ok(found === undefined || found.revokedAt === start + 9, `${id} lives on`);
    }
  });
}
