import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuardConfigError } from '../config.ts';
import { startWorld } from '../testing/graphql-world.ts';
import { hashOf, type ListedOperations } from './listed.ts';

const query = 'query Own($n: Int = 2) { invoices(first: $n) { id } }';
const change = 'mutation { changeInvoice(id: 1, customer: "x") { note } }';
const other = '{ me { id } }';
const documents = { [hashOf(query)]: query, [hashOf(change)]: change };

const start = (listed: ListedOperations) => startWorld({ graphql: { listed } });

test('R-201[graphql] only what is listed runs: by its hash, or by a text that has one of the hashes', async () => {
  const world = await start({ documents, only: true });
  const token = await world.token();
  const byId = await world.ask(undefined, { token, documentId: `sha256:${hashOf(query)}` });
  assert.deepEqual(byId.data, { invoices: [{ id: '1' }, { id: '2' }] });
  const sha256Hash = hashOf(query);
  const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash }, clientLibrary: { name: 'x' } } };
  assert.equal(
    (await world.ask(undefined, { token, variables: { n: 1 }, ...persisted })).text,
    '{"data":{"invoices":[{"id":"1"}]}}',
  );
  assert.equal((await world.ask(query, { token })).status, 200);
  assert.equal((await world.ask(query, { token, ...persisted })).status, 200);
  for (const [text, more] of [
    [other, {}],
    [`${query} `, {}],
    [undefined, { documentId: `sha256:${hashOf(other)}` }],
    // A text that comes with its hash is not learned.
    [other, { documentId: `sha256:${hashOf(other)}` }],
    [undefined, { documentId: `sha256:${hashOf(other)}` }],
  ] as const) {
    const answer = await world.ask(text, { token, ...more });
    assert.equal(answer.status, 400);
    assert.equal(answer.errors[0]?.message, 'The operation is not one of those that this API lists.');
  }
});

test('R-201[graphql] a hash of another text, two hashes, and what is no hash are refused', async () => {
  const world = await start({ documents, only: false });
  const token = await world.token();
  const bodies: readonly object[] = [
    { query: other, documentId: `sha256:${hashOf(query)}` },
    { documentId: hashOf(query).toUpperCase() },
    { documentId: 'sha256:__proto__' },
    {
      documentId: `sha256:${hashOf(query)}`,
      extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(query) } },
    },
    { extensions: { persistedQuery: { version: 2, sha256Hash: hashOf(query) } } },
    { extensions: { persistedQuery: null }, query: other },
  ];
  for (const body of bodies) {
    assert.equal((await world.ask(undefined, { token, body: JSON.stringify(body) })).status, 400, JSON.stringify(body));
  }
  assert.equal((await world.ask(other, { token })).status, 200, 'others run too where the list is not all');
});

test('R-201[graphql] R-196[graphql] a list whose hash, text or bounds are wrong stops the start', async () => {
  const deep =
    '{ me { invoices { siblings { siblings { siblings { siblings { siblings { siblings { siblings { siblings { id } } } } } } } } } } }';
  const wrong = { [hashOf(query)]: `${query} `, [hashOf('{ nothing }')]: '{ nothing }', [hashOf(deep)]: deep };
  await assert.rejects(start({ documents: wrong, only: true }), (error) => {
    assert.ok(error instanceof GuardConfigError);
    assert.match(error.message, /is not the hash of its text/);
    assert.match(error.message, /Cannot query field "nothing"/);
    assert.match(error.message, /depth is more than 10/);
    return true;
  });
});

test('R-200[graphql] a GET runs listed queries by hash, and never a mutation, a text or anything that is not listed', async () => {
  const world = await start({ documents, only: false, get: true });
  const token = await world.token();
  const get = (parameters: Record<string, string>) =>
    world.send('GET', `/graphql?${String(new URLSearchParams(parameters))}`, { token });
  const good = await get({ documentId: `sha256:${hashOf(query)}`, variables: '{"n":1}' });
  assert.deepEqual([good.status, good.body], [200, '{"data":{"invoices":[{"id":"1"}]}}']);
  const mutation = await get({ documentId: `sha256:${hashOf(change)}` });
  assert.deepEqual([mutation.status, mutation.headers['allow']], [405, 'POST']);
  const body = JSON.stringify({ query: change });
  const head = await world.send('HEAD', '/graphql', { token, body });
  assert.equal(head.status, 413, 'a HEAD comes by the route of GET, and brings nothing in');
  assert.equal((await world.send('GET', `/graphql?documentId=sha256:${hashOf(query)}`, { token, body })).status, 413);
  assert.equal(world.invoice(1)?.customer, 'Harbour');
  for (const parameters of [
    { query: other },
    { query, documentId: `sha256:${hashOf(query)}` },
    { documentId: `sha256:${hashOf(other)}` },
    { documentId: `sha256:${hashOf(query)}`, variables: '{"n":1,"n":2}' },
    { documentId: `sha256:${hashOf(query)}`, variables: '1' },
    {},
  ]) {
    assert.equal((await get(parameters as Record<string, string>)).status, 400, JSON.stringify(parameters));
  }
  assert.equal((await world.send('GET', '/graphql?access_token=x', { token })).status, 400);
  const closed = await start({ documents, only: true });
  const refused = await closed.send('GET', `/graphql?documentId=sha256:${hashOf(query)}`, {
    token: await closed.token(),
  });
  assert.deepEqual(
    [refused.status, refused.headers['allow']],
    [405, 'POST'],
    'without being asked for there is no GET',
  );
});
