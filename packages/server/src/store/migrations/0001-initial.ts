import type { Dialect } from '../database.ts';

/** `SCHEMA.md` describes what these hold; a test keeps both in step. */
export function initial({ integer, sequence, tableOptions }: Dialect): readonly string[] {
  return [
    `CREATE TABLE meta (
      id ${integer} PRIMARY KEY CHECK (id = 1),
      epoch ${integer} NOT NULL
    )${tableOptions}`,
    'INSERT INTO meta (id, epoch) VALUES (1, 1)',
    `CREATE TABLE persons (
      id TEXT PRIMARY KEY,
      login_name TEXT NOT NULL UNIQUE,
      password_hash TEXT NOT NULL,
      state TEXT NOT NULL,
      profile TEXT NOT NULL,
      created_at ${integer} NOT NULL
    )${tableOptions}`,
    ...browserTables(integer, tableOptions),
    ...authorizationTables(integer, tableOptions),
    `CREATE TABLE signing_keys (
      kid TEXT PRIMARY KEY,
      algorithm TEXT NOT NULL,
      public_jwk TEXT NOT NULL,
      sealed_private_key TEXT NOT NULL,
      announced_at ${integer} NOT NULL,
      signs_from ${integer} NOT NULL,
      verifies_from ${integer} NOT NULL,
      retired_at ${integer} NOT NULL
    )${tableOptions}`,
    `CREATE TABLE outbox (
      sequence ${sequence},
      event TEXT NOT NULL
    )${tableOptions}`,
  ];
}

function browserTables(integer: string, tableOptions: string): readonly string[] {
  return [
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      secret_hash TEXT NOT NULL UNIQUE,
      person_id TEXT NOT NULL REFERENCES persons (id),
      auth_time ${integer} NOT NULL,
      acr TEXT NOT NULL,
      amr TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      idle_expires_at ${integer} NOT NULL,
      absolute_expires_at ${integer} NOT NULL,
      replaced_at ${integer},
      ended_at ${integer},
      chain TEXT NOT NULL,
      epoch ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX sessions_by_chain ON sessions (chain)',
    'CREATE INDEX sessions_by_person ON sessions (person_id)',
    'CREATE INDEX sessions_by_absolute_expiry ON sessions (absolute_expires_at)',
    `CREATE TABLE parked_requests (
      id_hash TEXT PRIMARY KEY,
      browser_hash TEXT NOT NULL,
      client_id TEXT NOT NULL,
      request TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      session_id TEXT,
      consented_at ${integer},
      denied_at ${integer}
    )${tableOptions}`,
    'CREATE INDEX parked_requests_by_expiry ON parked_requests (expires_at)',
    `CREATE TABLE consents (
      person_id TEXT NOT NULL REFERENCES persons (id),
      client_id TEXT NOT NULL,
      resource TEXT NOT NULL,
      scopes TEXT NOT NULL,
      given_at ${integer} NOT NULL,
      PRIMARY KEY (person_id, client_id, resource)
    )${tableOptions}`,
  ];
}

function authorizationTables(integer: string, tableOptions: string): readonly string[] {
  return [
    `CREATE TABLE authorizations (
      id TEXT PRIMARY KEY,
      client_id TEXT NOT NULL,
      person_id TEXT REFERENCES persons (id),
      session_id TEXT,
      session_chain TEXT,
      scopes TEXT NOT NULL,
      resources TEXT NOT NULL,
      auth_time ${integer},
      acr TEXT,
      amr TEXT NOT NULL,
      cnf TEXT,
      sector TEXT,
      epoch ${integer} NOT NULL,
      offline ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      revoked_at ${integer},
      revoked_reason TEXT
    )${tableOptions}`,
    'CREATE INDEX authorizations_by_session_chain ON authorizations (session_chain)',
    'CREATE INDEX authorizations_by_person ON authorizations (person_id)',
    'CREATE INDEX authorizations_by_creation ON authorizations (created_at)',
    `CREATE TABLE codes (
      code_hash TEXT PRIMARY KEY,
      authorization_id TEXT NOT NULL REFERENCES authorizations (id),
      client_id TEXT NOT NULL,
      redirect_uri TEXT NOT NULL,
      code_challenge TEXT NOT NULL,
      nonce TEXT,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      redeemed_at ${integer}
    )${tableOptions}`,
    'CREATE INDEX codes_by_authorization ON codes (authorization_id)',
    'CREATE INDEX codes_by_expiry ON codes (expires_at)',
    `CREATE TABLE refresh_families (
      id TEXT PRIMARY KEY,
      authorization_id TEXT NOT NULL UNIQUE REFERENCES authorizations (id),
      client_id TEXT NOT NULL,
      generation ${integer} NOT NULL,
      current_hash TEXT NOT NULL,
      sealed_successor TEXT,
      retry_until ${integer},
      retries ${integer} NOT NULL,
      idle_expires_at ${integer} NOT NULL,
      absolute_expires_at ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    )${tableOptions}`,
    'CREATE INDEX refresh_families_by_absolute_expiry ON refresh_families (absolute_expires_at)',
    // Small, whatever the number of families: only those whose retry window is open or not yet purged.
    'CREATE INDEX refresh_families_sealed ON refresh_families (retry_until) WHERE sealed_successor IS NOT NULL',
  ];
}
