import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { invoicesPolicy } from '../policy.ts';
import { seed } from './seed.ts';
import { createStore, openDatabase } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-invoices-'));
const database = openDatabase(join(folder, 'api.sqlite'));
seed(database, { nora: 'sub-nora', theo: 'sub-theo' });
const store = createStore(database);
after(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const asNora = {
  principal: { kind: 'person', id: 'sub-nora', role: 'customer' },
  scopes: ['invoices:read', 'invoices:write', 'users:write'],
  context: {},
} as const;

test('R-172[guard] the write repeats the rule: what has changed since it was checked stays as it is', () => {
  const filter = invoicesPolicy.filter({ ...asNora, action: 'invoice.update' }, { dialect: 'sqlite' });
  const checked = store.findInvoice(27);
  assert.ok(checked);
  const decision = invoicesPolicy.decide({ ...asNora, action: 'invoice.update', resource: checked });
  assert.equal(decision.effect, 'permit');
  database.exec(`UPDATE invoices SET status = 'void' WHERE id = 27`);
  assert.equal(store.changeInvoice(27, { note: 'too late' }, filter), undefined);
  database.exec(`UPDATE invoices SET status = 'open', owner_id = 'sub-theo' WHERE id = 27`);
  assert.equal(store.changeInvoice(27, { note: 'too late' }, filter), undefined);
  assert.equal(store.findInvoice(27)?.note, null);
  assert.equal(store.changeInvoice(31, { note: 'in time' }, filter)?.note, 'in time');
});

test('R-172[guard] a profile is renamed by its owner only, whatever id the statement is given', () => {
  const filter = invoicesPolicy.filter({ ...asNora, action: 'user.update' }, { dialect: 'sqlite' });
  assert.equal(store.renameUser('sub-theo', 'Mallory', filter), undefined);
  assert.equal(store.findUser('sub-theo')?.displayName, 'Theo Marchetti');
});

test('R-163[guard] the list and the single decisions agree on every invoice', () => {
  for (const role of ['customer', 'accountant']) {
    const asking = { ...asNora, principal: { ...asNora.principal, role }, action: 'invoice.list' } as const;
    const listed = store.listInvoices({ filter: invoicesPolicy.filter(asking, { dialect: 'sqlite' }) });
    const all = Array.from({ length: 50 }, (_, id) => store.findInvoice(id)).filter((invoice) => invoice !== undefined);
    const permitted = all.filter((resource) => invoicesPolicy.decide({ ...asking, resource }).effect === 'permit');
    assert.deepEqual(listed, permitted);
  }
});
