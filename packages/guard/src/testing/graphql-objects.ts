/** For tests: which objects and fields are reached, by whatever way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { at, each, problemsOf, type Start } from './graphql-answer.ts';
import { countFields, randomQueries } from './graphql-random.ts';

/** Every way to an invoice, each a query with the id of one in place of `ID`. */
const ways: readonly (readonly [string, string])[] = [
  ['a field by id', '{ it: invoice(id: ID) { id customer } }'],
  ['a field that promises one', '{ it: certainInvoice(id: ID) { id customer } }'],
  ['node', '{ it: node(id: "ID") { __typename id ... on Invoice { customer } } }'],
];

export function objects(name: string, start: Start): void {
  for (const [way, query] of ways) {
    test(`R-163[graphql] S-56 R-199[graphql] ${name}: through ${way} there is no invoice of others, as there is none that does not exist`, async () => {
      const world = await start();
      const ask = async (id: number) => world.ask(query.replace('ID', String(id)), { token: await world.token() });
      assert.equal(at((await ask(1)).data, 'it.id'), '1');
      const missing = await ask(4711);
      for (const id of [3, 42]) {
        const foreign = await ask(id);
        assert.equal(at(foreign.data, 'it') ?? null, null);
        const plain = (text: string) => text.replace(/"correlation":"[^"]*"/g, '');
        assert.equal(plain(foreign.text), plain(missing.text), 'no difference tells that it is there');
      }
    });
  }

  test(`R-163[graphql] R-199[graphql] S-56 S-64[graphql] ${name}: no query that can be written reaches what is not the caller's`, async () => {
    const world = await start({
      graphql: { bounds: { aliases: 1000, cost: 100_000, depth: 50 } },
      guard: ({ limits }) => ({ limits: { ...limits, perAddress: { count: 100_000, period: 60 } } }),
    });
    const words = ['Foreign', 'Quarry', 'ask twice', 'tenant b only', '@a.example', '@b.example', 'Theo', 'Mallory'];
    let shown = 0;
    await fc.assert(
      fc.asyncProperty(randomQueries(world.schema, 5), async (query) => {
        world.clock.advance(60);
        const { status, text, data } = await world.ask(query, { token: await world.token() });
        assert.ok([200, 403].includes(status), `${status} ${query} ${text}`);
        shown += countFields(data);
        // Her own address is hers.
        const others = text.replaceAll('nora@a.example', '');
        for (const word of words) assert.equal(others.includes(word), false, `${word}: ${query}`);
        const typed = JSON.stringify(data ?? null);
        assert.equal(typed.includes('"42"') || typed.includes('"3"'), false, query);
      }),
      { numRuns: 300 },
    );
    assert.ok(shown > 500, `the queries reach something: ${shown}`);
  });

  test(`R-163[graphql] R-199[graphql] ${name}: lists, pages, unions and nested lists hold only what the policy selects in SQL`, async () => {
    const world = await start();
    const token = await world.token({ sub: 'theo' });
    const { data } = await world.ask(
      `{ invoices { id } page { edges { node { id } } } search(text: "x") { __typename ... on Node { id } }
         me { invoices { id siblings(first: 10) { id } } } }`,
      { token },
    );
    assert.deepEqual(each(data, 'invoices', 'id'), ['1', '2', '3']);
    assert.deepEqual(each(data, 'page.edges', 'node.id'), ['1', '2', '3']);
    assert.deepEqual(each(data, 'search', 'id'), ['1', '2', '3', 'nora', 'theo'], 'nobody of the other tenant');
    for (const nested of each(data, 'me.invoices', 'siblings')) {
      assert.deepEqual(each({ nested }, 'nested', 'id'), ['1', '2', '3']);
    }
    assert.equal(each(data, 'me.invoices', 'id').length, 3);
  });

  test(`R-163[graphql] R-199[graphql] ${name}: a list that was not selected by the policy is a failure, not a shorter list`, async () => {
    const world = await start();
    const answer = await world.ask('{ believed { id customer } }', { token: await world.token() });
    assert.equal(answer.data, null);
    assert.deepEqual(
      answer.errors.map(({ extensions }) => extensions['code']),
      ['server_error'],
    );
    const streamed = await world.ask('{ streamed { id customer } }', { token: await world.token() });
    assert.equal(streamed.text.includes('Foreign'), false, 'nor one that comes piece by piece');
    assert.deepEqual(
      streamed.errors.map(({ extensions }) => extensions['code']),
      ['server_error'],
    );
    const [event] = await world.outcomes();
    assert.equal(event?.outcome, 'failure');
    assert.ok(world.sink.events.some((one) => one.type === 'failure' && one.where === 'graphql'));
    assert.ok(event?.decisions?.some(({ effect, objects: all }) => effect === 'deny' && all.includes('invoice/3')));
  });

  test(`R-196[graphql] R-199[graphql] ${name}: a list is no longer than what was paid for, whatever its resolver does`, async () => {
    const world = await start();
    const token = await world.token({ sub: 'theo' });
    const answer = await world.ask('{ endless(first: 2) { id } }', { token });
    assert.equal(answer.data, null);
    assert.equal(answer.errors[0]?.extensions['code'], 'server_error');
    const { data } = await world.ask('query($n: Int) { endless(first: $n) { id } }', { token, variables: { n: 3 } });
    assert.deepEqual(each(data, 'endless', 'id'), ['1', '2', '3']);
  });

  test(`R-199[graphql] S-64[graphql] ${name}: each field asks whether it may be read, made fields and nested objects too`, async () => {
    const world = await start();
    const query = '{ invoice(id: 1) { customer secret shout owner { name email } } }';
    const nora = await world.ask(query, { token: await world.token() });
    assert.deepEqual(at(nora.data, 'invoice'), {
      customer: 'Harbour',
      secret: null,
      shout: 'HARBOUR',
      owner: { name: 'Nora', email: 'nora@a.example' },
    });
    assert.deepEqual(
      nora.errors.map(({ path, extensions }) => [path?.join('.'), extensions['code']]),
      [['invoice.secret', 'access_denied']],
    );
    const theo = await world.ask('{ invoice(id: 1) { secret owner { name } } members { id name email } }', {
      token: await world.token({ sub: 'theo' }),
    });
    assert.equal(at(theo.data, 'invoice.secret'), 'ask twice');
    assert.equal(at(theo.data, 'invoice.owner'), null, 'an edge has an action of its own');
    assert.deepEqual(at(theo.data, 'members.0'), { id: 'nora', name: 'Nora', email: null });
    assert.equal(theo.text.includes('nora@a.example'), false);
  });

  test(`S-64[graphql] R-199[graphql] ${name}: an object that was reached past every rule shows nothing`, async () => {
    const world = await start();
    const page = world.schema.getQueryType()?.getFields()['page'];
    // A root value, a merged schema or a plugin may put objects where no resolver of ours did.
    const edge = (
      world.schema.getType('InvoiceEdge') as unknown as ReturnType<typeof world.schema.getQueryType>
    )?.getFields()['node'];
    assert.ok(page && edge);
    edge.resolve = (({ node }: { node: unknown }) => node) as never;
    const { data, errors } = await world.ask('{ page { edges { node { id customer } } } }', {
      token: await world.token(),
    });
    assert.equal(at(data, 'page.edges.0.node.customer') ?? null, null);
    assert.ok(errors.length > 0 && errors.every(({ extensions }) => extensions['code'] === 'server_error'));
  });

  test(`R-166 R-163[graphql] ${name}: a mutation changes what the caller may change, of objects the caller may change`, async () => {
    const world = await start();
    const token = await world.token();
    const change = (id: number, more: string) =>
      world.ask(`mutation { changeInvoice(id: ${id}, ${more}) { note invoice { customer } } }`, { token });
    const changed = await change(1, 'customer: "Quay"');
    assert.deepEqual(at(changed.data, 'changeInvoice'), { note: 'done', invoice: { customer: 'Quay' } });
    const total = await change(1, 'customer: "Mole", total: 1');
    assert.equal(at(total.data, 'changeInvoice'), null);
    assert.deepEqual(
      problemsOf(total).map(({ path }) => path),
      ['args.total'],
    );
    for (const id of [3, 42, 4711]) {
      const foreign = await change(id, 'customer: "Mine"');
      assert.deepEqual(
        foreign.errors.map(({ extensions }) => extensions['code']),
        ['not_found'],
      );
    }
    assert.deepEqual(
      [1, 3, 42].map((id) => world.invoice(id)?.customer),
      ['Quay', 'Quarry', 'Foreign'],
    );
    assert.equal(world.invoice(1)?.total, 100);
  });

  test(`R-168 R-167 R-158 ${name}: what no function permits is refused before anything runs, with all that is lacking`, async () => {
    const world = await start();
    const token = await world.token({ scope: 'other' });
    const refused = await world.ask('{ invoices { id } me { id } }', { token });
    assert.equal(refused.status, 403);
    assert.equal(world.ran(), 0);
    assert.match(String(refused.headers['www-authenticate']), /scope="invoices:read members:read"/);
    const half = await world.ask('{ invoices { id } me { id } }', {
      token: await world.token({ scope: 'members:read' }),
    });
    assert.equal(half.status, 200);
    assert.equal(half.errors[0]?.extensions['scope'], 'invoices:read');
  });

  test(`R-158 R-199[graphql] ${name}: a field that needs a recent sign-in is refused beside others that do not`, async () => {
    const me = { action: 'member.read', limit: { count: 9, period: 60 }, authentication: { maxAge: 60 } } as const;
    const world = await start({ fields: { 'Query.me': me } });
    const at10 = Math.floor(world.clock.now() / 1000) - 10;
    const query = '{ health me { id } }';
    const stale = await world.ask(query, { token: await world.token({ auth_time: at10 - 600 }) });
    assert.deepEqual(stale.data, { health: 'ok', me: null });
    assert.equal(stale.errors[0]?.extensions['code'], 'insufficient_user_authentication');
    const alone = await world.ask('{ me { id } }', { token: await world.token({ auth_time: at10 - 600 }) });
    assert.equal(alone.status, 401);
    assert.match(String(alone.headers['www-authenticate']), /max_age="?60/);
    assert.deepEqual((await world.ask(query, { token: await world.token({ auth_time: at10 }) })).data, {
      health: 'ok',
      me: { id: 'nora' },
    });
  });

  test(`R-157 R-141 ${name}: without a token only what is public is answered, and a bad token answers nothing`, async () => {
    const world = await start();
    assert.equal(at((await world.ask('{ health }')).data, 'health'), 'ok');
    for (const query of [
      '{ invoices { id } }',
      '{ health invoices { id } }',
      '{ ...F } fragment F on Query { me { id } }',
    ]) {
      const { status, headers } = await world.ask(query);
      assert.equal(status, 401, query);
      assert.match(String(headers['www-authenticate']), /^Bearer resource_metadata=/);
    }
    assert.equal((await world.ask('{ health }', { token: `${await world.token()}x` })).status, 401);
  });
}
