import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { createPeople, type PeopleDeps } from './people.ts';

const home = mkdtempSync(join(tmpdir(), 'castellan-people-'));
after(() => rmSync(home, { recursive: true, force: true }));

const people = ['nora', 'theo'].map((loginName) => ({ loginName, description: 'somebody', profile: {} }));

/** Accounts that remember who was created, as the issuer's store does. */
function accounts(): PeopleDeps['accounts'] & { readonly passwords: Map<string, string> } {
  const passwords = new Map<string, string>();
  return {
    passwords,
    create: async ({ loginName, password }) => {
      if (passwords.has(loginName)) return 'login_taken';
      passwords.set(loginName, password);
      return { id: `subject-of-${loginName}` };
    },
  };
}

test('R-136[cli] every person gets a password of their own, which their account has too', async () => {
  const folder = mkdtempSync(join(home, 'fresh-'));
  const created = accounts();
  await createPeople(people, { folder, runtime: systemRuntime, accounts: created });
  const text = readFileSync(join(folder, 'demo-people.txt'), 'utf8');
  const [nora = '', theo = ''] = created.passwords.values();
  assert.notEqual(nora, theo);
  for (const password of [nora, theo]) {
    assert.ok(password.length >= 15);
    assert.ok(text.includes(password));
  }
  const subjects = JSON.parse(readFileSync(join(folder, 'demo-people.json'), 'utf8')) as unknown;
  assert.deepEqual(subjects, { nora: 'subject-of-nora', theo: 'subject-of-theo' });
});

test('a start that was cut short before the accounts is finished with the passwords already written', async () => {
  const folder = mkdtempSync(join(home, 'cut-'));
  const failing = { create: () => Promise.reject(new Error('cut short')) };
  await assert.rejects(createPeople(people, { folder, runtime: systemRuntime, accounts: failing }));
  const written = readFileSync(join(folder, 'demo-people.txt'), 'utf8');
  const created = accounts();
  await createPeople(people, { folder, runtime: systemRuntime, accounts: created });
  assert.equal(readFileSync(join(folder, 'demo-people.txt'), 'utf8'), written);
  for (const password of created.passwords.values()) assert.ok(written.includes(password));
});

test('an account whose password nobody knows any more is told, with the way out', async () => {
  const folder = mkdtempSync(join(home, 'lost-'));
  const created = accounts();
  await createPeople(people, { folder, runtime: systemRuntime, accounts: created });
  rmSync(join(folder, 'demo-people.txt'));
  await assert.rejects(
    createPeople(people, { folder, runtime: systemRuntime, accounts: created }),
    /Remove that folder/,
  );
});
