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
  assert.match(lines[0] ?? '', /^LOGIN NAME +STATE +PASSWORD +NAME +SINCE +ID$/);
  assert.match(lines[1] ?? '', /^anna +active +set +anna +\d{4}-\d\d-\d\d \d\d:\d\dZ +[\w-]{22}$/);
  assert.match(lines[2] ?? '', /^nora@example\.org +active +set +Nora /);
  const json = await run('list', '--json');
  const shown = await run('show', 'NORA@example.org', '--json');
  assert.deepEqual((JSON.parse(json) as unknown[])[1], JSON.parse(shown));
  assert.deepEqual(Object.keys(JSON.parse(shown) as object).sort(), [
    'createdAt',
    'hasPassword',
    'id',
    'loginName',
    'profile',
    'state',
  ]);
  const { id } = JSON.parse(shown) as { readonly id: string };
  assert.match(await run('show', id), /^login name +nora@example\.org\nid +[\w-]{22}\nstate +active\n/);
  for (const text of [json, shown]) assert.doesNotMatch(text, /argon2|hash/i);
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

test('R-136[cli] R-127[account] somebody who is added gets a link, and no password', async (t) => {
  const { run } = await withPeople(t);
  const text = await run('add', 'Zoe', '--name', 'Zoë', '--email', 'zoe@example.org');
  assert.match(text, /\n {2}http:\/\/localhost:4300\/set-password\?token=castellan_pl_[\w-]{43}_\w{6}\n/);
  assert.match(text, /It works once, until \d{4}-\d\d-\d\d \d\d:\d\dZ\./);
  assert.match(
    await run('show', 'zoe'),
    /\npassword +to be set by a link\n.*\nname +Zoë\nemail +zoe@example\.org\nemailVerified +false$/s,
  );
  await assert.rejects(run('add', 'ZOE'), { message: 'There is a person called ZOE already.' });
  await assert.rejects(run('add', 'a b'), /^CommandError: a b is no login name\./);
  const { id, url } = JSON.parse(await run('set-password-link', 'zoe', '--json')) as Record<string, string>;
  assert.ok(id !== undefined && url?.startsWith('http://localhost:4300/set-password?token='));
});

test('R-114[admin] R-109[admin] states change in the shell, only where they lead on', async (t) => {
  const { run, server } = await withPeople(t);
  assert.equal(await run('lock', 'anna'), 'anna is locked now.');
  await assert.rejects(run('lock', 'anna'), { message: 'anna is locked: there is nothing to lock.' });
  assert.equal(await run('unlock', 'anna'), 'anna is active now.');
  assert.equal(await run('disable', 'anna'), 'anna is disabled now.');
  await assert.rejects(run('unlock', 'anna'), { message: 'anna is disabled: there is nothing to unlock.' });
  await assert.rejects(run('set-password-link', 'anna'), /disabled account/);
  assert.equal(await run('enable', 'anna'), 'anna is active now.');
  assert.equal(await run('end-sessions', 'anna'), 'anna is signed out: 0 sessions have ended.');
  assert.equal(server.issuer, 'http://localhost:4300');
});

test('R-104[sqlite] whoever is called as the id of somebody else is not taken for them', async (t) => {
  const { run, server } = await openAdminStage(t, userCommand);
  const first = await server.accounts.create({ loginName: 'first', password, profile: {} });
  const { id } = typeof first === 'string' ? assert.fail(first) : first;
  await server.accounts.create({ loginName: id, password, profile: {} });
  assert.match(await run('show', id), /^login name +first\n/);
  assert.match(await run('show', id.toUpperCase()), new RegExp(`^login name +${id.toLowerCase()}\n`));
});
