import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import {
  assertRecorded,
  createPerson,
  effect,
  effects,
  emptyOutbox,
  personRow,
  recorded,
  signIn,
  start,
  startOf,
} from './rows.ts';

export function outboxConformance({ name, check }: Conformance): void {
  check(
    `R-226[${name}] events wait in order, as recorded, until exactly they are dropped`,
    async ({ first, second }) => {
      const event = effect({ type: 'person.created', person: 'Zoë «Z» \u0000\ud83d\ude00' });
      await first.createPerson(personRow(), [event]);
      for (const label of ['a', 'b', 'c', 'd']) await first.createPerson(personRow(), effects(label));
      const waiting = await second.readOutbox(3);
      assert.deepEqual(waiting[0]?.event, event);
      assert.equal(waiting.length, 3);
      const all = await second.readOutbox(10);
      assert.ok(all.every(({ sequence }, index) => index === 0 || sequence > (all[index - 1]?.sequence ?? 0)));
      await second.dropFromOutbox([all[3]?.sequence ?? 0, all[0]?.sequence ?? 0, all[1]?.sequence ?? 0]);
      await assertRecorded(first, 'b', 'd');
      await second.dropFromOutbox([]);
      await assertRecorded(first, 'b', 'd');
    },
  );

  check(`I-7[${name}] a dropped event's number is never given out again`, async ({ first }) => {
    await first.createPerson(personRow(), effects('a'));
    const [dropped] = await first.readOutbox(1);
    await emptyOutbox(first);
    await first.createPerson(personRow(), effects('b'));
    const [next] = await first.readOutbox(1);
    assert.ok((next?.sequence ?? 0) > (dropped?.sequence ?? 0));
  });

  check(
    `I-7[${name}] R-226 an operation that fails leaves neither its effect nor its event`,
    async ({ first, second }) => {
      const person = await createPerson(first);
      const taken = await signIn(first);
      await emptyOutbox(first);
      const begin = startOf({ ...taken, secretHash: 'hash-of-another' });
      const rehash = { person: person.id, previousHash: person.passwordHash, passwordHash: 'new' };
      const verdicts = await Promise.all([
        first.createPerson(personRow(), effects('before')),
        assert.rejects(first.startSession(begin, effects('failed'))),
        first.rehashPassword(rehash, effects('after')),
      ]);
      assert.deepEqual(verdicts, ['created', undefined, 'replaced']);
      assert.equal(await second.findSession('hash-of-another', start), undefined);
      assert.deepEqual([...(await recorded(second))].sort(), ['after', 'before']);
    },
  );
}
