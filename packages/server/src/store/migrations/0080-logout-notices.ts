import type { Dialect } from '../database.ts';

/** OpenID Connect Back-Channel Logout; `SCHEMA.md` describes what it holds. */
export function logoutNotices({ integer, sequence, tableOptions }: Dialect): readonly string[] {
  return [
    `CREATE TABLE logout_notices (
      sequence ${sequence},
      client_id TEXT NOT NULL,
      person_id TEXT NOT NULL,
      session_id TEXT NOT NULL,
      sector TEXT,
      queued_at ${integer} NOT NULL,
      next_at ${integer} NOT NULL,
      attempts ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX logout_notices_by_time ON logout_notices (next_at)',
  ];
}
