import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import type { KeyRow } from '../store.ts';
import { assertRecorded, atOnce, effects, newId, start, tally } from './rows.ts';

const keyRow = (change: Partial<KeyRow> = {}): KeyRow => ({
  kid: newId('kid'),
  algorithm: 'ES256',
  publicJwk: '{"kty":"EC"}',
  sealedPrivateKey: 'sealed',
  announcedAt: start,
  signsFrom: start + 100,
  verifiesFrom: start + 200,
  retiredAt: start + 300,
  ...change,
});

export function keyConformance({ name, check }: Conformance): void {
  check(`R-222[${name}] keys are listed as added, those that sign earlier first`, async ({ first, second }) => {
    const later = keyRow({ signsFrom: start + 500, algorithm: 'RS256' });
    const sooner = keyRow();
    assert.equal(await first.addKey(later, effects('added')), 'added');
    assert.equal(await first.addKey(sooner, effects('added')), 'added');
    assert.deepEqual(await second.listKeys(), [sooner, later]);
    await assertRecorded(first, 'added', 'added');
  });

  check(`I-1[${name}] of nodes that find the same key due at once, one adds it`, async (stores) => {
    const verdicts = await atOnce(stores, 10, (store) => store.addKey(keyRow(), effects('added')));
    assert.deepEqual(tally(verdicts), { added: 1, already_there: 9 });
    assert.equal(await stores.first.addKey(keyRow({ signsFrom: start + 99 }), effects('added')), 'already_there');
    assert.equal(await stores.first.addKey(keyRow({ signsFrom: start + 101 }), effects('added')), 'added');
    assert.equal((await stores.second.listKeys()).length, 2);
    await assertRecorded(stores.first, 'added', 'added');
  });
}
