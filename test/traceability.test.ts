/** The table of requirements is sound, and no test title names a row or a path that does not exist. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partOfPath } from './paths/row.ts';
import { claimsOf, writtenTitles, wrongClaims } from './paths/titles.ts';
import { rows, sections } from './paths.ts';

test('every row has an id of its own, a text, and paths that are words of the table', () => {
  const all = sections.flatMap((section) => section.rows);
  assert.equal(rows.size, all.length, 'an id stands twice');
  for (const { id, text, cells } of all) {
    assert.match(id, /^(R-\d{3}|[SI]-\d{1,3})$/);
    assert.ok(text.length > 0 && text.length <= 100, `${id} is not short`);
    assert.equal(new Set(cells).size, cells.length, `${id} names a path twice`);
    for (const cell of cells) assert.notEqual(partOfPath(cell), undefined, `${id}: «${cell}» is no path`);
  }
});

test('no row is missing', () => {
  const numbers = (letter: string): readonly number[] =>
    [...rows.keys()].filter((id) => id.startsWith(letter)).map((id) => Number(id.slice(2)));
  for (const [letter, count] of Object.entries({ R: 237, S: 110, I: 11 })) {
    assert.deepEqual(
      numbers(letter).toSorted((one, other) => one - other),
      Array.from({ length: count }, (_, index) => index + 1),
    );
  }
});

test('test titles name rows and paths that exist', () => {
  const problems = wrongClaims(writtenTitles());
  assert.equal(problems.length, 0, `wrong titles:\n  ${problems.join('\n  ')}`);
});

test('an id without brackets shares the brackets before it', () => {
  const claims = claimsOf({ file: 'x', text: 'R-023[code,*] I-1 R-043[refresh] S-72 a title' });
  assert.deepEqual(
    claims.map(({ id, paths }) => [id, ...paths]),
    [
      ['R-023', 'code', '*'],
      ['I-1', 'code', '*'],
      ['R-043', 'refresh'],
      ['S-72', 'refresh'],
    ],
  );
});
