import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createPrefixedToken, parsePrefixedToken, tokenPrefixes } from './prefixed-token.ts';

const payloads = fc.string({ unit: fc.constantFrom(...'ABZabz019._-'), minLength: 1, maxLength: 200 });
const prefixes = fc.constantFrom(...Object.values(tokenPrefixes));

test('R-216[protocol] a token has the documented form that a secret scanner searches', () => {
  const token = createPrefixedToken(tokenPrefixes.refreshToken, 'fam.7.secret.tag');
  assert.match(token, /^castellan_[a-z]{2}_[A-Za-z0-9._-]+_[0-9A-Za-z]{6}$/);
  // The checksum is part of the format: changing it would blind every scanner.
  assert.equal(token, 'castellan_rt_fam.7.secret.tag_3ZCTDG');
});

test('R-216[protocol] what was made is read back, under its own prefix only', () => {
  fc.assert(
    fc.property(prefixes, prefixes, payloads, (prefix, other, payload) => {
      const token = createPrefixedToken(prefix, payload);
      assert.equal(parsePrefixedToken(other, token), other === prefix ? payload : undefined);
    }),
  );
});

test('R-216[protocol] a change of any one character is noticed before any look-up', () => {
  fc.assert(
    fc.property(
      prefixes,
      payloads,
      fc.nat(),
      fc.string({ minLength: 0, maxLength: 1 }),
      (prefix, payload, at, text) => {
        const token = createPrefixedToken(prefix, payload);
        const place = at % token.length;
        const changed = token.slice(0, place) + text + token.slice(place + 1);
        assert.equal(parsePrefixedToken(prefix, changed), changed === token ? payload : undefined);
      },
    ),
  );
});

test('R-216[protocol] other text is not ours, and nothing is thrown', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parsePrefixedToken('castellan_ss_', text), undefined)));
  for (const text of ['', 'castellan_ss_', 'castellan_ss__000000', 'castellan_ss_______']) {
    assert.equal(parsePrefixedToken(tokenPrefixes.session, text), undefined);
  }
  const long = createPrefixedToken(tokenPrefixes.session, 'a'.repeat(492));
  assert.equal(long.length, 512);
  assert.equal(parsePrefixedToken(tokenPrefixes.session, `${long}a`), undefined);
});

test('R-216[protocol] a payload that would break the form cannot be made into a token', () => {
  for (const payload of ['', 'a b', 'a/b', 'a=', 'ä', 'a\n', 'a'.repeat(493)]) {
    assert.throws(() => createPrefixedToken(tokenPrefixes.session, payload), TypeError);
  }
});
