/**
 * The data of the API: invoices and the people they belong to, in one SQLite file of its own.
 *
 * Owns: the tables and the statements. Does not own: who may see what. A statement that a person's rights decide about
 * takes a `Filter` of the policy, and never compares an owner by itself.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { Filter, RowOf } from '@castellan/policy';
import type { InvoicesWords } from '../policy.ts';

type Invoice = RowOf<InvoicesWords, 'invoice'>;
type User = RowOf<InvoicesWords, 'user'>;

/** What of an invoice can be changed at all. */
export interface InvoiceChanges {
  readonly note?: string | null | undefined;
  readonly purchaseOrder?: string | null | undefined;
}

export interface InvoicesStore {
  readonly findInvoice: (id: number) => Invoice | undefined;
  /** A page, in the order of ids. */
  readonly listInvoices: (query: InvoiceQuery) => readonly Invoice[];
  /** The changed invoice; undefined when the filter does not select it any more. */
  readonly changeInvoice: (id: number, changes: InvoiceChanges, filter: Filter) => Invoice | undefined;
  readonly findUser: (id: string) => User | undefined;
  readonly listUsers: (filter: Filter) => readonly User[];
  readonly renameUser: (id: string, displayName: string, filter: Filter) => User | undefined;
  readonly close: () => void;
}

export interface InvoiceQuery {
  readonly filter: Filter;
  readonly status?: string | undefined;
  /** Only ids greater than this one. */
  readonly after?: number | undefined;
  readonly first?: number | undefined;
  readonly ownerId?: string | undefined;
}

const pageSize = 50;

const schema = `
  CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    login_name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('customer', 'accountant')),
    is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1))
  ) STRICT;
  CREATE TABLE IF NOT EXISTS invoices (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES users (id) ON UPDATE CASCADE,
    customer TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void')),
    purchase_order TEXT,
    note TEXT,
    audit_remark TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS invoices_by_owner ON invoices (owner_id, id);
`;

/** Opens the file and makes what is missing; readable by its owner only. */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 1000, enableForeignKeyConstraints: true });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec(schema);
  return database;
}

/** The operations of the API over an open database. */
export function createStore(database: DatabaseSync): InvoicesStore {
  const run = statements(database);
  const invoices = `SELECT * FROM invoices WHERE`;
  return {
    findInvoice: (id) => run(`${invoices} id = ?`, [id]).map(toInvoice)[0],
    listInvoices: ({ filter, status = null, after = 0, first = pageSize, ownerId = null }) =>
      run(
        `${invoices} ${filter.sql} AND id > ? AND (? IS NULL OR status = ?) AND (? IS NULL OR owner_id = ?)
         ORDER BY id LIMIT ?`,
        [...filter.parameters, after, status, status, ownerId, ownerId, Math.min(first, pageSize)],
      ).map(toInvoice),
    changeInvoice: (id, changes, filter) => {
      const { note, purchaseOrder } = changes;
      // Check and act are one statement: whatever changed since the invoice was loaded, the rule holds now.
      const rows = run(
        `UPDATE invoices SET note = iif(?, ?, note), purchase_order = iif(?, ?, purchase_order)
         WHERE id = ? AND ${filter.sql} RETURNING *`,
        [...given(note), ...given(purchaseOrder), id, ...filter.parameters],
      );
      return rows.map(toInvoice)[0];
    },
    findUser: (id) => run('SELECT * FROM users WHERE id = ?', [id]).map(toUser)[0],
    listUsers: (filter) =>
      run(`SELECT * FROM users WHERE ${filter.sql} ORDER BY display_name, id LIMIT 500`, filter.parameters).map(toUser),
    renameUser: (id, displayName, filter) =>
      run(`UPDATE users SET display_name = ? WHERE id = ? AND ${filter.sql} RETURNING *`, [
        displayName,
        id,
        ...filter.parameters,
      ]).map(toUser)[0],
    close: () => database.close(),
  };
}

type Row = Readonly<Record<string, SQLOutputValue>>;
type Run = (sql: string, parameters: readonly (Filter['parameters'][number] | null)[]) => readonly Row[];

/** The texts are few (one for each combination of rules), so each is prepared once. */
function statements(database: DatabaseSync): Run {
  const prepared = new Map<string, StatementSync>();
  return (sql, parameters) => {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    // A filter for SQLite has no booleans among its parameters.
    return statement.all(...(parameters as readonly SQLInputValue[]));
  };
}

/** Whether a member was sent, and its value: null clears, a member that is absent stays. */
function given(value: string | null | undefined): readonly [number, string | null] {
  return value === undefined ? [0, null] : [1, value];
}

function toInvoice(row: Row): Invoice {
  return {
    id: row['id'] as number,
    number: row['number'] as string,
    ownerId: row['owner_id'] as string,
    customer: row['customer'] as string,
    issuedOn: row['issued_on'] as string,
    dueOn: row['due_on'] as string,
    currency: row['currency'] as string,
    total: row['total'] as number,
    status: row['status'] as string,
    purchaseOrder: row['purchase_order'] as string | null,
    note: row['note'] as string | null,
    auditRemark: row['audit_remark'] as string | null,
  };
}

function toUser(row: Row): User {
  return {
    id: row['id'] as string,
    displayName: row['display_name'] as string,
    email: row['email'] as string,
    role: row['role'] as string,
    isAdmin: row['is_admin'] === 1,
  };
}
