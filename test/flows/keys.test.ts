/** Signing keys that change under running nodes and running APIs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseCompact, signJwt } from '@castellan/protocol';
import type { Server } from '@castellan/server';
import { audiences, get, headerValue, until } from '@castellan/testkit';
import { openStores } from '@castellan/testkit/postgres';
import { createKeysWorld, type KeysWorld } from './keys-world.ts';

const day = 86_400;
const tested = await openStores();
after(() => tested.close());

function signerOf(token: string): unknown {
  return parseCompact(token).header['kid'];
}

/** Each node takes what either has issued, and both publish the same keys. */
async function assertAgreement({ nodes, token, isActive, publishedAt }: KeysWorld): Promise<readonly string[]> {
  const tokens = await Promise.all(nodes.map(token));
  for (const node of nodes) for (const one of tokens) assert.ok(await isActive(node, one));
  const [mine, theirs] = await Promise.all(nodes.map((node) => publishedAt(node)));
  assert.deepEqual(mine, theirs);
  assert.equal(new Set(tokens.map(signerOf)).size, 1);
  return tokens;
}

for (const { store, skip } of tested.stores) {
  test(`R-101[keys] S-105[keys] two nodes on ${store} agree in every phase of a rotation`, { skip }, async (t) => {
    const world = await createKeysWorld(`keys-agree-${store}`, store);
    t.after(() => world.close());
    const { clock } = world.world;
    const [before = ''] = await assertAgreement(world);
    const verdicts = await Promise.all([1, 2, 3].map(() => world.administration.keys.rotate('ES256')));
    assert.deepEqual(verdicts.map(({ verdict }) => verdict).sort(), [
      'already_announced',
      'already_announced',
      'announced',
    ]);
    const successor = verdicts[0]?.successor.kid;
    await clock.advance(1);
    await assertAgreement(world);
    await clock.sleep(day - 2);
    const [last = ''] = await assertAgreement(world);
    assert.equal(signerOf(last), signerOf(before), 'announced, not signing');
    await clock.advance(1);
    const [first = ''] = await assertAgreement(world);
    assert.equal(signerOf(first), successor);
    for (const node of world.nodes) assert.ok(await world.isActive(node, last), 'good until it expires');
    await clock.advance(960);
    await assertAgreement(world);
    for (const node of world.nodes) assert.deepEqual(await world.publishedAt(node), [successor]);
  });

  test(`R-101[keys] an emergency removal beside two nodes on ${store} holds at both within a second, and at a guard within its bound`, {
    skip,
  }, async (t) => {
    const world = await createKeysWorld(`keys-remove-${store}`, store);
    t.after(() => world.close());
    const { clock } = world.world;
    const [token = ''] = await assertAgreement(world);
    const kid = String(signerOf(token));
    const [warm, busy] = [world.api(), world.api()];
    for (const api of [warm, busy]) assert.equal(await api.call(token), 200);
    const removal = await world.administration.keys.remove(kid);
    assert.equal(removal.verdict, 'removed');
    await clock.advance(1);
    for (const node of world.nodes) assert.equal(await world.isActive(node, token), false);
    const [fresh = ''] = await assertAgreement(world);
    for (const node of world.nodes) assert.ok(!(await world.publishedAt(node)).includes(kid));
    assert.equal(await warm.call(token), 200, 'it has not asked again yet');
    await clock.advance(30);
    assert.equal(await busy.call(fresh), 200);
    assert.equal(await busy.call(token), 401, 'a token of the new key made it ask, though it remembered the old one');
    await clock.advance(300 - 31);
    assert.equal(await warm.call(token), 401, 'without one, the age of the key set bounds it');
    const told = world.world.events.filter(({ type }) => type === 'key.removed');
    assert.partialDeepStrictEqual(told, [{ key: kid, actor: 'administrator' }]);
  });
}

test('R-101[keys] R-064[status] a status list that another key signs is another document, also within the second', async (t) => {
  const { world, administration, close } = await createKeysWorld('keys-list', 'sqlite');
  t.after(close);
  const uri = `${world.issuer}/status/1.0`;
  const from = world.network.from('198.51.100.41');
  const before = await get(from, uri);
  const removed = String(signerOf(before.body));
  await administration.keys.remove(removed);
  await world.clock.advance(1);
  world.clock.step(-1);
  const after = await get(from, uri, [['if-none-match', headerValue(before, 'etag') ?? '']]);
  assert.equal(after.status, 200);
  assert.notEqual(signerOf(after.body), removed);
});

test('R-228[events] R-101[keys] whoever signs with a removed key is refused everywhere, and an alarm tells of it', async (t) => {
  const { close, thief, administration, ...machine } = await createKeysWorld('keys-thief', 'sqlite');
  t.after(() => close());
  const { world, introspect } = machine;
  const stolen = await thief();
  await administration.keys.remove(stolen.kid);
  await world.clock.advance(61);
  const iat = Math.floor(world.clock.now() / 1000);
  const claims = { iss: world.issuer, sub: world.people.alice.id, client_id: 'web', jti: 'x', iat, exp: iat + 300 };
  const forged = (aud: string, typ: 'JWT' | 'at+jwt') => signJwt(stolen, typ, { ...claims, aud, scope: 'openid' });
  const assertAlarms = async (count: number): Promise<void> => {
    await world.clock.advance(2);
    await until(() => world.events.filter(({ type }) => type === 'key.misused').length === count);
  };
  assert.equal((await world.userinfo(await forged(world.issuer, 'at+jwt'))).status, 401);
  await assertAlarms(1);
  assert.equal((await introspect(await forged(audiences.notes, 'at+jwt'))).body, '{"active":false}');
  await assertAlarms(2);
  const page = await world.browser().open(`${world.issuer}/logout?id_token_hint=${await forged('web', 'JWT')}`);
  assert.equal(page.find('error-code')?.text, 'invalid_id_token_hint');
  await assertAlarms(3);
  const told = world.events.find(({ type }) => type === 'key.misused');
  assert.partialDeepStrictEqual(told, { key: stolen.kid, algorithm: 'ES256', ended: 'removed' });
});

test('R-101[verifier] no API refuses a good token in twenty rotations, nor asks for keys more than twice in one', async (t) => {
  const world = await createKeysWorld('keys-load', 'sqlite');
  t.after(() => world.close());
  const { clock } = world.world;
  const warm = [world.api(), world.api()];
  const count = { calls: 0, refused: 0, mostFetches: 0 };
  const load = async (apis: typeof warm, tokens: readonly string[]): Promise<void> => {
    for (const api of apis) {
      for (const token of tokens) {
        count.calls += 1;
        if ((await api.call(token)) !== 200) count.refused += 1;
      }
    }
  };
  const draw = (): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: 8 }, (_, index) => world.token(world.nodes[index % 2] as Server)));
  for (let rotation = 0; rotation < 20; rotation += 1) {
    await world.administration.keys.rotate('ES256');
    await load(warm, await draw());
    await clock.sleep(day - 30);
    const old = await draw();
    await load(warm, old);
    await clock.advance(30);
    const fresh = await draw();
    assert.notEqual(signerOf(old[0] ?? ''), signerOf(fresh[0] ?? ''));
    const cold = world.api();
    const apis = [...warm, cold];
    await load(apis, [...fresh, ...old]);
    count.mostFetches = Math.max(count.mostFetches, ...apis.map((api) => api.fetches()));
  }
  t.diagnostic(
    `${count.calls} calls, ${count.refused} refused, at most ${count.mostFetches} fetches of keys by one API in one rotation`,
  );
  assert.equal(count.refused, 0);
  assert.ok(count.mostFetches <= 2);
});
