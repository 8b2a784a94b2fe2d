/**
 * Finds what no file may take from the air: clock, chance, timers, the network, the environment. All of them come in
 * through a Runtime, so that a test can replace them.
 */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isBindingElement,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isParameterDeclaration,
  isPropertyAccessExpression,
  isSourceFile,
  isStringLiteral,
  isTemplateHead,
  isTemplateMiddle,
  isTemplateTail,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { importsOf } from './imports.ts';
import type { Source } from './tree.ts';

/** What was found where: `Date.now`, `setTimeout`, `fetch`, `process.env`, `random functions`, `SQL clock`… */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

const members: Readonly<Record<string, RegExp>> = {
  Date: /^now$/,
  performance: /^(now|timeOrigin|mark|measure)$/,
  Math: /^random$/,
  AbortSignal: /^timeout$/,
  process: /^(env|hrtime|uptime)$/,
  crypto: /^(getRandomValues|randomUUID|randomBytes|randomInt|randomFill|randomFillSync)$/,
};

/** Globals that are called, never named otherwise. */
const globals = /^(setTimeout|setInterval|setImmediate|fetch|Date)$/;

/** Classes that read the clock or reach the network when made without being told how. */
const classes = /^(Date|WebSocket|EventSource|XMLHttpRequest)$/;

/** Names that modules of Node hand out. */
const importedNames: Readonly<Record<string, RegExp>> = {
  'node:crypto': /^(random.*|getRandomValues|webcrypto)$/,
  'node:timers': /./,
  'node:timers/promises': /./,
  'node:http': /^(request|get)$/,
  'node:https': /^(request|get)$/,
  'node:net': /^(connect|createConnection)$/,
  'node:tls': /^connect$/,
  'node:perf_hooks': /./,
  'node:process': /^(env|hrtime|uptime)$/,
};

/** SQL that asks the database for the time or for chance. */
const sqlClock =
  /\b(current_timestamp|current_date|current_time|localtimestamp|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|randomblob)\b|\bnow\s*\(\s*\)|\bunixepoch\s*\(\s*\)|\b(datetime|date|time|julianday|unixepoch|strftime)\s*\([^)]*'now'/i;

export function ambientUses(source: Source): readonly Finding[] {
  const found: Finding[] = [];
  const report = (node: Node, what: string | undefined): void => {
    if (what === undefined) return;
    const line = source.text.slice(0, node.getStart(source.ast)).split('\n').length;
    found.push({ path: source.path, line, what });
  };
  const visit = (node: Node): void => {
    report(node, ambientName(node));
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  const imported = importsOf(source).flatMap((one) => forbiddenNames(one.specifier, one.names));
  return [...found, ...imported.map((what) => ({ path: source.path, line: 1, what }))];
}

function ambientName(node: Node): string | undefined {
  if (isPropertyAccessExpression(node) && isIdentifier(node.expression)) {
    const pattern = Object.hasOwn(members, node.expression.text) ? members[node.expression.text] : undefined;
    return pattern?.test(node.name.text) === true ? `${node.expression.text}.${node.name.text}` : undefined;
  }
  if (isCallExpression(node) && isIdentifier(node.expression)) {
    const { text } = node.expression;
    return globals.test(text) && !isDeclaredAround(node, text) ? text : undefined;
  }
  if (isNewExpression(node) && isIdentifier(node.expression) && classes.test(node.expression.text)) {
    const isClockless = node.expression.text === 'Date' && (node.arguments?.length ?? 0) > 0;
    return isClockless ? undefined : `new ${node.expression.text}`;
  }
  if (
    isStringLiteral(node) ||
    isNoSubstitutionTemplateLiteral(node) ||
    isTemplateHead(node) ||
    isTemplateMiddle(node) ||
    isTemplateTail(node)
  ) {
    return node.parent.kind !== SyntaxKind.ImportDeclaration && sqlClock.test(node.text) ? 'SQL clock' : undefined;
  }
  return undefined;
}

/** The statement of the file that holds the call declares the name: what is called was handed in. */
function isDeclaredAround(node: Node, name: string): boolean {
  const declares = (inner: Node): boolean | undefined => {
    const isBinding = isParameterDeclaration(inner) || isBindingElement(inner) || isVariableDeclaration(inner);
    const isNamed = isBinding && inner.name !== undefined && isIdentifier(inner.name) && inner.name.text === name;
    return isNamed ? true : inner.forEachChild(declares);
  };
  let top = node;
  while (!isSourceFile(top.parent)) top = top.parent;
  return declares(top) === true;
}

function forbiddenNames(specifier: string, names: readonly string[]): readonly string[] {
  const pattern = Object.hasOwn(importedNames, specifier) ? importedNames[specifier] : undefined;
  return pattern === undefined ? [] : names.filter((name) => pattern.test(name));
}
