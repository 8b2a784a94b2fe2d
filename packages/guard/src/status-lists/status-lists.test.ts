import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { generateSigningKey, packStatusBits } from '@castellan/protocol';
import { turn, until } from '../../../testkit/src/clock.ts';
import { GuardConfigError } from '../config.ts';
import { feed, issuer, listAnswer, listUri, type StatusIssuer, startStatusIssuer } from '../testing/status-issuer.ts';
import { type StatusLists, type StatusListsConfig, statusLists } from './status-lists.ts';

const rules = { issuer, algorithms: ['ES256'], jwksUri: `${issuer}/jwks` } as const satisfies StatusListsConfig;
const reference = (index = 7, uri = listUri) => ({ issuer, uri, index });

interface Stage {
  readonly own: StatusIssuer;
  readonly lists: StatusLists;
  readonly ask: (index?: number, uri?: string) => Promise<boolean | undefined>;
}

async function start(t: TestContext, config: Partial<StatusListsConfig> = {}): Promise<Stage> {
  const own = await startStatusIssuer();
  const lists = statusLists({ ...rules, ...config } as StatusListsConfig, own.runtime);
  t.after(() => lists.close());
  return { own, lists, ask: async (index, uri) => lists.isRevoked(reference(index, uri)) };
}

/** With a feed that has begun at version 1. */
async function following(t: TestContext): Promise<Stage> {
  const stage = await start(t, { feed });
  stage.own.tell({ version: 1 });
  await until(() => stage.lists.isFollowing());
  assert.equal(await stage.ask(), false);
  return stage;
}

const told = (...indexes: readonly number[]) => new Map([[listUri, indexes]]);

test('R-064[guard] S-50[guard] a list is fetched once, and then a bit is looked up without waiting', async (t) => {
  const { own, lists } = await start(t);
  own.state.revoked = [7];
  const asked = [7, 8, 65_535].map((index) => lists.isRevoked(reference(index)));
  assert.ok(asked.every((answer) => answer instanceof Promise));
  assert.deepEqual(await Promise.all(asked), [true, false, false]);
  assert.equal(own.fetched(listUri), 1);
  assert.deepEqual(
    [7, 8].map((index) => lists.isRevoked(reference(index))),
    [true, false],
  );
  assert.equal(lists.isRevoked(reference(65_536)), undefined, 'outside the list nothing is known');
  assert.equal(own.fetched(listUri), 1);
});

test('R-064[guard] S-50[guard] a change counts at once, for its list and its bit alone', async (t) => {
  const { own, lists } = await following(t);
  own.tell({ since: 1, version: 2, lists: told(7) });
  await until(() => lists.isRevoked(reference(7)) === true);
  assert.equal(lists.isRevoked(reference(8)), false);
  own.tell({ since: 2, version: 5, lists: new Map([...told(8), ['https://id.example/status/1.9', [1]]]) });
  await until(() => lists.isRevoked(reference(8)) === true);
  assert.equal(lists.isRevoked(reference(7)), true, 'what was revoked stays so');
  assert.equal(own.fetched(listUri), 1);
});

test('R-064[guard] a change that was missed means that the list is read again', async (t) => {
  const { own, lists, ask } = await following(t);
  own.state = { version: 4, revoked: [7, 9] };
  own.tell({ since: 3, version: 4, lists: told(9) });
  await until(() => lists.isRevoked(reference(7)) instanceof Promise);
  assert.deepEqual([await ask(7), await ask(9), await ask(8)], [true, true, false]);
  assert.equal(own.fetched(listUri), 2);
});

test('R-064[guard] a feed that begins anew, or another epoch, means the same', async (t) => {
  const { own, lists, ask } = await following(t);
  own.state = { version: 2, revoked: [7] };
  own.tell({ version: 2 });
  await until(() => lists.isRevoked(reference(7)) instanceof Promise);
  assert.equal(await ask(7), true);
  own.state = { epoch: 2, version: 2, revoked: Array.from({ length: 65_536 }, (_, at) => at) };
  own.tell({ epoch: 2, version: 2, since: 2 });
  await until(() => lists.isRevoked(reference(9)) instanceof Promise);
  assert.equal(await ask(9), true);
});

test('R-064[guard] a list that is older than the feed is never used', async (t) => {
  const { own, ask } = await following(t);
  own.tell({ version: 3 });
  await until(() => own.fetched(listUri) === 1);
  await turn();
  own.state = { version: 2, revoked: [] };
  assert.equal(await ask(7), undefined);
  assert.equal(own.fetched(listUri), 4, 'three tries');
  assert.equal(await ask(7), undefined);
  assert.equal(own.fetched(listUri), 4, 'and then a pause');
  own.state = { version: 3, revoked: [7] };
  await own.clock.advance(1);
  assert.equal(await ask(7), true);
});

test('R-064[guard] a copy from before a backup was restored is never used, though its version is higher', async (t) => {
  const { own, lists, ask } = await start(t, { feed });
  own.tell({ version: 100 });
  await until(() => lists.isFollowing());
  own.state = { version: 100, revoked: [] };
  assert.equal(await ask(7), false);
  own.tell({ epoch: 2, version: 40 });
  await until(() => lists.isRevoked(reference(7)) instanceof Promise);
  assert.equal(await ask(7), undefined, 'somebody on the way still has the old list');
  own.state = { epoch: 2, version: 40, revoked: [7] };
  await own.clock.advance(1);
  assert.equal(await ask(7), true);
  own.tell({ epoch: 2, since: 40, version: 41, lists: told(8) });
  await until(() => lists.isRevoked(reference(8)) === true);
});

test('R-064[guard] a list that was on its way while a backup was restored is not used', async (t) => {
  const { own, lists } = await start(t, { feed });
  own.tell({ version: 100 });
  await until(() => lists.isFollowing());
  const early = await own.sign({ version: 100 });
  const arrived = Promise.withResolvers<void>();
  own.serve(listUri, async () => {
    await arrived.promise;
    return listAnswer(early);
  });
  const asking = lists.isRevoked(reference(7));
  own.tell({ epoch: 2, version: 40 });
  await turn();
  await turn();
  const late = await own.sign({ epoch: 2, version: 40, status_list: packStatusBits(65_536, [7]) });
  own.serve(listUri, () => listAnswer(late));
  arrived.resolve();
  assert.equal(await asking, true);
});

test('R-064[guard] without a feed a list of the next epoch counts at once, and then none of the last', async (t) => {
  const { own, lists } = await start(t);
  own.state = { version: 100, revoked: [] };
  assert.equal(await lists.isRevoked(reference()), false);
  own.state = { epoch: 2, version: 40, revoked: [7] };
  await own.clock.advance(8);
  void lists.isRevoked(reference());
  await until(() => lists.isRevoked(reference()) === true);
  own.state = { version: 100, revoked: [] };
  await own.clock.advance(8);
  void lists.isRevoked(reference());
  for (let turns = 0; turns < 40; turns += 1) await turn();
  assert.equal(lists.isRevoked(reference()), true);
});

test('R-064[guard] a change of a list with two bits for each status means that the list is read again', async (t) => {
  const { own, lists } = await start(t, { feed });
  own.tell({ version: 1 });
  await until(() => lists.isFollowing());
  // 1, 2, 0, 3: revoked, suspended, good, something else.
  const first = await own.sign({ status_list: { bits: 2, lst: 'eNo76fITAAPfAgc' } });
  own.serve(listUri, () => listAnswer(first));
  assert.equal(await lists.isRevoked(reference(2)), false);
  const next = await own.sign({ version: 2, status_list: packStatusBits(65_536, [2]) });
  own.serve(listUri, () => listAnswer(next));
  own.tell({ since: 1, version: 2, lists: told(2) });
  await until(() => lists.isRevoked(reference(2)) instanceof Promise);
  assert.equal(await lists.isRevoked(reference(2)), true);
});

test('R-064[guard] a change outside a list changes nobody in it', async (t) => {
  const { own, lists } = await following(t);
  own.tell({ since: 1, version: 2, lists: told(2 ** 32 + 7, 65_543, Number.MAX_SAFE_INTEGER) });
  own.tell({ since: 2, version: 3, lists: told(9) });
  await until(() => lists.isRevoked(reference(9)) === true);
  assert.deepEqual(
    [0, 7, 8, 65_535, 65_543].map((index) => lists.isRevoked(reference(index))),
    [false, false, false, false, undefined],
  );
});

test('R-064[guard] a feed that ends as soon as it has begun is not asked in a hurry', async (t) => {
  const { own } = await start(t, { feed });
  for (let seconds = 0; seconds < 600; seconds += 1) {
    const open = own.connections.at(-1);
    if (open?.isOpen() === true) {
      own.tell({ version: 1 });
      await turn();
      open.cut();
      await turn();
    }
    await own.clock.advance(1);
  }
  assert.ok(own.connections.length < 60, `${own.connections.length} connections in ten minutes`);
});

test('R-064[guard] what comes over the feed while a list is on its way is not lost', async (t) => {
  const { own, lists } = await following(t);
  own.tell({ version: 2 });
  await until(() => lists.isRevoked(reference(7)) instanceof Promise);
  const early = await own.sign({ version: 2 });
  const arrived = Promise.withResolvers<void>();
  own.serve(listUri, async () => {
    await arrived.promise;
    return listAnswer(early);
  });
  await own.clock.advance(2);
  const asking = lists.isRevoked(reference(7));
  own.tell({ since: 2, version: 3, lists: told(7) });
  await turn();
  await turn();
  const late = await own.sign({ version: 3, status_list: packStatusBits(65_536, [7]) });
  own.serve(listUri, () => listAnswer(late));
  arrived.resolve();
  assert.equal(await asking, true);
});

test('R-064[guard] while the feed lives knowledge is fresh; once it is silent it ages, and then it is none', async (t) => {
  const { own, lists, ask } = await following(t);
  for (let count = 0; count < 10; count += 1) {
    await own.clock.advance(5);
    own.beat();
    await turn();
    await turn();
    assert.equal(lists.isRevoked(reference()), false);
  }
  assert.equal(own.fetched(listUri), 1, 'nothing was fetched again');
  own.serve(listUri, undefined);
  await own.clock.advance(14);
  assert.equal(lists.isRevoked(reference()), false, 'within the bound');
  await own.clock.advance(2);
  assert.equal(await ask(), undefined, 'beyond it');
  assert.equal(own.connections[0]?.isOpen(), false, 'a silent connection is given up');
});

test('R-064[guard] without a feed, and while it is away, lists are fetched again before knowledge is too old', async (t) => {
  const { own, lists } = await start(t);
  assert.equal(await lists.isRevoked(reference()), false);
  own.state = { version: 2, revoked: [7] };
  await own.clock.advance(7);
  assert.equal(lists.isRevoked(reference()), false);
  await own.clock.advance(1);
  assert.equal(lists.isRevoked(reference()), false, 'answered at once, and asked behind it');
  await until(() => lists.isRevoked(reference()) === true);
  assert.equal(own.fetched(listUri), 2);
});

test('R-064[guard] an older copy does not undo what is known', async (t) => {
  const { own, lists } = await start(t);
  own.state = { version: 5, revoked: [7] };
  assert.equal(await lists.isRevoked(reference()), true);
  own.state = { version: 4, revoked: [] };
  await own.clock.advance(10);
  assert.equal(lists.isRevoked(reference()), true);
  await until(() => own.fetched(listUri) === 4);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  assert.equal(lists.isRevoked(reference()), true);
});

test('R-064[guard] a feed that breaks off is taken up again where it was, ever more seldom while it does not answer', async (t) => {
  const { own, lists } = await following(t);
  own.tell({ since: 1, version: 2, lists: told(9) });
  await until(() => lists.isRevoked(reference(9)) === true);
  own.connections[0]?.cut();
  await until(() => !lists.isFollowing());
  assert.equal(lists.isRevoked(reference(9)), true, 'what is known stays known');
  await own.clock.advance(0.2);
  await until(() => own.connections.length === 2);
  assert.equal(own.connections[1]?.form.get('last_event_id'), '1.2');
  own.tell({ since: 2, version: 3, lists: told(7) });
  await until(() => lists.isRevoked(reference(7)) === true);
  assert.ok(lists.isFollowing());
  own.serve(feed.endpoint, () => new Response('', { status: 503 }));
  own.connections[1]?.cut();
  await own.clock.advance(600);
  const attempts = own.fetched(feed.endpoint) - 2;
  assert.ok(attempts >= 20 && attempts < 60, `${attempts} attempts in ten minutes`);
});

test('R-064[guard] an event that cannot be read ends the connection, and the next begins from nothing', async (t) => {
  const { own, lists } = await following(t);
  own.connections[0]?.say('id: 1.2\ndata: {"iss":"https://evil.example"}\n\n');
  await until(() => !lists.isFollowing());
  await own.clock.advance(0.2);
  await until(() => own.connections.length === 2);
  assert.equal(own.connections[1]?.form.get('last_event_id'), null);
});

test('R-064[guard] what is no event stream, or comes from elsewhere, is not listened to', async (t) => {
  const { own, lists } = await start(t, { feed });
  await until(() => own.connections.length === 1);
  own.connections[0]?.cut();
  for (const answer of [
    () => new Response('data: x\n\n', { headers: { 'content-type': 'application/json' } }),
    () => new Response('', { status: 401 }),
    () => Promise.reject(new TypeError('no route')),
  ]) {
    own.serve(feed.endpoint, answer);
    await own.clock.advance(31);
    assert.equal(lists.isFollowing(), false);
  }
});

test('R-064[guard] hostile lists are none, and nothing is known by them', async (t) => {
  const { own, ask } = await start(t);
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const stranger = { kid: publicJwk.kid, algorithm: 'ES256', privateKey } as const;
  const bomb = { bits: 1, lst: packStatusBits(1_100_000, []).lst };
  const now = own.clock.now() / 1000;
  const tokens: Readonly<Record<string, () => Promise<string>>> = {
    'signed by another key': () => own.sign({}, 'statuslist+jwt', stranger),
    'another type': () => own.sign({}, 'at+jwt'),
    'for another address': () => own.sign({ sub: `${issuer}/status/1.1` }),
    'for no address': () => own.sign({ sub: undefined }),
    'of another issuer': () => own.sign({ iss: 'https://evil.example' }),
    over: () => own.sign({ iat: now - 100, exp: now - 20 }),
    'not yet': () => own.sign({ iat: now + 100, exp: now + 160 }),
    'without an end': () => own.sign({ exp: undefined }),
    'without a list': () => own.sign({ status_list: undefined }),
    'a list that unpacks to too much': () => own.sign({ status_list: bomb }),
    'no compression': () => own.sign({ status_list: { bits: 1, lst: 'AAAA' } }),
    'no token': async () => 'x',
  };
  for (const [name, make] of Object.entries(tokens)) {
    const token = await make();
    own.serve(listUri, () => listAnswer(token));
    await own.clock.advance(2);
    assert.equal(await ask(), undefined, name);
  }
  const good = await own.sign({ iat: own.clock.now() / 1000, exp: own.clock.now() / 1000 + 60 });
  own.serve(listUri, () => listAnswer(good, 'application/jwt'));
  await own.clock.advance(2);
  assert.equal(await ask(), undefined, 'another media type');
  own.serve(listUri, () => listAnswer(good.padEnd(20_000, 'A')));
  await own.clock.advance(2);
  assert.equal(await ask(), undefined, 'too large');
  own.serve(listUri, () => listAnswer(good));
  await own.clock.advance(2);
  assert.equal(await ask(), false);
});

test('R-064[guard] S-63 R-069[guard] nothing is fetched but what lies below the issuer', async (t) => {
  const { own, lists } = await start(t);
  for (const uri of [
    'https://evil.example/status/1.0',
    'https://id.example.evil.example/status/1.0',
    'https://id.example@evil.example/status/1.0',
    'http://id.example/status/1.0',
    'https://id.example/../status/1.0',
    'https://id.example/%2e%2e/status/1.0',
    'https://id.example/status/1.0?x',
    'https://id.example/status/1.0#x',
    'https://id.example/status\\1.0',
    'https://id.example',
    '/status/1.0',
  ]) {
    assert.equal(await lists.isRevoked(reference(7, uri)), undefined, uri);
    assert.equal(own.fetched(uri), 0, uri);
  }
  assert.equal(await lists.isRevoked({ ...reference(), issuer: 'https://other.example' }), undefined);
  assert.equal(own.fetched(listUri), 0);
});

test('R-064[guard] a list with two bits says more than revoked, and none of it is good', async (t) => {
  const { own, ask } = await start(t);
  // 1, 2, 0, 3: revoked, suspended, good, something else.
  const token = await own.sign({ version: undefined, status_list: { bits: 2, lst: 'eNo76fITAAPfAgc' } });
  own.serve(listUri, () => listAnswer(token));
  assert.deepEqual([await ask(0), await ask(1), await ask(2), await ask(3)], [true, true, false, true]);
});

test('R-064[guard] without the issuer nothing is known, and it is not asked in a hurry', async (t) => {
  const { own, ask } = await start(t);
  own.serve(listUri, undefined);
  for (let count = 0; count < 20; count += 1) assert.equal(await ask(), undefined);
  assert.equal(own.fetched(listUri), 1);
  await own.clock.advance(1);
  assert.equal(await ask(), undefined);
  assert.equal(own.fetched(listUri), 2);
});

test('R-064[guard] it cannot be set up weakly', async () => {
  const own = await startStatusIssuer();
  const bad: readonly [object, RegExp][] = [
    [{ issuer: 'http://id.example' }, /issuer must be https/],
    [{ algorithms: [] }, /algorithms is missing/],
    [{ jwksUri: undefined }, /jwksUri or discovery/],
    [{ discovery: 'openid' }, /jwksUri or discovery/],
    [{ staleness: 0 }, /1 to 300/],
    [{ staleness: 301 }, /1 to 300/],
    [{ staleness: 14, feed }, /15 to 300/],
    [{ feed: { ...feed, endpoint: 'http://id.example/feed' } }, /endpoint must be https/],
    [{ feed: { ...feed, secret: 'short' } }, /secret is too short/],
    [{ feed: { ...feed, client: '' } }, /client is missing/],
    [{ feed: { ...feed, secret: undefined } }, /secret or key/],
    [{ feed: { ...feed, key: {} } }, /secret or key/],
  ];
  for (const [change, problem] of bad) {
    assert.throws(
      () => statusLists({ ...rules, ...change } as StatusListsConfig, own.runtime),
      (error) => error instanceof GuardConfigError && error.problems.some((one) => problem.test(one)),
      String(problem),
    );
  }
});
