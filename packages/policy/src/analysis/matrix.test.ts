import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { and, eq, not, or, some, within } from '../condition.ts';
import { definePolicy, type Policy } from '../policy.ts';
import { permittedKeys, sample } from '../testing/random-policy.ts';
import { faultsOf } from './faults.ts';
import { type Matrix, matrix } from './matrix.ts';
import type { Rules } from './questions.ts';
import { scoreInWords, scoreOf } from './score.ts';
import { answerOf, negativeSuite } from './suite.ts';

const words = {
  principals: {
    person: { id: 'text', tenant: 'text', role: 'text', banned: 'flag' },
    client: { id: 'text', tenant: 'text' },
  },
  resources: {
    report: {
      fields: { id: 'integer', orgId: 'text', ownerId: 'text', state: 'text', folderId: 'integer?', secret: 'text' },
      actions: ['read', 'update', 'publish'],
      tenant: 'orgId',
      relations: {
        folder: { to: 'folder', join: ['folderId', 'id'], many: false },
        readers: { to: 'reader', join: ['id', 'reportId'], many: true },
      },
    },
    folder: { fields: { id: 'integer', ownerId: 'text', open: 'flag' }, actions: [] },
    reader: { fields: { reportId: 'integer', personId: 'text', until: 'integer?' }, actions: [] },
  },
  context: { network: 'text' },
} as const;

const policy = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-writes', {
    who: 'person',
    on: 'report',
    may: ['read', 'update'],
    scopes: ['reports:write'],
    when: ({ principal, resource }) =>
      and(eq(resource.ownerId, principal.id), within(resource.state, ['draft', 'open'])),
    reads: ['id', 'ownerId', 'state', 'secret'],
    writes: ['secret'],
  }),
  permit('readers-read', {
    who: 'person',
    on: 'report',
    may: ['read'],
    scopes: [],
    when: ({ principal, resource }) =>
      or(
        some(resource.readers, (reader) => eq(reader.personId, principal.id)),
        some(resource.folder, (folder) => and(eq(folder.ownerId, principal.id), eq(folder.open, true))),
      ),
    reads: ['id', 'state'],
  }),
  permit('machine-publishes', {
    who: 'client',
    on: 'report',
    may: ['publish'],
    scopes: ['reports:publish'],
    when: ({ resource, context }) => and(eq(resource.state, 'open'), not(eq(context.network, 'public'))),
  }),
  forbid('banned-read-nothing', {
    who: 'person',
    on: 'report',
    may: ['read', 'update'],
    when: ({ principal }) => eq(principal.banned, true),
  }),
  forbid('secrets-of-open-reports-are-hidden', {
    on: 'report',
    when: ({ resource }) => eq(resource.state, 'open'),
    reads: ['secret'],
  }),
]);

/** Whether the suite notices that something else answers. */
function notices(found: Matrix, other: Rules): boolean {
  const ask = answerOf(definePolicy(other.vocabulary, () => other.rules));
  return found.cases.some((one) => String(ask(one)) !== String(one.expect));
}

test('R-174[policy] S-82[policy] every rule that is removed or weakened makes the generated suite fail', async () => {
  const found = matrix(policy);
  for (const { run } of negativeSuite(found, answerOf(policy))) await run();
  for (const { id } of policy.rules) {
    const finds = found.cases.flatMap((one) => one.finds).filter(({ rule }) => rule === id);
    assert.ok(
      finds.some(({ words }) => words === 'is missing'),
      `${id} could be missing`,
    );
  }
  const score = scoreOf(policy, found.cases);
  console.log(`${scoreInWords(score)}, by ${found.cases.length} cases`);
  assert.deepEqual(score.missed, []);
  assert.equal(score.harmless, found.harmless.length);
  assert.deepEqual(
    found.harmless.map(({ rule, words }) => `${rule} ${words}`),
    // What nobody may do or see needs no second rule against it.
    [
      'machine-publishes is also about reading secret',
      'banned-read-nothing is also about publish',
      'secrets-of-open-reports-are-hidden is also about reading orgId',
      'secrets-of-open-reports-are-hidden is also about reading folderId',
      ...['id', 'orgId', 'ownerId', 'state', 'folderId'].map(
        (field) => `secrets-of-open-reports-are-hidden is also about changing ${field}`,
      ),
      'secrets-of-open-reports-are-hidden is not for a client',
    ],
  );
});

test('R-174[policy] faults that the cases were not made for are noticed as well', () => {
  const found = matrix(policy);
  const change = (id: string, by: (rule: Rules['rules'][number]) => object): Rules => ({
    vocabulary: policy.vocabulary,
    rules: policy.rules.map((rule) => (rule.id === id ? { ...rule, ...by(rule) } : rule)),
  });
  const term = (from: 'resource' | 'principal' | 'context', name: string) => ({ from, name });
  const others: readonly Rules[] = [
    ...policy.rules.map(({ id }) => change(id, ({ when }) => ({ when: not(when) }))),
    change('owner-writes', () => ({ when: eq(term('resource', 'ownerId'), 'ownerId') })),
    change('owner-writes', ({ when }) => ({ when: or(when, eq(term('resource', 'state'), 'draft')) })),
    change('owner-writes', () => ({ when: eq(term('resource', 'secret'), term('principal', 'id')), scopes: [] })),
    change('owner-writes', () => ({ may: ['read', 'update', 'publish'], scopes: [] })),
    change('readers-read', () => ({ when: { op: 'some', relation: 'readers', of: { op: 'always' } } })),
    change('readers-read', () => ({
      when: { op: 'some', relation: 'folder', of: eq({ from: 'related', name: 'open' }, true) },
    })),
    change('machine-publishes', () => ({ when: eq(term('resource', 'state'), 'open') })),
    change('machine-publishes', () => ({ who: 'person' })),
    change('banned-read-nothing', () => ({ when: eq(term('principal', 'banned'), false) })),
    change('banned-read-nothing', () => ({ may: ['read'] })),
    change('secrets-of-open-reports-are-hidden', () => ({ when: eq(term('resource', 'state'), 'draft') })),
    { vocabulary: policy.vocabulary, rules: policy.rules.map((rule) => ({ ...rule, scopes: [] })) },
  ];
  for (const [index, other] of others.entries()) assert.ok(notices(found, other), `fault ${index} is not noticed`);
});

test('R-174[policy] for random policies a fault is noticed by the suite, or no object tells the difference', () => {
  const count = { noticed: 0, harmless: 0 };
  const property = fc.property(sample, (tried) => {
    const found = matrix(tried.policy);
    for (const fault of faultsOf(tried.policy)) {
      const isHarmless = found.harmless.some(({ rule, words }) => rule === fault.rule && words === fault.words);
      if (isHarmless) {
        const faulty = definePolicy(fault.vocabulary, () => fault.rules) as unknown as Policy<
          (typeof tried.policy)['vocabulary']
        >;
        assert.deepEqual(permittedKeys({ ...tried, policy: faulty }), permittedKeys(tried), fault.words);
      } else assert.ok(notices(found, fault), `${fault.rule} ${fault.words}`);
      count[isHarmless ? 'harmless' : 'noticed'] += 1;
    }
  });
  fc.assert(property, { numRuns: 40 });
  assert.ok(count.noticed > 200 && count.harmless > 20, JSON.stringify(count));
});

test('R-174[policy] cases that were recorded before a rule was written miss its faults', () => {
  const { vocabulary, rules } = policy;
  const earlier = definePolicy(vocabulary, () => rules.filter(({ id }) => id !== 'machine-publishes'));
  const { missed } = scoreOf(policy, matrix(earlier).cases);
  assert.ok(missed.length > 0 && missed.every(({ rule }) => rule === 'machine-publishes'));
});

test('R-174[policy] a test that fails names the request, the answer and the faults that explain it', async () => {
  const found = matrix(policy);
  const open = { ...policy, rules: policy.rules.map((rule) => ({ ...rule, scopes: [] })) };
  const failures: string[] = [];
  for (const { name, run } of negativeSuite(found, answerOf(definePolicy(words, () => open.rules)))) {
    await run().catch((error: Error) => failures.push(`${name}: ${error.message}`));
  }
  assert.match(failures.join('\n'), /client: report.publish is denied, but the answer is permit/);
  assert.match(failures.join('\n'), /As if:\n {2}machine-publishes does not ask for reports:publish/);
});
