import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../testkit/src/random.ts';
import { deriveKey } from './master-key.ts';
import { seal, unseal } from './seal.ts';

const randomBytes = seededRandom('seal');
const runtime = { randomBytes };
const key = randomBytes(32);
const plain = Buffer.from('a private key');

test('R-102[keys] what was sealed opens with the same key at the same place only', () => {
  const text = seal(plain, { key, belongsTo: 'kid.ES256' }, runtime);
  assert.deepEqual(unseal(text, { key, belongsTo: 'kid.ES256' }), plain);
  assert.throws(() => unseal(text, { key, belongsTo: 'kid.RS256' }));
  assert.throws(() => unseal(text, { key: randomBytes(32), belongsTo: 'kid.ES256' }));
  assert.ok(!text.includes('private'));
  assert.notEqual(seal(plain, { key, belongsTo: 'kid.ES256' }, runtime), text);
});

test('R-102[keys] a changed, cut or foreign text does not open', () => {
  const context = { key, belongsTo: 'x' };
  const text = seal(plain, context, runtime);
  const bytes = Buffer.from(text.slice(3), 'base64url');
  for (let place = 0; place < bytes.length; place += 1) {
    const changed = Buffer.from(bytes);
    changed[place] = (changed[place] ?? 0) ^ 1;
    assert.throws(() => unseal(`v1.${changed.toString('base64url')}`, context));
  }
  for (const wrong of ['', 'v1.', text.slice(0, -2), text.slice(3), `v2.${text.slice(3)}`]) {
    assert.throws(() => unseal(wrong, context), wrong);
  }
});

test('R-102[keys] keys of different purposes have nothing in common', () => {
  const master = randomBytes(32);
  assert.equal(deriveKey(master, 'refresh-tag').length, 32);
  assert.notDeepEqual(deriveKey(master, 'refresh-tag'), deriveKey(master, 'signing-keys'));
  assert.deepEqual(deriveKey(master, 'refresh-tag'), deriveKey(master, 'refresh-tag'));
});
