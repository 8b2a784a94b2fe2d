/** Prints a matrix. */
import type { Matrix, MatrixCase } from '@castellan/policy/analysis';

/** One case on each line, so that a change of the policy is a readable change of the file. */
export function casesAsLines({ cases }: Matrix): string {
  return cases.map((one) => JSON.stringify(one)).join('\n');
}

export function matrixLines({ cases }: Matrix): string {
  const rows = [['who', 'asks', 'expected', 'finds that'], ...cases.map(rowOf)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf({ principal, about, name, expect, finds }: MatrixCase): readonly string[] {
  const [first, ...others] = finds.map(({ rule, words }) => `${rule} ${words}`);
  const asks = { action: name, reads: `reading ${name}`, writes: `changing by ${name}` }[about];
  const answer = typeof expect === 'string' ? expect : countOf(expect);
  return [principal.kind, asks, answer, `${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`];
}

function countOf(fields: readonly string[]): string {
  return fields.length === 0 ? 'no field' : `${fields.length} field${fields.length === 1 ? '' : 's'}`;
}

export function matrixSummary({ cases, harmless }: Matrix): string {
  const faults = new Set(cases.flatMap(({ finds }) => finds.map(({ rule, words }) => `${rule} ${words}`)));
  const lines = [`${cases.length} cases notice ${faults.size} faults: a rule that is missing, weaker, or about more.`];
  if (harmless.length > 0) lines.push(`${harmless.length} faults would change no answer and need no case:`);
  return [...lines, ...harmless.map(({ rule, words }) => `  ${rule} ${words}`)].join('\n');
}
