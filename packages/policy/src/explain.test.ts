import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absent, and, eq, ne, not, or, some, type Term, within } from './condition.ts';
import { definePolicy } from './policy.ts';
import { inWords } from './words.ts';

const words = {
  principals: { person: { id: 'text', tenant: 'text', role: 'text', teams: 'texts' } },
  resources: {
    invoice: {
      fields: { id: 'integer', orgId: 'text', ownerId: 'text', status: 'text', team: 'text?' },
      actions: ['update'],
      tenant: 'orgId',
      relations: { watchers: { to: 'watcher', join: ['id', 'invoiceId'], many: true } },
    },
    watcher: { fields: { invoiceId: 'integer', personId: 'text' }, actions: [] },
  },
  context: {},
} as const;

const policy = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-updates', {
    who: 'person',
    on: 'invoice',
    may: ['update'],
    scopes: ['invoices:write'],
    when: ({ principal, resource }) => and(eq(resource.ownerId, principal.id), ne(resource.status, 'paid')),
  }),
  permit('team-updates', {
    who: 'person',
    on: 'invoice',
    may: ['update'],
    scopes: ['invoices:write', 'teams:write'],
    when: ({ principal, resource }) =>
      or(and(within(resource.team, principal.teams), eq(resource.status, 'open')), eq(principal.role, 'lead')),
  }),
  forbid('void-stays', { on: 'invoice', may: ['update'], when: ({ resource }) => eq(resource.status, 'void') }),
]);

const nora = { kind: 'person', id: 'nora', tenant: 'north', role: 'clerk', teams: ['red'] } as const;
const row = { id: 1, orgId: 'north', ownerId: 'nora', status: 'open', team: null, watchers: [] };
const asking = { principal: nora, scopes: ['invoices:write'], action: 'invoice.update', context: {} } as const;

test('S-65[policy] a permit is explained by its rule, and the rules that came close say the least that they lack', () => {
  const { decision, because, near } = policy.explain({ ...asking, resource: { ...row, status: 'draft' } });
  assert.equal(decision.effect, 'permit');
  assert.deepEqual(because, [
    {
      rule: 'owner-updates',
      words:
        'resource.orgId is principal.tenant and (resource.ownerId is principal.id and resource.status is not "paid")',
    },
  ]);
  assert.deepEqual(near, [{ rule: 'team-updates', lacks: ['scope teams:write', 'principal.role is "lead"'] }]);
});

test('S-65[policy] R-169[policy] a denial names the forbid, the missing scope, or the tenant', () => {
  const text = (change: object, scopes = ['invoices:write']): string =>
    policy.explain({ ...asking, scopes, resource: { ...row, ...change } }).text;
  assert.match(
    text({ status: 'void' }),
    /denied\n {2}void-stays forbids it: resource.status is "void"\n {2}owner-updates would permit it/,
  );
  assert.match(text({}, []), /denied\n {2}no rule permits it\n {2}owner-updates lacks: scope invoices:write\n/);
  assert.match(text({ orgId: 'south' }), /owner-updates lacks: resource.orgId is principal.tenant\n/);
});

test('R-170[policy] what could not be judged is explained without a value', () => {
  const { text, near } = policy.explain({ ...asking, resource: { ...row, ownerId: 7 } as never });
  assert.equal(text, 'invoice.update: denied\n  it could not be judged: resource.ownerId is not what was declared');
  assert.deepEqual(near, []);
  assert.doesNotMatch(policy.explain({ ...asking, resource: row }).text, /nora|north|red/);
});

test('R-162[policy] every condition can be said', () => {
  const [team, status] = [
    { from: 'resource', name: 'team' },
    { from: 'resource', name: 'status' },
  ] as const;
  const personId: Term<string> = { from: 'related', name: 'personId' };
  const said: readonly [Parameters<typeof inWords>[0], string][] = [
    [not(eq(team, 'red')), 'resource.team is not "red"'],
    [absent(team), 'resource.team is absent'],
    [not(absent(team)), 'resource.team is there'],
    [within(status, ['open', 'paid']), 'resource.status is one of "open", "paid"'],
    [not(within(status, ['open'])), 'resource.status is not "open"'],
    [within(status, []), 'resource.status is one of none'],
    [and(), 'always'],
    [or(), 'never'],
    [not(and()), 'not (always)'],
    [
      and(eq(team, 'a'), or(eq(team, 'b'), eq(team, 'c'))),
      'resource.team is "a" and (resource.team is "b" or resource.team is "c")',
    ],
    [
      { op: 'some', relation: 'watchers', of: eq(personId, { from: 'principal', name: 'id' }) },
      'resource.watchers has one where watchers.personId is principal.id',
    ],
    [
      not(
        some<{ personId: 'text' }>({ relation: 'watchers', terms: { personId } }, (watcher) =>
          eq(watcher.personId, 'x'),
        ),
      ),
      'resource.watchers has none where watchers.personId is "x"',
    ],
  ];
  for (const [condition, expected] of said) assert.equal(inWords(condition), expected);
});
