/** Finds secrets that are compared letter by letter: the time until the first difference tells how much was right. */
import type { Node } from 'typescript/unstable/ast';
import { isBinaryExpression } from 'typescript/unstable/ast/is';
import type { Source } from './tree.ts';

const secretName = /(secret|password|verifier|mac|signature|token)$/i;
const constant = /^(undefined|null|true|false|\d+|'.*'|`.*`)$/;

/** Comparisons with `===` of what has the name of a secret. */
export function secretComparisons(source: Source): readonly string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (isBinaryExpression(node) && /^[!=]==$/.test(node.operatorToken.getText(source.ast))) {
      const sides = [node.left, node.right].map((side) => side.getText(source.ast));
      const isOfSecrets = sides.some((side) => secretName.test(side)) && !sides.some((side) => constant.test(side));
      if (isOfSecrets && !sides.some((side) => side.startsWith('typeof '))) found.push(node.getText(source.ast));
    }
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}
