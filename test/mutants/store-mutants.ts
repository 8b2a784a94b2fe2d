/** Breaks of the stores: verdicts, single use, what ends with what, and what is answered when. */
import type { Break, Line } from './protocol-mutants.ts';

const store = 'packages/server/src/store';
const sqlite = 'sqlite.test.ts';
const sqliteFaults = 'sqlite/sqlite.test.ts';
const postgres = 'postgres.test.ts';
const postgresFaults = 'postgres/postgres.test.ts';

/** Breaks of one file, which the named test file must notice. */
function at(file: string, test: string, lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${store}/${file}`,
    breaks,
    find,
    replace,
    tests: [`${store}/${test}`],
  }));
}

export const storeMutants: readonly Break[] = [
  ...at('operations/refresh-families.ts', sqlite, [
    ['R-040', 'the hash of the live token is not compared', 'AND current_hash = $3', "AND $3 <> ''"],
    [
      'R-039',
      'reuse ends nothing',
      "yield* revokeLive({ authorization, reason: 'refresh_reuse', now }, presentation.events.reused);",
      '',
    ],
    ['R-041', 'retries are not counted', 'retries = retries + 1', 'retries = retries'],
    ['R-041', 'the retry window never ends', 'now < family.retryUntil', 'true'],
    ['R-042', 'any older generation may retry', 'generation === family.generation - 1 && inWindow', 'inWindow'],
    ['R-047', 'the absolute end is not looked at', ' || now >= family.absoluteExpiresAt', ''],
    [
      'R-047',
      'rotation moves the idle end beyond the absolute one',
      'Math.min(presented.idleExpiresAt, family.absoluteExpiresAt)',
      'presented.idleExpiresAt',
    ],
    [
      'R-044',
      'a revoked authorization refreshes',
      "if (authorization.revokedAt !== undefined) return { verdict: 'revoked' };",
      '',
    ],
  ]),
  ...at('operations/authorizations.ts', sqlite, [
    ['R-023', 'a code is redeemed again', 'if (code.redeemedAt !== undefined) {', 'if (false) {'],
    [
      'R-023',
      'a replay ends nothing',
      "yield* revokeLive({ authorization, reason: 'code_replay', now }, events.replayed);",
      '',
    ],
    ['R-007', 'a code never expires', "if (now >= code.expiresAt) return 'expired';", ''],
    [
      'I-3',
      'an ended session still grants',
      "if (authorization.session !== undefined && sessionChain === undefined) return 'parked_request_gone';",
      '',
    ],
    ['R-043', 'a restored backup revives', 'WHERE a.id = $1 AND a.epoch = ${currentEpoch}', 'WHERE a.id = $1'],
  ]),
  ...at('operations/sessions.ts', sqlite, [
    [
      'R-048',
      'a logout that names a replaced session ends nothing',
      '`SELECT chain FROM sessions WHERE id = $1 AND ${unended}`',
      '`SELECT chain FROM sessions WHERE id = $1 AND replaced_at IS NULL AND ${unended}`',
    ],
  ]),
  ...at('operations/revocation.ts', sqlite, [
    [
      'R-048',
      'a logout ends no authorization',
      'session_chain = $${at} AND offline = 0',
      'session_chain = $${at} AND offline = 9',
    ],
    ['R-048', 'a logout ends offline access too', 'session_chain = $${at} AND offline = 0', 'session_chain = $${at}'],
  ]),
  ...at('operations/parked-requests.ts', sqlite, [['I-1', 'a denied request goes on', ' AND denied_at IS NULL', '']]),
  ...at('operations/outbox.ts', sqlite, [
    [
      'R-226',
      'events are not committed',
      "yield* changes('INSERT INTO outbox (event) VALUES ($1)', [JSON.stringify(event)]);",
      'continue;',
    ],
  ]),
  ...at('operations/purge.ts', sqlite, [
    ['R-222', 'nothing is erased', 'return yield* changes(step.sql, [now - step.after, batch]);', 'return 0;'],
    ['I-9', 'codes are forgotten at once', '86_400', '60'],
  ]),
  ...at('sqlite/write-queue.ts', sqliteFaults, [
    [
      'I-5',
      'a write is answered before its commit',
      'unit.settle = () => unit.resolve(value);',
      'unit.resolve(value);',
    ],
  ]),
  ...at('sqlite/sqlite.ts', sqliteFaults, [
    ['I-4', 'the log is not flushed', 'synchronous = FULL', 'synchronous = NORMAL'],
    ['R-033', 'everybody may read the file', "openSync(path, 'wx', 0o600)", "openSync(path, 'wx', 0o644)"],
  ]),
  ...at('postgres/transaction.ts', postgresFaults, [
    [
      'I-5',
      'a commit of unknown outcome is repeated',
      '(!run.uncertain && isLostConnection(failure))',
      'isLostConnection(failure)',
    ],
  ]),
  ...at('postgres/transaction.ts', postgres, [
    ['I-1', 'rows are not locked', "' FOR UPDATE'", "''"],
    ['R-036', 'rows that somebody relies on are not held', "' FOR SHARE'", "''"],
  ]),
  ...at('postgres/connections.ts', postgresFaults, [
    [
      'I-4',
      'a weaker setting of the database is kept',
      "set_config('synchronous_commit',",
      "set_config('application_name',",
    ],
  ]),
];
