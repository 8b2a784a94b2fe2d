import type { Dialect } from '../database.ts';

/**
 * Status lists (draft-ietf-oauth-status-list); `SCHEMA.md` describes what they hold.
 *
 * Authorizations of before get the first indexes, in the order of their random ids. Their access tokens name none, so
 * they are worth nothing from here on; a refresh gives one that does.
 */
export function statusLists({ integer, tableOptions }: Dialect): readonly string[] {
  return [
    `ALTER TABLE authorizations ADD COLUMN status_index ${integer} NOT NULL DEFAULT 0`,
    `UPDATE authorizations SET status_index = numbered.n
      FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS n FROM authorizations) AS numbered
      WHERE numbered.id = authorizations.id`,
    `CREATE TABLE service_statuses (
      client_id TEXT NOT NULL,
      resource TEXT NOT NULL,
      status_index ${integer} NOT NULL,
      PRIMARY KEY (client_id, resource)
    )${tableOptions}`,
    `CREATE TABLE status_flips (
      status_index ${integer} PRIMARY KEY,
      version ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX status_flips_by_version ON status_flips (version)',
    'CREATE INDEX status_flips_by_expiry ON status_flips (expires_at)',
    `CREATE TABLE status_counters (
      name TEXT PRIMARY KEY,
      value ${integer} NOT NULL
    )${tableOptions}`,
    `INSERT INTO status_counters (name, value)
      VALUES ('version', 0), ('index', (SELECT COUNT(*) FROM authorizations))`,
    'DROP TABLE revoked_access_tokens',
  ];
}
