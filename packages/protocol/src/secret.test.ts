import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hashSecret, secretsEqual } from './secret.ts';

test('R-216[protocol] the stored form of a secret is its SHA-256 in base64url', () => {
  // FIPS 180-2 appendix B.1
  assert.equal(Buffer.from(hashSecret('abc'), 'base64url').toString('hex').slice(0, 16), 'ba7816bf8f01cfea');
});

test('R-216[protocol] secrets are equal only when they are, also with other lengths', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(secretsEqual(a, b), a === b)));
  assert.equal(secretsEqual('', ''), true);
  assert.equal(secretsEqual('secret', 'secret\u0000'), false);
  assert.equal(secretsEqual('secret', 'secre'), false);
});
