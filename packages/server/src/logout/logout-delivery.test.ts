import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordedEvent } from '@castellan/audit';
import { createJwtVerifier, parseCompact, type Runtime } from '@castellan/protocol';
import { createClock, type TestClock, turn, until } from '../../../testkit/src/clock.ts';
import type { Client } from '../clients/client.ts';
import { createKeyRing } from '../keys/key-ring.ts';
import { issuer, masterKey, startAt, temporaryFolder, testClient, testRecorder, testRuntime } from '../stage.test.ts';
import { authorize, effects, emptyOutbox, signIn } from '../store/conformance/rows.ts';
import { openSqliteStore } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { createLogoutDelivery, type LogoutDelivery, pauses } from './logout-delivery.ts';

const start = startAt / 1000;
const uri = 'https://web.example/backchannel?tenant=1';

interface Called {
  readonly url: string;
  readonly init: RequestInit;
}

interface DeliveryStage {
  readonly clock: TestClock;
  readonly store: Store;
  readonly calls: Called[];
  readonly events: readonly RecordedEvent[];
  readonly clients: Map<string, Client>;
  readonly verify: (token: string, client: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Opens another node. */
  readonly node: () => LogoutDelivery;
  /** Ends a new session of which these clients have to be told. */
  readonly end: (...clients: readonly string[]) => Promise<{ readonly person: string; readonly session: string }>;
  readonly told: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

type Answer = (called: Called) => Promise<Response>;

const fine: Answer = async () => new Response(null, { status: 200 });

async function openDelivery(t: TestContext, answer: Answer = fine): Promise<DeliveryStage> {
  const clock = createClock(startAt);
  const calls: Called[] = [];
  const fetchUntrusted: Runtime['fetch'] = async (url, init = {}) => {
    const called = { url: String(url), init };
    calls.push(called);
    return answer(called);
  };
  const runtime: Runtime = { ...testRuntime(clock), fetchUntrusted };
  const recorder = testRecorder(runtime);
  const store = await openSqliteStore(join(temporaryFolder(t), 'logout.sqlite'), runtime);
  const keys = await createKeyRing({
    store,
    masterKey,
    runtime,
    recorder,
    algorithms: async () => [],
    longestToken: 900,
  });
  const clients = new Map<string, Client>();
  for (const id of ['web', 'other', 'slow']) clients.set(id, testClient(id, { backchannelLogoutUri: uri }));
  await emptyOutbox(store);
  const events: RecordedEvent[] = [];
  const opened: LogoutDelivery[] = [];
  t.after(async () => {
    for (const node of opened) await node.close();
    await store.close();
  });
  return {
    clock,
    store,
    calls,
    events,
    clients,
    verify: async (token, client) => {
      const rules = { issuer, audience: client, algorithms: ['RS256', 'ES256'], typ: 'logout+jwt' } as const;
      return (await createJwtVerifier({ ...rules, keys: keys.source, now: clock.now, maxLifetime: 120 }).verify(token))
        .claims;
    },
    node: () => {
      const node = createLogoutDelivery({
        issuer,
        store,
        clients: { find: (id) => clients.get(id) },
        refresh: async () => undefined,
        keys,
        sessionNames: { nameOf: (session, { sector }) => (sector === undefined ? session : `${session} at ${sector}`) },
        subjectOf: (person, { sector }) => (sector === undefined ? person : `${person} at ${sector}`),
        runtime,
        recorder,
        committed: () => undefined,
        record: (event) => events.push(event),
        describe: () => 'Error',
      });
      opened.push(node);
      return node;
    },
    end: async (...names) => {
      const { person, id } = await signIn(store, { idleExpiresAt: start + 3600, absoluteExpiresAt: start + 7200 });
      for (const client of names) await authorize(store, { client, person, session: id });
      await store.endSession({ id, reason: 'logout', now: Math.floor(clock.now() / 1000) }, effects('ended'));
      await emptyOutbox(store);
      return { person, session: id };
    },
    told: async () => (await store.readOutbox(100)).map(({ event: { type, ...rest } }) => ({ type, ...rest })),
  };
}

function tokenOf({ init }: Called): string {
  const form = new URLSearchParams(String(init.body));
  assert.deepEqual([...form.keys()], ['logout_token']);
  return form.get('logout_token') ?? '';
}

test('R-116[logout] R-110 a client is told by a post of the logout token alone, which says what its ID tokens said', async (t) => {
  const stage = await openDelivery(t);
  const { person, session } = await stage.end('web');
  await stage.node().run();
  assert.deepEqual(
    stage.calls.map(({ url, init }) => [url, init.method]),
    [[uri, 'POST']],
  );
  const [called] = stage.calls;
  assert.ok(called);
  assert.deepEqual(new Headers(called.init.headers).get('content-type'), 'application/x-www-form-urlencoded');
  const { jti, ...claims } = await stage.verify(tokenOf(called), 'web');
  assert.match(String(jti), /^[\w-]{22}$/);
  assert.deepEqual(claims, {
    iss: issuer,
    sub: person,
    aud: 'web',
    iat: start,
    exp: start + 120,
    sid: session,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  assert.partialDeepStrictEqual(await stage.told(), [
    { type: 'logout.delivered', client: 'web', session, attempts: 1 },
  ]);
  await stage.node().run();
  assert.equal(stage.calls.length, 1, 'once');
});

test('R-116[logout] R-069[logout] an address is called as one of a stranger, whatever it is, and without following it', async (t) => {
  // The stage's `fetch` rejects: only `fetchUntrusted` reaches anybody. What that refuses is proven where it stands.
  const stage = await openDelivery(t, async () => new Response(null, { status: 302, headers: { location: uri } }));
  await stage.end('web');
  await stage.node().run();
  assert.deepEqual(
    stage.calls.map(({ url }) => url),
    [uri],
  );
  assert.equal((await stage.told()).length, 0, 'a redirect is no answer');
});

test('R-116[logout] a client that does not answer is tried six times in a quarter of an hour, and then given up with an event', async (t) => {
  const stage = await openDelivery(t, async () => new Response('no', { status: 503 }));
  const { session } = await stage.end('web');
  const node = stage.node();
  await node.run();
  for (const [index, pause] of pauses.entries()) {
    await stage.clock.advance(pause - 1);
    assert.equal(stage.calls.length, index + 1);
    await stage.clock.advance(1);
    await until(() => stage.calls.length === index + 2);
    await node.run();
  }
  assert.ok(pauses.reduce((sum, pause) => sum + pause) <= 900);
  assert.partialDeepStrictEqual(await stage.told(), [
    { type: 'logout.abandoned', client: 'web', session, attempts: 6, reason: 'an answer that is not 200' },
  ]);
  await stage.clock.advance(3600);
  await node.run();
  assert.equal(stage.calls.length, 6);
  const tokens = await Promise.all(stage.calls.map((called) => tokenOf(called)));
  assert.equal(new Set(tokens).size, 6, 'each with a token of its own');
});

test('R-116[logout] a call ends after five seconds, and one that hangs keeps no other client waiting', async (t) => {
  let isSlow = true;
  const stage = await openDelivery(t, async (called) => {
    if (!isSlow || parseCompact(tokenOf(called)).claims['aud'] !== 'slow') return new Response(null, { status: 204 });
    return new Promise((_resolve, reject) => {
      called.init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  });
  await stage.end('slow', 'other');
  const node = stage.node();
  const run = node.run();
  await until(() => stage.calls.length === 2);
  for (let turns = 0; turns < 1000 && (await stage.told()).length === 0; turns += 1) await turn();
  assert.partialDeepStrictEqual(await stage.told(), [{ type: 'logout.delivered' }]);
  await stage.clock.advance(5);
  await run;
  isSlow = false;
  await stage.clock.advance(10);
  await node.run();
  assert.equal((await stage.told()).length, 2);
});

test('R-116[logout] what a node that died had taken up is delivered by another, and two that live deliver it once', async (t) => {
  const stage = await openDelivery(t);
  await stage.end('web', 'other');
  const [first] = await stage.store.dueLogouts({ now: start, limit: 1, each: 1 });
  assert.ok(first);
  await stage.store.holdLogout({ ...first, now: start, until: start + 60 });
  const nodes = [stage.node(), stage.node()];
  await Promise.all(nodes.map((node) => node.run()));
  assert.equal(stage.calls.length, 1);
  await stage.clock.advance(60);
  await Promise.all(nodes.map((node) => node.run()));
  assert.equal(stage.calls.length, 2);
});

test('R-116[logout] a crowd of clients is called sixteen at once, two calls to each, however often it is looked', async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const stage = await openDelivery(t, async () => {
    await gate;
    return new Response(null, { status: 200 });
  });
  const names = Array.from({ length: 30 }, (_, index) => `client-${index}`);
  for (const id of names) stage.clients.set(id, testClient(id, { backchannelLogoutUri: uri }));
  for (let count = 0; count < 5; count += 1) await stage.end('web');
  const node = stage.node();
  const look = async (): Promise<void> => {
    for (let turns = 0; turns < 200; turns += 1) {
      node.nudge();
      await turn();
    }
  };
  await look();
  assert.equal(stage.calls.length, 2, 'to one client');
  await stage.end(...names);
  await look();
  assert.equal(stage.calls.length, 16, 'to all together');
  open();
  await node.run();
  assert.equal(stage.calls.length, 35);
});

test('R-116[logout] a client that has no such address, or is gone, is told nothing and leaves nothing behind', async (t) => {
  const stage = await openDelivery(t);
  stage.clients.set('web', testClient('web'));
  await stage.end('web', 'nobody');
  await stage.node().run();
  assert.equal(stage.calls.length, 0);
  assert.deepEqual(await stage.store.dueLogouts({ now: start + 86_400, limit: 10, each: 10 }), []);
  assert.deepEqual(await stage.told(), []);
});
