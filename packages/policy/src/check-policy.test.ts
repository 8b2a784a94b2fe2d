import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyError } from './check-policy.ts';
import { always, and, type Condition, eq, not, or, some, within } from './condition.ts';
import { definePolicy } from './policy.ts';
import type { Rule, RuleBuilder } from './rule.ts';
import type { Vocabulary } from './vocabulary.ts';

const words = {
  principals: { person: { id: 'text', teams: 'texts' }, client: { id: 'text' } },
  resources: { invoice: { fields: { ownerId: 'text', total: 'integer', paid: 'flag' }, actions: ['read'] } },
  context: {},
} as const;

const good: Rule = {
  id: 'rule',
  effect: 'permit',
  who: 'person',
  on: 'invoice',
  may: ['read'],
  scopes: [],
  when: always,
  reads: [],
  writes: [],
};

function problemsOf(rules: readonly Rule[], vocabulary: Vocabulary = words): string {
  try {
    definePolicy(vocabulary, () => rules);
    return '';
  } catch (error) {
    assert.ok(error instanceof PolicyError);
    return error.problems.join('\n');
  }
}

test('R-162[policy] a rule about something that is not declared stops the start and is named', () => {
  assert.equal(problemsOf([good]), '');
  const bad: readonly [Partial<Rule>, RegExp][] = [
    [{ on: 'receipt' }, /rule rule: there is no resource receipt/],
    [{ on: 'constructor' }, /there is no resource constructor/],
    [{ may: ['publish'] }, /invoice has no action publish/],
    [{ who: 'robot' }, /no kind of principal robot/],
    [{ who: undefined }, /a permit names the kind of principal/],
    [{ reads: ['margin'] }, /invoice has no field margin/],
    [{ writes: ['constructor'] }, /invoice has no field constructor/],
    [{ may: [] }, /says nothing/],
    [{ may: [], writes: ['total'] }, /say which action writes/],
    [{ effect: 'forbid', reads: ['total'] }, /write two rules/],
    [{ id: 'Not An Id' }, /kebab-case/],
  ];
  for (const [change, expected] of bad) assert.match(problemsOf([{ ...good, ...change }]), expected);
  assert.match(problemsOf([good, good]), /two rules are called rule/);
});

test('R-162[policy] all problems are named at once', () => {
  const problems = problemsOf([{ ...good, may: ['fly'], who: 'robot', reads: ['margin'] }]);
  assert.equal(problems.split('\n').length, 3);
});

test('R-163[policy] a condition that cannot be translated is an error when the policy is built', () => {
  const owner = { from: 'resource', name: 'ownerId' } as const;
  const total = { from: 'resource', name: 'total' } as const;
  const teams = { from: 'principal', name: 'teams' } as const;
  const literal = (value: never) => ({ from: 'literal', value }) as const;
  let deep: Condition = always;
  for (let depth = 0; depth < 40; depth += 1) deep = not(deep);
  const bad: readonly [Condition, RegExp][] = [
    [eq(owner, total as never), /resource\.ownerId \(text\) does not compare with resource\.total \(integer\)/],
    [eq(owner, teams as never), /does not compare/],
    [eq(teams as never, teams as never), /does not compare/],
    [eq(owner, undefined as never), /not a value/],
    [eq(owner, null as never), /not a value/],
    [eq(owner, 'a\0b'), /not a value/],
    [eq(total, 0.5), /not a value/],
    [eq({ from: 'resource', name: 'margin' }, 'x'), /resource\.margin is not declared/],
    [eq({ from: 'resource', name: 'constructor' }, 'x'), /is not declared/],
    [eq({ from: 'principal', name: 'email' }, 'x'), /principal\.email is not declared/],
    [within(owner, [1 as never]), /does not compare/],
    [within(owner, ['a', 1 as never]), /not a value/],
    [{ op: 'in', item: total, list: teams }, /does not compare/],
    [{ op: 'in', item: owner, list: literal('text' as never) }, /does not compare/],
    [{ op: 'absent', of: { from: 'resource', name: 'gone' } }, /not declared/],
    [{ op: 'some', relation: 'lines', of: always }, /there is no relation lines/],
    [eq({ from: 'related', name: 'ownerId' }, 'x'), /related\.ownerId is not declared/],
    [{ op: 'like', left: owner } as never, /functions of this package/],
    [deep, /deeper than 32/],
    [and(...Array.from({ length: 501 }, () => always)), /more than 500 parts/],
  ];
  for (const [when, expected] of bad) assert.match(problemsOf([{ ...good, when: or(when) }]), expected);
  assert.equal(problemsOf([{ ...good, when: within(total, []) }]), '');
});

test('R-162[policy] a vocabulary with a wrong type or name stops the start', () => {
  const bad: readonly [object, RegExp][] = [
    [{ principals: { person: { name: 'text' } } }, /must have the attribute id/],
    [{ principals: { person: { id: 'text', kind: 'text' } } }, /kind is its own word/],
    [{ context: { when: 'date' } }, /"date" is not a type/],
    [{ context: { ' x"': 'text' } }, /is not a name/],
    [{ resources: { invoice: { fields: { tags: 'texts' }, actions: [] } } }, /"texts" is not a type/],
    [{ resources: { invoice: { fields: {}, actions: ['a.b'] } } }, /not an action/],
    [{ resources: { invoice: { fields: {}, actions: [], columns: { x: 'y' } } } }, /undeclared field x/],
    [
      { resources: { file: { fields: {}, actions: [], relations: { of: { to: 'x', join: ['a', 'b'] } } } } },
      /no resource x/,
    ],
    [
      {
        resources: {
          file: {
            fields: { a: 'text', b: 'integer' },
            actions: [],
            relations: { up: { to: 'file', join: ['a', 'b'], many: false } },
          },
        },
      },
      /file\.up: join names two fields of one type/,
    ],
    [
      {
        resources: { file: { fields: { a: 'text' }, actions: [], relations: { a: { to: 'file', join: ['a', 'a'] } } } },
      },
      /file\.a is a field and a relation\nfile\.a: many is true or false/,
    ],
    [
      { resources: { file: { fields: { a: 'flag' }, actions: [], tenant: 'a' } } },
      /its tenant is a field of type text/,
    ],
    [{ resources: { file: { fields: {}, actions: [], table: '' } } }, /not the name of a table/],
    [{ resources: { 'a.b': { fields: {}, actions: [] } } }, /not a name of a resource/],
  ];
  for (const [change, expected] of bad) assert.match(problemsOf([], { ...words, ...change } as Vocabulary), expected);
});

test('R-169[policy] who has no tenant cannot be permitted anything on an object that has one', () => {
  const tenants = {
    principals: {
      person: { id: 'text', tenant: 'text' },
      client: { id: 'text' },
      robot: { id: 'text', tenant: 'integer' },
    },
    resources: { invoice: { fields: { orgId: 'text' }, actions: ['read'], tenant: 'orgId' } },
    context: {},
  } as const;
  assert.match(problemsOf([], tenants), /principal robot: tenant is not of the type of invoice\.orgId/);
  const { robot: _, ...principals } = tenants.principals;
  const sound = { ...tenants, principals };
  assert.equal(problemsOf([good], sound), '');
  assert.match(problemsOf([{ ...good, who: 'client' }], sound), /a invoice has a tenant, a client has none/);
  assert.equal(problemsOf([{ ...good, effect: 'forbid', who: 'client' }], sound), '');
});

test('R-162[policy] a rule that names what is not declared does not compile', () => {
  const rules = ({ permit }: RuleBuilder<typeof words>): void => {
    const base = { who: 'person', on: 'invoice', may: ['read'], scopes: [] } as const;
    // @ts-expect-error no such field
    permit('a', { ...base, when: ({ resource }) => eq(resource.margin, 'x') });
    // @ts-expect-error text is not an integer
    permit('b', { ...base, when: ({ resource }) => eq(resource.ownerId, 1) });
    // @ts-expect-error fields of different types
    permit('c', { ...base, when: ({ resource }) => eq(resource.ownerId, resource.total) });
    permit('d', {
      ...base,
      who: 'client',
      // @ts-expect-error a client has no teams
      when: ({ principal, resource }) => within(resource.ownerId, principal.teams),
    });
    // @ts-expect-error no such action
    permit('e', { ...base, may: ['publish'], when: () => always });
    // @ts-expect-error no such field to read
    permit('f', { ...base, when: () => always, reads: ['margin'] });
    // @ts-expect-error scopes are not optional
    permit('g', { who: 'person', on: 'invoice', may: ['read'], when: () => always });
  };
  const related = {
    ...words,
    resources: {
      invoice: {
        ...words.resources.invoice,
        relations: { seller: { to: 'shop', join: ['ownerId', 'id'], many: false } },
      },
      shop: { fields: { id: 'text' }, actions: [] },
    },
  } as const;
  const withRelations = ({ permit }: RuleBuilder<typeof related>): void => {
    const base = { who: 'person', on: 'invoice', may: ['read'], scopes: [] } as const;
    permit('h', {
      ...base,
      when: ({ principal, resource }) => some(resource.seller, (one) => eq(one.id, principal.id)),
    });
    // @ts-expect-error no such relation
    permit('i', { ...base, when: ({ resource }) => some(resource.buyer, () => always) });
    // @ts-expect-error the object at the other end has no such field
    permit('j', { ...base, when: ({ resource }) => some(resource.seller, (one) => eq(one.name, 'x')) });
    // @ts-expect-error a relation is one step
    permit('k', { ...base, when: ({ resource }) => some(resource.seller, (one) => some(one.owner, () => always)) });
    // @ts-expect-error a relation is no field
    permit('l', { ...base, when: () => always, reads: ['seller'] });
  };
  assert.equal(typeof rules, typeof withRelations);
});
