import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AdminStage, openAdminStage } from './stage.test.ts';
import { userCommand } from './user.ts';

const password = 'correct horse battery staple';

async function withPeople(t: TestContext): Promise<AdminStage> {
  const stage = await openAdminStage(t, userCommand);
  for (const loginName of ['Nora@Example.org', 'anna']) {
    await stage.server.accounts.create({ loginName, password, profile: { name: loginName.slice(0, 4) } });
  }
  return stage;
}

test('R-137[admin] people are listed and shown beside a running server, without anything of their passwords', async (t) => {
  const { run } = await withPeople(t);
  const lines = (await run('list')).split('\n');
  assert.match(lines[0] ?? '', /^LOGIN NAME +STATE +NAME +SINCE +ID$/);
  assert.match(lines[1] ?? '', /^anna +active +anna +\d{4}-\d\d-\d\d \d\d:\d\dZ +[\w-]{22}$/);
  assert.match(lines[2] ?? '', /^nora@example\.org +active +Nora /);
  const json = await run('list', '--json');
  const shown = await run('show', 'NORA@example.org', '--json');
  assert.deepEqual((JSON.parse(json) as unknown[])[1], JSON.parse(shown));
  assert.deepEqual(Object.keys(JSON.parse(shown) as object).sort(), [
    'createdAt',
    'id',
    'loginName',
    'profile',
    'state',
  ]);
  const { id } = JSON.parse(shown) as { readonly id: string };
  assert.match(await run('show', id), /^login name +nora@example\.org\nid +[\w-]{22}\nstate +active\n/);
  for (const text of [json, shown]) assert.doesNotMatch(text, /argon2|hash|password/i);
});

test('a long list comes page by page, and says how to go on', async (t) => {
  const { run } = await withPeople(t);
  const first = (await run('list', '--limit', '1')).split('\n');
  assert.equal(first.at(-1), 'There are more: --after anna');
  assert.match(await run('list', '--limit', '1', '--after', 'anna'), /^LOGIN NAME.+\nnora@example\.org [^\n]+$/);
  assert.equal(await run('list', '--after', 'z'), 'There are none.');
});

test('what is not there is told exactly', async (t) => {
  const { run } = await withPeople(t);
  await assert.rejects(run('show', 'x'), { name: 'CommandError', message: 'There is no person called x.' });
  await assert.rejects(run('list', '--folder', '/nowhere/at/all'), {
    name: 'CommandError',
    message: /^There is no \/nowhere\/at\/all\. Start the project first/,
  });
});
