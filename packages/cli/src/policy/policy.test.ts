import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { and, definePolicy, eq, type Policy, type Vocabulary } from '@castellan/policy';
import { policyCommand } from './policy.ts';

const home = mkdtempSync(join(tmpdir(), 'castellan-policy-'));
after(() => rmSync(home, { recursive: true, force: true }));

const words = {
  principals: { person: { id: 'text', role: 'text' } },
  resources: { note: { fields: { ownerId: 'text', body: 'text' }, actions: ['read', 'burn'] } },
  context: {},
} as const;

const before = definePolicy(words, ({ permit }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['notes:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['body'],
  }),
  permit('keeper-burns', {
    who: 'person',
    on: 'note',
    may: ['burn'],
    scopes: [],
    when: ({ principal }) => eq(principal.role, 'keeper'),
  }),
]);

const later = definePolicy(words, ({ permit }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: [],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['body'],
  }),
  permit('never', {
    who: 'person',
    on: 'note',
    may: ['burn'],
    scopes: [],
    when: ({ principal }) => and(eq(principal.role, 'keeper'), eq(principal.role, 'guest')),
  }),
]);

let count = 0;

function write(text: string, end: string): string {
  count += 1;
  const file = join(home, `file-${count}.${end}`);
  writeFileSync(file, text);
  return file;
}

/** A module as a user's policy file would be, without an import. */
function moduleOf<V extends Vocabulary>({ vocabulary, rules }: Policy<V>, name = 'policy'): string {
  return write(`export const ${name} = ${JSON.stringify({ vocabulary, rules })};`, 'mjs');
}

/** What a command prints, and whether it fails. */
async function run(...typed: readonly string[]): Promise<{ readonly text: string; readonly failed: boolean }> {
  const lines: string[] = [];
  let failed = false;
  const command = policyCommand({ print: (text) => lines.push(text), fail: () => (failed = true) });
  await command.parseAsync([...typed], { from: 'user' });
  return { text: lines.join('\n'), failed };
}

test('S-99[policy] R-162 check names what is odd and fails, until it is accepted', async () => {
  assert.deepEqual(await run('check', moduleOf(before)), { text: '2 rules, 0 findings', failed: false });
  const file = moduleOf(later);
  const { text, failed } = await run('check', file);
  assert.ok(failed);
  assert.match(
    text,
    /never can never hold: principal.role is "keeper" and principal.role is "guest"\n {4}unreachable:never\n/,
  );
  assert.match(text, /no one may do note.burn, on any object\n {4}no-one:note.burn\n2 rules, 2 findings$/);
  const accepted = await run('check', file, '--accept', 'unreachable:never', 'no-one:note.burn', 'no-one:note.read');
  assert.ok(!accepted.failed);
  assert.equal(
    accepted.text,
    'no-one:note.read is accepted, and is not found any more\n2 rules, 0 findings and 2 that are accepted',
  );
});

test('S-65[policy] explain says in words why, and what is missing, without a value of the request', async () => {
  const request = {
    principal: { kind: 'person', id: 'nora', role: 'guest' },
    scopes: [],
    action: 'note.read',
    resource: { ownerId: 'theo', body: 'secret-text' },
  };
  const { text } = await run('explain', moduleOf(before), write(JSON.stringify(request), 'json'));
  assert.equal(
    text,
    'note.read: denied\n  no rule permits it\n' +
      '  owner-reads lacks: scope notes:read; resource.ownerId is principal.id',
  );
  assert.doesNotMatch(text, /secret-text|theo/);
});

test('R-174[policy] matrix prints the cases, and recorded cases notice what was weakened', async () => {
  const file = moduleOf(before);
  const { text } = await run('matrix', file);
  assert.match(text, /^who +asks +expected +finds that\n/);
  assert.match(text, /person +note.read +deny +owner-reads does not ask for notes:read/);
  assert.match(text, /\d+ cases notice \d+ faults/);
  const recorded = write((await run('matrix', file, '--json')).text, 'jsonl');
  const same = await run('matrix', file, '--verify', recorded);
  assert.ok(!same.failed);
  assert.match(
    same.text,
    /^(\d+) of \1 recorded cases are answered the same\n(\d+) of \2 faults are noticed \(100\.0 %\)/,
  );
  const weakened = await run('matrix', moduleOf(later), '--verify', recorded);
  assert.ok(weakened.failed);
  assert.match(
    weakened.text,
    /note.read is denied, but the answer is permit. As if:\n {2}owner-reads does not ask for notes:read/,
  );
  assert.match(weakened.text, /note.burn is permitted, but the answer is deny. As if:\n {2}keeper-burns is missing/);
});

test('R-174[policy] recorded cases without those of a new rule fail', async () => {
  const first = definePolicy(words, () => before.rules.slice(0, 1));
  const recorded = write((await run('matrix', moduleOf(first), '--json')).text, 'jsonl');
  const { text, failed } = await run('matrix', moduleOf(before), '--verify', recorded);
  assert.ok(failed);
  assert.match(text, /no recorded case notices if keeper-burns is missing/);
});

test('S-82[policy] diff says who gains or loses what, and fails only when it is asked to', async () => {
  const [one, other] = [moduleOf(before), moduleOf(later)];
  const { text, failed } = await run('diff', one, other);
  assert.ok(!failed);
  assert.equal(
    text,
    [
      'a person gains note.read: resource.ownerId is principal.id, without scope notes:read',
      'a person loses note.burn: principal.role is "keeper"',
      'a person gains reading note: body: resource.ownerId is principal.id, without scope notes:read',
    ]
      .join('\n')
      .replaceAll('resource.ownerId is principal.id', 'principal.id is resource.ownerId'),
  );
  assert.ok((await run('diff', one, other, '--exit-code')).failed);
  assert.deepEqual(await run('diff', one, one, '--exit-code'), {
    text: 'Both decide the same, on every request.',
    failed: false,
  });
});

test('S-65[policy] a module without a policy, a wrong policy and a wrong request are told in words', async () => {
  const request = write('{"principal":{}}', 'json');
  const other = write('export const a = { vocabulary: {}, rules: [] }, b = { vocabulary: {}, rules: [] };', 'mjs');
  const unsound = { ...before, rules: before.rules.map((rule) => ({ ...rule, who: 'robot' })) };
  const wrong: readonly [readonly string[], RegExp][] = [
    [['check', join(home, 'missing.ts')], /There is no file .*missing\.ts\./],
    [['check', write('export const rules = [];', 'mjs')], /exports no policy. It should say: export const policy/],
    [['check', other], /exports several policies: a, b. Call one of them «policy»/],
    [['check', moduleOf(unsound)], /there is no kind of principal robot/],
    [['explain', moduleOf(before), request], /lacks scopes, action, resource\./],
    [['explain', moduleOf(before), write('{"a":1,"a":2}', 'json')], /cannot be read: /],
    [['explain', moduleOf(before), write('[]', 'json')], /is not a JSON object/],
    [
      ['matrix', moduleOf(before), '--verify', write('{"about":"action"}', 'jsonl')],
      /:1 is not a case of castellan policy matrix/,
    ],
  ];
  for (const [typed, expected] of wrong) await assert.rejects(run(...typed), expected);
  assert.equal(
    (await run('check', moduleOf(before, 'notesPolicy'))).failed,
    false,
    'the only policy needs no special name',
  );
});
