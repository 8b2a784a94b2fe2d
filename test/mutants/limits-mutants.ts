/** Breaks of the shared limit stores, of what holds without them, and of flows. */
import type { Break, Line } from './protocol-mutants.ts';

/** Breaks of one file, which the named tests must notice. */
function of(file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] {
  const place = (name: string): string => `packages/${name.replace('/', '/src/')}`;
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: place(file),
    breaks,
    find,
    replace,
    tests: tests.map(place),
  }));
}

const shared = ['limits/shared-stores.test.ts'];

export const limitsMutants: readonly Break[] = [
  ...of('limits/sql/table.ts', shared, [
    [
      'R-190',
      'the condition of a write forgets what was taken',
      'SET arrival = ${next} WHERE ${admits}',
      'SET arrival = ${next} WHERE TRUE',
    ],
    [
      'I-8',
      'a slow clock takes back what a fast one has set',
      'const beyond = full + mostSkew;',
      'const beyond = full;',
    ],
    ['R-190', 'a refused take locks its row', 'WHERE NOT EXISTS (${refused})', 'WHERE TRUE'],
    ['R-190', 'nothing is ever purged', 'purge: isDue() ? [nowMs - mostSkew] : undefined', 'purge: undefined'],
    ['I-8', 'a fast clock purges what a slow one counts on', '[nowMs - mostSkew]', '[nowMs]'],
    [
      'R-190',
      'a clock that went back locks out',
      '(arrival !== undefined && arrival > beyond ? [hashed, full] : undefined)',
      '(arrival === 0 ? [hashed, full] : undefined)',
    ],
  ]),
  ...of('limits/store-key.ts', shared, [
    [
      'R-190',
      'names stand in the store',
      "return hash('sha256', Buffer.from(`${namespace.length} ${namespace} ${key}`, 'utf16le'), 'base64url');",
      'return `${namespace.length} ${namespace} ${key}`;',
    ],
    ['R-190', 'two services can mean one key', '${namespace.length} ', ''],
    [
      'R-190',
      'halves of characters share a limit',
      "Buffer.from(`${namespace.length} ${namespace} ${key}`, 'utf16le')",
      '`${namespace.length} ${namespace} ${key}`',
    ],
  ]),
  ...of('limits/redis.ts', shared, [
    ['R-190', 'one more than the count is admitted', 'next - now <= period', 'base - now <= period'],
    [
      'I-8',
      'a slow clock takes back what a fast one has set',
      'local lowered = kept > full + skew',
      'local lowered = kept > full',
    ],
    [
      'I-8',
      'a key goes when the fastest clock is done with it',
      'local life = math.ceil(arrival - now) + skew',
      'local life = math.ceil(arrival - now) + 1',
    ],
  ]),
  ...of('limits/sql/sqlite.ts', shared, [
    ['R-190', 'each take waits for the disk', 'PRAGMA synchronous = NORMAL', 'PRAGMA synchronous = FULL'],
  ]),
  ...of('limits/sql/postgres.ts', shared, [
    ['R-190', 'a database that asks for another try is not given one', 'tries >= mostTries || ', 'tries >= 1 || '],
  ]),
  ...of(
    'limits/sql/postgres.ts',
    ['limits/sql/postgres.test.ts'],
    [
      ['R-190', 'a node that starts with another falls over it', ", '42P07', '42710'", ", '42P07'"],
      ['R-190', 'a store goes on without its table', 'if (!alreadyCreated.includes(codeOf(error))) throw error;', ''],
    ],
  ),
  ...of(
    'limits/outage.ts',
    ['limits/outage.test.ts', 'guard/limits.test.ts'],
    [
      [
        'R-192',
        'without its store nothing is limited',
        'health.lost(error, clock);\n        return local.take(key, limit, clock);',
        'health.lost(error, clock);\n        return { admitted: true, remaining: 1, retryAfter: 0 };',
      ],
      [
        'R-192',
        'what a store admitted does not count without it',
        'const here = own();',
        'const here = recent ? own() : take;',
      ],
      [
        'R-192',
        'a store that comes back empty gives everybody a second limit',
        'return recent && !here.admitted ? here : take;',
        'return take;',
      ],
      ['R-192', 'nobody stops waiting for a store', 'return await Promise.race([work, late]);', 'return await work;'],
      ['R-192', 'a lost store is asked by everybody', 'if (!isLost || now < tryAgainAt) {', 'if (!isLost) {'],
      ['R-192', 'takes that are never answered pile up', 'isCrowded ? longPause : pause', 'pause'],
      ['R-192', 'each failure is told', 'if (isLost) return;', ''],
    ],
  ),
  ...of(
    'guard/headers.ts',
    ['guard/transport.test.ts'],
    [['S-88', 'no browser is told to stay on https', 'if (https) headers', 'if (false) headers']],
  ),
  ...of(
    'guard/pipeline.ts',
    ['guard/transport.test.ts', 'guard/adapters/node-server.test.ts', 'guard/limits.test.ts'],
    [
      ['R-187', 'a token may come by http', 'checkTransport(request, machinery.transport);', ''],
      ['R-195', 'a body may take for ever', 'withDeadline(runtime, slowBody, reader(limit))', 'reader(limit)'],
    ],
  ),
  ...of(
    'guard/transport.ts',
    ['guard/transport.test.ts'],
    [
      [
        'R-187',
        'whoever says so came by https',
        'if (deps.isTrustedProxy(peer.address)) {',
        "if (headers['x-forwarded-proto'] !== undefined) {",
      ],
      [
        'R-187',
        'of several hops the first is believed',
        "said?.length === 1 && said[0]?.toLowerCase() === 'https'",
        "said?.[0]?.toLowerCase().startsWith('https')",
      ],
    ],
  ),
  ...of(
    'guard/output.ts',
    ['guard/cost.test.ts'],
    [
      [
        'R-194',
        'a list may be of any length',
        'if (result.length > most)',
        'if (result.length > Number.POSITIVE_INFINITY)',
      ],
    ],
  ),
  ...of(
    'guard/at-once.ts',
    ['guard/cost.test.ts'],
    [
      ['R-194', 'any number runs at once', 'if (before >= most)', 'if (before > 1e9)'],
      ['R-194', 'a failed one keeps its place', 'taken.set(route, (taken.get(route) ?? 1) - 1);', ''],
    ],
  ),
  ...of(
    'guard/production.ts',
    ['guard/production.test.ts'],
    [
      ['R-219', 'production takes http', '/^http:/i.test(url)', '/^ftp:/i.test(url)'],
      ['R-219', 'several nodes may count apart', "nodes === 'several' && store?.reach === 'node'", 'false'],
      ['R-219', 'production is what nobody said', 'if (production !== true) return [];', 'return [];'],
    ],
  ),
  ...of(
    'guard/walk.ts',
    ['guard/walk.test.ts'],
    [
      ['R-175', 'a step may be skipped', 'place.index !== step.index - 1', 'place.index >= step.index'],
      ['R-175', 'a step is open before the one before it is done', '!place.isDone || ', ''],
      ['R-175', 'a flow has no end', 'place.begunAt + step.within <= now', 'place.begunAt === now'],
      ['R-175', 'nobody is too fast', 'if (early > 0) {', 'if (early > 1e9) {'],
      ['R-175', 'a flow can be walked any number of times', 'if (step.isLast) await deps.takeQuota();', ''],
      [
        'R-175',
        'a step that failed counts as taken',
        'isDone ? claimed.finish() : claimed.giveBack()',
        'claimed.finish()',
      ],
      [
        'R-175',
        'two take one step',
        'if (!(await timely(store.swap(key, { from, to, life }, runtime))))',
        'if ((await timely(store.swap(key, { from, to, life }, runtime))) === undefined)',
      ],
      [
        'R-175',
        'all subjects walk together',
        '`${step.flow} ${access.issuer} ${access.subject}`',
        '`${step.flow} ${access.issuer}`',
      ],
      ['R-175', 'a first step that failed opens the second', 'index: -1 }', 'isDone: true }'],
    ],
  ),
  ...of(
    'limits/mark-store.ts',
    ['limits/mark-store.test.ts'],
    [
      ['R-175', 'a mark is replaced whatever it is', 'if (find(key, clock) !== from) return false;', ''],
      ['R-175', 'a mark is never over', 'kept.until > clock.monotonic()', 'kept.until > 0'],
    ],
  ),
  ...of(
    'limits/sql/mark-table.ts',
    ['limits/shared-stores.test.ts', 'limits/mark-store.test.ts'],
    [
      ['R-175', 'a mark in SQL is replaced whatever it is', 'AND mark = ?5 AND', 'AND ?5 IS NOT NULL AND'],
      ['R-175', 'a mark in SQL is set where there is one', 'WHERE kept.ends <= ?2', 'WHERE ?2 > 0'],
      ['R-175', 'a mark in SQL is never over', 'WHERE key = ?1 AND ends > ?2', 'WHERE key = ?1 AND ?2 > 0'],
    ],
  ),
  ...of(
    'guard/client-key.ts',
    ['guard/client-key.test.ts'],
    [
      [
        'R-077',
        'who says nothing of a key has one',
        'clientAuthentication !== undefined && byKey.has(clientAuthentication)',
        'clientAuthentication === undefined || byKey.has(clientAuthentication)',
      ],
      ['S-90', 'a signed secret counts as a key', "'private_key_jwt', ", "'private_key_jwt', 'client_secret_jwt', "],
    ],
  ),
  ...of(
    'guard/pipeline.ts',
    ['guard/client-key.test.ts'],
    [['R-077', 'no route is of high value', 'if (clientKey === true) requireClientKey(access);', '']],
  ),
  {
    row: 'R-183',
    file: 'packages/server/src/requests/start-again.ts',
    breaks: 'a query that cannot be read goes through the place that answers refusals',
    find: 'new URLSearchParams(request.query).getAll(clientParameter)',
    replace: '[decodeURIComponent(request.query)]',
    tests: ['test/flows/adapters.test.ts'],
  },
];
