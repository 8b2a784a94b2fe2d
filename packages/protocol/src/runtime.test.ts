import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRuntime } from './runtime.ts';

test('R-216[protocol] no draw repeats another, whatever their sizes, and what one owner does to it changes no other', () => {
  const draws = Array.from({ length: 3000 }, (_, index) =>
    systemRuntime.randomBytes([12, 16, 32, 96, 300][index % 5] ?? 8),
  );
  const texts = draws.map((bytes) => bytes.toString('hex'));
  assert.equal(new Set(texts.map((text) => text.slice(0, 24))).size, draws.length);
  for (const [index, bytes] of draws.entries()) {
    assert.equal(bytes.toString('hex'), texts[index]);
    bytes.fill(0);
  }
});

test('R-216[protocol] every bit of what is drawn is set as often as not', () => {
  const bytes = Buffer.concat(Array.from({ length: 4000 }, () => systemRuntime.randomBytes(32)));
  for (let bit = 0; bit < 8; bit += 1) {
    const share = bytes.filter((byte) => ((byte >> bit) & 1) === 1).length / bytes.length;
    // 128,000 bytes: a deviation of one in a hundred is seven times the standard one.
    assert.ok(share > 0.49 && share < 0.51, `bit ${bit} is set in ${share}`);
  }
});
