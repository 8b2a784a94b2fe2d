import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { absent, always, and, type Condition, eq, not, type Operand, or, within } from './condition.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Rule } from './rule.ts';

/** Random policies over rows with nulls: the filter must select exactly the rows that are permitted one by one. */

const words = {
  principals: {
    person: { id: 'text', team: 'text?', level: 'integer?', staff: 'flag?', teams: 'texts' },
    client: { id: 'text' },
  },
  resources: {
    thing: {
      fields: { key: 'integer', a: 'text?', b: 'text?', n: 'integer?', m: 'integer?', f: 'flag?', g: 'flag?' },
      actions: ['list'],
      columns: { a: 'A "quoted" column', f: 'select' },
    },
  },
  context: { place: 'text?' },
} as const;

// Few values, so that they often meet; texts that collations confuse and quotes break.
const texts = ['', 'a', 'A', 'ä', 'a\u0308', "'", '"', '%', 'a ', '0', '😀'];
const integers = [0, 1, -1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const text = fc.constantFrom(...texts);
const integer = fc.constantFrom(...integers);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null, freq: 3 });

const rowArbitrary = fc.record({
  a: orNull(text),
  b: orNull(text),
  n: orNull(integer),
  m: orNull(integer),
  f: orNull(fc.boolean()),
  g: orNull(fc.boolean()),
});
const principalArbitrary = fc.record({
  kind: fc.constant('person' as const),
  id: text,
  team: orNull(text),
  level: orNull(integer),
  staff: orNull(fc.boolean()),
  teams: fc.array(text, { maxLength: 3 }),
});

const term = (from: 'resource' | 'principal' | 'context', ...names: string[]) =>
  fc.constantFrom(...names.map((name): Operand => ({ from, name })));
const literal = (value: fc.Arbitrary<string | number | boolean | string[] | number[]>) =>
  value.map((one): Operand => ({ from: 'literal', value: one }));
const operands = {
  text: fc.oneof(term('resource', 'a', 'b'), term('principal', 'id', 'team'), term('context', 'place'), literal(text)),
  integer: fc.oneof(term('resource', 'n', 'm'), term('principal', 'level'), literal(integer)),
  flag: fc.oneof(term('resource', 'f', 'g'), term('principal', 'staff'), literal(fc.boolean())),
  texts: fc.oneof(term('principal', 'teams'), literal(fc.array(text, { maxLength: 3 }))),
  integers: literal(fc.array(integer, { maxLength: 3 })),
};

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(always),
    fc.tuple(operands.text, operands.text).map(([left, right]): Condition => ({ op: 'eq', left, right })),
    fc.tuple(operands.integer, operands.integer).map(([left, right]): Condition => ({ op: 'eq', left, right })),
    fc.tuple(operands.flag, operands.flag).map(([left, right]): Condition => ({ op: 'eq', left, right })),
    fc.tuple(operands.text, operands.texts).map(([item, list]): Condition => ({ op: 'in', item, list })),
    fc.tuple(operands.integer, operands.integers).map(([item, list]): Condition => ({ op: 'in', item, list })),
    fc
      .oneof(operands.text, operands.integer, operands.flag, operands.texts)
      .map((of): Condition => ({ op: 'absent', of })),
    tie('condition').map(not),
    fc.array(tie('condition'), { maxLength: 3 }).map((of) => and(...of)),
    fc.array(tie('condition'), { maxLength: 3 }).map((of) => or(...of)),
  ),
}));

const ruleArbitrary = fc.record({
  effect: fc.constantFrom('permit' as const, 'permit' as const, 'forbid' as const),
  who: fc.constantFrom('person', 'person', 'person', 'client'),
  scopes: fc.constantFrom<readonly string[]>([], ['read'], ['admin']),
  when: condition,
});
const policyArbitrary = fc.array(ruleArbitrary, { maxLength: 4 }).map(
  (rules): Policy<typeof words> =>
    definePolicy(words, () =>
      rules.map(
        (rule, index): Rule => ({
          ...rule,
          // A client has none of the attributes that the random conditions name.
          when: rule.who === 'client' ? always : rule.when,
          id: `rule-${index}`,
          on: 'thing',
          may: ['list'],
          scopes: rule.effect === 'permit' ? rule.scopes : [],
          reads: [],
          writes: [],
        }),
      ),
    ),
);

const database = new DatabaseSync(':memory:');
after(() => database.close());
// NOCASE on purpose: equality in a policy is byte for byte whatever the column says.
database.exec(`CREATE TABLE thing (key INTEGER, "A ""quoted"" column" TEXT COLLATE NOCASE, b TEXT,
  n INTEGER, m INTEGER, "select" INTEGER, g INTEGER) STRICT`);
const insert = database.prepare('INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?)');

test('R-163[policy,sqlite] for random policies and rows with nulls, the filter selects exactly what decide permits', () => {
  let selected = 0;
  let judged = 0;
  const property = fc.property(
    policyArbitrary,
    principalArbitrary,
    fc.constantFrom<readonly string[]>([], ['read'], ['read', 'admin']),
    orNull(text),
    fc.array(rowArbitrary, { minLength: 1, maxLength: 12 }),
    (policy, principal, scopes, place, rows) => {
      const asking = { principal, scopes, action: 'thing.list', context: { place } } as const;
      const expected = rows.flatMap((row, key) =>
        policy.decide({ ...asking, resource: { key, ...row } }).effect === 'permit' ? [key] : [],
      );
      const { sql, parameters } = policy.filter(asking, { dialect: 'sqlite' });
      database.exec('DELETE FROM thing');
      const stored = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value) as SQLInputValue;
      rows.forEach((row, key) => insert.run(key, ...Object.values(row).map(stored)));
      const query = database.prepare(`SELECT key, ${sql} AS verdict FROM thing ORDER BY key`);
      const answers = query.all(...(parameters as SQLInputValue[]));
      for (const { verdict } of answers) assert.ok(verdict === 0 || verdict === 1, 'a filter is two-valued');
      assert.deepEqual(
        answers.filter(({ verdict }) => verdict === 1).map(({ key }) => key),
        expected,
      );
      const possible = policy.foresee(asking).effect === 'permit';
      assert.ok(possible || expected.length === 0, 'what is not foreseen is never permitted');
      selected += expected.length;
      judged += rows.length;
    },
  );
  fc.assert(property, { numRuns: 3000 });
  assert.ok(
    selected > judged / 20 && selected < (judged * 19) / 20,
    `the sample is lopsided: ${selected} of ${judged}`,
  );
});

test('R-163[policy] a filter for a principal that does not fit its declaration selects nothing', () => {
  const policy = definePolicy(words, ({ permit }) => [
    permit('all', { who: 'person', on: 'thing', may: ['list'], scopes: [], when: () => always }),
    permit('by-team', {
      who: 'person',
      on: 'thing',
      may: ['list'],
      scopes: [],
      when: ({ principal, resource }) =>
        or(eq(resource.a, principal.id), within(resource.a, principal.teams), absent(resource.b)),
    }),
  ]);
  const principal = { kind: 'person', id: 'a', team: null, level: null, staff: null, teams: [] } as const;
  const request = { principal, scopes: [], action: 'thing.list', context: { place: null } } as const;
  assert.equal(policy.filter(request, { dialect: 'sqlite' }).sql, '(TRUE)');
  for (const change of [{ id: undefined }, { teams: [null] }, { level: 0.5 }, { kind: 'robot' }]) {
    const wrong = { ...request, principal: { ...principal, ...change } } as unknown as typeof request;
    assert.deepEqual(policy.filter(wrong, { dialect: 'postgres' }), { sql: '(FALSE)', parameters: [] });
  }
});
