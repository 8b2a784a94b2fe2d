import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import { createPrefixedToken, hashSecret, tokenPrefixes } from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import type { Exchange } from '../http/exchange.ts';
import { startAt, temporaryFolder, testExchange, testRecorder, testRuntime } from '../stage.test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { SessionRow, Store } from '../store/store.ts';
import { createSessions, type Sessions, type StartedSession } from './session.ts';

const hour = 3600;

interface Room {
  readonly clock: TestClock;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly exchange: Exchange;
  readonly start: (replaces?: SessionRow) => Promise<StartedSession>;
}

async function openRoom(t: TestContext): Promise<Room> {
  const clock = createClock(startAt);
  const runtime = testRuntime(clock);
  const store = await openSqliteStore(join(temporaryFolder(t), 'sessions.sqlite'), runtime);
  t.after(() => store.close());
  const events: RecordedEvent[] = [];
  const exchange = testExchange(testRecorder(runtime), events);
  const person = {
    id: 'p',
    loginName: 'p',
    passwordHash: '',
    state: 'active',
    signInEpoch: 0,
    profile: {},
    createdAt: 0,
  } as const;
  await store.createPerson(person, exchange.effects({ type: 'person.created', person: 'p' }));
  const sessions = createSessions({ store, runtime, lifetimes: { sessionIdle: 2 * hour, sessionAbsolute: 5 * hour } });
  const start = async (replaces?: SessionRow): Promise<StartedSession> => {
    const started = await sessions.start({ person, amr: ['pwd'], replaces, parked: undefined }, exchange);
    return typeof started === 'string' ? assert.fail('it did not start') : started;
  };
  return { clock, store, sessions, exchange, start };
}

test('R-107[session] R-216 the cookie is 256 random bits, of which the store has the hash', async (t) => {
  const { start, store, sessions } = await openRoom(t);
  const one = await start();
  assert.match(one.cookieValue, /^castellan_ss_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
  assert.notEqual((await start()).cookieValue, one.cookieValue);
  assert.equal((await sessions.find(one.cookieValue))?.id, one.session.id);
  const row = JSON.stringify(await store.findSession(hashSecret(one.cookieValue), startAt / 1000));
  assert.ok(!row.includes(one.cookieValue) && !row.includes(one.cookieValue.slice(13, -7)));
});

test('R-107[session] nothing but the cookie opens the session', async (t) => {
  const { start, sessions } = await openRoom(t);
  const { cookieValue, session } = await start();
  const payload = cookieValue.slice(13, -7);
  for (const value of [
    undefined,
    '',
    session.id,
    session.secretHash,
    payload,
    createPrefixedToken(tokenPrefixes.browser, payload),
    `${cookieValue}x`,
    cookieValue.toLowerCase(),
  ]) {
    assert.equal(await sessions.find(value), undefined);
  }
});

test('R-106[login] signing in again makes a new session, and the old cookie is dead', async (t) => {
  const { start, sessions, store } = await openRoom(t);
  const before = await start();
  const after = await start(before.session);
  assert.notEqual(after.session.id, before.session.id);
  assert.equal(await sessions.find(before.cookieValue), undefined);
  assert.equal((await sessions.find(after.cookieValue))?.id, after.session.id);
  const types = (await store.readOutbox(10)).map(({ event }) => event.type);
  assert.deepEqual(types.slice(-2), ['session.started', 'session.ended']);
});

test('R-108[session] a session ends when it was idle, and use keeps it alive', async (t) => {
  const { start, sessions, clock } = await openRoom(t);
  const { cookieValue } = await start();
  await clock.advance(2 * hour - 1);
  assert.ok(await sessions.find(cookieValue));
  await clock.advance(2 * hour - 1);
  assert.ok(await sessions.find(cookieValue));
  await clock.advance(1 * hour - 1);
  assert.ok(await sessions.find(cookieValue));
  const idle = await start();
  await clock.advance(2 * hour);
  assert.equal(await sessions.find(idle.cookieValue), undefined);
});

test('R-108[session] a session ends after its absolute life, however much it is used', async (t) => {
  const { start, sessions, clock } = await openRoom(t);
  const { cookieValue } = await start();
  for (let hours = 1; hours < 5; hours += 1) {
    await clock.advance(hour);
    assert.ok(await sessions.find(cookieValue));
  }
  await clock.advance(hour);
  assert.equal(await sessions.find(cookieValue), undefined);
});

test('R-108[session] use is written down at most once a minute', async (t) => {
  const { start, sessions, clock } = await openRoom(t);
  const { cookieValue, session } = await start();
  await clock.advance(59);
  await sessions.find(cookieValue);
  assert.equal((await sessions.find(cookieValue))?.idleExpiresAt, session.idleExpiresAt);
  await clock.advance(1);
  await sessions.find(cookieValue);
  assert.equal((await sessions.find(cookieValue))?.idleExpiresAt, session.idleExpiresAt + 60);
});

test('R-110[logout] an ended session is dead, and ends once', async (t) => {
  const { start, sessions, exchange } = await openRoom(t);
  const { cookieValue, session } = await start();
  assert.equal(await sessions.end({ id: session.id, reason: 'logout' }, exchange), 'ended');
  assert.equal(await sessions.find(cookieValue), undefined);
  assert.equal(await sessions.end({ id: session.id, reason: 'logout' }, exchange), 'not_live');
});
