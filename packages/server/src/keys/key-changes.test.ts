import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createJwtVerifier,
  type SignatureAlgorithm,
  type SigningKey,
  signatureAlgorithms,
  signJwt,
} from '@castellan/protocol';
import * as fc from 'fast-check';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import { masterKey, startAt, temporaryFolder, testRecorder, testRuntime } from '../stage.test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { KeyRow, Store } from '../store/store.ts';
import { createKeyRing, type KeyRing } from './key-ring.ts';
import {
  announcementLead,
  keyState,
  planReplacement,
  planRotation,
  removed,
  signingLife,
  signingRow,
} from './timetable.ts';

const longestToken = 900;
const start = startAt / 1000;

interface Nodes {
  readonly clock: TestClock;
  readonly store: Store;
  readonly open: (algorithms?: readonly SignatureAlgorithm[]) => Promise<KeyRing>;
  readonly told: () => Promise<readonly string[]>;
}

async function openNodes(t: TestContext): Promise<Nodes> {
  const clock = createClock(startAt);
  const runtime = testRuntime(clock);
  const store = await openSqliteStore(join(temporaryFolder(t), 'keys.sqlite'), runtime);
  t.after(() => store.close());
  const deps = { runtime, recorder: testRecorder(runtime), longestToken, masterKey, store };
  return {
    clock,
    store,
    open: (algorithms = []) => createKeyRing({ ...deps, algorithms: async () => algorithms }),
    told: async () => {
      const waiting = await store.readOutbox(1000);
      await store.dropFromOutbox(waiting.map(({ sequence }) => sequence));
      return waiting.map(({ event }) => event.type);
    },
  };
}

async function published(ring: KeyRing, algorithm: SignatureAlgorithm = 'ES256'): Promise<readonly string[]> {
  return (await ring.jwks()).keys.filter(({ alg }) => alg === algorithm).map(({ kid }) => kid);
}

async function sign(ring: KeyRing, clock: TestClock, algorithm: SignatureAlgorithm = 'ES256'): Promise<string> {
  const iat = Math.floor(clock.now() / 1000);
  const claims = { iss: 'https://id.example', aud: 'a', iat, exp: iat + longestToken };
  return signJwt(await ring.signer(algorithm), 'JWT', claims);
}

function accepts(keys: KeyRing['source'], clock: TestClock): (token: string) => Promise<boolean> {
  const rules = { issuer: 'https://id.example', audience: 'a', algorithms: signatureAlgorithms, typ: 'JWT' } as const;
  const verifier = createJwtVerifier({ ...rules, keys, now: clock.now, maxLifetime: longestToken });
  return (token) =>
    verifier.verify(token).then(
      () => true,
      () => false,
    );
}

test('S-105[keys] R-101[keys] a rotation announces a successor now that signs a day later, and shortens the term before it', async (t) => {
  const { clock, open, told } = await openNodes(t);
  const ring = await open();
  await told();
  const { kid: old } = await ring.signer('ES256');
  const rotated = await ring.rotate('ES256');
  assert.equal(rotated.verdict, 'announced');
  assert.deepEqual(await published(ring), [old, rotated.successor.kid]);
  assert.equal((await ring.signer('ES256')).kid, old);
  assert.deepEqual(await told(), ['key.announced']);
  await clock.advance(announcementLead - 1);
  assert.equal((await ring.signer('ES256')).kid, old);
  const last = await sign(ring, clock);
  await clock.advance(1);
  assert.equal((await ring.signer('ES256')).kid, rotated.successor.kid);
  assert.ok(await accepts(ring.source, clock)(last));
  await clock.advance(longestToken + 59);
  await ring.maintain();
  assert.deepEqual([await told(), (await published(ring)).length], [[], 2], 'clocks may differ by a minute');
  await clock.advance(1);
  await ring.maintain();
  assert.deepEqual(await told(), ['key.retired']);
  assert.deepEqual(await published(ring), [rotated.successor.kid]);
  const [row] = (await ring.list()).filter(({ kid }) => kid === old);
  assert.equal(row?.sealedPrivateKey, undefined, 'its private half is erased');
  await ring.maintain();
  assert.deepEqual(await told(), [], 'told once');
});

test('R-101[keys] two rotations at once, on two nodes, make one successor', async (t) => {
  const { open } = await openNodes(t);
  const [one, other] = [await open(), await open()];
  const verdicts = await Promise.all([one, other, one, other].map((ring) => ring.rotate('ES256')));
  assert.deepEqual(verdicts.map(({ verdict }) => verdict).sort(), [
    ...Array.from({ length: 3 }, () => 'already_announced'),
    'announced',
  ]);
  assert.equal(new Set(verdicts.map(({ successor }) => successor.kid)).size, 1);
  assert.deepEqual(await published(one), await published(other));
});

for (const algorithm of signatureAlgorithms) {
  test(`R-101[keys] S-41[keys] the first key of ${algorithm} signs at once, on every node the same, and then follows the timetable`, async (t) => {
    const { clock, open } = await openNodes(t);
    const [one, other] = [await open(), await open()];
    const [mine, theirs] = await Promise.all([one.signer(algorithm), other.signer(algorithm)]);
    assert.equal(mine.kid, theirs.kid);
    assert.ok(await accepts(other.source, clock)(await sign(one, clock, algorithm)));
    await clock.advance(signingLife - announcementLead);
    await one.maintain();
    assert.equal((await published(one, algorithm)).length, 2, 'nobody has to ask for the successor');
  });
}

test('R-101[keys] S-105 a removed key is gone at once, with all it signed, and a fresh one signs in its place', async (t) => {
  const { clock, open, store, told } = await openNodes(t);
  const ring = await open();
  const verify = accepts(ring.source, clock);
  const { kid: old } = await ring.signer('ES256');
  const token = await sign(ring, clock);
  assert.ok(await verify(token));
  await told();
  const gone = await ring.remove(old);
  assert.ok(gone.verdict === 'removed' && gone.successor !== undefined);
  assert.equal(await verify(token), false);
  assert.equal(await accepts(ring.lastingSource, clock)(token), false, 'not as a hint either');
  assert.deepEqual(await published(ring), [gone.successor.kid]);
  assert.equal((await ring.signer('ES256')).kid, gone.successor.kid);
  const waiting = (await store.readOutbox(10)).map(({ event }) => event);
  assert.deepEqual(
    waiting.map(({ type }) => type),
    ['key.removed', 'key.announced'],
  );
  assert.partialDeepStrictEqual(waiting[0], { key: old, successor: gone.successor.kid });
  const [row] = (await ring.list()).filter(({ kid }) => kid === old);
  assert.deepEqual([row?.sealedPrivateKey, row?.removedAt], [undefined, start]);
  assert.equal((await ring.remove(old)).verdict, 'already_removed');
  assert.equal((await ring.remove('nothing')).verdict, 'unknown');
});

test('R-101[keys] another node lets go of a removed key within a second, and keeps no private half of it', async (t) => {
  const { clock, open } = await openNodes(t);
  const [one, other] = [await open(), await open()];
  const { kid } = await other.signer('ES256');
  const token = await sign(other, clock);
  await one.remove(kid);
  await clock.advance(1);
  assert.equal(await accepts(other.source, clock)(token), false);
  assert.notEqual((await other.signer('ES256')).kid, kid);
  assert.deepEqual(await published(other), await published(one));
});

test('R-101[keys] with a successor announced, a fresh key signs for the rest of the removed one’s term', async (t) => {
  const { clock, open } = await openNodes(t);
  const ring = await open();
  const { successor } = await ring.rotate('ES256');
  const gone = await ring.remove((await ring.signer('ES256')).kid);
  assert.ok(gone.verdict === 'removed' && gone.successor !== undefined);
  assert.equal((await ring.signer('ES256')).kid, gone.successor.kid);
  await clock.advance(announcementLead);
  assert.equal((await ring.signer('ES256')).kid, successor.kid);
});

test('R-101[keys] when the announced key is removed, the next one is announced for as long, and who signs goes on', async (t) => {
  const { clock, open } = await openNodes(t);
  const ring = await open();
  const { kid } = await ring.signer('ES256');
  await clock.advance(signingLife - announcementLead);
  await ring.maintain();
  const next = (await published(ring)).find((candidate) => candidate !== kid);
  await clock.advance(announcementLead - 10);
  const gone = await ring.remove(next ?? '');
  assert.ok(gone.verdict === 'removed' && gone.successor !== undefined);
  await clock.advance(announcementLead - 1);
  assert.equal((await ring.signer('ES256')).kid, kid);
  await clock.advance(1);
  assert.equal((await ring.signer('ES256')).kid, gone.successor.kid);
});

test('R-101[keys] a hint outlives the key that signed it when that retired, not when that was removed', async (t) => {
  const { clock, open } = await openNodes(t);
  const ring = await open();
  const rules = { issuer: 'https://id.example', audience: 'a', algorithms: ['ES256'], typ: 'JWT' } as const;
  const now = clock.now;
  const hints = createJwtVerifier({ ...rules, keys: ring.lastingSource, now, maxLifetime: 900, allowExpired: true });
  const { kid } = await ring.signer('ES256');
  const token = await sign(ring, clock);
  await ring.rotate('ES256');
  await clock.advance(announcementLead + longestToken + 60);
  await ring.maintain();
  assert.ok(!(await published(ring)).includes(kid));
  assert.ok(await hints.verify(token));
  assert.equal((await ring.remove(kid)).verdict, 'removed');
  await assert.rejects(hints.verify(token), { reason: 'token_invalid' });
});

test('R-101[keys] the keys of an algorithm in use are not retired by hand, those of one that nobody uses are', async (t) => {
  const { clock, open, told } = await openNodes(t);
  const ring = await open(['PS256']);
  const { kid } = await ring.signer('ES256');
  assert.deepEqual(await ring.retire(kid), { verdict: 'in_use', algorithm: 'ES256' });
  assert.equal((await ring.retire((await ring.signer('PS256')).kid)).verdict, 'in_use');
  assert.equal((await ring.retire('nothing')).verdict, 'unknown');
  await ring.remove(kid);
  assert.equal((await ring.retire(kid)).verdict, 'gone');

  const later = await open();
  const unused = await later.signer('PS256');
  const token = await sign(later, clock, 'PS256');
  await later.rotate('PS256');
  await told();
  const retiredAt = start + longestToken + 60;
  assert.deepEqual(await later.retire(unused.kid), { verdict: 'ended', retiredAt });
  assert.deepEqual(await told(), ['key.ended', 'key.ended'], 'and the successor that nobody needs');
  assert.deepEqual(await later.retire(unused.kid), { verdict: 'verifying', retiredAt });
  assert.ok(await accepts(later.source, clock)(token), 'what it signed is still good');
  await clock.advance(longestToken + 60);
  await later.maintain();
  assert.deepEqual(await published(later, 'PS256'), []);
  assert.deepEqual(await told(), ['key.retired', 'key.retired']);
  assert.notEqual((await later.signer('PS256')).kid, unused.kid, 'whoever needs the algorithm again gets a new key');
});

const action = fc.record({
  after: fc.integer({ min: 0, max: 40 * 86_400 }),
  what: fc.constantFrom('due', 'rotate', 'remove'),
});

test('R-101[keys] whatever is done to the keys, one signs at any time, and none signs unannounced but in place of a removed one', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      let rows: readonly KeyRow[] = [];
      let now = start;
      let count = 0;
      const fresh = () => ({ kid: `k${(count += 1)}`, algorithm: 'ES256', publicJwk: '{}', sealedPrivateKey: '' });
      const put = (changed: readonly KeyRow[]) => {
        const kids = new Set(changed.map(({ kid }) => kid));
        rows = [...rows.filter(({ kid }) => !kids.has(kid)), ...changed];
      };
      put(planRotation(rows, fresh(), { now, longestToken }));
      for (const { after, what } of actions) {
        const signs = signingRow(rows, 'ES256', now);
        // The timetable looks each hour; here it is enough that it has looked before a key stops.
        now = Math.min(now + after, (signs?.verifiesFrom ?? now) - 1);
        const moment = { now, longestToken };
        const next = rows.find((row) => keyState(row, now) === 'announced');
        const gone = signingRow(rows, 'ES256', now);
        if (what === 'remove' && gone !== undefined) {
          put([removed(gone, now), ...planReplacement(rows, { gone, fresh: fresh() }, moment)]);
        } else if (next === undefined) put(planRotation(rows, fresh(), moment));
        else now = next.signsFrom;
        const signing = rows.filter((row) => keyState(row, now) === 'signing');
        assert.equal(signing.length, 1);
        const [one] = signing;
        assert.ok(one);
        const inPlace = rows.some(({ removedAt }) => removedAt === one.signsFrom);
        assert.ok(inPlace || one.kid === 'k1' || one.signsFrom - one.announcedAt >= announcementLead);
      }
    }),
    { numRuns: 300 },
  );
});

test('R-228[events] a token that was signed with a key after it had ended says that somebody else has the key', async (t) => {
  const { clock, open } = await openNodes(t);
  const ring = await open();
  const [removed, retired] = [await ring.signer('ES256'), await ring.signer('RS256')];
  const iss = testRecorder(testRuntime(clock)).source;
  const token = (key: SigningKey, changes: object = {}) => {
    const iat = Math.floor(clock.now() / 1000);
    return signJwt(key, 'at+jwt', { iss, aud: 'a', iat, exp: iat + 300, ...changes });
  };
  const honest = await token(removed);
  assert.equal(await ring.misuseOf(honest), undefined, 'a key that is published');
  await ring.remove(removed.kid);
  await ring.rotate('RS256');
  assert.equal(await ring.misuseOf(honest), undefined, 'signed before');
  await clock.sleep(announcementLead + longestToken + 60);
  const told = { key: removed.kid, algorithm: 'ES256', ended: 'removed' } as const;
  assert.deepEqual(await ring.misuseOf(await token(removed)), told);
  assert.deepEqual(await ring.misuseOf(await token(retired)), {
    ...told,
    key: retired.kid,
    algorithm: 'RS256',
    ended: 'retired',
  });
  const [header = '', claims = ''] = (await token(removed)).split('.');
  const late = Math.floor(clock.now() / 1000);
  for (const harmless of [
    '',
    'x.y.z',
    `${header}.${claims}.${honest.split('.')[2]}`,
    await token(removed, { iat: start, exp: late + 300 }),
    await token(removed, { exp: late - 3600 }),
    await token(removed, { iss: 'https://other.example' }),
    await token(await ring.signer('ES256')),
  ]) {
    assert.equal(await ring.misuseOf(harmless), undefined, harmless);
  }
});
