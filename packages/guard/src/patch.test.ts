import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNotes } from './testing/notes.ts';

const merge = 'application/merge-patch+json';
const operations = 'application/json-patch+json';

async function startPatching() {
  const api = await startNotes();
  const token = await api.token();
  const patch = async (type: string, body: unknown, method = 'PATCH') => {
    const headers = { 'content-type': [type] };
    return api.send(method, '/notes/1', { token, headers, body: JSON.stringify(body) });
  };
  return { ...api, patch };
}

test('S-83[guard] a merge patch and a list of operations change the same fields', async () => {
  const { patch, notes } = await startPatching();
  assert.equal((await patch(merge, { title: 'merged' })).status, 200);
  assert.equal(notes.get(1)?.title, 'merged');
  const list = [
    { op: 'add', path: '/title', value: 'first' },
    { op: 'replace', path: '/title', value: 'last' },
  ];
  assert.equal((await patch(operations, list)).status, 200);
  assert.equal(notes.get(1)?.title, 'last');
});

test('S-84[guard] S-85[guard] R-176[guard] what may not be written is refused by name in every form of a change', async () => {
  const { patch, notes } = await startPatching();
  const before = notes.get(1);
  for (const name of ['rank', 'hidden', 'ownerId', 'id', 'unheardOf']) {
    for (const answer of [
      await patch('application/json', { [name]: 9 }),
      await patch(merge, { [name]: 9 }),
      await patch(operations, [{ op: 'replace', path: `/${name}`, value: 9 }]),
      await patch(operations, [{ op: 'remove', path: `/${name}` }]),
    ]) {
      assert.equal(answer.status, 400, name);
      assert.match(JSON.stringify(answer.json['problems']), new RegExp(name));
    }
  }
  assert.equal(notes.get(1), before);
});

test('R-176[guard] R-178[guard] operations that read, move or reach further than a field are refused', async () => {
  const { patch, notes } = await startPatching();
  const before = notes.get(1);
  const wrong: readonly (readonly [unknown, string])[] = [
    [[{ op: 'move', from: '/hidden', path: '/title' }], 'body[0].op'],
    [[{ op: 'copy', from: '/hidden', path: '/title' }], 'body[0].op'],
    [[{ op: 'test', path: '/hidden', value: 'guess' }], 'body[0].op'],
    [[{ op: 'add', path: '', value: { title: 'x' } }], 'body[0].path'],
    [[{ op: 'add', path: '/title/0', value: 'x' }], 'body[0].path'],
    [[{ op: 'add', path: '/__proto__', value: {} }], 'body[0].path'],
    [[{ op: 'add', path: '/constructor', value: {} }], 'body[0].path'],
    [[{ op: 'add', path: '/~1title', value: 'x' }], 'body[0].path'],
    [[{ op: 'add', path: '/title' }], 'body[0].value'],
    [[{ op: 'add', path: '/title', value: 'x' }, 'x'], 'body[1]'],
    [{ title: 'x' }, 'body'],
  ];
  for (const [body, path] of wrong) {
    const { status, json } = await patch(operations, body);
    assert.deepEqual([status, (json['problems'] as { path: string }[])[0]?.path], [400, path]);
  }
  assert.equal((await patch(merge, [1])).status, 400);
  assert.equal((await patch(`${merge}; charset=utf-8`, { title: 'x' })).status, 415);
  assert.equal((await patch('application/json-patch', [])).status, 415);
  assert.equal(notes.get(1), before);
});
