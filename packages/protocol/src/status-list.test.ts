import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assert as check, nat, property, uniqueArray } from 'fast-check';
import { maximumTokenLength } from './jose/jws.ts';
import { packStatusBits, packStatusList, readStatusList, statusAt } from './status-list.ts';

interface Case {
  readonly name: string;
  readonly claim: unknown;
  readonly statuses: readonly number[] | null;
  readonly largest?: number;
}

const { cases } = JSON.parse(readFileSync(new URL('../../../vectors/status-lists.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

test('R-064[protocol] every list of the corpus is read as it says, and what is no list is none', () => {
  for (const { name, claim, statuses, largest = 65_536 } of cases) {
    const { list } = readStatusList(claim, largest);
    const read = list && Array.from({ length: (list.bytes.length * 8) / list.bits }, (_, at) => statusAt(list, at));
    assert.deepEqual(read, statuses ?? undefined, name);
  }
});

test('R-064[protocol] what is packed is read again, bit for bit, and nothing is set beside it', () => {
  check(
    property(uniqueArray(nat(999), { maxLength: 200 }), (set) => {
      const { list } = readStatusList(packStatusBits(1000, set), 125);
      assert.ok(list !== undefined);
      const found = Array.from({ length: 1000 }, (_, at) => at).filter((at) => statusAt(list, at) === 1);
      assert.deepEqual(
        found,
        set.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('R-064[protocol] outside a list there is no status, and none is set there', () => {
  const { list } = readStatusList(packStatusBits(16, [15]), 2);
  assert.ok(list !== undefined);
  for (const index of [16, -1, 0.5, Number.NaN, 2 ** 53, 2 ** 40]) assert.equal(statusAt(list, index), undefined);
  assert.throws(() => packStatusBits(16, [16]), RangeError);
});

test('R-064[protocol] a list in which any bits are set fits into a token that is read', () => {
  const bytes = Buffer.concat(Array.from({ length: 256 }, (_, at) => hash('sha256', `${at}`, 'buffer')));
  const { lst } = packStatusList({ bits: 1, bytes });
  assert.ok(lst.length > 10_900, 'nothing could be compressed');
  assert.ok((lst.length * 4) / 3 + 600 < maximumTokenLength);
});
