import type { Dialect } from '../database.ts';

/** Links to set a password, and what ends with a password; `SCHEMA.md` describes what these hold. */
export function passwordLinks({ integer, tableOptions }: Dialect): readonly string[] {
  return [
    `ALTER TABLE persons ADD COLUMN sign_in_epoch ${integer} NOT NULL DEFAULT 0`,
    `CREATE TABLE password_links (
      person_id TEXT PRIMARY KEY REFERENCES persons (id),
      token_hash TEXT NOT NULL UNIQUE,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX password_links_by_expiry ON password_links (expires_at)',
  ];
}
