import assert from 'node:assert/strict';
import type { Conformance } from '../conformance.ts';
import { assertRecorded, createPerson, effects, newId, personRow } from './rows.ts';

export function personConformance({ name, check }: Conformance): void {
  check(`R-222[${name}] a person is found by id and by login name exactly as stored`, async ({ first, second }) => {
    const person = personRow();
    assert.equal(await first.createPerson(person, effects('created')), 'created');
    assert.deepEqual(await second.findPerson(person.id), person);
    assert.deepEqual(await second.findPersonByLogin(person.loginName), person);
    assert.equal(await first.findPerson(newId('person')), undefined);
    assert.equal(await first.findPersonByLogin('nobody'), undefined);
    await assertRecorded(first, 'created');
  });

  check(`R-222[${name}] people are listed by login name, page after page`, async ({ first, second }) => {
    for (const loginName of ['carl', 'anna', 'berta']) await first.createPerson(personRow({ loginName }), effects('p'));
    const names = async (after: string, limit: number): Promise<readonly string[]> =>
      (await second.listPersons({ after, limit })).map(({ loginName }) => loginName);
    assert.deepEqual(await names('', 2), ['anna', 'berta']);
    assert.deepEqual(await names('berta', 2), ['carl']);
    assert.deepEqual(await names('a\0', 9), ['anna', 'berta', 'carl']);
  });

  check(
    `R-182[${name}] R-225 a login name that no database could hold belongs to nobody, on every store`,
    async (stores) => {
      assert.equal(await stores.first.findPersonByLogin('a\0b'), undefined);
      assert.equal(await stores.first.findPersonByLogin('a\ud800b'), undefined);
      await assert.rejects(stores.first.createPerson(personRow({ loginName: 'a\ud800b' }), effects('no')), TypeError);
      await assertRecorded(stores.first);
    },
  );

  check(`R-182[${name}] what looks like SQL is only a text`, async ({ first, second }) => {
    const loginName = `'; DROP TABLE persons; -- $1 ? " \\ % _`;
    const person = personRow({ loginName, profile: { name: loginName } });
    await first.createPerson(person, effects(loginName));
    assert.deepEqual(await second.findPersonByLogin(loginName), person);
    assert.equal(await second.findPersonByLogin(`' OR '1' = '1`), undefined);
    await assertRecorded(first, loginName);
  });

  check(`R-104[${name}] the subject of one person is never given to another`, async ({ first, second }) => {
    const person = await createPerson(first);
    await assert.rejects(second.createPerson(personRow({ id: person.id }), effects('no')));
    assert.deepEqual(await first.findPerson(person.id), person);
    await assertRecorded(first, 'person');
  });

  check(`I-7[${name}] I-6 a login name is taken once, and the second attempt leaves nothing behind`, async (stores) => {
    const loginName = `${newId('login')}@example.org`;
    const attempts = [personRow({ loginName }), personRow({ loginName })] as const;
    const verdicts = await Promise.all([
      stores.first.createPerson(attempts[0], effects('first')),
      stores.second.createPerson(attempts[1], effects('second')),
    ]);
    assert.deepEqual([...verdicts].sort(), ['created', 'login_taken']);
    const winner = verdicts.indexOf('created');
    assert.deepEqual(await stores.first.findPersonByLogin(loginName), attempts[winner]);
    assert.equal(await stores.first.findPerson(attempts[1 - winner]?.id ?? ''), undefined);
    await assertRecorded(stores.first, winner === 0 ? 'first' : 'second');
  });

  check(`I-5[${name}] R-120 a password hash is replaced only while it is the one that was verified`, async (stores) => {
    const person = await createPerson(stores.first);
    const change = { person: person.id, previousHash: person.passwordHash, passwordHash: '$argon2id$second' };
    assert.equal(await stores.first.rehashPassword(change, effects('rehashed')), 'replaced');
    assert.equal(await stores.second.rehashPassword(change, effects('late')), 'changed_meanwhile');
    assert.equal((await stores.second.findPerson(person.id))?.passwordHash, '$argon2id$second');
    await assertRecorded(stores.first, 'person', 'rehashed');
  });
}
