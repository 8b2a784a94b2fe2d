/** Reads the requirement ids and paths out of test titles, from the source and from the record of the last run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
  isTemplateExpression,
} from 'typescript/unstable/ast/is';
import { readSources, root, type Source } from '../architecture/tree.ts';
import { rows } from '../paths.ts';
import { foundations } from './row.ts';

/** A test's title and the file it stands in. */
export interface Title {
  readonly file: string;
  readonly text: string;
}

/** One row that a title claims, on the paths it names. */
export interface Claim extends Title {
  readonly id: string;
  readonly paths: readonly string[];
  /** The brackets are the row's own; otherwise they are shared, and words that are not the row's mean nothing. */
  readonly own: boolean;
}

const claimPattern = /\b([RSI]-\d{1,3})\b(?:\[([^\]]*)\])?/g;

/** What a title claims. A part that is only known when the test runs stands as `*` and claims nothing. */
export function claimsOf(title: Title): readonly Claim[] {
  let shared: readonly string[] = [];
  const brackets = /\[([^\]]*)\]/.exec(title.text)?.[1];
  if (brackets !== undefined) shared = words(brackets);
  return [...title.text.matchAll(claimPattern)].map(([, id = '', own]) => {
    if (own !== undefined) shared = words(own);
    return { ...title, id, paths: shared, own: own !== undefined };
  });
}

function words(text: string): readonly string[] {
  return text.split(',').map((word) => word.trim());
}

/** Claims that name a row or a path that does not exist. */
export function wrongClaims(titles: readonly Title[]): readonly string[] {
  return titles.flatMap((title) =>
    claimsOf(title).flatMap(({ id, paths, own }) => {
      const row = rows.get(id);
      if (row === undefined) return [`${title.file}: no row is called ${id} («${title.text}»)`];
      if (!own) return [];
      return paths
        .filter((path) => path !== '*' && !foundations.includes(path) && !row.cells.includes(path))
        .map((path) => `${title.file}: ${id} has no path «${path}»; it has ${row.cells.join(', ')}`);
    }),
  );
}

const testFunctions = /^(test|it|describe|suite)$/;

/** Titles as they stand in the source, with `*` for what is filled in when the test runs. */
export function writtenTitles(sources: readonly Source[] = readSources()): readonly Title[] {
  return sources.filter(({ isTest, text }) => isTest || text.includes('node:test')).flatMap(titlesOf);
}

function titlesOf(source: Source): readonly Title[] {
  const found: Title[] = [];
  const visit = (node: Node): void => {
    if (isCallExpression(node) && testFunctions.test(calledName(node.expression))) {
      const text = node.arguments[0] === undefined ? undefined : titleText(node.arguments[0]);
      if (text !== undefined) found.push({ file: source.path, text });
    }
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
  return found;
}

function calledName(expression: Node): string {
  return expression.getText().split('.').at(-1) ?? '';
}

function titleText(node: Node): string | undefined {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join('');
}

/** Where `npm test` notes which tests passed. */
const recordFile: string = join(root, 'node_modules', '.cache', 'castellan', 'passed-tests.json');

/** Titles of the tests that passed in the last run of each file; undefined when nothing has been run yet. */
export function passedTitles(): readonly Title[] | undefined {
  if (!existsSync(recordFile)) return undefined;
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;
  return Object.entries(record).flatMap(([file, texts]) => texts.map((text) => ({ file, text })));
}
