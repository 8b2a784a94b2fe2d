/** Who imports whom, file by file, and whether only for types. */
import { posix } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isNamedImports,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { readText, type Source } from './tree.ts';

/** One import statement, re-export or `import()`. */
export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** The file it means, when it is one of ours; packages of ours mean their `index.ts`. */
  readonly file: string | undefined;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
  /** Names taken out of the module, empty for a namespace or bare import. */
  readonly names: readonly string[];
}

export function importsOf(source: Source): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: Node | undefined, typeOnly: boolean, names: readonly string[] = []): void => {
    if (specifier === undefined || !isStringLiteral(specifier)) return;
    const { text } = specifier;
    found.push({ from: source.path, specifier: text, file: resolve(source.path, text), typeOnly, names });
  };
  const visit = (node: Node): void => {
    if (isImportDeclaration(node)) {
      add(node.moduleSpecifier, isTypeOnlyImport(node), importedNames(node));
    } else if (isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}

type ImportNode = Parameters<typeof importedNames>[0];

function importedNames(node: Node & { readonly importClause?: unknown }): readonly string[] {
  if (!isImportDeclaration(node)) return [];
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined || !isNamedImports(bindings)) return [];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

/** `import type …`, or an import of nothing but `type` names. */
function isTypeOnlyImport(node: ImportNode): boolean {
  if (!isImportDeclaration(node) || node.importClause === undefined) return false;
  if (node.importClause.phaseModifier === SyntaxKind.TypeKeyword) return true;
  const bindings = node.importClause.namedBindings;
  if (node.importClause.name !== undefined || bindings === undefined || !isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

/** The file of ours that a specifier means. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const ours = /^(?:@castellan\/([a-z]+)|castellan)(?:\/(.+))?$/.exec(specifier);
  if (ours === null) return undefined;
  const [, name = 'cli', entry] = ours;
  const manifest = JSON.parse(readText(`packages/${name}/package.json`)) as Manifest;
  const target = manifest.exports[entry === undefined ? '.' : `./${entry}`]?.['castellan-source'];
  return target === undefined ? undefined : posix.join(`packages/${name}`, target);
}

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
}
