/**
 * For tests: random policies over objects with nulls, relations and tenants, and who asks about them.
 *
 * Few values, so that they often meet; texts that collations confuse and quotes break.
 */
import * as fc from 'fast-check';
import { always, and, type Condition, not, type Operand, or } from '../condition.ts';
import { definePolicy, type Policy } from '../policy.ts';
import type { Rule } from '../rule.ts';

export const words = {
  principals: {
    person: { id: 'text', tenant: 'text', team: 'text?', level: 'integer?', staff: 'flag?', teams: 'texts' },
    client: { id: 'text', tenant: 'text' },
  },
  resources: {
    thing: {
      fields: {
        key: 'integer',
        groupKey: 'integer?',
        a: 'text?',
        b: 'text?',
        n: 'integer?',
        m: 'integer?',
        f: 'flag?',
        g: 'flag?',
      },
      actions: ['list'],
      columns: { a: 'A "quoted" column', f: 'select', groupKey: 'group_key' },
      relations: {
        group: { to: 'group', join: ['groupKey', 'key'], many: false },
        tags: { to: 'tag', join: ['key', 'thingKey'], many: true },
      },
    },
    // A reserved word, and a column that the thing has too.
    group: { fields: { key: 'integer', a: 'text?', n: 'integer?', f: 'flag?' }, actions: [] },
    tag: { fields: { thingKey: 'integer', a: 'text?', n: 'integer?' }, actions: [], table: 'tags' },
  },
  context: { place: 'text?' },
} as const;

type Words = typeof words;
export type Thing = Parameters<Policy<Words>['decide']>[0]['resource'];
type Asking = Parameters<Policy<Words>['filter']>[0];

const { thing } = words.resources;
const tenantWords: Words = {
  ...words,
  resources: { ...words.resources, thing: { ...thing, tenant: 'b' } as typeof thing },
};

const texts = ['', 'a', 'A', 'ä', 'a\u0308', "'", '"', '%', 'a ', '0', '😀'];
const integers = [0, 1, -1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const text = fc.constantFrom(...texts);
const integer = fc.constantFrom(...integers);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null, freq: 3 });

const groups = fc.tuple(
  ...[0, 1, 2].map((key) =>
    fc.record({ key: fc.constant(key), a: orNull(text), n: orNull(integer), f: orNull(fc.boolean()) }),
  ),
);
const things = fc.array(
  fc.record({
    // A key that leads nowhere, too.
    groupKey: orNull(fc.constantFrom(0, 1, 2, 3)),
    a: orNull(text),
    b: orNull(text),
    n: orNull(integer),
    m: orNull(integer),
    f: orNull(fc.boolean()),
    g: orNull(fc.boolean()),
    tags: fc.array(fc.record({ a: orNull(text), n: orNull(integer) }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 12 },
);

const objects = fc.tuple(groups, things).map(([known, rows]) =>
  rows.map(
    (row, key): Thing => ({
      key,
      ...row,
      group: known.find((group) => group.key === row.groupKey) ?? null,
      tags: row.tags.map((tag) => ({ thingKey: key, ...tag })),
    }),
  ),
);

const principal = fc.record({
  kind: fc.constant('person' as const),
  id: text,
  tenant: fc.constantFrom('a', 'A'),
  team: orNull(text),
  level: orNull(integer),
  staff: orNull(fc.boolean()),
  teams: fc.array(text, { maxLength: 3 }),
});

const term = (from: 'resource' | 'principal' | 'context' | 'related', ...names: string[]) =>
  fc.constantFrom(...names.map((name): Operand => ({ from, name })));
const literal = (value: fc.Arbitrary<string | number | boolean | string[] | number[]>) =>
  value.map((one): Operand => ({ from: 'literal', value: one }));

/** Conditions about the operands; `some` where relations are known. */
function conditions(
  related: Readonly<Record<'text' | 'integer' | 'flag', readonly fc.Arbitrary<Operand>[]>>,
  some: readonly fc.Arbitrary<Condition>[],
): fc.Arbitrary<Condition> {
  const texts = fc.oneof(
    term('resource', 'a', 'b'),
    term('principal', 'id', 'team'),
    term('context', 'place'),
    literal(text),
    ...related.text,
  );
  const numbers = fc.oneof(
    term('resource', 'n', 'm'),
    term('principal', 'level'),
    literal(integer),
    ...related.integer,
  );
  const flags = fc.oneof(
    term('resource', 'f', 'g'),
    term('principal', 'staff'),
    literal(fc.boolean()),
    ...related.flag,
  );
  const textLists = fc.oneof(term('principal', 'teams'), literal(fc.array(text, { maxLength: 3 })));
  const integerLists = literal(fc.array(integer, { maxLength: 3 }));
  const pair = (one: fc.Arbitrary<Operand>): fc.Arbitrary<Condition> =>
    fc.tuple(one, one).map(([left, right]) => ({ op: 'eq', left, right }));
  const member = (one: fc.Arbitrary<Operand>, of: fc.Arbitrary<Operand>): fc.Arbitrary<Condition> =>
    fc.tuple(one, of).map(([item, list]) => ({ op: 'in', item, list }));
  return fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant(always),
      pair(texts),
      pair(numbers),
      pair(flags),
      member(texts, textLists),
      member(numbers, integerLists),
      fc.oneof(texts, numbers, flags, textLists).map((of): Condition => ({ op: 'absent', of })),
      ...some,
      tie('condition').map(not),
      fc.array(tie('condition'), { maxLength: 3 }).map((of) => and(...of)),
      fc.array(tie('condition'), { maxLength: 3 }).map((of) => or(...of)),
    ),
  })).condition;
}

const ofGroup = { text: [term('related', 'a')], integer: [term('related', 'n')], flag: [term('related', 'f')] };
const ofTag = { ...ofGroup, flag: [] };
const someOf = (relation: string, of: typeof ofGroup | typeof ofTag): fc.Arbitrary<Condition> =>
  conditions(of, []).map((condition) => ({ op: 'some', relation, of: condition }));

const rule = fc.record({
  effect: fc.constantFrom('permit' as const, 'permit' as const, 'forbid' as const),
  who: fc.constantFrom('person', 'person', 'person', 'client'),
  scopes: fc.constantFrom<readonly string[]>([], ['read'], ['admin']),
  when: conditions({ text: [], integer: [], flag: [] }, [someOf('group', ofGroup), someOf('tags', ofTag)]),
});

const policy = fc.tuple(fc.array(rule, { maxLength: 4 }), fc.constantFrom(words, words, tenantWords)).map(
  ([rules, vocabulary]): Policy<Words> =>
    definePolicy(vocabulary, () =>
      rules.map(
        (one, index): Rule => ({
          ...one,
          // A client has none of the attributes that the random conditions name.
          when: one.who === 'client' ? always : one.when,
          id: `rule-${index}`,
          on: 'thing',
          may: ['list'],
          scopes: one.effect === 'permit' ? one.scopes : [],
          reads: [],
          writes: [],
        }),
      ),
    ),
);

/** One try: a policy, who asks, and objects that are judged one by one and selected all at once. */
export interface Sample {
  readonly policy: Policy<Words>;
  readonly asking: Asking;
  readonly objects: readonly Thing[];
}

export const sample: fc.Arbitrary<Sample> = fc.record({
  policy,
  asking: fc.record({
    principal,
    scopes: fc.constantFrom<readonly string[]>([], ['read'], ['read', 'admin']),
    action: fc.constant('thing.list' as const),
    context: fc.record({ place: orNull(text) }),
  }),
  objects,
});

/** What the policy permits when it is asked about each object. */
export function permittedKeys({ policy, asking, objects }: Sample): readonly number[] {
  return objects.flatMap((resource) =>
    policy.decide({ ...asking, resource }).effect === 'permit' ? [resource.key] : [],
  );
}
