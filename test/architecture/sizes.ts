/** How long files and functions are, how many parameters they take, and how that is spread. */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import type { Source } from './tree.ts';

/** A function, method or accessor with its lines from first to last. */
export interface FunctionSize {
  readonly path: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
}

const functionKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

export function functionsOf(source: Source): readonly FunctionSize[] {
  const found: FunctionSize[] = [];
  const lineOf = (position: number): number => source.text.slice(0, position).split('\n').length;
  const visit = (node: Node): void => {
    if (functionKinds.has(node.kind)) {
      const line = lineOf(node.getStart(source.ast));
      const { parameters = [] } = node as Node & { readonly parameters?: readonly Node[] };
      found.push({ path: source.path, line, lines: lineOf(node.end) - line + 1, parameters: parameters.length });
    }
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}

/** Median, 90th percentile and maximum. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, median: at(0.5), p90: at(0.9), max: at(1) };
}

/** The distribution as a table, one row for each package. */
export function sizeReport(sources: readonly Source[]): string {
  const groups = Map.groupBy(sources, ({ path, isTest }) => (isTest ? 'tests' : path.split('/').slice(0, 2).join('/')));
  const rows = [...groups, ['all but tests', sources.filter(({ isTest }) => !isTest)] as const].map(([name, files]) => {
    const functions = files.flatMap(functionsOf);
    const lines = spread(files.map((file) => file.lines));
    return `${name.padEnd(20)}${cells(lines)}   ${cells(spread(functions.map((one) => one.lines)))}`;
  });
  const head = `${''.padEnd(20)}${'files, lines'.padEnd(28)}   functions, lines`;
  const columns = `${''.padEnd(20)}${columnNames}   ${columnNames}`;
  return [head, columns, ...rows.toSorted()].join('\n');
}

const columnNames = ['count', 'median', 'p90', 'max'].map((name) => name.padStart(7)).join('');

function cells({ count, median, p90, max }: Spread): string {
  return [count, median, p90, max].map((value) => String(value).padStart(7)).join('');
}
