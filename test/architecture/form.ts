/** Judges the form of a module: how it opens, what it exports, and that its types erase. */
import { posix } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import type { Source } from './tree.ts';

/** Folders of packages in which no file opens with a comment, and main files that do not. */
export function commentProblems(sources: readonly Source[]): readonly string[] {
  const inPackages = sources.filter(({ path }) => /^(packages\/[a-z]+\/src|examples)\//.test(path));
  const folders = Map.groupBy(inPackages, ({ path }) => posix.dirname(path));
  return [...folders].flatMap(([folder, files]) => {
    const main = files.find(({ path }) => posix.basename(path, '.ts') === posix.basename(folder));
    if (main !== undefined && !opensWithComment(main)) return [`${main.path} does not say what ${folder} owns`];
    return files.some(opensWithComment) ? [] : [`no file in ${folder} opens with a comment`];
  });
}

function opensWithComment({ text }: Source): boolean {
  return /^(#!.*\n)?\/[*/]/.test(text);
}

/** Syntax that a runtime cannot erase, and exports without a name. */
const refused: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.ExportAssignment, 'has a default export: a name is what readers search for'],
  [SyntaxKind.DefaultKeyword, 'has a default export: a name is what readers search for'],
  [SyntaxKind.EnumDeclaration, 'has an enum: use a union of strings'],
  [SyntaxKind.ModuleDeclaration, 'has a namespace: a file is one already'],
  [SyntaxKind.Decorator, 'has a decorator: it hides what runs'],
]);

export function exportProblems(source: Source): readonly string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    const problem = refused.get(node.kind);
    if (problem !== undefined && node.parent.kind !== SyntaxKind.CaseBlock) found.push(`${source.path} ${problem}`);
    if (isClassThatIsNoError(node)) found.push(`${source.path} has a class that is no error: use functions and data`);
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}

function isClassThatIsNoError(node: Node): boolean {
  if (node.kind !== SyntaxKind.ClassDeclaration && node.kind !== SyntaxKind.ClassExpression) return false;
  return !/^(export\s+|abstract\s+)*class\s+\w+\s+extends\s+\w*Error\b/.test(node.getText());
}
