import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuardConfigError } from './config.ts';
import { type NotesApi, startNotes } from './testing/notes.ts';

/** Purging a note is of high value; the issuer tells of its clients. */
function startVault(claims: object = { clientAuthentication: 'client_auth_method' }): Promise<NotesApi> {
  return startNotes(({ routes, issuers }) => ({
    routes: { ...routes, 'DELETE /notes/:id': { ...routes['DELETE /notes/:id'], clientKey: true } },
    issuers: issuers.map((issuer) => ({ ...issuer, claims })),
  }));
}

const keeper = { sub: 'theo', scope: 'notes:admin' };

test('R-077[guard] S-90[guard] a route of high value refuses the token of a client that had no more than a secret', async () => {
  const api = await startVault();
  const purge = async (claims: object) =>
    (await api.send('DELETE', '/notes/42', { token: await api.token({ ...keeper, ...claims }) })).status;
  const methods = [
    'client_secret_basic',
    'client_secret_post',
    'client_secret_jwt',
    'none',
    'PRIVATE_KEY_JWT',
    'constructor',
  ];
  for (const method of methods) assert.equal(await purge({ client_auth_method: method }), 403, method);
  assert.equal(await purge({}), 403, 'who says nothing proves nothing');
  for (const wrong of [['private_key_jwt'], true, { private_key_jwt: true }, '']) {
    assert.equal(await purge({ client_auth_method: wrong }), 401, JSON.stringify(wrong));
  }
  assert.equal(api.notes.has(42), true);
  const [event] = await api.outcomes();
  assert.deepEqual(
    [event?.reason, event?.detail],
    ['forbidden', 'the token does not say that its client authenticated by a key'],
  );
  assert.equal(
    (await api.send('GET', '/notes/1', { token: await api.token() })).status,
    200,
    'other routes do not ask',
  );
  assert.equal(await purge({ client_auth_method: 'private_key_jwt' }), 204);
});

test('R-077[guard] S-90 any issuer that tells of its clients will do, wherever it writes that', async () => {
  const api = await startVault({ clientAuthentication: ['ext', 'auth'] });
  for (const [method, status] of [
    ['client_secret_post', 403],
    ['self_signed_tls_client_auth', 204],
    ['tls_client_auth', 404],
  ] as const) {
    const token = await api.token({ ...keeper, ext: { auth: method }, client_auth_method: 'private_key_jwt' });
    assert.equal((await api.send('DELETE', '/notes/42', { token })).status, status, method);
  }
});

test('R-077[guard] a route of high value that no token could open stops the start', async () => {
  await assert.rejects(startVault({}), (error: GuardConfigError) => {
    assert.match(error.message, /DELETE \/notes\/:id: clientKey needs an issuer with claims\.clientAuthentication/);
    return true;
  });
  const api = await startVault();
  assert.equal(api.guard.inventory.find(({ method }) => method === 'DELETE')?.clientKey, true);
  const off = ({ routes }: { readonly routes: Readonly<Record<string, object>> }) => ({
    routes: { ...routes, 'DELETE /notes/:id': { ...routes['DELETE /notes/:id'], clientKey: false } },
  });
  await assert.rejects(startNotes(off), /clientKey is left out, or true/);
});
