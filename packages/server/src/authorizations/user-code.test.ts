import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { createUserCode, hashUserCode, parseUserCode, showUserCode } from './user-code.ts';

test('R-051[device] a user code has 34 bits in an alphabet without vowels, digits and look-alikes', () => {
  const counts = new Map<string, number>();
  for (let index = 0; index < 5000; index += 1) {
    const code = createUserCode(systemRuntime);
    assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
    for (const letter of code) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  assert.equal(counts.size, 20);
  assert.ok(Math.log2(counts.size) * 8 > 34);
  // 40000 letters, 2000 each: six standard deviations are 262.
  for (const [letter, count] of counts) assert.ok(Math.abs(count - 2000) < 262, `${letter}: ${count}`);
});

test('R-051[device] no letter is favoured: bytes that would do so are thrown away', () => {
  const bytes = [Buffer.alloc(8, 255), Buffer.alloc(8, 240), Buffer.from([239, 0, 19, 20, 38, 40, 59, 60])];
  const code = createUserCode({ randomBytes: () => bytes.shift() ?? assert.fail('more bytes than needed') });
  assert.equal(code, 'ZBZBXBZB');
});

test('R-051[device] a code is read as people type it, and shown in two halves', () => {
  for (const text of ['WDJB-MJHT', 'wdjbmjht', ' wdjb mjht ', 'WDJB–MJHT', 'w.d.j.b_mjht']) {
    assert.equal(parseUserCode(text), 'WDJBMJHT', text);
  }
  for (const text of [
    '',
    'WDJB-MJH',
    'WDJB-MJHTT',
    'WDJA-MJHT',
    'WDJ8-MJHT',
    'WDJB-MJHТ',
    `WDJB${'-'.repeat(80)}MJHT`,
  ]) {
    assert.equal(parseUserCode(text), undefined, text);
  }
  assert.equal(showUserCode('WDJBMJHT'), 'WDJB-MJHT');
});

test('R-051[device] the stored form needs a key, so a stolen database does not yield codes by trying', () => {
  const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  assert.notEqual(hashUserCode('WDJBMJHT', one), hashUserCode('WDJBMJHT', two));
  assert.equal(hashUserCode('WDJBMJHT', one), hashUserCode('WDJBMJHT', one));
  assert.match(hashUserCode('WDJBMJHT', one), /^[A-Za-z0-9_-]{43}$/);
});
