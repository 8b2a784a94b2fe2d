import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAdminStage } from './stage.test.ts';
import { storeCommand } from './store.ts';
import { userCommand } from './user.ts';

test('R-127[account] after a backup was put back, a link that it brought back sets no password', async (t) => {
  const { run, runOther, server } = await openAdminStage(t, storeCommand);
  await server.accounts.create({ loginName: 'nora', password: 'correct horse battery staple', profile: {} });
  const told = await runOther(userCommand, 'set-password-link', 'nora');
  const query = /set-password\?(\S+)/.exec(told)?.[1] ?? assert.fail(told);
  const get = (change: object): ReturnType<typeof server.handle> =>
    server.handle({
      method: 'GET',
      path: '/set-password',
      query: '',
      headers: {},
      body: '',
      peer: { address: '127.0.0.1' },
      ...change,
    });
  const cookies = [(await get({ query })).headers['set-cookie'] ?? []].flat().map((one) => one.split(';')[0]);
  const open = async (): Promise<string> => String((await get({ headers: { cookie: [cookies.join('; ')] } })).body);
  assert.match(await open(), /nora/);
  assert.match(await run('restored'), /link to set a password of before has ended/);
  assert.doesNotMatch(await open(), /nora/);
});
