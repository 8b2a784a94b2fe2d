/** Decisions are judged in a place that is used again, and answered with objects that are made once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { and, eq, not, within } from './condition.ts';
import { definePolicy } from './policy.ts';

const words = {
  principals: { person: { id: 'text', teams: 'texts' }, client: { id: 'text' } },
  resources: {
    note: { fields: { ownerId: 'text', team: 'text?', open: 'flag', level: 'integer' }, actions: ['read'] },
  },
  context: {},
} as const;

const policy = definePolicy(words, ({ permit, forbid }) => [
  permit('owner', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
  }),
  permit('team', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['read'],
    when: ({ principal, resource }) => within(resource.team, principal.teams),
  }),
  forbid('closed', {
    on: 'note',
    may: ['read'],
    when: ({ resource }) => and(eq(resource.open, false), eq(resource.level, 1)),
  }),
]);

type Request = Parameters<typeof policy.decide>[0];

const nora = { kind: 'person', id: 'nora', teams: ['red'] } as const;
const row = { ownerId: 'nora', team: 'red', open: true, level: 1 };
const good: Request = { principal: nora, scopes: ['read'], action: 'note.read', resource: row, context: {} };
const isPermitted = (change: object): boolean => policy.decide({ ...good, ...change } as Request).effect === 'permit';

test('R-170[policy] nothing of the request before stands in for what a request lacks', () => {
  const others = [
    { principal: { ...nora, id: undefined } },
    { principal: { ...nora, teams: undefined } },
    { principal: { kind: 'person' } },
    ...Object.keys(row).map((field) => ({ resource: { ...row, [field]: undefined } })),
    { resource: {} },
    { principal: { ...nora, id: 'theo', teams: [] } },
    { resource: { ...row, ownerId: 'theo', team: null } },
    { resource: { ...row, open: false } },
    { scopes: [] },
  ];
  for (const other of others) {
    assert.equal(isPermitted({}), true);
    assert.equal(isPermitted(other), false, JSON.stringify(other));
  }
  const decideOn = policy.decider(good);
  for (const { resource } of others as { readonly resource?: object }[]) {
    if (resource === undefined) continue;
    assert.equal(decideOn(row).effect, 'permit');
    assert.equal(decideOn(resource as never).effect, 'deny', JSON.stringify(resource));
  }
});

test('R-170[policy] without an object nothing is permitted, even by a rule that asks nothing of one', () => {
  const open = definePolicy(words, ({ permit }) => [
    permit('nora', {
      who: 'person',
      on: 'note',
      may: ['read'],
      scopes: [],
      when: ({ principal }) => eq(principal.id, 'nora'),
    }),
  ]);
  assert.equal(open.decide(good).effect, 'permit');
  for (const resource of [undefined, null, 'note']) {
    assert.deepEqual(open.decide({ ...good, resource } as unknown as Request).errors, ['resource is missing']);
    assert.equal(open.decider(good)(resource as never).effect, 'deny');
  }
});

test('R-170[policy] a decision that is asked for while another is read changes neither', () => {
  const seen: string[] = [];
  const asksAgain = (own: object, decideOther: () => string): object =>
    Object.defineProperty({ ...own }, 'team', {
      enumerable: true,
      get: () => {
        seen.push(decideOther());
        return null;
      },
    });
  const foreign = { ...row, ownerId: 'theo', team: null };
  const decideOn = policy.decider(good);
  for (const decide of [
    (resource: object) => policy.decide({ ...good, resource } as Request).effect,
    (resource: object) => decideOn(resource as never).effect,
  ]) {
    assert.equal(decide(asksAgain(foreign, () => decide(row))), 'deny');
    assert.equal(decide(asksAgain(row, () => decide(foreign))), 'permit');
    assert.equal(decide(foreign), 'deny');
  }
  assert.deepEqual(seen, ['permit', 'deny', 'permit', 'deny']);
});

const fields = definePolicy(words, ({ permit, forbid }) => [
  permit('owner', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['level'],
    writes: ['level'],
  }),
  forbid('closed', {
    on: 'note',
    when: ({ resource }) => eq(resource.open, false),
    reads: ['level'],
    writes: ['level'],
  }),
]);
const openings: Readonly<Record<string, (change: object) => readonly string[]>> = {
  read: (change) => fields.readable({ ...good, ...change, type: 'note' }),
  changed: (change) => fields.writable({ ...good, ...change } as Request),
};

for (const [done, open] of Object.entries(openings)) {
  test(`R-166[policy] R-170[policy] nothing of the request before decides which fields may be ${done}`, () => {
    const throwing = Object.defineProperty({ ...row, ownerId: 'theo' }, 'open', {
      get: () => {
        throw new Error('unreadable');
      },
    });
    for (const other of [
      { principal: { ...nora, id: undefined } },
      { principal: { ...nora, id: 'theo' } },
      { resource: { ...row, ownerId: undefined } },
      { resource: { ...row, open: undefined } },
      { resource: { ...row, open: false } },
      { resource: throwing },
      { resource: {} },
      { scopes: [] },
    ]) {
      assert.deepEqual(open({}), ['level']);
      assert.deepEqual(open(other), [], JSON.stringify(Object.keys(other)));
    }
    assert.deepEqual(open({}), ['level']);
  });

  test(`R-166[policy] R-170[policy] fields to be ${done} that are asked for while others are read change neither`, () => {
    const closed = { ...row, open: false };
    const seen: (readonly string[])[] = [];
    const asking = (own: object, other: object): object =>
      Object.defineProperty({ ...own }, 'ownerId', {
        get: () => {
          seen.push(open({ resource: other }));
          return 'nora';
        },
      });
    assert.deepEqual(open({ resource: asking(closed, row) }), []);
    assert.deepEqual(open({ resource: asking(row, closed) }), ['level']);
    assert.deepEqual(open({ resource: closed }), []);
    assert.deepEqual(seen, [['level'], []]);
  });
}

test('R-163[policy] a list with a gap in it is none, for a decision as for a filter', () => {
  const closed = definePolicy(words, ({ permit, forbid }) => [
    permit('all', { who: 'person', on: 'note', may: ['read'], scopes: [], when: () => and() }),
    forbid('others', {
      who: 'person',
      on: 'note',
      may: ['read'],
      when: ({ principal, resource }) => not(within(resource.team, principal.teams)),
    }),
  ]);
  // What JSON.stringify makes a null of, with which IN is never false.
  const gap = Object.assign(Array<string>(2), { 1: 'red' });
  for (const teams of [gap, ['red', undefined], ['red', null], Array<string>(1)]) {
    const asked = { ...good, principal: { ...nora, teams } } as unknown as Request;
    assert.deepEqual(closed.decide(asked).errors, ['principal.teams is not what was declared']);
    assert.equal(closed.decider(asked)(row).effect, 'deny');
    assert.equal(closed.predicate(asked)(row), false);
    assert.deepEqual(closed.filter(asked, { dialect: 'sqlite' }), { sql: '(FALSE)', parameters: [] });
  }
});

test('R-170[policy] a list that is changed after a decider was made changes no decision of it', () => {
  const teams = ['blue'];
  const asked: Request = { ...good, principal: { ...nora, id: 'theo', teams } };
  const [decideOn, isPermittedOn] = [policy.decider(asked), policy.predicate(asked)];
  teams.push('red');
  assert.equal(decideOn(row).effect, 'deny');
  assert.equal(isPermittedOn(row), false);
  assert.equal(policy.decide(asked).effect, 'permit', 'a new decision sees it');
});

test('R-170[policy] a row that can be read only the second time does not bring in who asks by then', () => {
  const principal = { ...nora, id: 'theo', teams: ['blue'] };
  const unread = { kind: 'person' } as typeof nora;
  const deciders = [principal, unread].map((asker) => policy.decider({ ...good, principal: asker }));
  Object.assign(principal, nora);
  Object.assign(unread, nora);
  for (const decideOn of deciders) {
    let asked = 0;
    const late = Object.defineProperty({ ...row }, 'ownerId', {
      get: () => {
        asked += 1;
        return asked === 1 ? undefined : row.ownerId;
      },
    });
    assert.equal(decideOn(late).effect, 'deny');
    assert.equal(decideOn(late).effect, 'deny');
  }
});

test('R-170[policy] a text that was judged portable once makes no other text so', () => {
  for (let index = 0; index < 5000; index += 1) isPermitted({ principal: { ...nora, id: `person-${index}` } });
  assert.equal(isPermitted({ principal: { ...nora, id: 'nora' } }), true);
  for (const id of ['nora\0', 'nora\ud800', `${'n'.repeat(80)}\0`]) {
    const decision = policy.decide({ ...good, principal: { ...nora, id } });
    assert.deepEqual(decision.errors, ['principal.id is not what was declared'], JSON.stringify(id));
  }
});

test('R-162[policy] every rule that decides is named, however many there are, and no answer can be changed', () => {
  const count = 14;
  const many = definePolicy(words, ({ permit }) =>
    Array.from({ length: count }, (_, index) =>
      permit(`rule-${index}`, {
        who: 'person',
        on: 'note',
        may: ['read'],
        scopes: [`scope-${index}`],
        when: () => and(),
      }),
    ),
  );
  for (let chosen = 1; chosen < 2 ** count; chosen += 3) {
    const held = Array.from({ length: count }, (_, index) => index).filter((index) => chosen & (1 << index));
    const decision = many.decide({ ...good, scopes: held.map((index) => `scope-${index}`) });
    assert.deepEqual(
      decision.rules,
      held.map((index) => `rule-${index}`),
    );
    assert.equal(Object.isFrozen(decision) && Object.isFrozen(decision.rules), true);
  }
  assert.equal(policy.decide(good), policy.decide({ ...good }), 'made once');
});
