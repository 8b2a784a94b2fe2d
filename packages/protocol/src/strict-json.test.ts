import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readJson } from './strict-json.ts';

const problemOf = (document: string | Uint8Array, limits = {}) => readJson(document, limits).problem;

for (const [name, document] of Object.entries({
  'a repeated member': '{"a":1,"a":2}',
  'a repeated member with the same value': '{"a":1,"a":1}',
  'a repeated member after an object': '{"a":{"b":1},"a":2}',
  'a repeated member deep inside': '[[{"x":{"a":1,"b":2,"a":3}}]]',
  'a repeated member that is escaped once': '{"a":1,"\\u0061":2}',
  'a repeated member with spaces before the colon': '{"a" :1,"a"\t\n:2}',
  'a repeated member that has a quote': '{"\\"":1,"\\u0022":2}',
  'the prototype': '{"__proto__":{"isAdmin":true}}',
  'the prototype, escaped': '{"__\\u0070roto__":1}',
  'a constructor': '{"a":{"constructor":{"prototype":{}}}}',
  'a prototype': '{"prototype":1}',
  'a number that is not finite': '{"exp":1e999}',
  'a negative number that is not finite': '[-1e999]',
  'half a surrogate': '{"a":"\\ud800"}',
  'half a surrogate in a name': '{"\\udc00":1}',
  'a byte order mark': '\ufeff{}',
  nothing: '',
  'spaces only': '  ',
  'two documents': '{}{}',
  'a comment': '{}//',
  'a comma too many': '{"a":1,}',
  'single quotes': "{'a':1}",
  NaN: 'NaN',
  'a line break in a text': '"a\nb"',
  'a NUL after it': '{}\u0000',
})) {
  test(`R-178[protocol] a document with ${name} is refused`, () => {
    assert.notEqual(problemOf(document), undefined);
    assert.notEqual(problemOf(Buffer.from(document)), undefined);
  });
}

test('R-178[protocol] bytes that are not UTF-8 are refused', () => {
  assert.equal(problemOf(Buffer.from([0x22, 0xff, 0x22])), 'the document is not UTF-8');
});

test('R-178[protocol] equal names in different objects, and equal texts, repeat nothing', () => {
  const document = '{"a":"a","b":{"a":"a","b":[{"a":1},{"a":2},"a","a"]},"c":"\\"a\\":1","d":"{\\"a\\":1,"}';
  assert.deepEqual(readJson(document).value, JSON.parse(document));
});

test('R-178[protocol] depth and size are bounded', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(problemOf(nested(32)), undefined);
  assert.equal(problemOf(nested(33)), 'the document is nested too deeply');
  assert.equal(problemOf(nested(2), { maxDepth: 1 }), 'the document is nested too deeply');
  assert.equal(problemOf(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`), 'the document is nested too deeply');
  assert.equal(problemOf(nested(500_000)), 'the document is nested too deeply');
  assert.equal(problemOf('"12345678"', { maxLength: 9 }), 'the document is too large');
  assert.equal(problemOf('"12345678"', { maxLength: 10 }), undefined);
});

test('R-178[protocol] brackets and braces inside texts are no structure', () => {
  const document = JSON.stringify(['['.repeat(100), '{"a":1,"a":2}', '\\', '\\"', '1e999']);
  assert.deepEqual(readJson(document).value, JSON.parse(document));
});

test('R-178[protocol] what is accepted means what JSON.parse says', () => {
  const names = new Set(['__proto__', 'constructor', 'prototype']);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, 2), (value, indent) => {
      const document = JSON.stringify(value, null, indent);
      const reading = readJson(document);
      if (reading.problem === undefined) assert.deepEqual(reading.value, JSON.parse(document));
      else assert.ok([...names].some((name) => document.includes(name)) || !document.isWellFormed(), document);
    }),
  );
});

test('R-178[protocol] a member repeated anywhere in any document is refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (name, a, b) => {
      const member = JSON.stringify(name);
      const object = `{${member}:${JSON.stringify(a)},${member}:${JSON.stringify(b)}}`;
      assert.notEqual(problemOf(object), undefined);
      assert.notEqual(problemOf(`[{"x":${object}}]`), undefined);
    }),
  );
});

test('R-178[protocol] no text makes it throw, and no problem quotes the text', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0e19 ') }));
  fc.assert(
    fc.property(text, (document) => {
      const problem = problemOf(document);
      if (problem !== undefined) assert.match(problem, /^(the document|a member|a text|a number) [a-zA-Z8 -]+$/);
    }),
  );
});
