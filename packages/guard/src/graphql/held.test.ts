import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryMarkStore } from '@castellan/limits';
import { GuardConfigError } from '../config.ts';
import { flow } from '../flow.ts';
import { visibleSchema } from '../insecure.ts';
import { startWorld } from '../testing/graphql-world.ts';

const limit = { count: 100, period: 60 };
const editing = flow('editing', { steps: ['look', 'change'], within: 600, quota: { count: 2, period: 3600 } });
const fields = {
  'Query.me': { action: 'member.read', limit, flow: editing.step('look') },
  'Mutation.changeInvoice': {
    action: 'invoice.update',
    load: () => ({ id: 1, tenantId: 'a', ownerId: 'nora', customer: 'Harbour', total: 100, secret: null }),
    writes: ({ customer }: { readonly customer?: unknown }) => ({ customer }),
    limit,
    flow: editing.step('change'),
  },
} as const;
const flows = memoryMarkStore({ capacity: 100 });

test('R-175 R-199[graphql] a step of a business flow is one by GraphQL too: in its order, once, and so often', async () => {
  const world = await startWorld({ fields, guard: () => ({ flows }) });
  const look = async () => (await world.ask('{ me { id } }', { token: await world.token() })).errors;
  const change = async (more = '') => {
    const query = `mutation { a: changeInvoice(id: 1, customer: "Quay") { note } ${more} }`;
    const { errors } = await world.ask(query, { token: await world.token() });
    return errors.map(({ extensions }) => extensions['status']);
  };
  assert.deepEqual(await change(), [409], 'nothing was begun');
  assert.equal(world.invoice(1)?.customer, 'Harbour');
  assert.deepEqual(await look(), []);
  assert.deepEqual(
    await change('b: changeInvoice(id: 1, customer: "Twice") { note }'),
    [409],
    'an alias is no second time',
  );
  assert.equal(world.invoice(1)?.customer, 'Quay');
  assert.deepEqual(await look(), []);
  assert.deepEqual(await change(), []);
  assert.deepEqual(await look(), []);
  assert.deepEqual(await change(), [429], 'the quota of the flow');
  const told = world.guard.inventory.find(({ path }) => path === '/graphql#Mutation.changeInvoice');
  assert.equal(told?.flow, 'editing: change');
});

test('R-175 R-162[graphql] a flow without a store, or on a field that is no step, stops the start', async () => {
  const rejects = (options: Parameters<typeof startWorld>[0], line: RegExp) =>
    assert.rejects(startWorld(options), (error) => error instanceof GuardConfigError && line.test(error.message));
  await rejects({ fields }, /flows is missing: POST \/graphql is a step of a flow/);
  const stray = { 'Invoice.owner': { action: 'member.read', atOnce: 1 } } as const;
  await rejects({ fields: stray }, /Invoice\.owner: flow and atOnce belong to fields of Query and Mutation/);
  const none = { 'Query.me': { action: 'member.read', limit, atOnce: 0 } } as const;
  await rejects({ fields: none }, /Query\.me: atOnce is 1 to 10000/);
});

test('R-198[graphql] S-62[graphql] in production no guard starts with a schema that is shown', async () => {
  const production = ({ limits }: { readonly limits: object }) => ({
    production: true,
    nodes: 'one',
    notBefore: { staleness: 0, find: () => undefined },
    limits,
  });
  await startWorld({ guard: production });
  await assert.rejects(startWorld({ guard: production, graphql: { visibility: visibleSchema } }), (error) => {
    assert.ok(error instanceof GuardConfigError);
    assert.deepEqual(error.problems, ['POST /graphql: visibleSchema is for development']);
    return true;
  });
});
