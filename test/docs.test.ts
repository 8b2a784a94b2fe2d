/** The pages that end at a line of code: the line is there, and so is the test. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from './architecture/tree.ts';
import { rows } from './paths.ts';

interface Reference {
  readonly page: string;
  /** What the file must hold, or the requirement that the test must name. */
  readonly text: string;
  readonly file: string;
}

const pages = ['pitfalls', 'how-it-works', 'checklist', 'owasp-api-top-10'].map((name) => `docs/${name}.md`);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function referencesOf(page: string): readonly Reference[] {
  return [...read(page).matchAll(/\[`([^`]+)`\]\(([^)\s]+)\)/g)].map(([, text = '', target = '']) => ({
    page,
    text,
    file: join(dirname(page), target),
  }));
}

/** Every other link of a page, to a page or a file. */
function linksOf(page: string): readonly string[] {
  return [...read(page).matchAll(/\[[^\]`]+\]\(([^)\s#]+)\)/g)].map(([, target = '']) => join(dirname(page), target));
}

const isTest = ({ file }: Reference): boolean => file.endsWith('.test.ts') || file.endsWith('.json');

test('S-3[docs] S-2[docs] every line of code and every test that the pages name is where they say', () => {
  const wrong = pages.flatMap(referencesOf).flatMap(({ page, text, file }) => {
    if (!existsSync(join(root, file))) return [`${page}: there is no ${file}`];
    return read(file).includes(text) ? [] : [`${page}: ${file} does not hold ${text}`];
  });
  assert.deepEqual(wrong, []);
  const broken = pages.flatMap((page) =>
    linksOf(page).filter((file) => !/^https?:/.test(file) && !existsSync(join(root, file))),
  );
  assert.deepEqual(broken, []);
});

test('S-3[docs] each pitfall ends at a line, says what happens unless told otherwise, and names a test', () => {
  const sections = read('docs/pitfalls.md').split(/^### /m).slice(1);
  assert.ok(sections.length >= 22, `${sections.length} pitfalls`);
  for (const section of sections) {
    const [title = ''] = section.split('\n', 1);
    assert.match(section, /^- (?:Stops|Runs) it: \[`/m, title);
    assert.match(section, /^- Test: \[`[RS]-\d+`\]/m, title);
    if (section.includes('- Stops it')) assert.match(section, /^- Unless told otherwise: /m, title);
  }
});

test('S-3[docs] the checklist has ten lines, each with a control, a default, a test and a way to look', () => {
  const lines = read('docs/checklist.md')
    .split('\n')
    .filter((line) => /^\| \d+ \|/.test(line));
  assert.equal(lines.length, 10);
  for (const line of lines) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    assert.equal(cells.length, 6, line);
    assert.ok(
      cells.every((cell) => cell !== ''),
      line,
    );
    assert.match(cells[2] ?? '', /\[`/, line);
    assert.match(cells[4] ?? '', /\[`S-\d+`\]/, line);
  }
});

test('S-2[docs] the table of the OWASP API Top 10 has ten rows, each with what is built, where, and a test', () => {
  const lines = read('docs/owasp-api-top-10.md')
    .split('\n')
    .filter((line) => /^\| API\d+ \|/.test(line));
  assert.equal(lines.length, 10);
  const references = referencesOf('docs/owasp-api-top-10.md');
  for (const [index, line] of lines.entries()) {
    assert.ok(line.startsWith(`| API${index + 1} |`));
    const own = references.filter(({ text }) => line.includes(`[\`${text}\`]`));
    assert.ok(own.some(isTest) && own.some((one) => !isTest(one)), line);
  }
});

test('S-3[docs] a test that a page names proves a requirement that there is', () => {
  for (const reference of pages.flatMap(referencesOf).filter(isTest)) {
    const { page, text, file } = reference;
    assert.ok(rows.has(text), `${page}: ${text} of ${file} is no requirement`);
  }
  for (const reference of pages.flatMap(referencesOf).filter((one) => !isTest(one))) {
    assert.ok(statSync(join(root, reference.file)).isFile(), reference.file);
  }
});
