import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import { availablePostgres } from '@castellan/testkit';
import * as fc from 'fast-check';
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import { Client } from 'pg';
import { absent, always, eq, or, some, within } from './condition.ts';
import type { FilterOptions } from './filter.ts';
import { definePolicy } from './policy.ts';
import { permittedKeys, type Sample, sample, type Thing, words } from './testing/random-policy.ts';

/** Column types of a dialect; the texts ignore letter case, on purpose: equality in a policy is byte for byte. */
interface Types {
  readonly text: string;
  readonly integer: string;
  readonly flag: string;
}

function createTables({ text, integer, flag }: Types, how: string, end = ''): readonly string[] {
  return [
    `${how} thing (key INTEGER, group_key INTEGER, "A ""quoted"" column" ${text}, b ${text}, n ${integer}, m ${integer},
      "select" ${flag}, g ${flag}) ${end}`,
    `${how} "group" (key INTEGER, a ${text}, n ${integer}, f ${flag}) ${end}`,
    `${how} tags ("thingKey" INTEGER, a ${text}, n ${integer}) ${end}`,
  ];
}

/** The rows of the three tables, named as their columns are. */
function rowsOf(objects: readonly Thing[]): Readonly<Record<string, readonly object[]>> {
  const found = objects.flatMap(({ group }) => (group === null ? [] : [group]));
  return {
    thing: objects.map(({ key, groupKey, a, b, n, m, f, g }) => ({
      key,
      b,
      n,
      m,
      g,
      group_key: groupKey,
      'A "quoted" column': a,
      select: f,
    })),
    group: [...new Map(found.map((group) => [group.key, group])).values()],
    tags: objects.flatMap(({ tags }) => tags),
  };
}

const nora = { kind: 'person', id: 'nora', tenant: 't', team: null, teams: [], level: null, staff: null } as const;
const asNora = { principal: nora, scopes: [], action: 'thing.list', context: { place: null } } as const;

const mine = definePolicy(words, ({ permit }) => [
  permit('mine', {
    who: 'person',
    on: 'thing',
    may: ['list'],
    scopes: [],
    when: ({ principal, resource }) => eq(resource.b, principal.id),
  }),
]);

test('R-163[policy,sqlite] for random policies and rows with nulls, the filter selects exactly what decide permits', () => {
  const database = new DatabaseSync(':memory:');
  const types = { text: 'TEXT COLLATE NOCASE', integer: 'INTEGER', flag: 'INTEGER' };
  for (const statement of createTables(types, 'CREATE TABLE', 'STRICT')) database.exec(statement);
  const stored = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value) as SQLInputValue;
  const store = (objects: readonly Thing[]): void => {
    for (const [table, rows] of Object.entries(rowsOf(objects))) {
      database.exec(`DELETE FROM "${table}"`);
      for (const row of rows) {
        const names = Object.keys(row).map((name) => `"${name.replaceAll('"', '""')}"`);
        const places = names.map(() => '?');
        database
          .prepare(`INSERT INTO "${table}" (${names.join()}) VALUES (${places.join()})`)
          .run(...Object.values(row).map(stored));
      }
    }
  };
  let selected = 0;
  let judged = 0;
  const property = fc.property(sample, ({ policy, asking, objects }) => {
    const expected = permittedKeys({ policy, asking, objects });
    const { sql, parameters } = policy.filter(asking, { dialect: 'sqlite' });
    store(objects);
    const query = database.prepare(`SELECT key, ${sql} AS verdict FROM thing ORDER BY key`);
    const answers = query.all(...(parameters as SQLInputValue[]));
    for (const { verdict } of answers) assert.ok(verdict === 0 || verdict === 1, 'a filter is two-valued');
    assert.deepEqual(
      answers.filter(({ verdict }) => verdict === 1).map(({ key }) => key),
      expected,
    );
    const inMemory = objects.filter(policy.predicate(asking)).map(({ key }) => key);
    assert.deepEqual(inMemory, expected, 'the predicate for arrays agrees');
    const one = objects.map((resource) => policy.decide({ ...asking, resource }));
    assert.deepEqual(objects.map(policy.decider(asking)), one, 'for many objects it is the same decision');
    const possible = policy.foresee(asking).effect === 'permit';
    assert.ok(possible || expected.length === 0, 'what is not foreseen is never permitted');
    selected += expected.length;
    judged += objects.length;
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
    const types = { text: 'TEXT COLLATE any_case', integer: 'BIGINT', flag: 'BOOLEAN' };
    for (const statement of createTables(types, 'CREATE TEMPORARY TABLE')) await client.query(statement);
    await fc.assert(
      fc.asyncProperty(sample, (tried) => agreesOnPostgres(client, tried)),
      { numRuns: 500 },
    );
  } finally {
    await client.end();
    await postgres.cluster.close();
  }
});

async function agreesOnPostgres(client: Client, { policy, asking, objects }: Sample): Promise<void> {
  const { sql, parameters } = policy.filter(asking, { dialect: 'postgres', firstParameter: 2, table: 't' });
  const rows = Object.entries(rowsOf(objects));
  await client.query(rows.map(([table]) => `DELETE FROM "${table}"`).join(';'));
  const inserts = rows.map(
    ([table], index) => `i${index} AS (INSERT INTO "${table}"
      SELECT * FROM json_populate_recordset(NULL::"${table}", $${index + 1}))`,
  );
  await client.query(
    `WITH ${inserts.join()} SELECT`,
    rows.map(([, stored]) => JSON.stringify(stored)),
  );
  const { rows: answers } = await client.query<{ key: number; verdict: boolean | null }>(
    `SELECT key, ${sql} AS verdict FROM thing AS t WHERE key >= $1 ORDER BY key`,
    [0, ...parameters],
  );
  assert.ok(
    answers.every(({ verdict }) => verdict !== null),
    'a filter is two-valued',
  );
  assert.deepEqual(
    answers.filter(({ verdict }) => verdict).map(({ key }) => key),
    permittedKeys({ policy, asking, objects }),
  );
}

test('R-163[policy] R-182[policy] an expression for Kysely is the same condition, and its values stay parameters', () => {
  const policy = definePolicy(words, ({ permit }) => [
    permit('mine-or-of-my-team', {
      who: 'person',
      on: 'thing',
      may: ['list'],
      scopes: [],
      when: ({ principal, resource }) =>
        or(
          eq(resource.a, principal.id),
          some(resource.tags, (tag) => within(tag.a, principal.teams)),
        ),
    }),
  ]);
  const principal = { kind: 'person', id: "o'nora", tenant: 't', team: null, level: null, staff: null } as const;
  const asking = { principal: { ...principal, teams: ['red'] }, scopes: [], action: 'thing.list' } as const;
  const request = { ...asking, context: { place: null } } as const;
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const isLite = dialect === 'sqlite';
    const kysely = new Kysely<{ thing: { key: number } }>({
      dialect: {
        createAdapter: () => (isLite ? new SqliteAdapter() : new PostgresAdapter()),
        createDriver: () => new DummyDriver(),
        createIntrospector: () => assert.fail(),
        createQueryCompiler: () => (isLite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
      },
    });
    const query = kysely
      .selectFrom('thing')
      .select('key')
      .where('key', '>', 17)
      .where(policy.where(request, { dialect, sql: sql<boolean> }))
      .compile();
    assert.doesNotMatch(query.sql, /nora|red/);
    assert.equal(query.parameters[0], 17);
    assert.ok(query.parameters.includes("o'nora") && query.parameters.includes('["red"]'));
    if (isLite) assert.ok(query.sql.endsWith(policy.filter(request, { dialect }).sql));
    else assert.match(query.sql, /"A ""quoted"" column" = \$2 AND/);
  }
});

test('R-163[policy] R-182[policy] what others asked before changes no filter: not who, not with what scopes, not in which way', () => {
  const ways: readonly FilterOptions[] = [
    { dialect: 'sqlite' },
    { dialect: 'sqlite', table: 't' },
    { dialect: 'postgres', firstParameter: 3 },
    { dialect: 'postgres', table: 't' },
  ];
  const asked = fc.tuple(sample, fc.constantFrom(...ways));
  let repeated = 0;
  const property = fc.property(sample, fc.array(asked, { minLength: 4, maxLength: 12 }), ({ policy }, requests) => {
    const texts = new Set<string>();
    for (const [{ asking }, way] of requests) {
      const fresh = definePolicy(policy.vocabulary, () => policy.rules);
      const filter = policy.filter(asking, way);
      assert.deepEqual(filter, fresh.filter(asking, way));
      const sql = (text: TemplateStringsArray, ...values: readonly unknown[]) => ({ text: [...text], values });
      assert.deepEqual(policy.where(asking, { ...way, sql }), fresh.where(asking, { ...way, sql }));
      if (filter.parameters.length > 0) repeated += texts.has(filter.sql) ? 1 : 0;
      texts.add(filter.sql);
      (filter.parameters as unknown[]).fill('spoilt').push('more');
    }
  });
  fc.assert(property, { numRuns: 1000 });
  assert.ok(repeated > 100, `only ${repeated} filters were asked for again`);
});

test('R-163[policy] scopes that are others at each look give nobody a filter of more than their own', () => {
  const permits = ['read', 'write'].map((scope) => ({ scope, team: scope === 'read' ? 'red' : 'blue' }));
  const policy = definePolicy(words, ({ permit }) =>
    permits.map(({ scope, team }) =>
      permit(`may-${scope}`, {
        who: 'person',
        on: 'thing',
        may: ['list'],
        scopes: [scope],
        when: ({ resource }) => eq(resource.b, team),
      }),
    ),
  );
  for (const firstLooks of [1, 2, 3]) {
    let looks = 0;
    const scopes = Object.assign(['read'], { includes: () => (looks += 1) > firstLooks });
    policy.filter({ ...asNora, scopes }, { dialect: 'sqlite' });
  }
  const filters = [[], ['read'], ['write']].map((scopes) =>
    policy.filter({ ...asNora, scopes }, { dialect: 'sqlite' }),
  );
  assert.deepEqual(
    filters.map(({ parameters }) => parameters),
    [[], ['red'], ['blue']],
  );
  assert.equal(filters[0]?.sql, '(FALSE)');
});

test('R-163[policy] more ways of writing a filter than are kept each have their own', () => {
  for (let index = 0; index < 1000; index += 1) {
    const table = `t${index % 450}`;
    const { sql, parameters } = mine.filter(asNora, { dialect: 'sqlite', table });
    assert.equal(sql, `((("${table}"."b" IS NOT NULL AND "${table}"."b" COLLATE BINARY = ?)))`);
    assert.deepEqual(parameters, ['nora']);
  }
});

test('R-163[policy] a tag that changes the text it was handed changes no expression after it', () => {
  const expression = (spoil: (list: unknown) => void): string =>
    mine.where(asNora, {
      dialect: 'sqlite',
      sql: (text: TemplateStringsArray, ...values: readonly unknown[]) => {
        const said = `${text.join('?')} ${text.raw.join('?')} ${values.join()}`;
        for (const list of [text, text.raw]) spoil(list);
        return said;
      },
    });
  const before = expression((list) => (list as string[]).fill('TRUE'));
  assert.equal(
    expression(() => {}),
    before,
  );
  assert.match(before, /"b" COLLATE BINARY = \?/);
});

test('R-172[policy] in the predicate of a write, what was permitted a moment ago changes nothing any more', () => {
  const database = new DatabaseSync(':memory:');
  database.exec("CREATE TABLE thing (key INTEGER, b TEXT, n INTEGER) STRICT; INSERT INTO thing VALUES (1, 'nora', 0)");
  const { sql, parameters } = mine.filter(asNora, { dialect: 'sqlite' });
  const update = database.prepare(`UPDATE thing SET n = n + 1 WHERE key = 1 AND ${sql}`);
  assert.equal(update.run(...(parameters as SQLInputValue[])).changes, 1);
  database.exec("UPDATE thing SET b = 'theo'");
  assert.equal(update.run(...(parameters as SQLInputValue[])).changes, 0, 'it has another owner now');
  database.close();
});

test('R-163[policy] nothing is in an empty list, which is known before any row is read', () => {
  const policy = definePolicy(words, ({ permit }) => [
    permit('of-my-teams', {
      who: 'person',
      on: 'thing',
      may: ['list'],
      scopes: [],
      when: ({ principal, resource }) => within(resource.a, principal.teams),
    }),
  ]);
  assert.deepEqual(policy.filter(asNora, { dialect: 'sqlite' }), { sql: '(FALSE)', parameters: [] });
  assert.equal(policy.foresee(asNora).effect, 'deny');
  const inTeam = { ...asNora, principal: { ...nora, teams: ['red'] } };
  assert.deepEqual(policy.filter(inTeam, { dialect: 'sqlite' }).parameters, ['["red"]']);
  assert.equal(policy.foresee(inTeam).effect, 'permit');
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
        or(
          eq(resource.a, principal.id),
          within(resource.a, principal.teams),
          eq(resource.n, principal.level),
          absent(resource.b),
        ),
    }),
  ]);
  const principal = { kind: 'person', id: 'a', tenant: 't', team: null, level: null, staff: null, teams: [] } as const;
  const request = { principal, scopes: [], action: 'thing.list', context: { place: null } } as const;
  assert.equal(policy.filter(request, { dialect: 'sqlite' }).sql, '(TRUE)');
  for (const change of [{ id: undefined }, { teams: [null] }, { level: 0.5 }, { kind: 'robot' }]) {
    const wrong = { ...request, principal: { ...principal, ...change } } as unknown as typeof request;
    const filter = policy.filter(wrong, { dialect: 'postgres' });
    assert.deepEqual(filter, { sql: '(FALSE)', parameters: [] });
    // What a caller does with its parameters is its own affair.
    (filter.parameters as unknown[]).push('spoilt');
  }
});
