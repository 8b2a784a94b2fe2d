import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeBase64url, decodeFormText, decodeUtf8, isBase64url } from './encoding.ts';

test('R-149[protocol] base64url has one spelling for the same bytes', () => {
  for (const text of ['', 'a', 'QQ=', 'QQ==', 'QR', 'Q Q', 'QQ\n', 'Q+', 'Q/', 'QUJ', 'QÄ', 'QQ.']) {
    assert.equal(decodeBase64url(text), undefined, JSON.stringify(text));
  }
  assert.deepEqual(decodeBase64url('QQ'), Buffer.from('A'));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const last of alphabet) {
    for (const text of [`A${last}`, `AA${last}`, `AAA${last}`, `AAAAA${last}`]) {
      assert.equal(isBase64url(text), Buffer.from(text, 'base64url').toString('base64url') === text, text);
    }
  }
});

test('R-149[protocol] whatever base64url is accepted is printed back character by character', () => {
  const alphabet = fc.constantFrom(...'ABCDQRSTUVWXYZaghwx0189-_=+/ ');
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
      const bytes = decodeBase64url(text);
      if (bytes !== undefined) assert.equal(bytes.toString('base64url'), text);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      assert.deepEqual(decodeBase64url(Buffer.from(bytes).toString('base64url')), Buffer.from(bytes));
    }),
  );
});

test('R-178[protocol] bytes are UTF-8 or nothing; a byte order mark is not swallowed', () => {
  assert.equal(decodeUtf8(Buffer.from([0xc0, 0xaf])), undefined);
  assert.equal(decodeUtf8(Buffer.from([0xed, 0xa0, 0x80])), undefined);
  assert.equal(decodeUtf8(Buffer.from([0xef, 0xbb, 0xbf, 0x61])), '\ufeffa');
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = decodeUtf8(bytes);
      if (text !== undefined) assert.deepEqual(Buffer.from(text), Buffer.from(bytes));
    }),
  );
});

test('R-006[protocol] form text reads what URLSearchParams writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const written = new URLSearchParams([['', text]]).toString().slice(1);
      assert.equal(decodeFormText(written), text);
    }),
  );
});
