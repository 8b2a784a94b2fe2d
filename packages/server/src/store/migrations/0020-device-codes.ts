import type { Dialect } from '../database.ts';

/** RFC 8628; `SCHEMA.md` describes what it holds. */
export function deviceCodes({ integer, tableOptions }: Dialect): readonly string[] {
  return [
    `CREATE TABLE device_codes (
      device_code_hash TEXT PRIMARY KEY,
      user_code_hash TEXT NOT NULL UNIQUE,
      client_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      resources TEXT NOT NULL,
      address TEXT NOT NULL,
      user_agent TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      poll_interval ${integer} NOT NULL,
      polled_at ${integer},
      claim_hash TEXT,
      session_id TEXT,
      authorization_id TEXT REFERENCES authorizations (id),
      denied_at ${integer},
      redeemed_at ${integer}
    )${tableOptions}`,
    'CREATE INDEX device_codes_by_authorization ON device_codes (authorization_id)',
    'CREATE INDEX device_codes_by_expiry ON device_codes (expires_at)',
  ];
}
