/**
 * What the guard costs in front of an API, beside what others use: verification, decisions, lists, limits, and whole
 * requests. All contestants of a section take turns of a few milliseconds in one run: compare ratios of one run, never
 * times of two.
 *
 * Run it with `npm run bench:guard`, which installs the others (`npm ci --prefix bench`) first; `--only P-12,P-15` leaves
 * sections out. It takes some four minutes.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Line } from './guard/lanes.ts';

/** What measures which rows: files of `guard/`. */
const sections: Readonly<Record<string, string>> = {
  'P-12,P-13': 'verify',
  'P-14': 'requests',
  'P-15': 'decisions',
  'P-16': 'lists',
  'P-17': 'limits',
  whole: 'whole',
};

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = options.only?.split(',');
const isWanted = (rows: string): boolean => wanted === undefined || rows.split(',').some((row) => wanted.includes(row));

/** Each in a process of its own: what one leaves in memory, and compiled for its own calls, slows the next. */
async function linesOf(file: string): Promise<readonly Line[]> {
  const child = fork(new URL('./guard/section.ts', import.meta.url), [file]);
  let told: readonly Line[] = [];
  child.on('message', (lines) => {
    told = lines as readonly Line[];
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
  return told;
}

const lines: Line[] = [];
for (const [rows, file] of Object.entries(sections)) {
  if (!isWanted(rows)) continue;
  process.stderr.write(`${rows} …\n`);
  lines.push(...(await linesOf(file)));
}

console.log(`${'row'.padEnd(8)}${'contestant'.padEnd(62)}${'measured'.padStart(24)}  goal`);
for (const { row, name, measured, goal, met } of lines) {
  const verdict = goal === undefined ? '' : `${goal.padEnd(14)} ${met === true ? 'met' : 'MISSED'}`;
  console.log(`${row.padEnd(8)}${name.padEnd(62)}${measured.padStart(24)}  ${verdict}`.trimEnd());
}
