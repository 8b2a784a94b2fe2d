import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import * as fc from 'fast-check';
import { parseReturnTo } from './return-to.ts';

const origin = 'https://app.example';

test('R-126[bff] a path of this app is where a person returns to, with query and fragment', () => {
  for (const path of ['/', '/invoices/42', '/search?q=%2F%2Fevil.example&x=1', '/a#b', '/a/../b'])
    assert.equal(new URL(parseReturnTo(path, origin), origin).origin, origin);
  assert.equal(parseReturnTo('/invoices/42?x=1#y', origin), '/invoices/42?x=1#y');
  assert.equal(parseReturnTo(undefined, origin), '/');
});

test('R-126[bff] the paths of the sign-in itself are not returned to', () => {
  for (const path of ['/login', '/callback?code=x', '/logout']) assert.equal(parseReturnTo(path, origin), '/');
});

for (const text of [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  ' /a',
  'javascript:alert(1)',
  'a',
  '',
  '?x',
  '/..//evil.example',
  '/.//evil.example',
  '/%2e//evil.example',
  `/${'a'.repeat(1024)}`,
]) {
  test(`R-126[bff] ${JSON.stringify(text.slice(0, 40))} is refused as a way out of this app`, () => {
    assert.throws(
      () => parseReturnTo(text, origin),
      (error) => error instanceof Refusal && error.reason === 'invalid_parameter',
    );
  });
}

test('R-126[bff] whatever is accepted leads to this origin, however a browser reads it', () => {
  const text = fc.string({ unit: fc.constantFrom(...'/\\.%2e5cf:@?#ab\t\n;'.split('')) }).map((rest) => `/${rest}`);
  fc.assert(
    fc.property(text, (candidate) => {
      let path: string;
      try {
        path = parseReturnTo(candidate, origin);
      } catch {
        return;
      }
      assert.equal(new URL(path, `${origin}/callback`).origin, origin);
      assert.doesNotMatch(path, /^\/[/\\]/);
    }),
  );
});
