import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { createSecret, isSecret, sealOf } from './seal.ts';

const secret = createSecret(systemRuntime);
const other = createSecret(systemRuntime);

test('R-209[bff] what a cookie sealed opens with this cookie, for this purpose, and no other', () => {
  const sealed = sealOf('session', secret, systemRuntime).close({ token: 'abc' });
  assert.deepEqual(sealOf('session', secret, systemRuntime).open(sealed), { token: 'abc' });
  assert.equal(sealOf('login', secret, systemRuntime).open(sealed), undefined);
  assert.equal(sealOf('session', other, systemRuntime).open(sealed), undefined);
});

test('R-209[bff] a sealed text with any byte changed, cut or empty does not open', () => {
  const seal = sealOf('session', secret, systemRuntime);
  const bytes = Buffer.from(seal.close({ a: 1 }), 'base64url');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    assert.equal(seal.open(changed.toString('base64url')), undefined, `byte ${index}`);
    assert.equal(seal.open(bytes.subarray(0, index).toString('base64url')), undefined, `length ${index}`);
  }
});

test('R-209[bff] the same thing sealed twice looks different, and neither the hash nor the text shows the secret', () => {
  const seal = sealOf('session', secret, systemRuntime);
  const [first, second] = [seal.close('x'), seal.close('x')];
  assert.notEqual(first, second);
  assert.ok(!`${seal.secretHash}${first}`.includes(secret));
});

test('R-107[bff] a cookie value is 256 random bits in one spelling', () => {
  assert.equal(Buffer.from(secret, 'base64url').length, 32);
  assert.ok(isSecret(secret));
  for (const forged of [
    '',
    'x',
    `${secret}=`,
    ` ${secret}`,
    secret.slice(1),
    `${secret}A`,
    '*'.repeat(43),
    `${'A'.repeat(42)}B`,
  ])
    assert.ok(!isSecret(forged), forged);
});
