/** P-16: the list of a person, selected by the filter of the policy and by the same condition written by hand. */
import { DatabaseSync } from 'node:sqlite';
import { definePolicy, eq } from '@castellan/policy';
import { type Contestant, type Line, linesOf, measure, timeOfLane } from './lanes.ts';

const words = {
  principals: { person: { id: 'text' } },
  resources: {
    invoice: {
      fields: { id: 'integer', ownerId: 'text', status: 'text' },
      actions: ['list'],
      columns: { ownerId: 'owner_id' },
    },
  },
  context: {},
} as const;

const policy = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-lists', {
    who: 'person',
    on: 'invoice',
    may: ['list'],
    scopes: ['read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
  }),
  forbid('void-is-hidden', { on: 'invoice', may: ['list'], when: ({ resource }) => eq(resource.status, 'void') }),
]);

const people = 200;

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE invoice (id INTEGER PRIMARY KEY, owner_id TEXT NOT NULL, status TEXT NOT NULL) STRICT');
  database.exec('CREATE INDEX invoice_owner ON invoice (owner_id)');
  const insert = database.prepare('INSERT INTO invoice (owner_id, status) VALUES (?, ?)');
  database.exec('BEGIN');
  for (let index = 0; index < 20_000; index += 1)
    insert.run(`person-${index % people}`, index % 7 === 0 ? 'void' : 'open');
  database.exec('COMMIT');
  return database;
}

export async function section(): Promise<readonly Line[]> {
  const database = openDatabase();
  const byHand = database.prepare("SELECT * FROM invoice WHERE owner_id = ? AND status <> 'void'");
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const request = (index: number) =>
    ({
      principal: { kind: 'person', id: `person-${index % people}` },
      scopes: ['read'],
      action: 'invoice.list',
      context: {},
    }) as const;
  const byPolicy = (index: number): readonly unknown[] => {
    const { sql, parameters } = policy.filter(request(index), { dialect: 'sqlite' });
    let statement = prepared.get(sql);
    if (statement === undefined)
      prepared.set(sql, (statement = database.prepare(`SELECT * FROM invoice WHERE ${sql}`)));
    return statement.all(...(parameters as string[]));
  };
  for (let index = 0; index < people; index += 1) {
    const [one, other] = [byPolicy(index).length, byHand.all(`person-${index}`).length];
    if (one !== other || one === 0) throw new Error('the two lists differ');
  }
  const lane = (name: string, list: (index: number) => unknown): Contestant => ({
    name,
    run: (count) => {
      for (let index = 0; index < count; index += 1) list(index);
    },
  });
  const measured = await measure([
    lane('by hand', (index) => byHand.all(`person-${index % people}`)),
    lane('by the filter of the policy', byPolicy),
  ]);
  const ratio = timeOfLane(measured, 'by the filter of the policy') / timeOfLane(measured, 'by hand');
  return [
    ...linesOf('P-16', measured),
    {
      row: 'P-16',
      name: '→ filter made and run, against by hand',
      measured: `${ratio.toFixed(2)} x`,
      goal: '1.05 x',
      met: ratio <= 1.05,
    },
  ];
}
