import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import { parseParameters } from './parse.ts';

test('R-006[authorize] a parameter that comes twice has no value, whichever came first, and is told', () => {
  const sent = parseParameters('state=a&scope=x&state=b&state=');
  assert.equal(sent.get('state'), undefined);
  assert.equal(sent.get('scope'), 'x');
  assert.deepEqual([...sent.repeated], ['state']);
});

test('R-006[authorize] resource may come several times; an empty value counts as omitted', () => {
  const sent = parseParameters('resource=https%3A%2F%2Fa.example&resource=&resource=https%3A%2F%2Fb.example&nonce=');
  assert.deepEqual(sent.resources, ['https://a.example', 'https://b.example']);
  assert.equal(sent.repeated.size, 0);
  assert.equal(sent.get('nonce'), undefined);
});

test('R-006[authorize] names that objects have of themselves are parameters like any other', () => {
  const sent = parseParameters('x=1');
  for (const name of ['__proto__', 'constructor', 'toString']) assert.equal(sent.get(name), undefined);
});

test('R-006[authorize] text that is not form-encoded is refused, never repaired', () => {
  for (const text of ['state=%', 'state=%zz', 'state=%ff', '=x']) {
    assert.throws(
      () => parseParameters(text),
      (error) => error instanceof Refusal && error.reason === 'malformed_request',
      text,
    );
  }
});
