import type { Dialect } from '../database.ts';

/** A private key can be erased, and a key taken out at once. Made anew, since SQLite cannot loosen a column. */
export function keysChange({ integer, tableOptions }: Dialect): readonly string[] {
  const columns = 'kid, algorithm, public_jwk, sealed_private_key, announced_at, signs_from, verifies_from, retired_at';
  return [
    `CREATE TABLE signing_keys_next (
      kid TEXT PRIMARY KEY,
      algorithm TEXT NOT NULL,
      public_jwk TEXT NOT NULL,
      sealed_private_key TEXT,
      announced_at ${integer} NOT NULL,
      signs_from ${integer} NOT NULL,
      verifies_from ${integer} NOT NULL,
      retired_at ${integer} NOT NULL,
      removed_at ${integer}
    )${tableOptions}`,
    `INSERT INTO signing_keys_next (${columns}) SELECT ${columns} FROM signing_keys`,
    'DROP TABLE signing_keys',
    'ALTER TABLE signing_keys_next RENAME TO signing_keys',
  ];
}
