/** The data of the demonstration, written once into an empty database. Amounts are minor units: 129900 is 1,299.00. */
import type { DatabaseSync } from 'node:sqlite';
import { demoPeople } from './demo-people.ts';

/** The issuer's subject of each demo person, by login name. */
export type Subjects = Readonly<Record<string, string>>;

/** Somebody whose invoices neither demo person owns. */
const ravi = {
  id: 'person-outside-the-demo',
  loginName: 'ravi',
  displayName: 'Ravi Sundaram',
  email: 'ravi@example.test',
};

type Owner = 'nora' | 'theo' | 'ravi';
type Status = 'draft' | 'open' | 'paid' | 'void';
type SeedInvoice = readonly [
  id: number,
  owner: Owner,
  customer: string,
  issuedOn: string,
  dueOn: string,
  total: number,
  status: Status,
  more?: { readonly purchaseOrder?: string; readonly note?: string; readonly auditRemark?: string },
];

const invoices: readonly SeedInvoice[] = [
  [1, 'nora', 'Fjord & Fern Interiors', '2026-01-08', '2026-02-07', 184_000, 'paid', { purchaseOrder: 'FF-2201' }],
  [2, 'nora', 'Hallgren Bakery', '2026-01-19', '2026-02-18', 62_500, 'paid', { note: 'Paid in two parts.' }],
  [4, 'theo', 'Bergamo Printworks', '2026-01-30', '2026-03-01', 240_000, 'paid'],
  [7, 'nora', 'Fjord & Fern Interiors', '2026-02-12', '2026-03-14', 129_900, 'paid', { purchaseOrder: 'FF-2207' }],
  [
    9,
    'nora',
    'Nordic Cycle Union',
    '2026-02-26',
    '2026-03-28',
    415_000,
    'open',
    { auditRemark: 'Reminder sent twice.' },
  ],
  [12, 'theo', 'Studio Altavista', '2026-03-04', '2026-04-03', 88_000, 'open'],
  [15, 'nora', 'Hallgren Bakery', '2026-03-14', '2026-04-13', 71_200, 'open', { note: 'New logo on the bags.' }],
  [
    18,
    'nora',
    'Lumen Dental Care',
    '2026-03-23',
    '2026-04-22',
    305_050,
    'void',
    { note: 'Replaced by INV-2026-0019.' },
  ],
  [19, 'nora', 'Lumen Dental Care', '2026-03-23', '2026-04-22', 298_050, 'open', { purchaseOrder: 'LDC/88' }],
  [23, 'theo', 'Bergamo Printworks', '2026-04-02', '2026-05-02', 240_000, 'open', { purchaseOrder: 'BP-0415' }],
  [27, 'nora', 'Harbour Sauna Club', '2026-04-17', '2026-05-17', 54_900, 'open'],
  [31, 'nora', 'Nordic Cycle Union', '2026-05-05', '2026-06-04', 415_000, 'open', { purchaseOrder: 'NCU-2026-3' }],
  [
    36,
    'nora',
    'Museum of Small Things',
    '2026-05-21',
    '2026-06-20',
    1_120_000,
    'draft',
    { note: 'Waiting for the quote.' },
  ],
  [41, 'theo', 'Studio Altavista', '2026-06-01', '2026-07-01', 96_000, 'draft'],
  [
    42,
    'ravi',
    'Ravensburg Logistics',
    '2026-06-03',
    '2026-07-03',
    2_450_000,
    'open',
    { auditRemark: 'Rate to be confirmed.' },
  ],
  [43, 'ravi', 'Chandra Tea Imports', '2026-06-09', '2026-07-09', 187_500, 'paid'],
];

/**
 * Brings people and invoices in. People are known by login name, so a person whose subject changed at the issuer keeps
 * what is theirs.
 *
 * @throws {Error} when a demo person has no subject
 */
export function seed(database: DatabaseSync, subjects: Subjects): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    seedUsers(database, subjects);
    if (database.prepare('SELECT 1 FROM invoices LIMIT 1').get() === undefined) seedInvoices(database, subjects);
    database.exec('COMMIT');
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

function seedUsers(database: DatabaseSync, subjects: Subjects): void {
  const upsert = database.prepare(
    `INSERT INTO users (id, login_name, display_name, email, role) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (login_name) DO UPDATE SET id = excluded.id`,
  );
  for (const { loginName, displayName, email, role } of Object.values(demoPeople)) {
    upsert.run(subjectOf(subjects, loginName), loginName, displayName, email, role);
  }
  upsert.run(ravi.id, ravi.loginName, ravi.displayName, ravi.email, 'customer');
}

function seedInvoices(database: DatabaseSync, subjects: Subjects): void {
  const insert = database.prepare(`INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, 'EUR', ?, ?, ?, ?, ?)`);
  for (const [id, owner, customer, issuedOn, dueOn, total, status, more = {}] of invoices) {
    const ownerId = owner === 'ravi' ? ravi.id : subjectOf(subjects, owner);
    const { purchaseOrder = null, note = null, auditRemark = null } = more;
    const number = `INV-2026-${String(id).padStart(4, '0')}`;
    insert.run(id, number, ownerId, customer, issuedOn, dueOn, total, status, purchaseOrder, note, auditRemark);
  }
}

function subjectOf(subjects: Subjects, loginName: string): string {
  const subject = Object.hasOwn(subjects, loginName) ? subjects[loginName] : undefined;
  if (subject === undefined) throw new Error(`The file of demo people does not name ${loginName}.`);
  return subject;
}
