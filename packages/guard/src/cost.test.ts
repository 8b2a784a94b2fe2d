import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../testkit/src/clock.ts';
import { routesUnder } from './route.ts';
import { type Note, type NotesApi, notesPolicy, startNotes } from './testing/notes.ts';

const on = routesUnder(notesPolicy);
const base = { action: 'note.list', input: {}, limit: { count: 9000, period: 1 } } as const;

function note(id: number): Note {
  return { id, ownerId: 'nora', title: 'x', rank: 1, state: 'open', hidden: null };
}

function startListing(rows: number, most?: number): Promise<NotesApi> {
  const handle = () => Array.from({ length: rows }, (_, id) => note(id));
  const output = most === undefined ? ({ many: 'note' } as const) : ({ many: 'note', most } as const);
  return startNotes(() => ({ routes: { 'GET /all': on.collection({ ...base, output, handle }) } }));
}

test('R-194[guard] a list that is longer than it may be fails whole: nobody learns to live with a handler that loads all', async () => {
  for (const [rows, most, status] of [
    [1000, undefined, 200],
    [1001, undefined, 500],
    [5, 5, 200],
    [6, 5, 500],
  ] as const) {
    const { send, token, outcomes } = await startListing(rows, most);
    const answer = await send('GET', '/all', { token: await token() });
    assert.equal(answer.status, status, `${rows} of ${most}`);
    if (status === 200) continue;
    assert.equal(answer.json['items'], undefined);
    assert.equal((await outcomes())[0]?.detail, `the handler listed more than ${most ?? 1000}`);
  }
});

test('R-194[guard] of costly work so much runs at once as its route says; the rest is refused at once and may come again', async () => {
  const waiting: (() => void)[] = [];
  const handle = () => new Promise<Note[]>((resolve) => waiting.push(() => resolve([])));
  const route = on.collection({ ...base, output: { many: 'note' }, atOnce: 2, handle });
  const { send, token } = await startNotes(({ routes }) => ({ routes: { ...routes, 'GET /all': route } }));
  const bearer = { token: await token() };
  const first = send('GET', '/all', bearer);
  const second = send('GET', '/all', bearer);
  await until(() => waiting.length === 2);
  const third = await send('GET', '/all', bearer);
  assert.deepEqual([third.status, third.headers['retry-after']], [503, '1']);
  assert.equal((await send('GET', '/notes', bearer)).status, 200, 'other routes have places of their own');
  waiting[0]?.();
  // Whichever of the two was verified first has the place that is free now.
  assert.equal((await Promise.race([first, second])).status, 200);
  const fourth = send('GET', '/all', bearer);
  await until(() => waiting.length === 3);
  for (const done of waiting.slice(1)) done();
  for (const answer of await Promise.all([first, second, fourth])) assert.equal(answer.status, 200);
});

test('R-194[guard] a handler that fails gives its place back', async () => {
  const handle = (): Note[] => {
    throw new Error('no');
  };
  const route = on.collection({ ...base, output: { many: 'note' }, atOnce: 1, handle });
  const { send, token, guard } = await startNotes(() => ({ routes: { 'GET /all': route } }));
  const bearer = { token: await token() };
  for (let index = 0; index < 3; index += 1) assert.equal((await send('GET', '/all', bearer)).status, 500);
  assert.equal(guard.inventory.find(({ path }) => path === '/all')?.atOnce, 1);
});
