/** The feed of status lists: who may listen, and that no change is missed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRecorder, type EffectEvent, type RecordedEffects, recordEvents } from '@castellan/audit';
import { statusLists } from '@castellan/guard';
import {
  generateSigningKey,
  readEventStream,
  readStatusChange,
  type StatusChange,
  type StreamPart,
  signJwt,
  systemRuntime,
} from '@castellan/protocol';
import { openSqliteStore, type Store } from '@castellan/server';
import { audiences, basic, createWorld, formOf, type HeaderPairs, post, until } from '@castellan/testkit';
import { createMachineWorld, type MachineWorld, notesApi, secrets } from './machine-world.ts';
import { issueBy, statusOf, ways } from './status-world.ts';

const machine = await createMachineWorld('status-feed');
const { world } = machine;
after(machine.close);

interface Listening {
  readonly parts: StreamPart[];
  readonly changes: () => readonly StatusChange[];
  readonly hasEnded: () => boolean;
  readonly stop: () => Promise<void>;
}

/** Listens as an API does. */
async function listen(own: MachineWorld = machine, form: Record<string, string> = {}): Promise<Listening> {
  const controller = new AbortController();
  const response = await own.world.network.fetch(`${own.world.issuer}/status/feed`, {
    method: 'POST',
    headers: [['content-type', 'application/x-www-form-urlencoded'], ...notesApi] as [string, string][],
    body: formOf(form),
    signal: controller.signal,
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { body } = response;
  assert.ok(body !== null);
  const reader = body.getReader();
  const parts: StreamPart[] = [];
  let hasEnded = false;
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  };
  const reading = (async () => {
    for await (const part of readEventStream(bytes())) parts.push(part);
    hasEnded = true;
  })();
  const changes = () =>
    parts.flatMap((part) => {
      const change = part === 'comment' ? undefined : readStatusChange(part.data, own.world.issuer);
      return change === undefined ? [] : [change];
    });
  await until(() => changes().length > 0);
  return {
    parts,
    changes,
    hasEnded: () => hasEnded,
    stop: async () => {
      await reader.cancel();
      await reading;
    },
  };
}

function attempt(headers: HeaderPairs, form: Record<string, string> = {}) {
  return post(world.network.from('198.51.100.50'), `${world.issuer}/status/feed`, form, headers);
}

for (const [way, { by, take }] of Object.entries(ways)) {
  for (const grant of by) {
    test(`R-064[status,${grant}] S-50[status] ${way} is told to who listens, without any clock moving`, async () => {
      const issued = await issueBy[grant](machine, 'access-jwt');
      const { uri, idx } = await statusOf(machine, issued.token);
      const listening = await listen();
      const [start] = listening.changes();
      assert.equal(start?.since, undefined);
      await take(machine, issued);
      await until(() => listening.changes().length > 1);
      const { since, version, lists } = listening.changes()[1] as StatusChange;
      assert.deepEqual([since, version], [start?.version, (start?.version ?? 0) + 1]);
      assert.deepEqual([...lists], [[uri, [idx]]]);
      await listening.stop();
    });
  }
}

test('R-064[status] R-059 only an API that proves itself may listen', async () => {
  const { secret = '' } = world.client('web');
  for (const headers of [
    [],
    basic('notes-api', 'wrong-0123456789abcdefghijklmnopqrstuvwxyz'),
    basic('web', secret),
    basic('nobody', secret),
    basic('bills-api', secrets.notes),
  ]) {
    const answer = await attempt(headers, headers.length === 0 ? { client_id: 'notes-api' } : {});
    assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client'], JSON.stringify(headers));
  }
  const posted = await attempt([], { client_id: 'notes-api', client_secret: secrets.notes });
  assert.equal(posted.status, 401, 'another method than the registered one');
});

test('R-064[status] by POST and form alone, and from no page', async () => {
  assert.equal((await world.send('GET', '/status/feed')).status, 405);
  assert.equal((await world.send('OPTIONS', '/status/feed')).status, 405);
  for (const id of ['x', '1', '1.', '1.x', '1.1.1', '-1.0', `1.${'9'.repeat(16)}`]) {
    const answer = await attempt(notesApi, { last_event_id: id });
    assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_request'], id);
  }
});

test('R-064[status] who comes again is told what happened meanwhile, and nothing twice', async () => {
  const first = await listen();
  const [start] = first.changes();
  await first.stop();
  const known = `${start?.epoch}.${start?.version}`;
  const issued = [await issueBy.code(machine, 'access-jwt'), await issueBy.code(machine, 'access-jwt')];
  const told = new Set<number>();
  for (const one of issued) {
    told.add((await statusOf(machine, one.token)).idx);
    await machine.revoke(one.refreshToken, 'web');
  }
  const second = await listen(machine, { last_event_id: known });
  const [change] = second.changes();
  assert.deepEqual([change?.since, change?.version], [start?.version, (start?.version ?? 0) + 2]);
  assert.deepEqual(new Set([...(change?.lists.values() ?? [])].flat()), told);
  await second.stop();
  const third = await listen(machine, { last_event_id: `${change?.epoch}.${change?.version}` });
  assert.deepEqual([third.changes()[0]?.since, third.changes()[0]?.lists.size], [change?.version, 0]);
  await third.stop();
  for (const unknown of [`${change?.epoch}.999999`, `9.${change?.version}`]) {
    const lost = await listen(machine, { last_event_id: unknown });
    assert.equal(lost.changes()[0]?.since, undefined, 'it has to read the lists again');
    await lost.stop();
  }
});

test('R-064[status] while nothing changes a sign of life comes every five seconds', async () => {
  const listening = await listen();
  const before = listening.parts.length;
  await world.clock.advance(21);
  const beats = listening.parts.slice(before);
  assert.ok(beats.length >= 4 && beats.every((part) => part === 'comment'), `${beats.length}`);
  await listening.stop();
});

/** The store as another process on the same machine has it. */
async function elsewhere(own: MachineWorld): Promise<Store> {
  const { store } = own.world.config;
  return openSqliteStore('sqlite' in store ? store.sqlite : '', systemRuntime);
}

const effects = (event: EffectEvent): RecordedEffects =>
  recordEvents(createRecorder({ source: 'test' }, systemRuntime), 'test', [event]);

test('R-064[status] what another process has revoked is told within a quarter of a second', async () => {
  const own = await createMachineWorld('status-feed-other');
  const issued = await issueBy.code(own, 'access-jwt');
  const { idx } = await statusOf(own, issued.token);
  const listening = await listen(own);
  const store = await elsewhere(own);
  await own.world.clock.advance(2);
  await until(() => own.world.events.some(({ type }) => type === 'authorization.granted'));
  const granted = own.world.events.find((event) => event.type === 'authorization.granted');
  const ending = { reason: 'revoked_by_client', client: 'web', person: undefined } as const;
  const id = granted?.authorization ?? '';
  await store.revokeAuthorization(
    { id, reason: ending.reason, now: own.world.clock.now() / 1000 },
    effects({ type: 'authorization.revoked', authorization: id, ...ending }),
  );
  await own.world.clock.advance(0.25);
  await until(() => listening.changes().length > 1);
  assert.deepEqual([...(listening.changes()[1]?.lists.values() ?? [])], [[idx]]);
  await store.close();
  await own.close();
});

test('R-064[status] S-50 after a restored backup everybody is told to read the lists again', async () => {
  const own = await createMachineWorld('status-feed-epoch');
  const listening = await listen(own);
  const store = await elsewhere(own);
  await store.raiseEpoch(effects({ type: 'epoch.raised' }));
  await own.world.clock.advance(0.25);
  await until(() => listening.changes().length > 1);
  const [, change] = listening.changes();
  assert.deepEqual([change?.epoch, change?.since], [2, undefined]);
  await store.close();
  await own.close();
});

test('R-064[status] R-180 one API holds so many feeds and no more, and each has one outcome event', async () => {
  const own = await createMachineWorld('status-feed-many');
  const listening = await Promise.all(Array.from({ length: 32 }, () => listen(own)));
  const from = own.world.network.from('198.51.100.50');
  const answer = await post(from, `${own.world.issuer}/status/feed`, {}, notesApi);
  assert.equal(answer.status, 503);
  await listening[0]?.stop();
  const again = await listen(own);
  await own.close();
  await until(() => [again, ...listening].every((one) => one.hasEnded()));
  const outcomes = own.world.events.filter(
    (event) => event.type === 'request.answered' && event.endpoint === 'status_feed',
  );
  assert.equal(outcomes.length, 34);
  assert.equal(
    outcomes.filter((event) => event.type === 'request.answered' && event.client === 'notes-api').length,
    34,
  );
});

test('R-064[status] an API proves itself again after an hour', async () => {
  const listening = await listen();
  await world.clock.advance(3590);
  assert.equal(listening.hasEnded(), false);
  await world.clock.advance(20);
  await until(() => listening.hasEnded());
});

test('R-064[status] R-072 an API with a key of its own proves itself by an assertion, each of which counts once', async () => {
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const key = { kid: publicJwk.kid, algorithm: 'ES256', privateKey } as const;
  const credentials = { id: 'keyed-api', authentication: 'private_key_jwt', jwks: { keys: [publicJwk] } } as const;
  await using own = await createWorld({
    seed: 'status-feed-key',
    config: (config) => ({
      ...config,
      resources: (config.resources ?? []).map((one) =>
        one.audience === audiences.notes ? { ...one, credentials } : one,
      ),
    }),
  });
  const now = own.clock.now() / 1000;
  const assertionOf = (changes: object): Promise<string> =>
    signJwt(key, 'JWT', {
      iss: credentials.id,
      sub: credentials.id,
      aud: own.issuer,
      jti: 'a',
      iat: now,
      exp: now + 60,
      ...changes,
    });
  const open = (assertion: string): Promise<Response> =>
    own.network.fetch(`${own.issuer}/status/feed`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: formOf({
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    });
  const { issuer, metadata, runtime } = own;
  const feed = { endpoint: `${issuer}/status/feed`, client: credentials.id, key };
  const lists = statusLists({ issuer, algorithms: ['ES256'], jwksUri: String(metadata['jwks_uri']), feed }, runtime);
  await until(() => lists.isFollowing());
  lists.close();
  const good = await assertionOf({});
  const first = await open(good);
  assert.deepEqual([first.status, first.headers.get('content-type')], [200, 'text/event-stream']);
  await first.body?.cancel();
  assert.equal((await open(good)).status, 401, 'it was used');
  for (const changes of [
    { aud: `${own.issuer}/status/feed` },
    { exp: now - 61, iat: now - 90 },
    { iss: 'web', sub: 'web' },
  ]) {
    assert.equal((await open(await assertionOf({ jti: JSON.stringify(changes), ...changes }))).status, 401);
  }
});
