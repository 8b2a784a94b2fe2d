import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import { memoryLimitStore } from '@castellan/limits';
import { Refusal } from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import { startAt, temporaryFolder, testExchange, testRecorder, testRuntime } from '../stage.test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type AccountDeps, type Accounts, createAccounts } from './accounts.ts';
import { createPasswordHasher, type PasswordHasher } from './password.ts';

const password = 'correct horse battery staple';
const cheap = { memory: 8, passes: 1, parallelism: 1 };

interface Room {
  readonly clock: TestClock;
  readonly store: Store;
  readonly accounts: Accounts;
  readonly events: RecordedEvent[];
  readonly file: string;
  /** How often a password was hashed to be compared. */
  readonly hashes: () => number;
  readonly signIn: (loginName: string, tried?: string, address?: string) => ReturnType<Accounts['signIn']>;
  readonly withCost: (passes: number) => Accounts;
  readonly exchange: ReturnType<typeof testExchange>;
}

async function openRoom(t: TestContext, limits: Partial<AccountDeps['limits']> = {}): Promise<Room> {
  const clock = createClock(startAt);
  const runtime = testRuntime(clock);
  const file = join(temporaryFolder(t), 'accounts.sqlite');
  const store = await openSqliteStore(file, runtime);
  t.after(() => store.close());
  const events: RecordedEvent[] = [];
  const recorder = testRecorder(runtime);
  const exchange = testExchange(recorder, events);
  const plenty = { count: 1000, period: 60 };
  let hashes = 0;
  const counted = (passes: number): PasswordHasher => {
    const hasher = createPasswordHasher({ runtime, cost: { ...cheap, passes } });
    const verify: PasswordHasher['verify'] = (...tried) => {
      hashes += 1;
      return hasher.verify(...tried);
    };
    return { ...hasher, verify };
  };
  const withCost = (passes: number): Accounts =>
    createAccounts({
      store,
      runtime,
      passwords: counted(passes),
      limitStore: memoryLimitStore({ capacity: 100 }),
      limits: { signInPerAccount: plenty, signInPerAddress: plenty, ...limits },
    });
  const accounts = withCost(1);
  await accounts.create({ loginName: 'Anna@Example.org', password, profile: { name: 'Anna' } }, exchange);
  const signIn: Room['signIn'] = (loginName, tried = password, address = '192.0.2.1') =>
    accounts.signIn({ loginName, password: tried, address }, exchange);
  return { clock, store, accounts, events, file, hashes: () => hashes, signIn, withCost, exchange };
}

test('R-124[login] every spelling of the login name signs the same person in', async (t) => {
  const room = await openRoom(t);
  for (const spelling of ['anna@example.org', 'ANNA@EXAMPLE.ORG', ' ａｎｎａ@example.org ']) {
    const result = await room.signIn(spelling);
    assert.equal(result.verdict === 'signed_in' && result.person.profile.name, 'Anna');
  }
  const again = await room.accounts.create({ loginName: 'ANNA@example.org', password, profile: {} }, room.exchange);
  assert.equal(again, 'login_taken');
});

test('R-123[login] unknown, wrong and locked look alike, and cost the same work', async (t) => {
  const room = await openRoom(t);
  const database = new DatabaseSync(room.file);
  database.exec("UPDATE persons SET state = 'locked'");
  database.close();
  const before = room.hashes();
  const results = [
    await room.signIn('anna@example.org'),
    await room.signIn('anna@example.org', 'wrong'),
    await room.signIn('nobody@example.org'),
    await room.signIn('not a login name'),
    await room.signIn(''),
  ];
  for (const result of results) assert.deepEqual(result, { verdict: 'refused' });
  assert.equal(room.hashes() - before, results.length);
  const reasons = room.events.map((event) => (event.type === 'sign_in.failed' ? event.reason : event.type));
  assert.deepEqual(reasons, ['not_active', 'wrong_password', 'unknown_login', 'unknown_login', 'unknown_login']);
});

test('R-121[login] an account is limited before anything is hashed, and comes back by itself', async (t) => {
  const room = await openRoom(t, { signInPerAccount: { count: 3, period: 60 } });
  for (let attempt = 0; attempt < 3; attempt += 1) await room.signIn('anna@example.org', 'wrong');
  const before = room.hashes();
  const limited = await room.signIn('Anna@Example.Org', password, '198.51.100.7');
  assert.equal(limited.verdict, 'rate_limited');
  assert.equal(room.hashes(), before);
  await room.clock.advance(limited.verdict === 'rate_limited' ? limited.retryAfter : 0);
  assert.equal((await room.signIn('anna@example.org')).verdict, 'signed_in');
});

test('R-121[login] guessing from elsewhere does not keep the owner out of where they have signed in before', async (t) => {
  const room = await openRoom(t, { signInPerAccount: { count: 3, period: 60 } });
  await room.signIn('anna@example.org', password, '192.0.2.1');
  for (let attempt = 0; attempt < 9; attempt += 1) {
    await room.signIn('anna@example.org', 'wrong', `198.51.100.${attempt}`);
  }
  assert.equal((await room.signIn('anna@example.org', password, '198.51.100.9')).verdict, 'rate_limited');
  assert.equal((await room.signIn('anna@example.org', password, '192.0.2.1')).verdict, 'signed_in');
  for (let attempt = 0; attempt < 3; attempt += 1) await room.signIn('anna@example.org', 'wrong', '192.0.2.1');
  assert.equal((await room.signIn('anna@example.org', password, '192.0.2.1')).verdict, 'rate_limited');
});

test('R-121[login] R-123 an unknown name is limited exactly as a known one', async (t) => {
  const room = await openRoom(t, { signInPerAccount: { count: 2, period: 60 } });
  const verdicts = async (name: string): Promise<string[]> => {
    const results: string[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) results.push((await room.signIn(name, 'wrong')).verdict);
    return results;
  };
  assert.deepEqual(await verdicts('nobody@example.org'), await verdicts('anna@example.org'));
});

test('R-121[login] an address is limited over all accounts, an IPv6 network as one', async (t) => {
  const room = await openRoom(t, { signInPerAddress: { count: 2, period: 60 } });
  await room.signIn('a@example.org', 'wrong', '2001:db8::1');
  await room.signIn('b@example.org', 'wrong', '2001:db8::2');
  assert.equal((await room.signIn('anna@example.org', password, '2001:db8::3')).verdict, 'rate_limited');
  assert.equal((await room.signIn('anna@example.org', password, '2001:db8:1::3')).verdict, 'signed_in');
});

test('R-120[login] signing in raises an old hash to the cost of today', async (t) => {
  const room = await openRoom(t);
  const stronger = room.withCost(2);
  const attempt = { loginName: 'anna@example.org', password, address: '192.0.2.1' };
  const before = (await room.store.findPersonByLogin('anna@example.org'))?.passwordHash ?? '';
  assert.equal((await stronger.signIn(attempt, room.exchange)).verdict, 'signed_in');
  const after = (await room.store.findPersonByLogin('anna@example.org'))?.passwordHash ?? '';
  assert.match(before, /t=1,/);
  assert.match(after, /t=2,/);
  assert.equal((await stronger.signIn(attempt, room.exchange)).verdict, 'signed_in');
  assert.equal((await stronger.signIn({ ...attempt, password: 'wrong' }, room.exchange)).verdict, 'refused');
});

test('R-117[login] a new account needs a long password and a name, and is told both at once', async (t) => {
  const room = await openRoom(t);
  await assert.rejects(
    room.accounts.create({ loginName: 'a b', password: 'short', profile: {} }, room.exchange),
    (error) => {
      assert.ok(error instanceof Refusal && error.reason === 'input_invalid');
      assert.deepEqual(
        error.context.problems?.map(({ path }) => path),
        ['loginName', 'password'],
      );
      assert.ok(!JSON.stringify(error.context).includes('short"'));
      return true;
    },
  );
});

test('R-225[events] no event of a sign-in holds the name or the password that was tried', async (t) => {
  const room = await openRoom(t);
  await room.signIn('anna@example.org');
  await room.signIn('anna@example.org', 'wrong-password-0123');
  await room.signIn('secret-typed-as-name', 'wrong-password-0123');
  const told = JSON.stringify([room.events, await room.store.readOutbox(100)]);
  for (const text of ['anna@', password, 'wrong-password', 'secret-typed']) assert.ok(!told.includes(text), text);
});
