import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { memorySink } from '@castellan/audit';
import type { Revocation } from '@castellan/guard';
import { publicJwkOf, type Runtime, type SigningKey, signJwt } from '@castellan/protocol';
import { createInvoicesApi } from './api.ts';

const issuer = 'http://localhost:4000';
const url = 'http://127.0.0.1:4001';
const now = 1_780_000_000;
const people = { nora: 'sub-nora', theo: 'sub-theo' };
const everything = 'invoices:read invoices:write users:read users:write users:admin';

const folder = mkdtempSync(join(tmpdir(), 'castellan-invoices-'));
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = await publicJwkOf(privateKey, 'ES256');
const key: SigningKey = { kid: jwk.kid, algorithm: 'ES256', privateKey };
let count = 0;
const runtime: Runtime = {
  fetchUntrusted: () => Promise.reject(new Error('the API calls nobody')),
  now: () => now * 1000,
  monotonic: () => 0,
  schedule: () => () => undefined,
  randomBytes: (size) =>
    Buffer.alloc(
      size,
      createHash('sha256')
        .update(String((count += 1)))
        .digest(),
    ),
  fetch: async () => Response.json({ keys: [jwk] }),
};
const sink = memorySink();
const revoked = new Set<number>();
const revocation: Revocation = { staleness: 0, isRevoked: ({ index }) => revoked.has(index) };
const settings = { issuer, jwksUri: `${issuer}/jwks`, revocation, url, folder, people };
const api = createInvoicesApi(settings, runtime, [sink]);
/** A second connection, for what happens beside the API. */
const beside = new DatabaseSync(join(folder, 'api.sqlite'));
after(async () => {
  beside.close();
  await api.close();
  rmSync(folder, { recursive: true });
});

type Json = Record<string, unknown>;

async function call(who: 'nora' | 'theo', line: string, options: { scope?: string; body?: object } = {}) {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  const token = await signJwt(key, 'at+jwt', {
    iss: issuer,
    aud: url,
    sub: people[who],
    client_id: 'invoices-web',
    jti: 'j',
    iat: now,
    exp: now + 300,
    scope: options.scope ?? everything,
    status: { status_list: { idx: who === 'nora' ? 1 : 2, uri: `${issuer}/status/1.0` } },
  });
  const headers = { authorization: [`Bearer ${token}`], 'content-type': ['application/json'] };
  const body = options.body === undefined ? '' : JSON.stringify(options.body);
  const answer = await api.handle({ method, path, query, headers, body, peer: { address: '127.0.0.1' } });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(String(answer.body || '{}')) as Json };
}

const itemsOf = (json: Json): readonly Json[] => json['items'] as readonly Json[];
const pathsOf = (json: Json): readonly unknown[] => (json['problems'] as readonly Json[]).map(({ path }) => path);

test('R-064[guard] S-50 a person whose tokens were revoked is told nothing more, and nobody else is concerned', async () => {
  assert.equal((await call('nora', 'GET /invoices')).status, 200);
  revoked.add(1);
  assert.equal((await call('nora', 'GET /invoices')).status, 401);
  assert.equal((await call('theo', 'GET /invoices')).status, 200);
  revoked.delete(1);
});

test('S-56[guard] R-163[guard] Nora reads her own invoices, and there is no invoice 42 for her', async () => {
  const own = await call('nora', 'GET /invoices/7');
  assert.equal(own.status, 200);
  assert.equal(own.json['total'], 129_900);
  const foreign = await call('nora', 'GET /invoices/42');
  const missing = await call('nora', 'GET /invoices/4711');
  assert.equal(foreign.status, 404);
  assert.deepEqual({ ...foreign.json, correlation: '' }, { ...missing.json, correlation: '' });
  assert.equal((await call('theo', 'GET /invoices/42')).status, 200, 'the accountant may');
});

test('R-163[guard] a list is selected by the policy in SQL: own invoices for Nora, all for the accountant', async () => {
  const nora = itemsOf((await call('nora', 'GET /invoices')).json);
  assert.ok(nora.length > 5);
  assert.ok(nora.every(({ ownerId }) => ownerId === people.nora));
  const theo = itemsOf((await call('theo', 'GET /invoices')).json);
  assert.ok(new Set(theo.map(({ ownerId }) => ownerId)).size === 3);
  const open = itemsOf((await call('nora', 'GET /invoices?status=open&after=9')).json);
  assert.ok(open.length > 0 && open.every(({ status, id }) => status === 'open' && Number(id) > 9));
});

test('S-59[guard] R-166[guard] the remark of the accountant is for the accountant only, in lists too', async () => {
  assert.equal('auditRemark' in (await call('nora', 'GET /invoices/9')).json, false);
  assert.equal((await call('theo', 'GET /invoices/9')).json['auditRemark'], 'Reminder sent twice.');
  const nora = itemsOf((await call('nora', 'GET /invoices')).json);
  assert.ok(nora.every((invoice) => !('auditRemark' in invoice)));
});

test('S-84[guard] S-85[guard] R-176[guard] of an invoice only note and purchase order can be changed', async () => {
  const changed = await call('nora', 'PATCH /invoices/15', { body: { note: 'Thank you.', purchaseOrder: 'HB-9' } });
  assert.equal(changed.status, 200);
  assert.deepEqual([changed.json['note'], changed.json['purchaseOrder']], ['Thank you.', 'HB-9']);
  const cleared = await call('nora', 'PATCH /invoices/15', { body: { note: null } });
  assert.deepEqual([cleared.json['note'], cleared.json['purchaseOrder']], [null, 'HB-9'], 'what is not sent stays');
  const body = { note: 'x', status: 'paid', total: 1, ownerId: 'sub-theo', auditRemark: 'x' };
  const refused = await call('nora', 'PATCH /invoices/15', { body });
  assert.equal(refused.status, 400);
  assert.deepEqual(pathsOf(refused.json), ['body.status', 'body.total', 'body.ownerId', 'body.auditRemark']);
  const after = await call('nora', 'GET /invoices/15');
  assert.deepEqual([after.json['status'], after.json['total'], after.json['note']], ['open', 71_200, null]);
});

test('R-167[guard] nobody changes an invoice of others, one that is void, or without the scope', async () => {
  const body = { note: 'x' };
  assert.equal((await call('nora', 'PATCH /invoices/42', { body })).status, 404);
  assert.equal((await call('theo', 'PATCH /invoices/42', { body })).status, 403, 'the accountant reads, and no more');
  assert.equal((await call('nora', 'PATCH /invoices/18', { body })).status, 403);
  const short = await call('nora', 'PATCH /invoices/15', { body, scope: 'invoices:read' });
  assert.equal(short.status, 403);
  assert.match(String(short.headers['www-authenticate']), /insufficient_scope.*scope="invoices:write"/);
});

test('S-58[guard] R-166[guard] a person renames itself and can set neither role nor isAdmin', async () => {
  const me = await call('nora', 'GET /users/me');
  assert.deepEqual(me.json, {
    id: people.nora,
    displayName: 'Nora Lindqvist',
    email: 'nora@example.test',
    role: 'customer',
    isAdmin: false,
  });
  const refused = await call('nora', 'PATCH /users/me', {
    body: { displayName: 'N', isAdmin: true, role: 'accountant' },
  });
  assert.equal(refused.status, 400);
  assert.deepEqual(pathsOf(refused.json), ['body.isAdmin', 'body.role']);
  assert.deepEqual((await call('nora', 'GET /users/me')).json, me.json);
  const renamed = await call('nora', 'PATCH /users/me', { body: { displayName: '  Nora L. ' } });
  assert.equal(renamed.json['displayName'], 'Nora L.');
});

test('S-57[guard] R-165[guard] the list of users is for the accountant, whatever scopes a token has', async () => {
  const users = await call('theo', 'GET /admin/users');
  assert.equal(itemsOf(users.json).length, 3);
  assert.equal((await call('nora', 'GET /admin/users')).status, 403);
  assert.equal((await call('theo', 'GET /admin/users', { scope: 'users:read' })).status, 403);
});

const graphql = async (who: 'nora' | 'theo', query: string, variables?: object) => {
  const { status, json } = await call(who, 'POST /graphql', { body: { query, ...(variables && { variables }) } });
  return { status, data: (json['data'] ?? {}) as Json, errors: (json['errors'] ?? []) as readonly Json[] };
};

test('S-65[graphql] R-163[graphql] S-64[graphql] the routes and GraphQL answer with the same objects and the same fields', async () => {
  const fields = 'id number customer issuedOn dueOn currency total status purchaseOrder note auditRemark';
  for (const who of ['nora', 'theo'] as const) {
    const listed = itemsOf((await call(who, 'GET /invoices')).json);
    const { data } = await graphql(who, `{ invoices(first: 50) { ${fields} } }`);
    const asked = data['invoices'] as readonly Json[];
    const listedFields = fields.split(' ');
    const sameFields = (row: Json): Json => Object.fromEntries(listedFields.map((name) => [name, row[name] ?? null]));
    assert.deepEqual(
      asked.map((row) => ({ ...row })),
      listed.map(sameFields),
    );
    for (const id of [7, 9, 42, 4711]) {
      const route = await call(who, `GET /invoices/${id}`);
      const field = (await graphql(who, `query($id: Int!) { invoice(id: $id) { id } }`, { id })).data['invoice'];
      assert.deepEqual(field, route.status === 200 ? { id } : null, `${who} ${id}`);
    }
  }
  const { data } = await graphql(
    'nora',
    '{ invoice(id: 7) { amount owner { displayName invoices(first: 1) { id } } } }',
  );
  assert.deepEqual(data['invoice'], {
    amount: '1299.00 EUR',
    owner: { displayName: 'Nora L.', invoices: [{ id: 1 }] },
  });
});

test('S-57 S-58 R-166 GraphQL lists no people for Nora, and changes what the routes would change', async () => {
  assert.equal((await graphql('nora', '{ users { id email } }')).status, 403);
  assert.equal(((await graphql('theo', '{ users { id email } }')).data['users'] as readonly Json[]).length, 3);
  const change = (id: number, changes: object) =>
    graphql(
      'nora',
      'mutation($id: Int!, $changes: InvoiceChanges!) { annotateInvoice(id: $id, changes: $changes) { note } }',
      {
        id,
        changes,
      },
    );
  assert.deepEqual((await change(31, { note: ' By GraphQL. ' })).data['annotateInvoice'], { note: 'By GraphQL.' });
  assert.equal((await call('nora', 'GET /invoices/31')).json['note'], 'By GraphQL.');
  assert.equal((await change(31, { status: 'paid' })).status, 400, 'the schema has no such change');
  for (const [id, changes, code] of [
    [31, { note: 'two\nlines' }, 'invalid_request'],
    [31, {}, 'invalid_request'],
    [42, { note: 'x' }, 'not_found'],
    [18, { note: 'x' }, 'access_denied'],
    [-1, { note: 'x' }, 'invalid_request'],
  ] as const) {
    const { errors } = await change(id, changes);
    assert.deepEqual(
      errors.map(({ extensions }) => (extensions as Json)['code']),
      [code],
      `${id}`,
    );
  }
  assert.equal((await call('nora', 'GET /invoices/31')).json['note'], 'By GraphQL.');
});

test('R-164[guard] an id has one spelling', async () => {
  for (const id of ['07', '7.0', '+7', '7e0', '%37', ' 7', '-7', '99999999999999999999']) {
    const { status } = await call('nora', `GET /invoices/${encodeURI(id).replace('%2537', '%37')}`);
    assert.equal(status, 400, id);
  }
});

test('R-173[guard] every denial is recorded with person, action and object', async () => {
  await api.flush();
  const denials = sink.events.filter((event) => event.type === 'access.decided' && event.outcome === 'deny');
  assert.ok(
    denials.some((event) => 'object' in event && event.object === 'invoice/42' && event.principal === people.nora),
  );
});

test('the file is for its owner only, and a second start keeps what is there, also for a person with a new subject', async () => {
  assert.equal(statSync(join(folder, 'api.sqlite')).mode & 0o077, 0);
  const moved = createInvoicesApi({ ...settings, people: { ...people, nora: 'sub-new' } }, runtime, []);
  await moved.close();
  const owners = beside.prepare('SELECT DISTINCT owner_id FROM invoices ORDER BY owner_id').all();
  assert.deepEqual(
    owners.map((row) => row['owner_id']),
    ['person-outside-the-demo', 'sub-new', 'sub-theo'],
  );
  const name = beside.prepare(`SELECT display_name FROM users WHERE id = 'sub-new'`).get();
  assert.equal(name?.['display_name'], 'Nora L.');
});
