/** The pages in `docs/flows`: each is in the index, and each has a command that tries it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'flows');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const linksOf = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)#:]+\.md)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? '');

test('the index of flows names every page there is, and no other', () => {
  const linked = linksOf(read('README.md'));
  assert.deepEqual([...new Set(linked)].sort(), [...pages].sort());
});

for (const page of pages) {
  test(`docs/flows/${page} has a command that runs on the demo, and no link that leads nowhere`, () => {
    const text = read(page);
    const commands = [...text.matchAll(/^```(?:sh|console)\n(.*?)^```/gms)].map(([, command]) => command ?? '');
    assert.ok(commands.some((command) => /\b(?:curl|npm run|npx castellan|castellan) /.test(command)));
    for (const link of linksOf(text)) assert.ok(read(link).length > 0, link);
  });
}
