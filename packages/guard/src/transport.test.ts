import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest, Peer } from '@castellan/protocol';
import { carriers, carryOver } from './testing/carriers.ts';
import { type NotesApi, startNotes } from './testing/notes.ts';

async function ask(api: NotesApi, peer: Peer, path = '/notes/1', proto: readonly string[] = []) {
  const headers: HttpRequest['headers'] = {
    authorization: [`Bearer ${await api.token()}`],
    ...(proto.length === 0 ? {} : { 'x-forwarded-proto': proto }),
  };
  const answer = await api.guard.handle({ method: 'GET', path, query: '', headers, body: '', peer });
  return { ...answer, json: JSON.parse(String(answer.body)) as Record<string, unknown> };
}

test('R-187[guard] S-88[guard] who sends a token by http is refused, not redirected, and told why', async () => {
  const api = await startNotes();
  const refused = await ask(api, { address: '192.0.2.1', secure: false });
  assert.equal(refused.status, 403);
  assert.equal(refused.json['detail'], 'This API is reached by https only.');
  assert.equal(refused.headers['location'], undefined);
  const [event] = await api.outcomes();
  assert.deepEqual([event?.reason, event?.detail], ['https_required', 'the request came by http']);
  assert.equal((await ask(api, { address: '192.0.2.1', secure: true })).status, 200);
  assert.equal(
    (await ask(api, { address: '192.0.2.1', secure: false }, '/health')).status,
    200,
    'nothing is sent there',
  );
});

test('R-187[guard] S-88[guard] what stands on this machine, as a probe or a development server, may come by http', async () => {
  const api = await startNotes();
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
    assert.equal((await ask(api, { address, secure: false })).status, 200, address);
  }
  for (const address of ['', 'unknown', '127.0.0.1.example', '::2', '1127.0.0.1', '10.0.0.1', '::ffff:192.0.2.1']) {
    assert.equal((await ask(api, { address, secure: false })).status, 403, address);
  }
  assert.equal((await ask(api, { address: '' })).status, 200, 'no network was there');
  const local = await startNotes(() => ({ resource: 'http://127.0.0.1:4001' }));
  const answer = await ask(local, { address: '192.0.2.1', secure: false });
  assert.notEqual(answer.status, 403);
  assert.equal(answer.headers['strict-transport-security'], undefined);
});

test('R-187[guard] R-189[guard] of the part before it a trusted proxy is believed, once and only if it says https', async () => {
  const api = await startNotes(() => ({ trustedProxies: ['10.0.0.0/8', '127.0.0.1'] }));
  const status = async (address: string, secure: boolean, ...proto: string[]) =>
    (await ask(api, { address, secure }, '/notes/1', proto)).status;
  assert.equal(await status('10.0.0.1', false, 'https'), 200);
  assert.equal(await status('10.0.0.1', false, 'HTTPS'), 200);
  for (const said of [['http'], ['https,http'], ['https', 'https'], ['https', 'http'], [''], []]) {
    assert.equal(await status('10.0.0.1', true, ...said), 403, said.join(' + '));
    assert.equal(await status('127.0.0.1', false, ...said), 403, said.join(' + '));
  }
  assert.equal(await status('192.0.2.1', false, 'https'), 403, 'whoever is no proxy says nothing');
  assert.equal(await status('192.0.2.1', true, 'http'), 200);
});

test('S-88[guard] R-187[guard] every answer of an API on https tells browsers to stay there for a year', async () => {
  const { send, token } = await startNotes();
  for (const [path, bearer] of [
    ['/notes/1', await token()],
    ['/notes/1', undefined],
    ['/nothing', undefined],
  ] as const) {
    const { headers } = await send('GET', path, { token: bearer });
    assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
  }
});

for (const name of Object.keys(carriers)) {
  test(`R-187[guard] over ${name} the guard is told how the request came`, async (t) => {
    const secure: unknown[] = [];
    const handle = async ({ peer }: HttpRequest) => {
      secure.push(peer.secure);
      return { status: 204, headers: {}, body: '' };
    };
    const carried = await carryOver(name, { handle });
    t.after(carried.close);
    await carried.send({ method: 'GET', target: '/' });
    assert.deepEqual(secure, [false]);
  });
}
