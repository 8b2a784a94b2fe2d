import type { Dialect } from '../database.ts';

/** Clients and resources that an administrator registers; `SCHEMA.md` describes what they hold. */
export function registry({ integer, tableOptions }: Dialect): readonly string[] {
  return [
    `CREATE TABLE registrations (
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      caller TEXT UNIQUE,
      registration TEXT NOT NULL,
      secrets TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      changed_at ${integer} NOT NULL,
      revision ${integer} NOT NULL UNIQUE,
      PRIMARY KEY (kind, id)
    )${tableOptions}`,
    `ALTER TABLE meta ADD COLUMN registry_revision ${integer} NOT NULL DEFAULT 0`,
  ];
}
