import assert from 'node:assert/strict';
import { test } from 'node:test';
import { always, and, definePolicy, eq, some } from '@castellan/policy';
import { toCedar } from '@castellan/policy/analysis';
import { checkParsePolicySet } from '@cedar-policy/cedar-wasm/nodejs';
import { invoicesPolicy } from '../../examples/invoices/policy.ts';
import { compareWithCedar, comparisonInWords } from './cedar-comparison.ts';

test('S-65[policy] R-167[policy] Cedar decides random policies and requests the same, and names the same rules', () => {
  const comparison = compareWithCedar(3000, 1);
  console.log(comparisonInWords(comparison));
  const { decisions, permits, partial } = comparison;
  assert.ok(permits > decisions / 20 && permits < (decisions * 19) / 20, 'the sample is lopsided');
  assert.ok(partial > 100, 'the part that Cedar cannot say was hardly tried');
});

test('S-65[policy] the policy of the example can be said in Cedar, but for its fields', () => {
  const { policies, text, left } = toCedar(invoicesPolicy);
  assert.deepEqual(checkParsePolicySet({ staticPolicies: policies }), { type: 'success' });
  assert.deepEqual(checkParsePolicySet({ staticPolicies: text }), { type: 'success' });
  assert.deepEqual(
    Object.keys(policies),
    invoicesPolicy.rules.map(({ id }) => id),
  );
  assert.deepEqual(
    new Set(left.map(({ why }) => why)),
    new Set(['Cedar decides on actions, not on fields: they are left out']),
  );
  assert.equal(
    policies['void-invoice-stays-as-it-is'],
    '@id("void-invoice-stays-as-it-is")\n' +
      'forbid (principal, action in [Action::"invoice.update"], resource is Resource::Invoice)\n' +
      'when { ((resource has "status") && resource["status"] == "void") };\n',
  );
});

test('R-170[policy] what Cedar cannot say is named: such a permit is left out, such a forbid forbids always', () => {
  const words = {
    principals: { person: { id: 'text' } },
    resources: {
      note: {
        fields: { id: 'integer' },
        actions: ['read'],
        relations: { readers: { to: 'reader', join: ['id', 'noteId'], many: true } },
      },
      reader: { fields: { noteId: 'integer', personId: 'text', role: 'text' }, actions: [] },
    },
    context: {},
  } as const;
  const policy = definePolicy(words, ({ permit, forbid }) => [
    permit('readers', {
      who: 'person',
      on: 'note',
      may: ['read'],
      scopes: [],
      when: ({ principal, resource }) =>
        some(resource.readers, (reader) => and(eq(reader.personId, principal.id), eq(reader.role, 'full'))),
    }),
    permit('all', { who: 'person', on: 'note', may: ['read'], scopes: [], when: () => always }),
    forbid('unread', { on: 'note', may: ['read'], when: ({ resource }) => some(resource.readers, () => always) }),
  ]);
  const { policies, left } = toCedar(policy);
  assert.deepEqual(left, [
    { rule: 'readers', why: 'Cedar cannot say its condition: it is left out' },
    { rule: 'unread', why: 'Cedar cannot say its condition: it forbids always' },
  ]);
  assert.deepEqual(Object.keys(policies), ['all', 'unread']);
  assert.match(policies['unread'] ?? '', /when \{ true \}/);
});
