/** Every pattern of the product against texts that make a bad one slow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import type { Node } from 'typescript/unstable/ast';
import { isRegularExpressionLiteral } from 'typescript/unstable/ast/is';
import { readSources } from './architecture/tree.ts';

interface Pattern {
  readonly place: string;
  readonly literal: string;
}

const patterns: readonly Pattern[] = readSources()
  .filter(({ path, isTest }) => /^(packages|examples)\//.test(path) && !isTest)
  .flatMap(({ path, ast }) => {
    const found: Pattern[] = [];
    const visit = (node: Node): void => {
      if (isRegularExpressionLiteral(node)) found.push({ place: path, literal: node.text });
      node.forEachChild(visit);
    };
    ast.forEachChild(visit);
    return found;
  });

/** Repeated until the text is as long as all headers of a request together. */
const pumps = [
  ' ',
  '\t',
  ' \t',
  'a',
  'A',
  '0',
  '.',
  '-',
  '_',
  '/',
  ':',
  '=',
  '%',
  ',',
  ';',
  '&',
  '\\',
  'a.',
  '0.',
  'é',
];
const longest = 16_384;
/** Milliseconds. A linear pattern needs a small part of one, one that begins anew at each character some hundred. */
const patience = 40;

function isSlow(literal: string, text: string): boolean {
  const [, source = '', flags] = /^\/(.*)\/([a-z]*)$/s.exec(literal) ?? [];
  const pattern = new RegExp(source, flags);
  const once = (): number => {
    pattern.lastIndex = 0;
    const started = systemRuntime.monotonic();
    pattern.exec(text);
    return systemRuntime.monotonic() - started;
  };
  // Twice, since a machine that is busy may be slow once.
  return once() > patience && once() > patience;
}

test('R-181[config] I-11 no pattern takes more than linear time', () => {
  assert.ok(patterns.length > 50, 'the patterns are found');
  const slow = patterns.filter(({ literal }) =>
    pumps.some((pump) =>
      ['', 'a', '    at '].some((start) => isSlow(literal, `${start}${pump.repeat(longest / pump.length)}\0`)),
    ),
  );
  assert.deepEqual(slow, []);
});
