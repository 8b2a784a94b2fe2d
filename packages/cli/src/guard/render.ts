/** A report as a person reads it: what failed first, then what was not tested and why, then the table. */
import { styleText } from 'node:util';
import type { TestReport, TestResult } from '@castellan/guard/kit';
import { printable, renderTable } from '../table.ts';

export function renderReport(report: TestReport): string {
  const { results, passed, failed, untested, isSound } = report;
  const failures = results.filter(({ verdict }) => verdict === 'fail');
  const lines = [
    ...failures.map(
      ({ route, group, name, detail }) =>
        `${styleText('red', 'FAIL')} ${printable(`${route}: ${name} (${group}): ${detail}`)}`,
    ),
    ...(failures.length > 0 ? [''] : []),
    renderTable(
      [
        ['what was tried', ({ group }: Line) => group],
        ['pass', ({ pass }: Line) => String(pass)],
        ['fail', ({ fail }: Line) => String(fail)],
        ['not tested', ({ skipped }: Line) => String(skipped)],
        ['why not', ({ why }: Line) => why],
      ],
      linesOf(results),
    ),
    '',
    `${passed} refused or answered as they must be, ${failed} not, ${untested} not tested.`,
    ...(isSound || failed > 0 ? [] : ['Nothing was proven: every attempt was left out.']),
  ];
  return lines.join('\n');
}

interface Line {
  readonly group: string;
  readonly pass: number;
  readonly fail: number;
  readonly skipped: number;
  readonly why: string;
}

function linesOf(results: readonly TestResult[]): readonly Line[] {
  const groups = new Map<string, TestResult[]>();
  for (const result of results) groups.set(result.group, [...(groups.get(result.group) ?? []), result]);
  return [...groups].map(([group, own]) => {
    const count = (verdict: TestResult['verdict']): number => own.filter((one) => one.verdict === verdict).length;
    const reasons = own.filter(({ verdict }) => verdict === 'not tested').map(({ detail }) => detail);
    const why = [...new Set(reasons)].slice(0, 2).join('; ');
    return { group, pass: count('pass'), fail: count('fail'), skipped: count('not tested'), why };
  });
}
