import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Note, startNotes } from './testing/notes.ts';

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

test('R-166[guard] a field that is null, also where no null was declared, leaves as null', async () => {
  const api = await startNotes();
  api.notes.set(1, { ...(api.notes.get(1) as Note), title: null as unknown as string });
  const { status, json } = await api.send('GET', '/notes/1', { token: await api.token() });
  assert.equal(status, 200);
  assert.equal(json['title'], null);
});
