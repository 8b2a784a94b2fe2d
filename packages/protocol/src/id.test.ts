import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from './id.ts';
import { generateSigningKey } from './jose/signing-key.ts';

test('an id is never taken for an option of a command, whatever the random bytes are', () => {
  for (let first = 0; first < 256; first++) {
    const id = newId({ randomBytes: (size) => Buffer.alloc(size, first) });
    assert.match(id, /^[A-Za-f][\w-]{21}$/);
  }
});

test('an id leaves the bytes it was handed alone, and keeps all but one of their bits', () => {
  const bytes = Buffer.alloc(16, 0xff);
  assert.equal(newId({ randomBytes: () => bytes }), `f${'_'.repeat(20)}w`);
  assert.deepEqual(bytes, Buffer.alloc(16, 0xff));
});

test('S-105[keys] neither is the id of a key, though it is a thumbprint', async () => {
  for (let made = 0; made < 512; made++) {
    const { publicJwk } = await generateSigningKey('EdDSA');
    assert.match(publicJwk.kid, /^[^-]/);
  }
});
