import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from './refusal.ts';
import { formatScope, parseScope } from './scope.ts';

const hasReason = (reason: string) => (error: unknown) => error instanceof Refusal && error.reason === reason;

test('R-016[protocol] scopes keep their order, and a repeated one counts once', () => {
  assert.deepEqual(parseScope('openid invoices:read openid email'), ['openid', 'invoices:read', 'email']);
});

for (const [name, text] of Object.entries({
  'an empty one': '',
  'a space': ' ',
  'a space in front': ' openid',
  'a space at the end': 'openid ',
  'two spaces between': 'openid  email',
  'a tab between': 'openid\temail',
  'a line break': 'openid\nemail',
  'a line break at the end': 'openid\n',
  'a no-break space': 'openid\u00a0email',
  'a quote': 'a"b',
  'a backslash': 'a\\b',
  'a control character': 'a\u007fb',
  'a NUL': 'openid\u0000',
  'a letter outside ASCII': 'größe',
})) {
  test(`R-016[protocol] a scope parameter with ${name} is refused`, () => {
    assert.throws(() => parseScope(text), hasReason('scope_malformed'));
  });
}

test('R-016[protocol] what is accepted is printed back, and nothing but a Refusal is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', 'B', ':', '!', ' ') })), (text) => {
      try {
        const scopes = parseScope(text);
        if (new Set(text.split(' ')).size === text.split(' ').length) assert.equal(formatScope(scopes), text);
      } catch (error) {
        assert.ok(hasReason('scope_malformed')(error));
      }
    }),
  );
});

test('R-016[protocol] a scope that holds a separator cannot be written', () => {
  assert.throws(() => formatScope(['openid email']), TypeError);
  assert.throws(() => formatScope(['']), TypeError);
  assert.equal(formatScope([]), '');
});
