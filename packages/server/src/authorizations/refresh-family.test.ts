import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrefixedToken, newId, tokenPrefixes } from '@castellan/protocol';
import * as fc from 'fast-check';
import { seededRandom } from '../../../testkit/src/random.ts';
import { createRefreshToken, parseRefreshToken, sealSuccessor, unsealSuccessor } from './refresh-family.ts';

const runtime = { randomBytes: seededRandom('refresh-family') };
const tagKey = runtime.randomBytes(32);
const deps = { tagKey, runtime };
const family = newId(runtime);

/** The parts between prefix and checksum. */
function partsOf(token: string): string[] {
  return token.slice('castellan_rt_'.length, -7).split('.');
}

function retagged(parts: readonly string[]): string {
  return createPrefixedToken(tokenPrefixes.refreshToken, parts.join('.'));
}

test('R-034[refresh] a token that was made here tells its place, any other text tells nothing', () => {
  const token = createRefreshToken({ family, generation: 7 }, deps);
  assert.deepEqual(parseRefreshToken(token, tagKey), { family, generation: 7 });
  assert.match(token, /^castellan_rt_[A-Za-z0-9_-]{22}\.7\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(parseRefreshToken(token, runtime.randomBytes(32)), undefined);
});

test('R-034[refresh] no part can be exchanged, though prefix and checksum fit', () => {
  const parts = partsOf(createRefreshToken({ family, generation: 7 }, deps));
  const other = partsOf(createRefreshToken({ family: newId(runtime), generation: 6 }, deps));
  assert.ok(parseRefreshToken(retagged(parts), tagKey));
  for (const place of [0, 1, 2, 3]) {
    const mixed = parts.map((part, index) => (index === place ? (other[index] ?? '') : part));
    assert.equal(parseRefreshToken(retagged(mixed), tagKey), undefined, `part ${place}`);
  }
});

test('R-034[refresh] one token has one spelling', () => {
  const token = createRefreshToken({ family, generation: 10 }, deps);
  const [head = '', , secret = '', tag = ''] = partsOf(token);
  for (const generation of ['010', '1e1', '10.0', '', '0', '-1', '99999999999999999999']) {
    assert.equal(parseRefreshToken(retagged([head, generation, secret, tag].filter(Boolean)), tagKey), undefined);
  }
  // The last character of a 32-byte value in base64url has two bits that mean nothing.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const last of alphabet) {
    const spelled = retagged([head, '10', secret, tag.slice(0, -1) + last]);
    assert.equal(parseRefreshToken(spelled, tagKey) !== undefined, spelled === token);
  }
});

test('R-034[refresh] no accident makes a token', () => {
  const token = createRefreshToken({ family, generation: 1 }, deps);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'z', '0', '9', '.', '_', '-'), (place, character) => {
      const changed = token.slice(0, place) + character + token.slice(place + 1);
      assert.equal(parseRefreshToken(changed, tagKey) === undefined, changed !== token);
    }),
    { numRuns: 500 },
  );
});

test('R-035[refresh] no other kind of secret passes as a refresh token', () => {
  const [payload] = [partsOf(createRefreshToken({ family, generation: 1 }, deps)).join('.')];
  for (const prefix of Object.values(tokenPrefixes).filter((one) => one !== tokenPrefixes.refreshToken)) {
    assert.equal(parseRefreshToken(createPrefixedToken(prefix, payload), tagKey), undefined, prefix);
  }
});

test('R-041[refresh] a sealed successor opens with the very token it succeeds, and with nothing else', () => {
  const position = { family, generation: 1 };
  const token = createRefreshToken(position, deps);
  const successor = createRefreshToken({ family, generation: 2 }, deps);
  const sealed = sealSuccessor(successor, { token, position }, runtime);
  assert.equal(unsealSuccessor(sealed, { token, position }), successor);
  assert.ok(!sealed.includes(successor) && !sealed.includes('castellan_rt_'));
  const twin = createRefreshToken(position, deps);
  assert.throws(() => unsealSuccessor(sealed, { token: twin, position }));
  assert.throws(() => unsealSuccessor(sealed, { token, position: { family, generation: 2 } }));
});
