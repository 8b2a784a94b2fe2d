import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpRequest, hashSecret, Refusal } from '@castellan/protocol';
import { seededRandom } from '../../../testkit/src/random.ts';
import { clientDirectory } from '../clients/client.ts';
import { issuerResource, resourceDirectory } from '../resources/resource.ts';
import { testClient } from '../stage.test.ts';
import type { ParkedRequestRow } from '../store/store.ts';
import type { CheckedRequest } from './check.ts';
import { createParkingLot, type ParkingDeps, parkedId, stepAddress } from './park.ts';

const issuer = 'https://id.example';
const web = testClient('web', {
  redirectUris: ['https://web.example/cb'],
  scopes: new Set(['openid']),
  resources: [issuer],
});
const request: CheckedRequest = {
  client: 'web',
  redirectUri: 'https://web.example/cb',
  responseMode: 'query',
  state: 'state',
  scopes: ['openid'],
  resources: [issuer],
  codeChallenge: 'challenge',
  prompt: ['login'],
};

function setUp(changes: Partial<ParkingDeps> = {}): {
  lot: ReturnType<typeof createParkingLot>;
  rows: ParkedRequestRow[];
} {
  const rows: ParkedRequestRow[] = [];
  const lot = createParkingLot({
    store: {
      parkRequest: async (row) => {
        rows.push(row);
      },
      findParkedRequest: async (idHash, now) => rows.find((row) => row.idHash === idHash && row.expiresAt > now),
    },
    clients: clientDirectory([web]),
    resources: resourceDirectory([issuerResource(issuer, 300)]),
    runtime: { now: () => 1_800_000_000_000, randomBytes: seededRandom('park') },
    lifetimes: { parkedRequest: 900 },
    browserCookie: { read: ({ headers }) => headers['cookie']?.[0] },
    ...changes,
  });
  return { lot, rows };
}

function asked(query: string, cookie?: string): HttpRequest {
  const headers = cookie === undefined ? {} : { cookie: [cookie] };
  return { method: 'GET', path: '/login', query, headers, body: '', peer: { address: '192.0.2.1' } };
}

const queryOf = (id: string): string => stepAddress('', 'login', { id, row: { client: 'web' } }).split('?')[1] ?? '';

test('R-013[authorize] R-033 a parked request is stored by hash, for fifteen minutes, and found by its browser', async () => {
  const { lot, rows } = setUp();
  const id = await lot.park(request, 'browser');
  assert.deepEqual(rows[0], {
    idHash: hashSecret(id),
    browserHash: hashSecret('browser'),
    client: 'web',
    request: JSON.stringify(request),
    createdAt: 1_800_000_000,
    expiresAt: 1_800_000_900,
    session: undefined,
    consentedAt: undefined,
    deniedAt: undefined,
  });
  assert.ok(!JSON.stringify(rows).includes(id));
  const parked = await lot.load(asked(queryOf(id), 'browser'));
  assert.deepEqual(parked.request, request);
  assert.equal(parked.client, web);
});

test('R-013[authorize,login,consent] another browser, or one without a cookie, cannot go on with it', async () => {
  const { lot } = setUp();
  const id = await lot.park(request, 'browser');
  for (const cookie of [undefined, '', 'other', 'browser ']) {
    await assert.rejects(lot.load(asked(queryOf(id), cookie)), refused('wrong_browser'));
  }
});

test('R-013[authorize,login,consent] an unknown, expired, repeated or missing id is gone, and says nothing more', async () => {
  const { lot, rows } = setUp();
  const id = await lot.park(request, 'browser');
  for (const query of ['', 'parked=', 'parked=x', queryOf(id).replace('&', 'x&'), `${queryOf(id)}&${queryOf(id)}`]) {
    await assert.rejects(lot.load(asked(query, 'browser')), refused('parked_request_gone'));
  }
  rows[0] = { ...(rows[0] as ParkedRequestRow), expiresAt: 1_800_000_000 };
  await assert.rejects(lot.load(asked(queryOf(id), 'browser')), refused('parked_request_gone'));
});

test('R-004[authorize] parameters beside a parked request change nothing of it', async () => {
  const { lot } = setUp();
  const id = await lot.park(request, 'browser');
  const query = `${queryOf(id)}&redirect_uri=https%3A%2F%2Fevil.example&response_type=token&client_id=evil`;
  assert.equal(parkedId({ query }), id);
  assert.deepEqual((await lot.load(asked(query, 'browser'))).request, request);
});

test('R-036[code] a client that lost its redirect URI, or is gone, ends the parked request', async () => {
  const { lot, rows } = setUp();
  const id = await lot.park(request, 'browser');
  const row = rows[0] as ParkedRequestRow;
  rows[0] = { ...row, client: 'gone' };
  await assert.rejects(lot.load(asked(queryOf(id), 'browser')), refused('unknown_client'));
  rows[0] = { ...row, request: JSON.stringify({ ...request, redirectUri: 'https://web.example/old' }) };
  await assert.rejects(lot.load(asked(queryOf(id), 'browser')), refused('redirect_uri_mismatch'));
});

function refused(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.reason === reason && error.context.target === undefined;
}
