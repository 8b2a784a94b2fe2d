import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSchema } from 'graphql';
import { GuardConfigError } from '../config.ts';
import { startWorld, type WorldOptions, worldTable } from '../testing/graphql-world.ts';

/** What keeps the API from starting. */
async function problems(graphql: object): Promise<readonly string[]> {
  try {
    await startWorld({ graphql: graphql as NonNullable<WorldOptions['graphql']> });
  } catch (error) {
    if (error instanceof GuardConfigError) return error.problems.map((line) => line.replace('POST /graphql: ', ''));
    throw error;
  }
  return [];
}

const without = (table: object, ...names: readonly string[]): object =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));

const limit = { count: 20, period: 60 };
const withFields = (fields: object): object => ({ fields: { ...worldTable.fields, ...fields } });

test('R-162[graphql] S-67 a start names every type and every field that nothing rules, at once', async () => {
  const found = await problems({
    types: without(worldTable.types, 'Member', 'InvoiceEdge'),
    fields: without(
      worldTable.fields,
      'Query.node',
      'Query.me',
      'Invoice.siblings',
      'Mutation.signIn',
      'Invoice.shout',
    ),
  });
  const lines = [
    'Member: the type has no rule: { resource: … }, or { plain: … }',
    'InvoiceEdge: the type has no rule: { resource: … }, or { plain: … }',
    'Query.node: it has no rule: an action, or public with the reason',
    'Query.me: it has no rule: an action, or public with the reason',
    'Mutation.signIn: it has no rule: an action, or public with the reason',
    'Mutation.changeInvoice: it has no rule: an action, or public with the reason',
    'Invoice.siblings: it has no rule: an action, or public with the reason',
    'Invoice.siblings: a list of objects needs a size',
    'Invoice.shout: invoice has no field of this name: say what it reads, or why it is public',
    'Member.invoices: a list of objects needs a size',
  ];
  for (const line of lines.slice(0, -1)) assert.ok(found.includes(line), `${line}\nnot in\n${found.join('\n')}`);
});

test('R-162[graphql] S-64[graphql] a rule that says too little, or rules nothing, stops the start', async () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ 'Query.me': { action: 'member.read' } }, /^Query\.me: limit is missing/],
    [{ 'Query.me': { action: 'member.delete', limit } }, /^Query\.me: the policy has no action member\.delete/],
    [{ 'Query.me': { public: ' ', limit } }, /^Query\.me: it leads to objects of member/],
    [{ 'Query.health': { public: ' ', limit } }, /^Query\.health: public needs a reason/],
    [{ 'Query.node': { action: 'invoice.read', limit } }, /^Query\.node: objects of member come from it/],
    [
      { 'Query.search': { action: ['invoice.list', 'invoice.read', 'member.list'], limit, size: 5 } },
      /^Query\.search: objects of invoice come from it, and not one/,
    ],
    [{ 'Query.invoice': { action: 'member.read', limit } }, /^Query\.invoice: objects of invoice come/],
    [{ 'Query.invoice': { public: 'everybody', limit } }, /so it needs an action/],
    [{ 'Mutation.changeInvoice': { action: 'invoice.update', limit } }, /^Mutation\.changeInvoice: load is missing/],
    [{ 'Mutation.changeInvoice': { action: 'invoice.update', limit, load: () => undefined } }, /writes is missing/],
    [{ 'Invoice.shout': { reads: [] } }, /reads is empty/],
    [{ 'Invoice.shout': { reads: ['tax'] } }, /invoice has no field tax/],
    [{ 'Invoice.owner': { reads: ['ownerId'] } }, /it leads to objects of member, so it needs an action/],
    [{ 'Invoice.owner': { action: 'member.read', limit } }, /limit and authentication belong to fields of Query/],
    [{ 'Query.invoices': { action: 'invoice.list', limit } }, /a list of objects needs a size/],
    [{ 'Query.invoices': { action: 'invoice.list', limit, size: { argument: 'count', max: 5 } } }, /no argument count/],
    [
      { 'Query.invoices': { action: 'invoice.list', limit, size: { argument: 'first', max: 3 } } },
      /needs a default from 0 to 3/,
    ],
    [{ 'Query.invoices': { action: 'invoice.list', limit, size: 'outer' } }, /size 'outer' belongs to fields of plain/],
    [{ 'Query.invoicez': { action: 'invoice.list', limit } }, /^fields\.Query\.invoicez: there is no such field/],
    [{ 'Node.id': { public: 'an id' } }, /^fields\.Node\.id: there is no such field of an object type/],
  ];
  for (const [fields, line] of cases) {
    const found = await problems(withFields(fields));
    assert.ok(
      found.some((problem) => line.test(problem)),
      `${line} not in\n${found.join('\n')}`,
    );
  }
  const strayed = await problems({ types: { ...worldTable.types, Nod: { plain: 'x' }, Query: { plain: 'x' } } });
  assert.ok(strayed.includes('types.Nod: there is no such object type to be ruled'));
  assert.ok(strayed.includes('types.Query: there is no such object type to be ruled'));
  const strange = await problems({ types: { ...worldTable.types, Invoice: { resource: 'bill' } } });
  assert.ok(strange.includes('Invoice: the policy has no resource bill'));
});

test('R-197[graphql] R-196[graphql] a schema whose root can be reached again, or that answers in parts, is not served', async () => {
  const schema = buildSchema(`
    directive @defer on FRAGMENT_SPREAD | INLINE_FRAGMENT
    type Query { again: Wrapper! }
    type Wrapper { query: Query! }
  `);
  const found = await problems({
    schema,
    types: { Wrapper: { plain: 'a way back' } },
    fields: { 'Query.again': { public: 'x', limit } },
  });
  assert.ok(found.includes('Wrapper.query: it leads back to a root type, whose fields would not be counted'));
  assert.ok(found.includes('@defer: answers in parts are not supported'));
  assert.deepEqual(await problems({ bounds: { depht: 3 } }), ['bounds.depht: there is no such bound']);
  assert.deepEqual(await problems({ bounds: { depth: 0 } }), ['bounds.depth is a whole number from 1 to 1000000']);
  assert.deepEqual(await problems({ visibility: true }), ['visibility is left out, or visibleSchema']);
});

test('R-186 the inventory tells every root field and every field that leads to objects', async () => {
  const { guard } = await startWorld();
  const told = guard.inventory.filter(({ path }) => path.startsWith('/graphql'));
  const entry = (name: string) => told.find(({ path }) => path === `/graphql#${name}`);
  assert.deepEqual(entry('Query.node'), {
    method: 'POST',
    path: '/graphql#Query.node',
    action: 'invoice.read member.read',
    scopes: ['invoices:read', 'members:read'],
    input: ['id'],
    output: 'Node',
    limit,
  });
  assert.equal(entry('Mutation.signIn')?.publicBecause, 'whoever signs in has no token yet');
  assert.equal(entry('Invoice.owner')?.action, 'member.read');
  assert.equal(
    told.length,
    Object.values({ ...worldTable.fields, change: {} }).filter((rule) => !('reads' in rule)).length,
  );
});
