import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clientCommand } from './client.ts';
import { resourceCommand } from './resource.ts';
import { openAdminStage } from './stage.test.ts';

const reports = 'https://reports.example';

interface Stage {
  readonly client: (...words: readonly string[]) => Promise<string>;
  readonly resource: (...words: readonly string[]) => Promise<string>;
  /** A file with this text. */
  readonly file: (name: string, text: string) => string;
}

async function openStage(t: TestContext): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-registration-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { run, runOther } = await openAdminStage(t, clientCommand);
  return {
    client: run,
    resource: (...words) => runOther(resourceCommand, ...words),
    file: (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
  };
}

const addBatch = [
  'add',
  'batch',
  '--name',
  'Nightly batch',
  '--grant',
  'client_credentials',
  '--own-scope',
  'reports:read',
  '--resource',
  reports,
];
const addReports = [
  'add',
  reports,
  '--name',
  'Reports',
  '--scope',
  'reports:read=Read your reports',
  'reports:write=Write reports: any = all',
];

const secretForm = /castellan_cs_[\w-]{43}_[0-9A-Za-z]{6}/;

test('S-104[admin] S-106[admin] an API and a client are registered by options alone, listed and shown', async (t) => {
  const { client, resource } = await openStage(t);
  assert.equal(await resource(...addReports), `The resource ${reports} is registered.`);
  const printed = (await client(...addBatch)).split('\n');
  assert.equal(printed[0], 'The client batch is registered.');
  assert.match(printed[1] ?? '', /^Its secret, printed this once and stored nowhere: castellan_cs_/);
  const secret = secretForm.exec(printed[1] ?? '')?.[0] ?? '';
  const [head, line] = (await client('list')).split('\n');
  assert.match(head ?? '', /^ID +STATE +FROM +NAME +CHANGED$/);
  assert.match(line ?? '', /^batch +active +store +Nightly batch +\d{4}-\d\d-\d\d \d\d:\d\dZ$/);
  const shown = await client('show', 'batch');
  assert.match(shown, /^state +active\nfrom +store\nkind +web\nauthentication +client_secret_basic\n/);
  assert.match(shown, /^secrets +drawn \d{4}-\d\d-\d\d \d\d:\d\dZ$/m);
  const json = await client('show', 'batch', '--json');
  const scopes = JSON.parse(await resource('show', reports, '--json')) as {
    readonly registration: { readonly scopes: object };
  };
  assert.deepEqual(scopes.registration.scopes, {
    'reports:read': 'Read your reports',
    'reports:write': 'Write reports: any = all',
  });
  for (const text of [shown, json, await client('list', '--json')]) {
    assert.ok(!text.includes(secret));
    assert.doesNotMatch(text, /castellan_cs|hash/i);
  }
  assert.match(await resource('list'), /^http:\/\/localhost:4300 +active +configuration +Your account +-$/m);
});

test('S-104[admin] a registration is read from YAML and from JSON, and options come before what a file says', async (t) => {
  const { client, resource, file } = await openStage(t);
  const api = file(
    'api.yaml',
    `audience: ${reports}\nname: Reports # as people see it\nscopes:\n  reports:read: Read your reports\n`,
  );
  assert.equal(await resource('add', '--from', api), `The resource ${reports} is registered.`);
  const spa = {
    name: 'Shop',
    kind: 'spa',
    redirectUris: ['https://shop.example/'],
    scopes: ['openid'],
    responseModes: ['query'],
  };
  const from = file('shop.json', JSON.stringify({ id: 'shop', ...spa }));
  const added = await client('add', '--from', from, '--scope', 'openid profile', '--json');
  assert.deepEqual(JSON.parse(added), { id: 'shop' });
  const { registration } = JSON.parse(await client('show', 'shop', '--json')) as { readonly registration: object };
  assert.deepEqual(registration, { authentication: 'none', ...spa, id: 'shop', scopes: ['openid', 'profile'] });
});

test('R-068[admin] what cannot be read or does not hold is told exactly, and never quoted', async (t) => {
  const { client, file, resource } = await openStage(t);
  for (const [name, text, says] of [
    ['twice.yaml', 'id: a\nid: hunter2\n', /is not YAML: DUPLICATE_KEY, at character \d+\.$/],
    ['bomb.yaml', 'a: &a [x, x]\nb: [*a, *a]\n', /./],
    ['tag.yaml', 'id: !!js/function hunter2\n', /is not YAML: /],
    ['list.yaml', '- hunter2\n', /does not hold one object\.$/],
    ['twice.json', '{"id":"a","id":"hunter2"}', /is not JSON: /],
    ['broken.json', '{"id":hunter2', /is not JSON: /],
    [
      'secret.json',
      '{"id":"a","name":"A","secret":"hunter2","secretHashes":["hunter2"]}',
      /^ {2}secret: found a key that does not exist; allowed is one of the keys /m,
    ],
  ] as const) {
    await assert.rejects(client('add', '--from', file(name, text)), (error: Error) => {
      assert.match(error.message, says, name);
      assert.ok(!error.message.includes('hunter2'), error.message);
      return true;
    });
  }
  await assert.rejects(client('add', '--from', '/nowhere.yaml'), { message: '/nowhere.yaml cannot be read.' });
  await resource(...addReports);
  await assert.rejects(client(...addBatch, '--redirect-uri', 'http://x.example/', '--kind', 'spa'), {
    name: 'CommandError',
    message:
      /^The client cannot be registered so:\n {2}redirectUris\[0\]: found "http:\/\/x\.example\/"; allowed is .+\n {2}grants: /,
  });
  await assert.rejects(resource('add', reports, '--scope', 'x'), {
    message: /^What does the scope x let a client do\?/,
  });
  await assert.rejects(resource('add', 'https://y.example', '--jwks-uri', 'https://y.example/jwks'), {
    message: /--credentials <id> belongs to it/,
  });
});

test('R-068[admin] a change says only what changes, or replaces all of it by a file, and is checked whole', async (t) => {
  const { client, resource, file } = await openStage(t);
  await resource(...addReports);
  await client(...addBatch);
  assert.equal(await client('change', 'batch', '--name', 'Weekly batch'), 'The client batch is changed.');
  assert.match(await client('show', 'batch'), /^name +Weekly batch$[^]*^ownScopes +reports:read$/m);
  await assert.rejects(client('change', 'batch', '--name', 'Weekly batch'), {
    message: /is registered like that already/,
  });
  await assert.rejects(client('change', 'batch', '--own-scope', 'openid'), {
    message: /^ {2}ownScopes\[0\]: found "openid"/m,
  });
  await assert.rejects(resource('change', reports, '--scope', 'reports:write=Write'), {
    message: /^ {2}client batch: ownScopes\[0\]: found "reports:read"/m,
  });
  const replaced = file(
    'batch.yml',
    'id: batch\nname: Batch\nkind: native\nauthentication: none\nredirectUris: [com.example.batch:/]\nscopes: [openid]\n',
  );
  assert.equal(await client('change', 'batch', '--from', replaced), 'The client batch is changed.');
  assert.doesNotMatch(await client('show', 'batch'), /ownScopes|secrets/);
  const brief = file(
    'brief.yml',
    'name: Batch\nownScopes: [reports:read]\nresources: [https://reports.example]\ngrants: [client_credentials]\n',
  );
  assert.match(await client('change', 'batch', '--from', brief), /^The client batch is changed\.\nIts secret, /);
  await assert.rejects(client('change', 'batch', '--from', file('other.yml', 'id: other\nname: x\n')), {
    message: /^ {2}id: found "other"; allowed is "batch", which never changes$/m,
  });
  await assert.rejects(client('change', 'nobody', '--name', 'x'), { message: /^There is no client nobody\./ });
});

test('R-073[client-secret] S-98[client-secret] the shell rotates a secret with overlap, for a client and for an API', async (t) => {
  const { client, resource } = await openStage(t);
  await resource(...addReports, '--credentials', 'reports-api');
  await client(...addBatch);
  for (const [run, id] of [
    [client, 'batch'],
    [resource, reports],
  ] as const) {
    await assert.rejects(run('drop-old-secret', id), { message: /has one secret alone/ });
    const rotated = await run('rotate-secret', id);
    assert.match(rotated, secretForm);
    assert.match(
      rotated,
      /\nThe one of before stays good\. When nobody uses it any more: castellan .+ drop-old-secret /,
    );
    await assert.rejects(run('rotate-secret', id), { message: /has two secrets already/ });
    assert.match(await run('show', id), /^secrets +drawn [^,]+, drawn [^,]+$/m);
    assert.match(await run('drop-old-secret', id), /has one secret again, the newer one\.$/);
    const { secret } = JSON.parse(await run('rotate-secret', id, '--json')) as { readonly secret: string };
    assert.match(secret, secretForm);
  }
});

test('S-104[admin] a client is switched off, on, and off for ever; what stands in the configuration is changed there', async (t) => {
  const { client, resource } = await openStage(t);
  await resource(...addReports);
  await client(...addBatch);
  assert.equal(await client('disable', 'batch'), 'The client batch is disabled.');
  assert.equal(await client('disable', 'batch'), 'The client batch is disabled already.');
  assert.match(await client('list'), /^batch +disabled /m);
  await assert.rejects(resource('remove', reports), { message: /^ {2}client batch: resources\[0\]: found /m });
  assert.equal(await client('enable', 'batch'), 'The client batch is enabled.');
  assert.equal(await client('remove', 'batch'), 'The client batch is removed.');
  assert.equal(await client('list'), 'There are none.');
  assert.match(await client('show', 'batch'), /^state +removed$/m);
  await assert.rejects(client('enable', 'batch'), { message: /was removed, which is final: take another id\.$/ });
  await assert.rejects(client(...addBatch), { message: /was removed, which is final/ });
  assert.equal(await resource('remove', reports), `The resource ${reports} is removed.`);
  await assert.rejects(resource('disable', 'http://localhost:4300'), { message: /stands in the configuration/ });
});
