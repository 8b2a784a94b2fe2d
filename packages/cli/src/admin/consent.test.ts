import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consentCommand } from './consent.ts';
import { openAdminStage } from './stage.test.ts';

test('R-012 what a person allows is listed, and what they do not allow is told', async (t) => {
  const { run, server } = await openAdminStage(t, consentCommand);
  await server.accounts.create({ loginName: 'nora', password: 'correct horse battery staple', profile: {} });
  assert.equal(await run('list', 'nora'), 'There are none.');
  assert.equal(await run('list', 'nora', '--json'), '[]');
  await assert.rejects(run('list', 'x'), { message: 'There is no person called x.' });
  await assert.rejects(run('withdraw', 'nora', 'web'), {
    message: 'nora allows web nothing, and it holds no token of theirs.',
  });
});
