import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KeyView } from '@castellan/server';
import { keysCommand } from './keys.ts';
import { type AdminStage, openAdminStage } from './stage.test.ts';

interface KeysStage extends AdminStage {
  readonly keys: (...words: readonly string[]) => Promise<readonly KeyView[]>;
}

async function openKeysStage(t: TestContext): Promise<KeysStage> {
  const stage = await openAdminStage(t, keysCommand);
  const keys: KeysStage['keys'] = async (...words) =>
    JSON.parse(await stage.run('list', '--json', ...words)) as readonly KeyView[];
  return { ...stage, keys };
}

test('S-105[keys] R-101[keys] the keys are listed with state, algorithm, id and what comes next, and nothing private', async (t) => {
  const { run, keys } = await openKeysStage(t);
  const [head, first, second] = (await run('list')).split('\n');
  assert.match(head ?? '', /^ALGORITHM +STATE +NEXT +ID$/);
  assert.match(first ?? '', /^ES256 +signing +signs until \d{4}-\d\d-\d\d \d\d:\d\dZ +[\w-]{43}$/);
  assert.match(second ?? '', /^RS256 +signing /);
  assert.deepEqual(Object.keys((await keys())[0] ?? {}).sort(), [
    'algorithm',
    'announcedAt',
    'kid',
    'retiredAt',
    'signsFrom',
    'state',
    'verifiesFrom',
  ]);
});

test('S-105[keys] a key is rotated beside a running server, and told when its successor signs', async (t) => {
  const { run, keys } = await openKeysStage(t);
  assert.match(await run('rotate', 'ES256'), /^The next key of ES256 is announced: [\w-]{43}\. It signs from \d{4}-/);
  assert.match(await run('rotate', 'ES256'), /^The next key of ES256 was announced before/);
  const states = (await keys()).filter(({ algorithm }) => algorithm === 'ES256').map(({ state }) => state);
  assert.deepEqual(states, ['signing', 'announced']);
});

test('R-101[keys] a key is removed beside a running server, and what takes its place is told', async (t) => {
  const { run, keys } = await openKeysStage(t);
  const old = (await keys()).find(({ algorithm }) => algorithm === 'ES256');
  const told = await run('remove', old?.kid ?? '');
  const [, successor] = /In its place ([\w-]{43}) signs now\.$/.exec(told) ?? [];
  assert.ok(successor !== undefined && successor !== old?.kid);
  assert.ok(!(await keys()).some(({ kid }) => kid === old?.kid));
  const gone = (await keys('--all')).find(({ kid }) => kid === old?.kid);
  assert.equal(gone?.state, 'removed');
  assert.equal(await run('remove', old?.kid ?? ''), 'The key was removed before.');
});

test('S-105[keys] a key in use is not retired, and what to do instead is said', async (t) => {
  const { run, keys } = await openKeysStage(t);
  const [key] = await keys();
  await assert.rejects(run('retire', key?.kid ?? ''), { name: 'CommandError', message: /castellan keys rotate/ });
  for (const command of ['retire', 'remove']) {
    await assert.rejects(run(command, 'x'), { message: /^There is no key with the id x\. / });
  }
});
