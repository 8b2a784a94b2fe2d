/**
 * What the guard costs in front of an API, beside what others use: verification, decisions, lists, limits, and whole
 * requests. All contestants of a section take turns of a few milliseconds in one run: compare ratios of one run, never
 * times of two.
 *
 * Run it with `npm run bench:guard`, which installs the others (`npm ci --prefix bench`) first; `--only P-12,P-15` leaves
 * sections out. It takes a minute or two.
 */
import { parseArgs } from 'node:util';
import { decisionLines } from './guard/decisions.ts';
import type { Line } from './guard/lanes.ts';
import { limitLines } from './guard/limits.ts';
import { listLines } from './guard/lists.ts';
import { requestLines } from './guard/requests.ts';
import { verifyLines } from './guard/verify.ts';
import { wholeLines } from './guard/whole.ts';

const sections: Readonly<Record<string, () => Promise<readonly Line[]>>> = {
  'P-12,P-13': verifyLines,
  'P-15': decisionLines,
  'P-16': listLines,
  'P-17': limitLines,
  whole: wholeLines,
  'P-14': requestLines,
};

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = options.only?.split(',');
const isWanted = (rows: string): boolean => wanted === undefined || rows.split(',').some((row) => wanted.includes(row));

const lines: Line[] = [];
for (const [rows, run] of Object.entries(sections)) {
  if (!isWanted(rows)) continue;
  process.stderr.write(`${rows} …\n`);
  lines.push(...(await run()));
}

console.log(`${'row'.padEnd(8)}${'contestant'.padEnd(62)}${'measured'.padStart(24)}  goal`);
for (const { row, name, measured, goal, met } of lines) {
  const verdict = goal === undefined ? '' : `${goal.padEnd(14)} ${met === true ? 'met' : 'MISSED'}`;
  console.log(`${row.padEnd(8)}${name.padEnd(62)}${measured.padStart(24)}  ${verdict}`.trimEnd());
}
