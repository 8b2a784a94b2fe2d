import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { createRecorder, recordEvents } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { createSecret, sealOf } from './seal.ts';
import type { SessionPort, SessionRow } from './session-port.ts';
import { openSqliteSessions } from './sqlite-sessions.ts';

const recorder = createRecorder({ source: 'shop' }, systemRuntime);
const started = recordEvents(recorder, 'c', [
  { type: 'session.started', session: 's', person: 'p', methods: [] },
] as const);
const ended = recordEvents(recorder, 'c', [
  { type: 'session.ended', session: 's', person: 'p', reason: 'logout' },
] as const);
const events = { started, replaced: ended };
const now = 1_000_000;

function row(changes: Partial<SessionRow> = {}): SessionRow {
  return {
    id: createSecret(systemRuntime),
    secretHash: createSecret(systemRuntime),
    issuer: 'https://login.example',
    subject: 'p',
    sealed: 'x',
    version: 1,
    createdAt: now,
    idleExpiresAt: now + 100,
    absoluteExpiresAt: now + 150,
    ...changes,
  };
}

/** Two processes on one file, as two nodes on one machine have it. */
function twoPorts(t: TestContext): { readonly file: string; readonly ports: readonly [SessionPort, SessionPort] } {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-bff-'));
  const file = join(folder, 'web.sqlite');
  const ports = [openSqliteSessions(file, systemRuntime), openSqliteSessions(file, systemRuntime)] as const;
  t.after(async () => {
    await Promise.all(ports.map((port) => port.close()));
    rmSync(folder, { recursive: true });
  });
  return { file, ports };
}

test('R-107[bff] the file is readable by its owner only, and every commit reaches the disk', (t) => {
  const { file } = twoPorts(t);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const extra of ['-wal', '-shm']) assert.equal(statSync(`${file}${extra}`).mode & 0o077, 0, extra);
  const database = new DatabaseSync(file);
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  database.close();
});

test('R-107[bff] R-209[bff] a stolen file holds neither a cookie nor a token', async (t) => {
  const { file, ports } = twoPorts(t);
  const secret = createSecret(systemRuntime);
  const seal = sealOf('session', secret, systemRuntime);
  const sealed = seal.close({ accessToken: 'access_TOKEN', refreshToken: 'refresh_TOKEN', name: 'Nora' });
  await ports[0].startSession(
    { session: row({ secretHash: seal.secretHash, sealed }), replaces: undefined, now },
    events,
  );
  const bytes = Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)]).toString('latin1');
  assert.ok(bytes.includes(seal.secretHash));
  for (const text of [secret, 'access_TOKEN', 'refresh_TOKEN', 'Nora']) assert.ok(!bytes.includes(text), text);
});

test('R-207[bff] a sign-in is taken out once, by its own browser, in time', async (t) => {
  const { ports } = twoPorts(t);
  const login = { stateHash: 's1', browserHash: 'b1', sealed: 'x', expiresAt: now + 600 };
  await ports[0].beginLogin(login, now);
  const key = { stateHash: 's1', browserHash: 'b1', now };
  assert.equal(await ports[1].consumeLogin({ ...key, browserHash: 'b2' }), undefined);
  const found = await Promise.all([1, 2, 3, 4].map((index) => ports[index % 2 === 0 ? 0 : 1].consumeLogin(key)));
  assert.equal(found.filter((one) => one !== undefined).length, 1);
  await ports[0].beginLogin({ ...login, stateHash: 's2' }, now);
  assert.equal(await ports[0].consumeLogin({ ...key, stateHash: 's2', now: now + 600 }), undefined);
});

test('R-108[bff] a session is found until either limit, and its idle limit never passes the absolute one', async (t) => {
  const { ports } = twoPorts(t);
  const session = row();
  await ports[0].startSession({ session, replaces: undefined, now }, events);
  assert.deepEqual(await ports[1].findSession(session.secretHash, now + 99), session);
  assert.equal(await ports[1].findSession(session.secretHash, now + 100), undefined);
  await ports[0].touchSession({ secretHash: session.secretHash, idleExpiresAt: now + 500, now: now + 50 });
  assert.equal((await ports[0].findSession(session.secretHash, now + 149))?.idleExpiresAt, now + 150);
  assert.equal(await ports[0].findSession(session.secretHash, now + 150), undefined);
  await ports[0].touchSession({ secretHash: session.secretHash, idleExpiresAt: now + 900, now: now + 200 });
  assert.equal(await ports[0].findSession(session.secretHash, now + 149).then((one) => one?.idleExpiresAt), now + 150);
});

test('R-106[bff] a new session ends the one it replaces in the same commit, with the events of both', async (t) => {
  const { ports } = twoPorts(t);
  const [first, second] = [row(), row()];
  await ports[0].startSession({ session: first, replaces: 'nobody', now }, events);
  await ports[0].startSession({ session: second, replaces: first.secretHash, now }, events);
  assert.equal(await ports[1].findSession(first.secretHash, now), undefined);
  assert.ok(await ports[1].findSession(second.secretHash, now));
  const outbox = await ports[1].readOutbox(10);
  assert.deepEqual(
    outbox.map(({ event }) => event.type),
    ['session.started', 'session.ended', 'session.started'],
  );
  await ports[0].dropFromOutbox(outbox.map(({ sequence }) => sequence));
  assert.deepEqual(await ports[1].readOutbox(10), []);
});

test('R-107[bff] ending a session is final and recorded once', async (t) => {
  const { ports } = twoPorts(t);
  const session = row();
  await ports[0].startSession({ session, replaces: undefined, now }, events);
  assert.equal(await ports[0].endSession(session.secretHash, ended), 'ended');
  assert.equal(await ports[1].endSession(session.secretHash, ended), 'not_live');
  assert.equal(await ports[1].updateSession({ secretHash: session.secretHash, version: 1, sealed: 'y' }), 'changed');
  assert.equal(await ports[1].findSession(session.secretHash, now), undefined);
  assert.equal((await ports[0].readOutbox(10)).length, 2);
});

test('R-211[bff] of two nodes one may refresh a version; its claim lapses, and a stale update changes nothing', async (t) => {
  const { ports } = twoPorts(t);
  const session = row();
  const { secretHash } = session;
  await ports[0].startSession({ session, replaces: undefined, now }, events);
  const claim = { secretHash, version: 1, until: 2000, nowMs: 1000 };
  assert.equal(await ports[0].claimRefresh(claim), 'claimed');
  assert.equal(await ports[1].claimRefresh({ ...claim, nowMs: 1999 }), 'busy');
  assert.equal(await ports[1].claimRefresh({ ...claim, until: 3000, nowMs: 2000 }), 'claimed');
  assert.equal(await ports[1].updateSession({ secretHash, version: 1, sealed: 'new' }), 'updated');
  assert.equal(await ports[0].updateSession({ secretHash, version: 1, sealed: 'old' }), 'changed');
  assert.equal(await ports[0].claimRefresh({ ...claim, nowMs: 5000 }), 'changed');
  assert.equal((await ports[0].findSession(secretHash, now))?.sealed, 'new');
  assert.equal(await ports[0].claimRefresh({ ...claim, version: 2 }), 'claimed');
  await ports[0].releaseRefresh(secretHash, 2);
  assert.equal(await ports[1].claimRefresh({ ...claim, version: 2 }), 'claimed');
});

test('R-207[bff] what has expired goes when the next sign-in begins', async (t) => {
  const { file, ports } = twoPorts(t);
  await ports[0].beginLogin({ stateHash: 's1', browserHash: 'b', sealed: 'x', expiresAt: now + 1 }, now);
  await ports[0].startSession({ session: row(), replaces: undefined, now }, events);
  await ports[0].beginLogin({ stateHash: 's2', browserHash: 'b', sealed: 'x', expiresAt: now + 999 }, now + 200);
  const database = new DatabaseSync(file);
  assert.equal(database.prepare('SELECT count(*) AS n FROM logins').get()?.['n'], 1);
  assert.equal(database.prepare('SELECT count(*) AS n FROM sessions').get()?.['n'], 0);
  database.close();
});

test('R-107[bff] a writer that meets a lock waits for it without losing the write', async (t) => {
  const { file, ports } = twoPorts(t);
  const database = new DatabaseSync(file);
  database.exec('BEGIN IMMEDIATE');
  const session = row();
  const pending = ports[0].startSession({ session, replaces: undefined, now }, events);
  assert.equal(await ports[1].findSession(session.secretHash, now), undefined);
  database.exec('COMMIT');
  database.close();
  await pending;
  assert.ok(await ports[1].findSession(session.secretHash, now));
});

test('a file written by a later version is not touched', (t) => {
  const { file } = twoPorts(t);
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  assert.throws(() => openSqliteSessions(file, systemRuntime), /version 99/);
});
