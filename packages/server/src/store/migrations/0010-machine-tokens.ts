import type { Dialect } from '../database.ts';

/** Assertions, opaque access tokens, and access tokens taken back; `SCHEMA.md` describes what they hold. */
export function machineTokens({ integer, tableOptions }: Dialect): readonly string[] {
  return [
    `CREATE TABLE used_assertions (
      client_id TEXT NOT NULL,
      jti TEXT NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (client_id, jti)
    )${tableOptions}`,
    'CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at)',
    `CREATE TABLE reference_tokens (
      token_hash TEXT PRIMARY KEY,
      authorization_id TEXT,
      claims TEXT NOT NULL,
      expires_at ${integer} NOT NULL,
      epoch ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX reference_tokens_by_expiry ON reference_tokens (expires_at)',
    `CREATE TABLE revoked_access_tokens (
      jti TEXT PRIMARY KEY,
      revoked_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX revoked_access_tokens_by_expiry ON revoked_access_tokens (expires_at)',
  ];
}
