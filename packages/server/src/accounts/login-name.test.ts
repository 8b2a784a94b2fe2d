import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalLoginName } from './login-name.ts';

test('R-124[login] all spellings of a login name are one name', () => {
  // Spaces around, capitals, full-width letters, a composed and a decomposed letter.
  for (const spelling of ['anna', ' Anna ', 'ＡＮＮＡ', 'aNNa\t']) {
    assert.equal(canonicalLoginName(spelling), 'anna');
  }
  assert.equal(canonicalLoginName('Jose\u0301'), canonicalLoginName('JOS\u00c9'));
  assert.equal(canonicalLoginName('Anna@Example.ORG'), 'anna@example.org');
});

test('R-124[login] canonicalising twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const name = canonicalLoginName(text);
      assert.ok(name === undefined || canonicalLoginName(name) === name);
    }),
    { numRuns: 2000 },
  );
});

test('R-124[login] a name that looks like another through invisible characters is no name', () => {
  for (const text of ['an\u200bna', 'an\u00adna', 'anna\ufe0f', 'an\u3164na', 'anna\u202e', 'an na', 'an\0na']) {
    assert.equal(canonicalLoginName(text), undefined, JSON.stringify(text));
  }
});

test('R-124[login] what is empty, too long or not Unicode is no name', () => {
  for (const text of ['', '   ', 'a'.repeat(129), '\ud800', '\ufdfa'.repeat(100), '<b>', 'a/b', '"']) {
    assert.equal(canonicalLoginName(text), undefined, JSON.stringify(text.slice(0, 10)));
  }
  assert.equal(canonicalLoginName('a'.repeat(128)), 'a'.repeat(128));
});
