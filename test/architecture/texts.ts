/** Judges what is written in files of any kind: names of files, and words that must not stand in them. */
import { posix } from 'node:path';
import type { Node } from 'typescript/unstable/ast';
import { isNoSubstitutionTemplateLiteral, isStringLiteral } from 'typescript/unstable/ast/is';
import { readText, type Source } from './tree.ts';

const junkDrawer = /^(utils?|helpers?|common|shared|misc|lib|stuff|x)$/;

/** Files that tools insist on calling otherwise. */
const namedByOthers = /^(README|CONTRIBUTING|SECURITY|CHANGELOG|SCHEMA|LICENSE|NOTICE)(\.md)?$/;

/** What is wrong with a path's name, or undefined. */
export function nameProblem(path: string): string | undefined {
  for (const part of path.split('/')) {
    const stem = part.replace(/(?<=.)\..*$/, '');
    if (junkDrawer.test(stem)) return `${path}: «${stem}» is a junk drawer; name what it holds`;
    if (!namedByOthers.test(part) && !/^\.?[a-z0-9]+([-.][a-z0-9]+)*$/.test(part))
      return `${path}: names are kebab-case`;
  }
  const isRootIndex = /^packages\/[a-z]+\/src\/index\.ts$/.test(path);
  return /(^|\/)index\.[jt]s$/.test(path) && !isRootIndex
    ? `${path}: index.ts stands only at the root of a package; call the file what it is`
    : undefined;
}

/** Spelled in pieces, so that this file does not hold what it looks for. */
const registries = new RegExp(['registry\\.npm', 'js\\.org|npm', 'mirror\\.com|registry\\.yarn', 'pkg\\.com'].join(''));
const machinePaths = new RegExp(
  ['(^|[^\\w.~)}/-])/(?:', ['home', 'Users', 'root', 'work', 'tmp'].join('|'), ')/[\\w.]'].join(''),
);

/** Lines that would make the repository depend on one machine or one registry. */
export function foreignPlaces(path: string): readonly string[] {
  if (/\.(png|jpg|ico|woff2|sqlite|db|gz)$/.test(path)) return [];
  return readText(path)
    .split('\n')
    .flatMap((line, index) => {
      if (registries.test(line)) return [`${path}:${index + 1} names a package registry`];
      return machinePaths.test(line) ? [`${path}:${index + 1} names a path of one machine`] : [];
    });
}

/** Relative paths in string literals that leave the repository. */
export function leavesRepository(source: Source): readonly string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if ((isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) && /^\.\.(\/|$)/.test(node.text)) {
      const target = posix.join(posix.dirname(source.path), node.text);
      if (target.startsWith('..')) found.push(`${source.path}: ${node.text} lies outside the repository`);
    }
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}
