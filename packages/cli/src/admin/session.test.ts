import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionCommand } from './session.ts';
import { openAdminStage } from './stage.test.ts';

test('R-109[admin] who is signed in is listed, and what is no session is told', async (t) => {
  const { run, server } = await openAdminStage(t, sessionCommand);
  await server.accounts.create({ loginName: 'nora', password: 'correct horse battery staple', profile: {} });
  assert.equal(await run('list'), 'There are none.');
  assert.equal(await run('list', '--user', 'nora', '--json'), '[]');
  await assert.rejects(run('list', '--user', 'x'), { message: 'There is no person called x.' });
  await assert.rejects(run('end', 'x'), { message: 'There is no session x, or it has ended.' });
});
