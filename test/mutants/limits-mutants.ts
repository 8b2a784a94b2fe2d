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
      'WHERE ${next} - ${now} <= ${period} + ${tolerance}',
      'WHERE ${next} - ${now} <= ${period} + ${interval} + ${tolerance}',
    ],
    [
      'I-8',
      'a slow clock takes back what a fast one has set',
      'const beyond = full + mostSkew;',
      'const beyond = full;',
    ],
    ['R-190', 'nothing is ever purged', 'purge: count === 0 ? [nowMs - mostSkew] : undefined', 'purge: undefined'],
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
];
