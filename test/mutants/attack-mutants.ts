/** Breaks that were found by attacking the guard from outside its own tests. */
import type { Break, Line } from './protocol-mutants.ts';

const at = (file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] =>
  lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `packages/${file}`,
    breaks,
    find,
    replace,
    tests: tests.map((test) => `packages/${test}`),
  }));

const lists = ['guard/src/status-lists/status-lists.test.ts'];

const kits = ['guard/src/kit/guard-test.test.ts'];

export const attackMutants: readonly Break[] = [
  ...at('guard/src/status-lists/status-lists.ts', lists, [
    [
      'R-064',
      'a copy from before a restored backup is used',
      'made.epoch === feed.epoch && made.version >= feed.version',
      'made.version >= feed.version',
    ],
    ['R-064', 'a list of the last epoch replaces one of this', 'one.epoch < other.epoch || ', ''],
    [
      'R-064',
      'a bit is set in a list of wider statuses',
      'follows && (told.length === 0 || held.list.bits === 1)',
      'follows',
    ],
  ]),
  ...at('guard/src/status-lists/follow-feed.ts', lists, [
    ['R-180', 'a feed that ends at once is asked without a pause', '- begun >= soundAfter', '- begun >= 0'],
  ]),
  ...at('protocol/src/status-list.ts', lists, [
    ['R-064', 'an index is cut to 32 bits', 'Math.floor(index / 8)', 'index >> 3'],
  ]),
  ...at(
    'policy/src/slots.ts',
    ['policy/src/decide.test.ts'],
    [
      [
        'R-163',
        'a gap in a list is left out',
        'Array.isArray(value) && areTexts(value)',
        'Array.isArray(value) && value.every(portableText)',
      ],
      ['R-170', 'a decider follows what becomes of a list', '[...(value as readonly unknown[])]', 'value'],
    ],
  ),
  ...at(
    'guard/src/output.ts',
    ['guard/src/output.test.ts'],
    [
      [
        'R-163',
        'objects of another type leave unread',
        'return policy.readable({ ...asking, type, resource: row }).length > 0;',
        'return true;',
      ],
    ],
  ),
  ...at(
    'guard/src/graphql/run.ts',
    ['guard/src/graphql/graphql.test.ts'],
    [['R-197', 'each address of a network has streams of its own', 'addressBucket(address) :', 'address :']],
  ),
  ...at(
    'protocol/src/http/client-address.ts',
    ['protocol/src/http/client-address.test.ts'],
    [
      [
        'R-189',
        'everybody is a proxy',
        "'trusts every address: whoever sends a request could say which is its own'",
        'undefined',
      ],
    ],
  ),
  ...at(
    'limits/src/outage.ts',
    ['limits/src/outage.test.ts'],
    [
      [
        'R-192',
        'a store that never answered is never asked again',
        'if (!isLost || now < tryAgainAt)',
        'if (!isLost || isCrowded || now < tryAgainAt)',
      ],
      ['R-192', 'what was taken in a crowd is taken once more', 'apartAt = now;', ''],
    ],
  ),
  ...at(
    'guard/src/walk.ts',
    ['guard/src/walk.test.ts'],
    [['R-175', 'a step that failed is tried as fast as one likes', 'formatPlace({ ...place, takenAt: now })', 'from']],
  ),
  ...at('guard/src/kit/try.ts', kits, [
    [
      'S-108',
      'a refusal proves something where nobody is let in any more',
      'if (isKnown(last)) return results;',
      'return results;',
    ],
  ]),
  ...at('guard/src/kit/policy-cases.ts', kits, [
    [
      'S-108',
      'what cannot be read shows nothing',
      'return isJsonObject(value) ? Object.keys(value) : undefined;',
      'return isJsonObject(value) ? Object.keys(value) : [];',
    ],
  ]),
  ...at('guard/src/kit/target.ts', kits, [
    ['S-108', 'a path leads to another host', 'url.origin !== base.origin', 'false'],
  ]),
  ...at(
    'guard/src/pipeline.ts',
    ['guard/src/failures.test.ts'],
    [
      [
        'R-183',
        'what throws when it is asked what it is has no answer',
        '  } catch {\n    return false;\n  }',
        '  } finally {\n  }',
      ],
    ],
  ),
  ...at(
    'guard/src/limits.ts',
    ['guard/src/limits.test.ts'],
    [
      [
        'R-190',
        'a store that answers later is not waited for',
        'isLater(answer) ? settleLater(answer, limiter, limit)',
        'isLater(answer) ? answer.then((come) => settle(come, limiter, limit))',
      ],
    ],
  ),
  ...at(
    'guard/src/adapters/node.ts',
    ['guard/src/adapters/adapters.test.ts'],
    [
      [
        'R-183',
        'an answer that comes too late ends the process',
        '\n    .then(undefined, () => void message.response.destroy())',
        '',
      ],
      [
        'R-183',
        'an answer at once that comes too late ends the process',
        '  } catch {\n    response.destroy();\n  }',
        '  } finally {\n  }',
      ],
    ],
  ),
  ...at(
    'guard/src/output.ts',
    ['guard/src/guard.test.ts'],
    [['R-183', 'nothing to say is no answer', 'value ?? null', 'value']],
  ),
  ...at(
    'guard/src/graphql/enforce.ts',
    ['guard/src/graphql/graphql.test.ts'],
    [
      [
        'R-183',
        'an object that fails after its list was refused ends the process',
        'item.then(undefined, () => undefined)',
        'item satisfies object',
      ],
      [
        'R-199',
        'an object that comes later is taken for none',
        'after(value, (settled) => settleAs(type, settled, settling));',
        'value.then((settled) => settleAs(type, settled, settling));',
      ],
    ],
  ),
  ...at(
    'policy/src/decide.ts',
    ['policy/src/decide.test.ts'],
    [
      [
        'R-170',
        'a row that cannot be read is decided on for whoever asks by then',
        'decision ?? refused(...problemsIn(plan, { ...request, resource }))',
        'decision ?? decide(index, { ...request, resource })',
      ],
    ],
  ),
  ...at(
    'protocol/src/jose/jws.ts',
    ['protocol/src/jose/jws.test.ts'],
    [['R-149', 'what lies inside a header is handed out to many', ' && Object.values(header).every(isText)', '']],
  ),
];
