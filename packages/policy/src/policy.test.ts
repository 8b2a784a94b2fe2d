import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absent, always, and, eq, ne, not, or, some, within } from './condition.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { PermitRule, Rule, RuleBuilder } from './rule.ts';

const words = {
  principals: {
    person: { id: 'text', role: 'text', teams: 'texts', region: 'text?' },
    client: { id: 'text' },
  },
  resources: {
    invoice: {
      fields: {
        id: 'integer',
        ownerId: 'text',
        team: 'text?',
        status: 'text',
        locked: 'flag',
        note: 'text?',
        margin: 'integer?',
      },
      actions: ['list', 'read', 'update', 'delete'],
      columns: { ownerId: 'owner_id' },
    },
    user: { fields: { id: 'text', isAdmin: 'flag' }, actions: ['list'] },
  },
  context: { network: 'text' },
} as const;

const nora = { kind: 'person', id: 'nora', role: 'customer', teams: ['red'], region: null } as const;
const theo = { kind: 'person', id: 'theo', role: 'accountant', teams: [], region: 'north' } as const;
const context = { network: 'office' };
const row = { id: 7, ownerId: 'nora', team: 'blue', status: 'open', locked: false, note: null, margin: 3 };
const asNora = { principal: nora, scopes: ['read', 'write'], context };

const ownerReads: (say: RuleBuilder<typeof words>) => Rule = ({ permit }) =>
  permit('owner-reads', {
    who: 'person',
    on: 'invoice',
    may: ['list', 'read'],
    scopes: ['read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'status', 'note'],
  });

function policyOf(...rules: ((say: RuleBuilder<typeof words>) => Rule)[]): Policy<typeof words> {
  return definePolicy(words, (say) => rules.map((rule) => rule(say)));
}

test('R-162[policy] S-67[policy] S-99[policy] without a rule everything is denied', () => {
  const decision = policyOf().decide({ ...asNora, action: 'invoice.read', resource: row });
  assert.deepEqual(decision, { effect: 'deny', rules: [], errors: [], scopes: [] });
});

test('R-163[policy] S-56[policy] S-79[policy] an object is permitted to its owner and to nobody else, and the verdict names the rule', () => {
  const policy = policyOf(ownerReads);
  const mine = policy.decide({ ...asNora, action: 'invoice.read', resource: row });
  assert.deepEqual(mine, { effect: 'permit', rules: ['owner-reads'], errors: [], scopes: [] });
  const foreign = policy.decide({ ...asNora, principal: theo, action: 'invoice.read', resource: row });
  assert.equal(foreign.effect, 'deny');
});

test('R-167[policy] S-55[policy] scope, subject and object state are all needed', () => {
  const policy = policyOf(({ permit }) =>
    permit('owner-updates-open', {
      who: 'person',
      on: 'invoice',
      may: ['update'],
      scopes: ['read', 'write'],
      when: ({ principal, resource }) => and(eq(resource.ownerId, principal.id), eq(resource.status, 'open')),
    }),
  );
  const request = { ...asNora, action: 'invoice.update', resource: row } as const;
  assert.equal(policy.decide(request).effect, 'permit');
  assert.equal(policy.decide({ ...request, principal: theo }).effect, 'deny');
  assert.equal(policy.decide({ ...request, resource: { ...row, status: 'void' } }).effect, 'deny');
  const short = policy.decide({ ...request, scopes: ['read'] });
  assert.equal(short.effect, 'deny');
  assert.deepEqual(short.scopes, ['read', 'write'], 'all scopes of the rule at once');
  const foreign = policy.decide({ ...request, scopes: ['read'], principal: theo });
  assert.deepEqual(foreign.scopes, [], 'more scopes would not help on a foreign object');
});

test('R-167[policy] a forbid wins, in whatever order the rules are written', () => {
  const voidIsClosed: typeof ownerReads = ({ forbid }) =>
    forbid('void-is-closed', { on: 'invoice', may: ['read'], when: ({ resource }) => eq(resource.status, 'void') });
  for (const policy of [policyOf(ownerReads, voidIsClosed), policyOf(voidIsClosed, ownerReads)]) {
    assert.equal(policy.decide({ ...asNora, action: 'invoice.read', resource: row }).effect, 'permit');
    const decision = policy.decide({ ...asNora, action: 'invoice.read', resource: { ...row, status: 'void' } });
    assert.deepEqual([decision.effect, decision.rules], ['deny', ['void-is-closed']]);
  }
});

test('R-168[policy] R-167 a machine with the id and the scopes of a person has none of the rights of that person', () => {
  const policy = policyOf(ownerReads);
  const machine = { ...asNora, principal: { kind: 'client', id: 'nora' } } as const;
  assert.equal(policy.decide({ ...machine, action: 'invoice.read', resource: row }).effect, 'deny');
  assert.equal(policy.foresee({ ...machine, action: 'invoice.list' }).effect, 'deny');
  assert.equal(policy.filter({ ...machine, action: 'invoice.list' }, { dialect: 'sqlite' }).sql, '(FALSE)');
  assert.deepEqual(policy.readable({ ...machine, type: 'invoice', resource: row }), []);
});

test('R-170[policy] whatever cannot be judged is denied, with an error that holds no value', () => {
  const policy = policyOf(({ permit }) =>
    permit('almost-everyone', {
      who: 'person',
      on: 'invoice',
      may: ['read'],
      scopes: [],
      when: ({ principal, resource, context }) =>
        or(ne(principal.id, principal.role), absent(resource.margin), absent(resource.note), absent(context.network)),
      reads: ['id'],
    }),
  );
  const good = { ...asNora, action: 'invoice.read', resource: row } as const;
  assert.equal(policy.decide(good).effect, 'permit');
  const { margin: _, ...withoutMargin } = row;
  const throwing = Object.defineProperty({ ...row }, 'note', {
    enumerable: true,
    get: () => {
      throw new Error('secret-value');
    },
  });
  const bad: readonly [string, object][] = [
    ['no object', { resource: undefined }],
    ['null for an object', { resource: null }],
    ['a field that was not loaded', { resource: withoutMargin }],
    ['a text where an integer is declared', { resource: { ...row, margin: 'secret-value' } }],
    ['an integer beyond 2^53', { resource: { ...row, margin: 2 ** 53 } }],
    ['NaN', { resource: { ...row, margin: Number.NaN } }],
    ['a getter that throws', { resource: throwing }],
    ['no principal', { principal: undefined }],
    ['an unknown kind', { principal: { ...nora, kind: 'robot' } }],
    ['a kind from the prototype', { principal: { ...nora, kind: 'constructor' } }],
    ['a null where one is required', { principal: { ...nora, role: null } }],
    ['a lone surrogate, which SQL would store as another character', { principal: { ...nora, id: '\ud800' } }],
    ['no context', { context: {} }],
    ['no scopes', { scopes: undefined }],
    ['an unknown action', { action: 'invoice.publish' }],
    ['an action of the prototype', { action: 'constructor.name' }],
    ['an action without an object', { action: 'read' }],
  ];
  for (const [what, change] of bad) {
    const decision = policy.decide({ ...good, ...change } as unknown as typeof good);
    assert.equal(decision.effect, 'deny', what);
    assert.notEqual(decision.errors.length, 0, what);
    assert.doesNotMatch(JSON.stringify(decision), /secret-value/, what);
    const fields = policy.readable({ ...good, type: 'invoice', ...change } as unknown as Parameters<
      typeof policy.readable
    >[0]);
    if (!('action' in change)) assert.deepEqual(fields, [], what);
  }
});

test('R-170[policy] null is written down: no comparison matches it, its negation does, and two nulls are not equal', () => {
  const holds = (when: PermitRule<typeof words, 'person', 'invoice'>['when'], team: string | null): boolean => {
    const policy = policyOf(({ permit }) =>
      permit('rule', { who: 'person', on: 'invoice', may: ['read'], scopes: [], when }),
    );
    return policy.decide({ ...asNora, action: 'invoice.read', resource: { ...row, team } }).effect === 'permit';
  };
  assert.equal(
    holds(({ resource }) => eq(resource.team, 'blue'), null),
    false,
  );
  assert.equal(
    holds(({ resource }) => ne(resource.team, 'blue'), null),
    true,
  );
  assert.equal(
    holds(({ resource, principal }) => eq(resource.team, principal.region), null),
    false,
  );
  assert.equal(
    holds(({ resource }) => absent(resource.team), null),
    true,
  );
  assert.equal(
    holds(({ resource }) => not(absent(resource.team)), 'blue'),
    true,
  );
  assert.equal(
    holds(({ resource }) => within(resource.team, []), 'blue'),
    false,
  );
  assert.equal(
    holds(({ resource }) => within(resource.team, ['red', 'blue']), 'blue'),
    true,
  );
  assert.equal(
    holds(({ resource, principal }) => within(resource.team, principal.teams), 'red'),
    true,
  );
  assert.equal(
    holds(() => or(), 'blue'),
    false,
  );
  assert.equal(
    holds(() => and(), 'blue'),
    true,
  );
});

test('R-170[policy] a decision for many objects denies what one decision denies, and keeps who asked', () => {
  const policy = policyOf(ownerReads);
  const principal: { -readonly [K in keyof typeof nora]: (typeof nora)[K] } = { ...nora };
  const decideOn = policy.decider({ ...asNora, principal, action: 'invoice.read' });
  assert.equal(decideOn(row).effect, 'permit');
  (principal as { id: string }).id = 'eve';
  assert.equal(decideOn(row).effect, 'permit', 'a change of the principal counts for nothing');
  assert.equal(decideOn({ ...row, ownerId: 'eve' }).effect, 'deny');
  for (const [object, error] of [
    [{ ...row, ownerId: 7 }, 'resource.ownerId is not what was declared'],
    [{ ...row, ownerId: undefined }, 'resource.ownerId is missing'],
    [null, 'resource is missing'],
  ] as const) {
    assert.deepEqual(decideOn(object as never), { effect: 'deny', rules: [], errors: [error], scopes: [] });
  }
  const nobody = policy.decider({ ...asNora, principal: { kind: 'person' } as never, action: 'invoice.read' });
  assert.deepEqual(nobody(row).errors, ['principal.id is missing']);
});

test('R-170[policy] what a polluted prototype would lend to every object is not there', () => {
  const policy = policyOf(ownerReads);
  const { ownerId: _, ...unowned } = row;
  const request = { ...asNora, action: 'invoice.read', resource: unowned } as unknown as Parameters<
    Policy<typeof words>['decide']
  >[0];
  const polluted = Object.prototype as { ownerId?: string };
  polluted.ownerId = 'nora';
  try {
    assert.deepEqual(policy.decide(request).errors, ['resource.ownerId is missing']);
    assert.equal(policy.decide({ ...asNora, action: 'invoice.read', resource: row }).effect, 'permit');
  } finally {
    delete polluted.ownerId;
  }
});

test('R-169[policy] no permit reaches an object of another tenant, whatever it says, and no list, mask or change does', () => {
  const tenants = {
    principals: { person: { id: 'text', tenant: 'text' } },
    resources: {
      file: { fields: { id: 'integer', orgId: 'text?', name: 'text' }, actions: ['read'], tenant: 'orgId' },
    },
    context: {},
  } as const;
  const policy = definePolicy(tenants, ({ permit }) => [
    permit('all', {
      who: 'person',
      on: 'file',
      may: ['read'],
      scopes: [],
      when: () => always,
      reads: ['name'],
      writes: ['name'],
    }),
  ]);
  const asking = { principal: { kind: 'person', id: 'nora', tenant: 'north' }, scopes: [], context: {} } as const;
  const ask = { ...asking, action: 'file.read' } as const;
  assert.deepEqual(policy.filter(ask, { dialect: 'sqlite' }).parameters, ['north']);
  for (const [orgId, permitted] of [
    ['north', true],
    ['south', false],
    [null, false],
  ] as const) {
    const resource = { id: 1, orgId, name: 'x' };
    assert.equal(policy.decide({ ...ask, resource }).effect === 'permit', permitted);
    assert.equal([resource].filter(policy.predicate(ask)).length > 0, permitted);
    assert.equal(policy.readable({ ...asking, type: 'file', resource }).length > 0, permitted);
    assert.equal(policy.writable({ ...ask, resource }).length > 0, permitted);
  }
});

test('R-163[policy] a rule asks one step away, and an object whose relations were not loaded is refused', () => {
  const shared = {
    principals: { person: { id: 'text' } },
    resources: {
      project: {
        fields: { id: 'integer', folderId: 'integer?' },
        actions: ['read'],
        relations: {
          folder: { to: 'folder', join: ['folderId', 'id'], many: false },
          members: { to: 'member', join: ['id', 'projectId'], many: true },
        },
      },
      folder: { fields: { id: 'integer', ownerId: 'text' }, actions: [] },
      member: { fields: { projectId: 'integer', personId: 'text', role: 'text' }, actions: [] },
    },
    context: {},
  } as const;
  const policy = definePolicy(shared, ({ permit }) => [
    permit('members-and-the-owner-of-the-folder-read', {
      who: 'person',
      on: 'project',
      may: ['read'],
      scopes: [],
      when: ({ principal, resource }) =>
        or(
          some(resource.members, (member) => and(eq(member.personId, principal.id), ne(member.role, 'guest'))),
          some(resource.folder, (folder) => eq(folder.ownerId, principal.id)),
        ),
    }),
  ]);
  const asking = {
    principal: { kind: 'person', id: 'nora' },
    scopes: [],
    context: {},
    action: 'project.read',
  } as const;
  const project = { id: 1, folderId: null, folder: null, members: [] };
  const effect = (resource: object): string =>
    policy.decide({ ...asking, resource: { ...project, ...resource } }).effect;
  const member = { projectId: 1, personId: 'nora', role: 'writer' };
  assert.equal(effect({}), 'deny');
  assert.equal(effect({ members: [member] }), 'permit');
  assert.equal(effect({ members: [{ ...member, personId: 'theo' }, member] }), 'permit');
  assert.equal(
    effect({
      members: [
        { ...member, personId: 'theo' },
        { ...member, role: 'guest' },
      ],
    }),
    'deny',
  );
  assert.equal(effect({ folderId: 2, folder: { id: 2, ownerId: 'nora' } }), 'permit');
  for (const unloaded of [{ members: undefined }, { members: ['nora'] }, { members: [{ personId: 'nora' }] }]) {
    const { errors, effect } = policy.decide({ ...asking, resource: { ...project, ...unloaded } as never });
    assert.equal(effect, 'deny');
    assert.match(errors.join(), /^resource\.members is (missing|not what was declared)$/);
  }
});

test('R-165[policy] S-57[policy] S-80[policy] a function is refused before any object is loaded, and possible when some object may fit', () => {
  const policy = policyOf(ownerReads, ({ permit }) =>
    permit('accountant-lists', {
      who: 'person',
      on: 'user',
      may: ['list'],
      scopes: ['admin'],
      when: ({ principal }) => eq(principal.role, 'accountant'),
      reads: ['id'],
    }),
  );
  const asTheo = { principal: theo, scopes: ['admin'], context };
  assert.equal(policy.foresee({ ...asTheo, action: 'user.list' }).effect, 'permit');
  assert.equal(policy.foresee({ ...asNora, scopes: ['admin'], action: 'user.list' }).effect, 'deny');
  assert.deepEqual(policy.foresee({ ...asTheo, scopes: [], action: 'user.list' }).scopes, ['admin']);
  assert.equal(policy.foresee({ ...asNora, action: 'invoice.read' }).effect, 'permit', 'it depends on the invoice');
  assert.equal(policy.foresee({ ...asNora, action: 'invoice.delete' }).effect, 'deny');
});

test('R-166[policy] S-59[policy] S-81[policy] the mask is the union of what holding rules open, without what a forbid hides', () => {
  const policy = policyOf(
    ownerReads,
    ({ permit }) =>
      permit('accountant-sees-margin', {
        who: 'person',
        on: 'invoice',
        may: ['read'],
        scopes: ['read'],
        when: ({ principal }) => eq(principal.role, 'accountant'),
        reads: ['id', 'margin', 'note'],
      }),
    ({ forbid }) =>
      forbid('notes-of-locked-stay-hidden', {
        on: 'invoice',
        when: ({ resource }) => eq(resource.locked, true),
        reads: ['note'],
      }),
  );
  const read = (principal: typeof nora | typeof theo, resource: typeof row) =>
    policy.readable({ ...asNora, principal, type: 'invoice', resource });
  assert.deepEqual(read(nora, row), ['id', 'status', 'note']);
  assert.deepEqual(read(theo, row), ['id', 'note', 'margin']);
  assert.deepEqual(read(nora, { ...row, locked: true }), ['id', 'status']);
  assert.deepEqual(read(nora, { ...row, ownerId: 'eve' }), []);
  assert.deepEqual(policy.readable({ ...asNora, scopes: [], type: 'invoice', resource: row }), []);
});

test('R-166[policy] S-58[policy] S-84[policy] only the fields of the action at hand may be written', () => {
  const policy = policyOf(
    ({ permit }) =>
      permit('owner-updates', {
        who: 'person',
        on: 'invoice',
        may: ['update'],
        scopes: ['write'],
        when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
        writes: ['note', 'team'],
      }),
    ({ forbid }) =>
      forbid('locked-keeps-its-team', {
        who: 'person',
        on: 'invoice',
        when: ({ resource }) => eq(resource.locked, true),
        writes: ['team'],
      }),
  );
  const request = { ...asNora, action: 'invoice.update', resource: row } as const;
  assert.deepEqual(policy.writable(request), ['team', 'note']);
  assert.deepEqual(policy.writable({ ...request, resource: { ...row, locked: true } }), ['note']);
  assert.deepEqual(policy.writable({ ...request, action: 'invoice.delete' }), []);
  assert.deepEqual(policy.writable({ ...request, scopes: [] }), []);
  assert.deepEqual(policy.writable({ ...request, principal: theo }), []);
});

test('R-163[policy] R-182[policy] a filter quotes identifiers and passes every value as a parameter', () => {
  const policy = policyOf(ownerReads, ({ forbid }) =>
    forbid('void-is-hidden', {
      on: 'invoice',
      may: ['list'],
      when: ({ resource }) => within(resource.status, ['void', "x'"]),
    }),
  );
  const request = { ...asNora, principal: { ...nora, id: "o'nora" }, action: 'invoice.list' } as const;
  assert.deepEqual(policy.filter(request, { dialect: 'sqlite' }), {
    sql:
      '((("owner_id" IS NOT NULL AND "owner_id" COLLATE BINARY = ?)) AND ((("status" IS NOT NULL AND ' +
      '"status" COLLATE BINARY IN (SELECT value FROM json_each(?))))) IS NOT TRUE)',
    parameters: ["o'nora", '["void","x\'"]'],
  });
  const postgres = policy.filter(request, { dialect: 'postgres', firstParameter: 3 });
  assert.match(postgres.sql, /"owner_id" = \$3 AND "owner_id" COLLATE "C" = \$3/);
  assert.match(postgres.sql, /jsonb_array_elements_text\(\$4::jsonb\)/);
  assert.throws(() => policy.filter(request, { dialect: 'postgres', firstParameter: 0 }), RangeError);
});

test('R-162[policy] the policy and its rules cannot be changed after they are built', () => {
  const policy = policyOf(ownerReads);
  for (const part of [
    policy,
    policy.rules,
    policy.rules[0],
    policy.rules[0]?.when,
    policy.rules[0]?.reads,
    policy.vocabulary.resources.invoice.fields,
  ]) {
    assert.ok(Object.isFrozen(part));
  }
});
