/** Breaks of the policy engine. */
import type { Break, Line } from './protocol-mutants.ts';

/** Breaks of one file, which the named tests must notice. */
function of(file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] {
  const place = (name: string): string => `packages/policy/src/${name}`;
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: place(file),
    breaks,
    find,
    replace,
    tests: tests.map(place),
  }));
}

export const policyMutants: readonly Break[] = [
  ...of(
    'decide.ts',
    ['policy.test.ts', 'decide.test.ts'],
    [
      ['R-167', 'a forbid does not win', 'if (outcome !== forbidding.none) return outcome.value;', ''],
      ['R-167', 'scopes are not asked for', 'if (!scopes.includes(needed[index] as string)) return false;', ''],
      [
        'R-170',
        'what cannot be read is judged all the same',
        'fill(plan, values, request) ?',
        'fill(plan, values, request) || true ?',
      ],
      [
        'R-170',
        'without an object only the rest is asked',
        'if (!isObject(request.resource)) return',
        'if (false) return',
      ],
      ['R-162', 'what no rule permits is permitted', '?? denial)', "?? { ...denial, effect: 'permit' })"],
    ],
  ),
  ...of(
    'rule.ts',
    ['policy.test.ts'],
    [
      ['R-168', 'a rule is for every kind of principal', ': rule.who === kind;', ': true;'],
      ['R-169', 'a permit reaches every tenant', "if (tenant === undefined || rule.effect === 'forbid')", 'if (true)'],
    ],
  ),
  ...of(
    'slots.ts',
    ['policy.test.ts'],
    [
      [
        'R-170',
        'a field that was not loaded passes',
        'fits ? value : take(slot, value);\n    if (taken === undefined) return false;',
        'fits ? value : take(slot, value);',
      ],
      [
        'R-170',
        'an attribute that is missing passes',
        ' : value);\n    if (taken === undefined) return false;',
        ' : value);',
      ],
      ['R-170', 'values of any type pass', 'Number.isSafeInteger(value) ? value', 'true ? value'],
      ['R-170', 'what every object inherits is taken for its own', 'for (const _ in nothing)', 'for (const _ of [])'],
      ['R-170', 'objects of a relation are not read', 'taken.includes(undefined) ? undefined', 'false ? undefined'],
    ],
  ),
  ...of(
    'compile.ts',
    ['policy.test.ts', 'filter.test.ts'],
    [
      ['R-170', 'two nulls are equal', 'if (left === null || right === null) return false;', ''],
      [
        'R-163',
        'whether something is in an empty list is asked of the rows',
        '?.length === 0 ? false : undefined',
        ' && undefined',
      ],
      ['R-163', 'the first part decides every and', 'if (one === decisive) return decisive;', 'return one;'],
      [
        'R-163',
        'a relation is one of the first object only',
        'return objects.some(',
        'return objects.slice(0, 1).some(',
      ],
    ],
  ),
  ...of(
    'filter.ts',
    ['filter.test.ts'],
    [
      ['R-163', 'who has other scopes is given the same filter', 'step = stepAfter(step, isCarried);', ''],
      [
        'R-163',
        'what a permit asks of the asker is not looked at again',
        'if (isCarried) step = stepAfterAll',
        'if (false) stepAfterAll',
      ],
      ['R-163', 'what a forbid asks of the asker is not looked at again', 'of plan.forbids) step =', 'of []) step ='],
      ['R-163', 'the columns are those of the first alias', '`${dialect} ${table}`', 'dialect'],
      ['R-163', 'scopes are looked at a second time', 'scopes: [...scopes] }', 'scopes }'],
      [
        'R-163',
        'all who may see nothing share one list',
        'template: nothing, values: []',
        'template: nothing, values: nothing.places as []',
      ],
      ['R-163', 'the filter forgets what is forbidden', 'writeAny(plan.forbids, writer)', 'false'],
      ['R-163', 'every place in the text has the first parameter', '=> Number(number));', '=> 0);'],
      ['R-163', 'a tag that changes its text changes that of the next', '{ raw: [...pieces] }', '{ raw: pieces }'],
      ['R-163', 'the filter forgets scopes', '.filter((one) => carries(scopes, one.rule.scopes))', ''],
      [
        'R-163',
        'an expression for Kysely holds values in its text',
        'Object.assign([...pieces], { raw: [...pieces] }), ...inOrder(numbers, values)',
        'Object.assign([pieces.join(String(values))], { raw: pieces })',
      ],
    ],
  ),
  ...of(
    'sql.ts',
    ['filter.test.ts'],
    [
      ['R-163', 'texts are compared as the column likes', ' COLLATE BINARY = ${two}`', ' = ${two}`'],
      ['R-163', 'PostgreSQL compares texts as the column likes', ' AND ${one} COLLATE "C" = ${two}', ''],
      [
        'R-163',
        'a negation of null is null',
        '(${one} IS NOT NULL AND ${equals([one, value]',
        '(${equals([one, value]',
      ],
      ['R-163', 'every related row of everybody counts', 'WHERE ${joined} AND ${inner}', 'WHERE ${inner}'],
      [
        'R-163',
        'a column is taken for that of the related row',
        "prefix === '' ? `${quote(name)}.` : prefix",
        'prefix',
      ],
    ],
  ),
  ...of(
    'fields.ts',
    ['policy.test.ts'],
    [
      ['R-166', 'a forbid hides no field', 'opening.also(open, permits.length + place)', 'open'],
      ['R-166', 'fields are open whatever the object', 'holds(when, values) === true && ', ''],
      ['R-166', 'fields are open without the scope', ' && carries(scopes, rule.scopes)', ''],
    ],
  ),
  ...of(
    'plan.ts',
    ['policy.test.ts'],
    [['S-84', 'any action writes what one may', ' || rule.may.includes(verb))', ' || verb)']],
  ),
  ...of(
    'analysis/faults.ts',
    ['analysis/matrix.test.ts'],
    [
      ['R-174', 'nobody forgets a rule', "{ words: 'is missing', rules: [] },", ''],
      ['R-174', 'no condition is left out', '...conditionChanges(rule),', ''],
      ['R-174', 'no scope is left out', "...listChanges(rule, 'scopes', rule.scopes),", ''],
    ],
  ),
  ...of(
    'analysis/solve.ts',
    ['analysis/solve.test.ts', 'analysis/findings.test.ts'],
    [
      ['R-174', 'a value is equal to two literals', 'groupOf(atom.right) !== JSON.stringify(atom.right)', 'false'],
      ['R-174', 'a value is in a list and not in it', 'if (members.get(key) === !holds) return false;', ''],
      ['R-174', 'only one answer is tried', 'for (const holds of [wanted, !wanted])', 'for (const holds of [wanted])'],
    ],
  ),
];
