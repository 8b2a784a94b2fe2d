import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permitUnknownRevocation } from './insecure.ts';
import type { Revocation, StatusReference } from './revocation.ts';
import { issuer, type NotesApi, startNotes } from './testing/notes.ts';

const status = (idx: unknown = 7, uri: unknown = `${issuer}/status/1`) => ({ status: { status_list: { idx, uri } } });

/** An API whose revocations are in `revoked`; an index in neither set is not known. */
async function startRevocable(answer?: Revocation['isRevoked']) {
  const revoked = new Map<number, boolean>([[7, false]]);
  const asked: StatusReference[] = [];
  const revocation: Revocation = {
    staleness: 5,
    isRevoked:
      answer ??
      ((reference) => {
        asked.push(reference);
        return revoked.get(reference.index);
      }),
  };
  const notes = await startNotes(({ issuers, routes }) => ({
    issuers: [{ ...issuers[0], revocation }],
    routes: {
      ...routes,
      'GET /tolerant/:id': { ...routes['GET /notes/:id'], whenRevocationUnknown: permitUnknownRevocation },
    },
  }));
  return { ...notes, revoked, asked };
}

const read = async ({ send }: NotesApi, token: string, path = '/notes/1'): Promise<number> =>
  (await send('GET', path, { token })).status;

test('R-064[guard] S-50[guard] R-153[verifier] a revoked token is refused from the next request on, remembered or not', async () => {
  const api = await startRevocable();
  const token = await api.token(status());
  for (let count = 0; count < 3; count += 1) assert.equal(await read(api, token), 200);
  assert.deepEqual(api.asked[0], { issuer, uri: `${issuer}/status/1`, index: 7 });
  assert.equal(api.asked.length, 3, 'a remembered token is asked for too');
  api.revoked.set(7, true);
  const answer = await api.send('GET', '/notes/1', { token });
  assert.equal(answer.status, 401);
  assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/);
  assert.equal((await api.outcomes()).at(-1)?.detail, 'revoked');
  assert.equal(await read(api, token, '/tolerant/1'), 401, 'what is known counts on every route');
});

test('R-064[guard] S-50 what is not known denies, except on a route that says otherwise by name', async () => {
  const api = await startRevocable();
  const token = await api.token(status(8));
  const answer = await api.send('GET', '/notes/1', { token });
  assert.equal(answer.status, 503, 'which says nothing about the token');
  assert.equal(answer.headers['www-authenticate'], undefined);
  assert.equal(await read(api, token, '/tolerant/1'), 200);
});

test('R-064[guard] an answer that is no answer permits nothing', async () => {
  const odd: readonly unknown[] = [null, 0, '', 'false', {}, Promise.resolve(null), Promise.resolve(undefined)];
  for (const value of odd) {
    const api = await startRevocable(() => value as boolean);
    assert.equal(await read(api, await api.token(status())), 503, String(value));
  }
  const failing = await startRevocable(() => {
    throw new Error('a secret detail');
  });
  assert.equal(await read(failing, await failing.token(status()), '/tolerant/1'), 500);
  const asked = Promise.withResolvers<void>();
  const silent = await startRevocable(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  const waiting = read(silent, await silent.token(status()));
  // Only once the port was asked is there a wait that can end.
  await asked.promise;
  silent.clock.advance(2);
  assert.equal(await waiting, 503, 'nobody waits longer than two seconds');
});

test('R-064[guard] a token that names no bit cannot be revoked, so it is refused', async () => {
  const api = await startRevocable();
  const bad: readonly object[] = [
    {},
    { status: null },
    { status: {} },
    { status: { status_list: null } },
    { status: { status_list: [7, 'u'] } },
    status(-1),
    status(1.5),
    status('7'),
    status(2 ** 60),
    status(7, ''),
    status(7, ['u']),
  ];
  for (const claims of bad) {
    assert.equal(await read(api, await api.token({ ...claims })), 401, JSON.stringify(claims));
    assert.equal(await read(api, await api.token({ ...claims }), '/tolerant/1'), 401);
  }
  assert.equal(api.asked.length, 0);
});

test('S-107[guard] a route that tolerates not knowing is told at every start', async () => {
  const api = await startRevocable();
  await api.guard.flush();
  const told = api.sink.events.filter((event) => event.type === 'insecure.used').map(({ choice }) => choice);
  assert.deepEqual(told, ['permitUnknownRevocation for GET /tolerant/:id']);
});
