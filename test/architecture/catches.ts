/**
 * Finds every place that catches. A Refusal is thrown and answered in one file; a catch on its way could turn a
 * refusal into an acceptance, so each one is listed with its reason.
 */
import type { Node } from 'typescript/unstable/ast';
import { isCallExpression, isCatchClause, isPropertyAccessExpression } from 'typescript/unstable/ast/is';
import type { Source } from './tree.ts';

/** How many catches a file holds: `catch` clauses, `.catch(…)`, and `.then(…, …)`. */
export function countCatches(source: Source): number {
  let count = 0;
  const visit = (node: Node): void => {
    if (isCatchClause(node) || isPromiseCatch(node)) count += 1;
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return count;
}

function isPromiseCatch(node: Node): boolean {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return false;
  const { text } = node.expression.name;
  return text === 'catch' || text === 'allSettled' || (text === 'then' && node.arguments.length > 1);
}
