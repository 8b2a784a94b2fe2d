/** Breaks of what ends late, early or beside something else: sessions out of time, clocks that differ, rights that were lost. */
import type { Break, Line } from './protocol-mutants.ts';

const server = 'packages/server/src';
const sqlite = `${server}/store/sqlite.test.ts`;
const postgres = `${server}/store/postgres/postgres.test.ts`;

/** Breaks of one file, which the named test file must notice. */
function at(file: string, test: string, lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${server}/${file}`,
    breaks,
    find,
    replace,
    tests: [test],
  }));
}

export const endingMutants: readonly Break[] = [
  ...at('store/operations/sessions.ts', sqlite, [
    [
      'R-048',
      'a logout ends nothing of a session that has run out',
      'SET ended_at = $2 WHERE chain = $1 AND ${unended}`',
      'SET ended_at = $2 WHERE chain = $1 AND ${lasting}`',
    ],
    [
      'I-10',
      'a session that had run out when all ended comes back with the clock',
      'SET ended_at = $2 WHERE person_id = $1 AND ${unended}',
      'SET ended_at = $2 WHERE person_id = $1 AND ${lasting}',
    ],
  ]),
  ...at('store/operations/sessions.ts', postgres, [
    ['I-3', 'who ends a chain does not wait for who joins it', '  yield* lockedRow(personOf, [end.id]);\n', ''],
  ]),
  ...at('store/operations/consents.ts', `${server}/store/postgres/lock-order.test.ts`, [
    [
      'I-3',
      'a grant holds the session before the person',
      '  yield* lockConsents(of.person);\n  if (relied.length === 0) return true;\n',
      '  if (relied.length === 0) return true;\n  yield* lockConsents(of.person);\n',
    ],
    [
      'I-3',
      'a consent holds the request before the person',
      '  if (first !== undefined) yield* lockConsents(first.person);\n',
      '',
    ],
  ]),
  ...at('store/operations/epoch.ts', sqlite, [
    ['R-127', 'a restored backup revives a used link', "  yield* changes('DELETE FROM password_links', []);\n", ''],
  ]),
  ...at('store/operations/purge.ts', sqlite, [
    ['I-9', 'what a clock takes for over is erased at once', 'clockMargin: number = 3600', 'clockMargin: number = 0'],
    [
      'R-072',
      'names of assertions are erased at their end',
      "...['used_assertions', 'status_flips'].map((table) => expired(table, clockMargin)),",
      "...['used_assertions', 'status_flips'].map((table) => expired(table, 0)),",
    ],
  ]),
  ...at('authorizations/authorization.ts', `${server}/endpoints/token/refresh-token.test.ts`, [
    [
      'R-049',
      'who lost offline_access keeps what outlives a session',
      'return offline && scopes.has(offlineScope);',
      'return offline;',
    ],
  ]),
  ...at('tokens/session-name.ts', 'test/flows/pairwise.test.ts', [
    [
      'R-103',
      'all sectors know a session by one name',
      '.update(JSON.stringify([sector, session]))',
      '.update(JSON.stringify([session]))',
    ],
    [
      'R-113',
      'a hint of a sector names no session',
      "return typeof jti === 'string' ? open(jti, key) : sid;",
      'return sid;',
    ],
  ]),
  ...at('store/operations/epoch.ts', 'test/flows/restored.test.ts', [
    [
      'R-043',
      'a restored backup goes on as it was',
      'UPDATE meta SET epoch = epoch + 1 RETURNING',
      'UPDATE meta SET epoch = epoch RETURNING',
    ],
  ]),
  ...at('endpoints/userinfo/userinfo.ts', `${server}/endpoints/userinfo/userinfo.test.ts`, [
    [
      'R-036',
      'UserInfo tells what the client may not ask for any more',
      'claimsOf(person, held)',
      'claimsOf(person, scopes)',
    ],
  ]),
];
