import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime as runtime } from '@castellan/protocol';
import { createPasswordHasher, defaultCost } from './password.ts';

/** As cheap as Argon2id allows, so that tests do not wait. */
const cheap = { memory: 8, passes: 1, parallelism: 1 };
const password = 'correct horse battery staple';

test('R-120[login] a hash is Argon2id with its published cost and a salt of its own', async () => {
  const hasher = createPasswordHasher({ runtime });
  const [one, other] = await Promise.all([hasher.hash(password), hasher.hash(password)]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, other);
  assert.equal(await hasher.verify(password, one), 'right');
  assert.equal(await hasher.verify(`${password} `, one), 'wrong');
});

test('R-120[login] a hash of another Argon2id implementation verifies', async () => {
  // From the reference implementation: echo -n password | argon2 somesalt -id -v 13 -t 2 -k 65536 -p 1
  const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await createPasswordHasher({ runtime }).verify('password', reference), 'right');
});

test('R-120[login] the cost comes from the stored hash, and a lower one is told as outdated', async () => {
  const before = await createPasswordHasher({ runtime, cost: cheap }).hash(password);
  const hasher = createPasswordHasher({ runtime, cost: { ...cheap, passes: 2 } });
  assert.equal(await hasher.verify(password, before), 'outdated');
  assert.equal(await hasher.verify('wrong', before), 'wrong');
  assert.ok(defaultCost.memory >= 19_456);
});

test('R-117[login] every character counts, however long the password is', async () => {
  const hasher = createPasswordHasher({ runtime, cost: cheap });
  const long = 'x'.repeat(255);
  const stored = await hasher.hash(`${long}y`);
  assert.equal(await hasher.verify(`${long}y`, stored), 'right');
  assert.equal(await hasher.verify(`${long}z`, stored), 'wrong');
  assert.equal(await hasher.verify(long, stored), 'wrong');
});

test('R-117[login] the same password from another keyboard fits: NFKC on both sides', async () => {
  const hasher = createPasswordHasher({ runtime, cost: cheap });
  const stored = await hasher.hash('Zoe\u0308 und der Ö-Bär');
  assert.equal(await hasher.verify('Zo\u00eb und der O\u0308-Ba\u0308r', stored), 'right');
});

test('R-123[login] without a stored hash, or with one that cannot be read, nothing ever fits', async () => {
  const hasher = createPasswordHasher({ runtime, cost: cheap });
  for (const stored of [
    undefined,
    '',
    'x',
    '$argon2id$v=19$m=4294967295,t=99,p=99$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c',
  ]) {
    assert.equal(await hasher.verify('', stored), 'wrong');
    assert.equal(await hasher.verify(password, stored), 'wrong');
  }
});

test('R-120[login] R-194 what does not fit into the queue is refused, and what does gets its turn', async () => {
  const hasher = createPasswordHasher({ runtime, cost: cheap, concurrency: 1, queue: 2 });
  const stored = await hasher.hash(password);
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => hasher.verify(password, stored)));
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.reason)),
    ['right', 'right', 'right', 'overloaded', 'overloaded', 'overloaded'],
  );
  assert.equal(await hasher.verify(password, stored), 'right');
});
