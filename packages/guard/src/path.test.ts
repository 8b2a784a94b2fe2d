import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import * as fc from 'fast-check';
import { canonicalSegments } from './path.ts';

test('R-164[guard] a path is decoded once', () => {
  assert.deepEqual(canonicalSegments('/'), ['']);
  assert.deepEqual(canonicalSegments('/invoices/42'), ['invoices', '42']);
  assert.deepEqual(canonicalSegments('/a%20b/%C3%A4/x@y:z'), ['a b', 'ä', 'x@y:z']);
});

test('R-164[guard] a path that two readers could take for two paths is refused', () => {
  const bad = [
    '',
    'invoices/42',
    '*',
    'http://evil.example/invoices/42',
    '/a%2Fb',
    '/a%2fb',
    '/a%5Cb',
    '/a\\b',
    '/%252e%252e/admin',
    '/a%25',
    '/./a',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/%2E/b',
    '/%61dmin',
    '/a%00',
    '/a%0a',
    '/a%7f',
    '/a%zz',
    '/a%',
    '/a%c0%af',
    '/a%ff',
    '/a b',
    '/ä',
    '/a#b',
    '/a?b',
    '/e%CC%81',
    `/${'a'.repeat(3000)}`,
  ];
  for (const path of bad) {
    assert.throws(
      () => canonicalSegments(path),
      (error) => error instanceof Refusal && error.reason === 'malformed_request',
      path,
    );
  }
});

test('R-164[guard] whatever is accepted has one spelling: encoding the segments gives the same segments again', () => {
  const part = fc.oneof(
    fc.constantFrom('%2F', '%2e', '..', '.', '%41', '%C3%A4', '%25', '\\', ';', 'a', '/'),
    fc.string(),
  );
  const property = fc.property(
    fc.array(part).map((parts) => `/${parts.join('')}`),
    (path) => {
      let segments: readonly string[];
      try {
        segments = canonicalSegments(path);
      } catch {
        return;
      }
      for (const segment of segments) {
        assert.doesNotMatch(segment, /[/\\%\p{Cc}]/u);
        assert.notEqual(segment, '..');
      }
      const again = `/${segments.map(encodeURIComponent).join('/')}`;
      if (!segments.some((segment) => /[!'()*~]/.test(segment))) assert.deepEqual(canonicalSegments(again), segments);
    },
  );
  fc.assert(property, { numRuns: 2000 });
});
