/** The table of requirements is sound, and no test title names a row or a path that does not exist. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readText, root } from './architecture/tree.ts';
import { mutants } from './mutants.ts';
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

test('every mutant names a row, fits its file exactly once, and has tests to notice it', () => {
  const problems = mutants.flatMap(({ row, file, find, replace, tests, breaks }) => {
    const fits = existsSync(join(root, file)) ? readText(file).split(find).length - 1 : 0;
    return [
      ...(rows.has(row) ? [] : [`${row} is no row`]),
      ...(fits === 1 ? [] : [`${row}: «${breaks}» fits ${file} ${fits} times`]),
      ...(find === replace ? [`${row}: «${breaks}» changes nothing`] : []),
      ...(tests.length > 0 ? [] : [`${row}: «${breaks}» has no test`]),
      ...tests.filter((test) => !existsSync(join(root, test))).map((test) => `${row}: there is no ${test}`),
    ];
  });
  assert.equal(problems.length, 0, `mutants:\n  ${problems.join('\n  ')}`);
});
