/** Breaks of GraphQL behind the guard. */
import type { Break, Line } from './protocol-mutants.ts';

const folder = 'packages/guard/src/graphql';

function at(file: string, lines: readonly Line[], tests: readonly string[] = ['graphql.test.ts']): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${folder}/${file}`,
    breaks,
    find,
    replace,
    tests: tests.map((test) => `${folder}/${test}`),
  }));
}

export const graphqlMutants: readonly Break[] = [
  ...at('enforce.ts', [
    [
      'S-64',
      'an object that no rule decided on is shown',
      'if (!operation.isAdmitted(source, type.name))',
      'if (false)',
    ],
    ['R-199', 'a field is shown whoever asks', 'if (hidden !== undefined)', 'if (false)'],
    [
      'R-163',
      'an object by id is not decided on',
      'if (refusal === undefined) operation.admit(value, name);\n    return refusal === undefined',
      'operation.admit(value, name);\n    return true',
    ],
    [
      'R-199',
      'a list of others is cut short in silence',
      "if (isListed) refuse('server_error'",
      "if (false) refuse('server_error'",
    ],
    ['R-199', 'events of others are told as such', 'operation.isEventDenied = true;', ''],
    [
      'R-163',
      'a mutation needs no object',
      'operation.requireObject(only, object, showing(visit.place.table, only));',
      '',
    ],
    [
      'R-199',
      'a mutation writes any field',
      "if (typeof writes === 'function') operation.requireWritable(only, object, writes(args));",
      '',
    ],
    [
      'R-202',
      'what a resolver throws is told',
      'throw masked(visit.operation.refuseAt(pathOf(visit.info.path), error));',
      'throw error;',
    ],
    ['R-196', 'a list is as long as its resolver makes it', 'if (items.length > size)', 'if (false)'],
    [
      'R-197',
      'a refused root field runs beside others',
      'if (refusal !== undefined) throw refusal;\n    return;',
      'return;',
    ],
    [
      'R-163',
      'a union is taken for its first member',
      "typeof found === 'string' ? found :",
      "typeof found === 'string' ? 'Member' :",
    ],
  ]),
  ...at('document.ts', [
    ['R-198', 'introspection is answered', 'if (!isVisible) refuseIntrospection(document);', ''],
    [
      'R-198',
      'validation suggests names',
      "message: isVisible ? error.message : 'is wrong here (line:column)'",
      'message: error.message',
    ],
    ['R-196', 'tokens are not counted', 'requireTokens(text, bounds);', ''],
    ['R-196', 'the shape is not measured', 'requireShape(document, bounds);', ''],
    ['R-196', 'cost is not counted', "requireWithin(bounds, 'cost', costOf(", 'void (costOf('],
    ['R-197', 'root fields are not bounded', "requireWithin(bounds, 'rootFields', rootFields.length);", ''],
    ['R-197', 'root fields in fragments are not seen', 'if (set !== undefined) collect(set);', ''],
  ]),
  ...at('bounds.ts', [
    [
      'R-196',
      'depth ends at a fragment',
      'if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);',
      'if (selection.kind === Kind.FRAGMENT_SPREAD) return nothing;',
    ],
    ['R-196', 'aliases are free', 'if (selection.alias !== undefined || keys.has(key)) found.aliases += 1;', ''],
    ['R-196', 'directives are free', 'Directive: () => void (found.directives += 1),', ''],
    [
      'S-61',
      'depth is not bounded',
      "requireWithin(bounds, 'depth', measure(definition.selectionSet).depth);",
      'measure(definition.selectionSet);',
    ],
  ]),
  ...at('cost.ts', [
    ['S-61', 'a list costs as one object', 'own + size * inner', 'own + inner'],
    ['R-196', 'a negative number is a size', 'value >= 0 && value <= size.max', 'value <= size.max'],
    [
      'R-196',
      'a default of a variable is not looked at',
      'return value.kind === Kind.INT ? Number(value.value) : null;\n}',
      'return undefined;\n}',
    ],
  ]),
  ...at('run.ts', [
    ['S-63', 'a request counts once', 'if (!isFirst) await takeAddress(limiter);', ''],
    [
      'R-197',
      'what nobody signed for is not counted',
      'await takeStranger(limiter, limit);',
      'await Promise.resolve();',
    ],
    [
      'R-171',
      'an open stream is not looked at again',
      'const access = await exchange.readAccess();\n  operation',
      'const access = operation.asker().access;\n  operation',
    ],
    [
      'R-171',
      'a lost caller keeps the stream',
      'caller: await exchange.findCaller(access) });\n}',
      'caller: operation.asker().caller });\n}',
    ],
    ['R-168', 'functions are not asked', 'operation.requireFunction(asked);', ''],
  ]),
  ...at(
    'run.ts',
    [['R-200', 'a mutation comes by GET', "if (request.method !== 'POST' &&", 'if (false &&']],
    ['listed.test.ts'],
  ),
  ...at('stream.ts', [['R-171', 'nobody asks again', 'if (refusal !== undefined) return refuseAll(refusal);', '']]),
  ...at('request.ts', [
    [
      'S-63',
      'a batch of one passes where there are none',
      'if (bounds.batch === 1 || value.length === 0)',
      'if (value.length === 0)',
    ],
  ]),
  ...at(
    'request.ts',
    [
      [
        'R-200',
        'a HEAD is read as a POST',
        "if (exchange.request.method !== 'POST')",
        "if (exchange.request.method === 'GET')",
      ],
    ],
    ['listed.test.ts'],
  ),
  ...at(
    'listed.ts',
    [
      ['R-201', 'a hash vouches for any text', 'hash !== undefined && hashOf(text) !== hash', 'false'],
      [
        'R-201',
        'every text runs',
        'if (text !== undefined && listed?.only !== true) return text;',
        'if (text !== undefined) return text;',
      ],
      [
        'R-201',
        'a list is believed at the start',
        "typeof text !== 'string' || hashOf(text) !== hash",
        "typeof text !== 'string'",
      ],
    ],
    ['listed.test.ts'],
  ),
  ...at(
    'coverage.ts',
    [
      [
        'R-162',
        'a type without a rule is served',
        "if (resource === undefined) return ['the type has no rule: { resource: … }, or { plain: … }'];",
        'if (resource === undefined) return [];',
      ],
      [
        'R-162',
        'a field without a rule is served',
        'const missing = isRoot || behind.length > 0 ?',
        'const missing = false ?',
      ],
      [
        'S-64',
        'a field that no resource has is served',
        'return `${resource} has no field of this name: say what it reads, or why it is public`;',
        'return undefined;',
      ],
    ],
    ['coverage.test.ts'],
  ),
  ...at(
    'enforce.ts',
    [
      [
        'R-199',
        'a step of a flow can be taken by GraphQL at any time',
        'const value = isHeld ?',
        'const value = false ?',
      ],
    ],
    ['held.test.ts'],
  ),
  {
    row: 'R-198',
    file: 'packages/guard/src/production.ts',
    breaks: 'a schema is shown in production',
    find: "route.kind === 'operations' ?",
    replace: 'false ?',
    tests: [`${folder}/held.test.ts`],
  },
  ...at('run.ts', [
    [
      'I-7',
      'an operation that fails has no event',
      "return endRefused(error instanceof Refusal ? error : new Refusal('server_error'), trace, exchange);",
      'throw error;',
    ],
  ]),
  ...at('stream.ts', [
    [
      'R-183',
      'what fails in a stream is left to nobody',
      'work.then(undefined, (error: unknown) => refuseAll(deps.failed(error)));',
      'void work;',
    ],
  ]),
];
