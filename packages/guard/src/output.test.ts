import assert from 'node:assert/strict';
import { test } from 'node:test';
import { always, definePolicy, eq } from '@castellan/policy';
import { type GuardedRoute, routesUnder } from './route.ts';
import { type Note, startNotes } from './testing/notes.ts';

const words = {
  principals: { person: { id: 'text', role: 'text' }, client: { id: 'text' } },
  resources: {
    note: { fields: { id: 'integer' }, actions: ['list'] },
    remark: { fields: { id: 'integer', author: 'text' }, actions: ['read'] },
  },
  context: {},
} as const;

test('R-163[guard] R-173[guard] of objects of another type than that of the action none leaves that is not to be read', async () => {
  const policy = definePolicy(words, ({ permit }) => [
    permit('lists', { who: 'person', on: 'note', may: ['list'], scopes: [], when: () => always }),
    permit('author', {
      who: 'person',
      on: 'remark',
      may: ['read'],
      scopes: [],
      when: ({ principal, resource }) => eq(resource.author, principal.id),
      reads: ['id'],
    }),
  ]);
  const on = routesUnder(policy);
  const remarks = [{ id: 1, author: 'nora' }];
  const common = { action: 'note.list', input: {}, limit: { count: 20, period: 60 } } as const;
  const api = await startNotes(() => ({
    policy,
    routes: {
      'GET /remarks': on.collection({ ...common, output: { many: 'remark' }, handle: () => remarks }),
      'GET /last-remark': on.collection({ ...common, output: { one: 'remark' }, handle: () => remarks.at(-1) }),
    },
  }));
  const token = await api.token();
  const statuses = async () =>
    Promise.all(['/remarks', '/last-remark'].map(async (path) => (await api.send('GET', path, { token })).status));
  assert.deepEqual((await api.send('GET', '/remarks', { token })).json, { items: [{ id: 1 }] });
  assert.deepEqual(await statuses(), [200, 200]);
  remarks.push({ id: 2, author: 'theo' });
  assert.deepEqual(await statuses(), [500, 404], 'not even that there is one is told');
});

for (const [what, value] of [
  ['an object', { text: 'Mine', secret: 'never shown' }],
  ['a list', ['Mine', 'never shown']],
  ['something that writes itself', { toJSON: () => 'never shown' }],
  ['a number', 7],
] as const) {
  test(`R-166[guard] S-59[guard] a field declared as text that holds ${what} leaves in no answer`, async () => {
    const api = await startNotes();
    const token = await api.token();
    api.notes.set(1, { ...(api.notes.get(1) as Note), title: value as unknown as string });
    const answers = [await api.send('GET', '/notes/1', { token }), await api.send('GET', '/notes', { token })];
    for (const { status, body } of answers) {
      assert.equal(status, 500);
      assert.doesNotMatch(String(body), /never shown|not as declared/);
    }
    const [outcome] = await api.outcomes();
    assert.equal(outcome?.detail, 'not as declared: title');
  });
}

for (const [what, value] of [
  ['a list', [{ id: 1 }]],
  ['a text', 'Mine'],
] as const) {
  test(`R-166[guard] a handler that answers with ${what} in the place of an object has failed`, async () => {
    const api = await startNotes(({ routes }) => ({
      routes: { ...routes, 'GET /notes/:id': { ...(routes['GET /notes/:id'] as GuardedRoute), handle: () => value } },
    }));
    const { status } = await api.send('GET', '/notes/1', { token: await api.token() });
    assert.equal(status, 500);
    assert.equal((await api.outcomes())[0]?.detail, 'not an object: note');
  });
}

test('R-166[guard] a field that is null, also where no null was declared, leaves as null', async () => {
  const api = await startNotes();
  api.notes.set(1, { ...(api.notes.get(1) as Note), title: null as unknown as string });
  const { status, json } = await api.send('GET', '/notes/1', { token: await api.token() });
  assert.equal(status, 200);
  assert.equal(json['title'], null);
});
