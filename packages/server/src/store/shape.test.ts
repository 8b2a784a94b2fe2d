import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, integer, json, optionalText, shape, text, word } from './shape.ts';

interface Thing {
  readonly id: string;
  readonly note: string | undefined;
  readonly list: readonly string[];
  readonly on: boolean;
  readonly count: number;
  readonly mood: 'good' | 'bad';
}

const things = shape<Thing>('things', {
  id: text('id'),
  note: optionalText('note'),
  list: json('list'),
  on: flag('is_on'),
  count: integer('count'),
  mood: word('mood', { good: true, bad: true }),
});

const thing: Thing = { id: 'a', note: undefined, list: ['x', 'ü'], on: true, count: 7, mood: 'bad' };
const stored = { t_id: 'a', t_note: null, t_list: '["x","ü"]', t_is_on: 1, t_count: 7, t_mood: 'bad' };

test('what a shape writes it reads back', () => {
  assert.equal(
    things.insert,
    'INSERT INTO things (id, note, list, is_on, count, mood) VALUES ($1, $2, $3, $4, $5, $6)',
  );
  assert.deepEqual(things.values(thing), ['a', null, '["x","ü"]', 1, 7, 'bad']);
  assert.match(things.select('t'), /^t\.id AS t_id, t\.note AS t_note, .* t\.mood AS t_mood$/);
  assert.deepEqual(things.read(stored, 't'), thing);
});

test('I-5 a row that this program cannot have written is an error, not a guess', () => {
  const wrong: readonly Record<string, unknown>[] = [
    { t_id: 5 },
    { t_id: null },
    { t_count: '7' },
    { t_count: 2 ** 53 },
    { t_mood: 'fine' },
    { t_mood: 'toString' },
    { t_is_on: null },
    { t_list: 'no JSON' },
  ];
  for (const change of wrong) assert.throws(() => things.read({ ...stored, ...change }, 't'), JSON.stringify(change));
});
