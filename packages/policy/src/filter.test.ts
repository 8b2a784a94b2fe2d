import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import { availablePostgres } from '@castellan/testkit';
import * as fc from 'fast-check';
import { Client } from 'pg';
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

type Words = typeof words;
type Row = Parameters<Policy<Words>['decide']>[0]['resource'];
type Asking = Parameters<Policy<Words>['filter']>[0];

/** One try: a policy, who asks, and rows that are judged one by one and selected all at once. */
const sample = fc.record({
  policy: policyArbitrary,
  asking: fc.record({
    principal: principalArbitrary,
    scopes: fc.constantFrom<readonly string[]>([], ['read'], ['read', 'admin']),
    action: fc.constant('thing.list' as const),
    context: fc.record({ place: orNull(text) }),
  }),
  rows: fc
    .array(rowArbitrary, { minLength: 1, maxLength: 12 })
    .map((rows) => rows.map((row, key): Row => ({ key, ...row }))),
});

function permittedKeys(policy: Policy<Words>, asking: Asking, rows: readonly Row[]): readonly number[] {
  return rows.flatMap((resource) => (policy.decide({ ...asking, resource }).effect === 'permit' ? [resource.key] : []));
}

// Columns that ignore letter case, on purpose: equality in a policy is byte for byte whatever a column says.
const columns = (text: string, integer: string, flag: string): string =>
  `key INTEGER, "A ""quoted"" column" TEXT ${text}, b TEXT, n ${integer}, m ${integer}, "select" ${flag}, g ${flag}`;

test('R-163[policy,sqlite] for random policies and rows with nulls, the filter selects exactly what decide permits', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(`CREATE TABLE thing (${columns('COLLATE NOCASE', 'INTEGER', 'INTEGER')}) STRICT`);
  const insert = database.prepare('INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?)');
  const stored = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value) as SQLInputValue;
  let selected = 0;
  let judged = 0;
  const property = fc.property(sample, ({ policy, asking, rows }) => {
    const expected = permittedKeys(policy, asking, rows);
    const { sql, parameters } = policy.filter(asking, { dialect: 'sqlite' });
    database.exec('DELETE FROM thing');
    for (const row of rows) insert.run(...Object.values(row).map(stored));
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
  });
  fc.assert(property, { numRuns: 3000 });
  database.close();
  assert.ok(
    selected > judged / 20 && selected < (judged * 19) / 20,
    `the sample is lopsided: ${selected} of ${judged}`,
  );
});

test('R-163[policy,postgres] for random policies and rows with nulls, PostgreSQL selects exactly what decide permits', async (t) => {
  const postgres = await availablePostgres('fast');
  if ('missing' in postgres) return t.skip(postgres.missing);
  const client = new Client({ connectionString: await postgres.cluster.database() });
  await client.connect();
  try {
    const options = `provider = icu, locale = 'und-u-ks-level2', deterministic = false`;
    await client.query(`CREATE COLLATION any_case (${options})`);
    await client.query(`CREATE TEMPORARY TABLE thing (${columns('COLLATE any_case', 'BIGINT', 'BOOLEAN')})`);
    const property = fc.asyncProperty(sample, async ({ policy, asking, rows }) => {
      const { sql, parameters } = policy.filter(asking, { dialect: 'postgres', firstParameter: 2 });
      // Named as the columns are, so that the rows come in as one parameter.
      const sent = rows.map(({ a, f, ...row }) => ({ ...row, 'A "quoted" column': a, select: f }));
      await client.query('DELETE FROM thing');
      const insert = 'INSERT INTO thing SELECT * FROM json_populate_recordset(NULL::thing, $1)';
      await client.query(insert, [JSON.stringify(sent)]);
      const { rows: answers } = await client.query<{ key: number; verdict: boolean | null }>(
        `SELECT key, ${sql} AS verdict FROM thing WHERE key >= $1 ORDER BY key`,
        [0, ...parameters],
      );
      assert.ok(
        answers.every(({ verdict }) => verdict !== null),
        'a filter is two-valued',
      );
      assert.deepEqual(
        answers.filter(({ verdict }) => verdict).map(({ key }) => key),
        permittedKeys(policy, asking, rows),
      );
    });
    await fc.assert(property, { numRuns: 500 });
  } finally {
    await client.end();
    await postgres.cluster.close();
  }
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
