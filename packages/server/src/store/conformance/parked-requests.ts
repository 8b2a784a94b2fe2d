import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import { assertRecorded, atOnce, authorizationRow, codeRow, effects, parkedRow, start, tally } from './rows.ts';

export function parkedRequestConformance({ name, check }: Conformance): void {
  check(
    `R-222[${name}] a parked request is found as stored until it expires or is dropped`,
    async ({ first, second }) => {
      const parked = parkedRow({ expiresAt: start + 900 });
      await first.parkRequest(parked);
      assert.deepEqual(await second.findParkedRequest(parked.idHash, start + 899), parked);
      assert.equal(await second.findParkedRequest(parked.idHash, start + 900), undefined);
      assert.equal(await second.findParkedRequest('unknown', start), undefined);
      await second.dropParkedRequest(parked.idHash);
      await second.dropParkedRequest(parked.idHash);
      assert.equal(await first.findParkedRequest(parked.idHash, start), undefined);
    },
  );

  check(
    `I-7[${name}] I-6 a denied request stays denied: neither consent nor code comes of it`,
    async ({ first, second }) => {
      const parked = parkedRow();
      await first.parkRequest(parked);
      assert.equal(await first.denyParkedRequest(parked.idHash, start + 1), 'denied');
      assert.equal(await second.denyParkedRequest(parked.idHash, start + 2), 'denied');
      assert.equal((await second.findParkedRequest(parked.idHash, start + 3))?.deniedAt, start + 1);
      const give = { consents: [], parked: parked.idHash, now: start + 3 };
      assert.equal(await first.giveConsent(give, effects('no')), 'parked_request_gone');
      const authorization = authorizationRow({ createdAt: start + 3 });
      const create = { authorization, code: codeRow(authorization.id), relied: [], parked: parked.idHash };
      assert.equal(await first.createAuthorization(create, effects('no')), 'parked_request_gone');
      assert.equal(await first.findAuthorization(authorization.id), undefined);
      assert.equal(await first.denyParkedRequest(parked.idHash, parked.expiresAt), 'gone');
      assert.equal(await first.denyParkedRequest('unknown', start), 'gone');
      await assertRecorded(first);
    },
  );

  check(`I-1[${name}] R-023 one parked request yields one code, however many ask at once`, async (stores) => {
    const parked = parkedRow();
    await stores.first.parkRequest(parked);
    const codes: string[] = [];
    const verdicts = await atOnce(stores, 50, (store) => {
      const authorization = authorizationRow();
      const code = codeRow(authorization.id);
      codes.push(code.codeHash);
      return store.createAuthorization({ authorization, code, parked: parked.idHash, relied: [] }, effects('granted'));
    });
    assert.deepEqual(tally(verdicts), { created: 1, parked_request_gone: 49 });
    const found = await Promise.all(codes.map((code) => stores.first.findCode(code)));
    assert.equal(found.filter((code) => code !== undefined).length, 1);
    assert.equal(await stores.second.findParkedRequest(parked.idHash, start), undefined);
    await assertRecorded(stores.first, 'granted');
  });
}
