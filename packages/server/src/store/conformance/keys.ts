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
  removedAt: undefined,
  ...change,
});

export function keyConformance({ name, check }: Conformance): void {
  check(`R-222[${name}] keys are listed as put, those that sign earlier first`, async ({ first, second }) => {
    const later = keyRow({ signsFrom: start + 500, algorithm: 'RS256' });
    const sooner = keyRow({ sealedPrivateKey: undefined, removedAt: start + 1 });
    assert.equal(await first.changeKeys({ seen: [], put: [later, sooner] }, effects('both')), 'changed');
    assert.deepEqual(await second.listKeys(), [sooner, later]);
    await assertRecorded(first, 'both');
  });

  check(`R-101[keys] R-222[${name}] what a key is stays, how far it has come changes`, async ({ first, second }) => {
    const key = keyRow();
    await first.changeKeys({ seen: [], put: [key] }, effects('put'));
    const moved = { signsFrom: start + 1, verifiesFrom: start + 2, retiredAt: start + 3, removedAt: start + 4 };
    const other = { algorithm: 'RS256', publicJwk: '{}', announcedAt: 0 };
    const put = [{ ...key, ...moved, ...other, sealedPrivateKey: undefined }];
    assert.equal(await first.changeKeys({ seen: [key], put }, effects('moved')), 'changed');
    assert.deepEqual(await second.listKeys(), [{ ...key, ...moved, sealedPrivateKey: undefined }]);
  });

  check(`I-1[${name}] of nodes that plan on the same keys at once, one changes them`, async (stores) => {
    const verdicts = await atOnce(stores, 10, (store) =>
      store.changeKeys({ seen: [], put: [keyRow()] }, effects('changed')),
    );
    assert.deepEqual(tally(verdicts), { changed: 1, changed_meanwhile: 9 });
    const [key] = await stores.second.listKeys();
    assert.ok(key);
    for (const seen of [[], [{ ...key, verifiesFrom: 1 }], [key, keyRow()]]) {
      const verdict = await stores.first.changeKeys({ seen, put: [keyRow()] }, effects('changed'));
      assert.equal(verdict, 'changed_meanwhile');
    }
    assert.deepEqual(await stores.first.listKeys(), [key]);
    await assertRecorded(stores.first, 'changed');
  });
}
