/** The batch job of the invoices example: a service that calls the API for itself. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { countOpenInvoices } from '../../examples/invoices/batch/batch.ts';
import { apiUrl, createInvoicesWorld } from './invoices-world.ts';

const invoices = await createInvoicesWorld('invoices-batch');
after(() => invoices[Symbol.asyncDispose]());
const { world } = invoices;
const { secret = '' } = world.client('invoices-batch');
const settings = { issuer: world.issuer, api: apiUrl, client: 'invoices-batch', secret };

test('S-4[client-credentials] S-14 S-69 a job without a person gets a token and counts the open invoices', async () => {
  const { count, totals } = await countOpenInvoices(settings, world.runtime.fetch);
  assert.ok(count > 0);
  assert.ok(Object.values(totals).every((total) => total > 0));
});

test('S-14[client-credentials] it sees numbers alone, and no other door is open to it', async () => {
  const { json } = await world.client('invoices-batch').token({ grant_type: 'client_credentials' });
  const token = String(json['access_token']);
  const list = await invoices.call(token, 'GET /invoices?status=open');
  const [first] = list.json['items'] as readonly object[];
  assert.deepEqual(Object.keys(first ?? {}).sort(), ['currency', 'id', 'status', 'total']);
  for (const line of ['GET /users/me', 'GET /admin/users', 'GET /invoices/1', 'PATCH /invoices/1']) {
    const answer = await invoices.call(token, line, line.startsWith('PATCH') ? { note: 'x' } : undefined);
    assert.ok([403, 404].includes(answer.status), `${line}: ${answer.status}`);
  }
});

test('R-075[token] with a wrong secret the job ends, and says no more than that', async () => {
  await assert.rejects(
    countOpenInvoices({ ...settings, secret: 'wrong' }, world.runtime.fetch),
    /refused a token: 401/,
  );
});
