/**
 * `npm run traceability`: which requirement is proven on which path, section by section.
 *
 * A cell is closed by a test that passed when it last ran under `npm test`; before any run, by the titles in the
 * source. Ends with 1 when a title names a row or a path that does not exist.
 */
import { styleText } from 'node:util';
import { mutants } from '../test/mutants.ts';
import { type Part, partOfPath, type Row, type Section } from '../test/paths/row.ts';
import { claimsOf, passedTitles, type Title, writtenTitles, wrongClaims } from '../test/paths/titles.ts';
import { sections } from '../test/paths.ts';

const passed = passedTitles();
const titles = passed ?? writtenTitles();
const closed = closedCells(titles);

console.log(sections.map(sectionReport).join('\n\n'));
console.log(`\n${summary()}`);
console.log(`\n${mutantReport()}`);
if (passed === undefined)
  console.log('\nNothing has been run yet: these are the titles in the source. Run npm test first.');

const problems = wrongClaims(titles);
if (problems.length > 0) {
  console.error(`\nWrong titles:\n  ${problems.join('\n  ')}`);
  process.exitCode = 1;
}

function closedCells(list: readonly Title[]): ReadonlyMap<string, ReadonlySet<string>> {
  const cells = new Map<string, Set<string>>();
  for (const { id, paths } of list.flatMap(claimsOf)) {
    const row = cells.get(id) ?? new Set();
    for (const path of paths) row.add(path);
    cells.set(id, row);
  }
  return cells;
}

function isClosed({ id }: Row, cell: string): boolean {
  return closed.get(id)?.has(cell) === true;
}

function sectionReport({ title, rows }: Section): string {
  const cells = rows.flatMap((row) => row.cells.map((cell) => isClosed(row, cell)));
  const head = `${styleText('bold', title)}  ${cells.filter(Boolean).length} of ${cells.length} cells`;
  return [head, ...rows.map(rowReport)].join('\n');
}

function rowReport(row: Row): string {
  const done = row.cells.filter((cell) => isClosed(row, cell)).length;
  const mark = done === row.cells.length ? '■' : done > 0 ? '◧' : '□';
  const cells = row.cells.map((cell) =>
    isClosed(row, cell) ? styleText('green', `+${cell}`) : styleText('gray', `-${cell}`),
  );
  return `  ${mark} ${row.id.padEnd(6)} ${row.text.padEnd(82)} ${cells.join(' ')}`;
}

/** For each part: rows of which every cell of that part is closed, some are, none is. */
function summary(): string {
  const rows = sections.flatMap((section) => section.rows);
  const parts: readonly Part[] = ['AS', 'SDK', 'BFF', 'SCAN', 'docs'];
  const lines = parts.map((part) => {
    const counts = { proven: 0, begun: 0, open: 0 };
    for (const row of rows) {
      const own = row.cells.filter((cell) => partOfPath(cell) === part);
      if (own.length === 0) continue;
      const done = own.filter((cell) => isClosed(row, cell)).length;
      counts[done === own.length ? 'proven' : done > 0 ? 'begun' : 'open'] += 1;
    }
    const { proven, begun, open } = counts;
    return `  ${part.padEnd(5)} ${String(proven).padStart(4)} rows proven ${String(begun).padStart(4)} begun ${String(open).padStart(4)} open`;
  });
  return [
    styleText('bold', 'By part (a row is proven for a part when each of its cells there is closed)'),
    ...lines,
  ].join('\n');
}

/** Requirements that some test proves although no deliberate break has shown that the test would notice. */
function mutantReport(): string {
  const broken = new Set(mutants.map(({ row }) => row));
  const begun = sections.flatMap(({ rows }) => rows.filter((row) => row.cells.some((cell) => isClosed(row, cell))));
  const without = begun.map(({ id }) => id).filter((id) => id.startsWith('R') && !broken.has(id));
  const head = styleText('bold', `Mutants: ${mutants.length}, for ${broken.size} rows`);
  return without.length === 0 ? head : `${head}\n  begun rows without one: ${without.join(' ')}`;
}
