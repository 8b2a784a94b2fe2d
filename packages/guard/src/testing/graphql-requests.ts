/** For tests: how requests are counted, read and answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLimitStore } from '@castellan/limits';
import { at, type Start } from './graphql-answer.ts';

export function counting(name: string, start: Start): void {
  test(`S-63[graphql] R-197[graphql] ${name}: ten sign-ins in one document, in fragments or in a batch count as ten`, async () => {
    const logins = Array.from({ length: 10 }, (_, index) => `l${index}: signIn(name: "n${index}")`).join(' ');
    const bodies = [
      { query: `mutation { ${logins} }` },
      { query: `mutation { ...F } fragment F on Mutation { ${logins} }` },
      { query: `mutation { ... @include(if: true) { ${logins} } }` },
      Array.from({ length: 10 }, () => ({ query: 'mutation { signIn(name: "n") }' })),
    ];
    for (const body of bodies) {
      const world = await start({ graphql: { bounds: { batch: 10 } } });
      const answer = await world.ask(undefined, { body: JSON.stringify(body) });
      assert.equal(answer.status, 429);
      assert.equal(world.ran(), 0, 'nothing runs when not all of it may');
      assert.ok(Number(answer.headers['retry-after']) >= 1);
      assert.match(String(answer.headers['ratelimit']), /"Mutation\.signIn";r=0;t=\d+/);
      assert.deepEqual(
        (await world.outcomes()).map(({ reason }) => reason),
        ['rate_limited'],
      );
    }
  });

  test(`R-197[graphql] S-63[graphql] ${name}: root fields count for address, token, subject and client, and the answer says what is left`, async () => {
    const world = await start({
      guard: () => ({
        limits: {
          store: memoryLimitStore({ capacity: 100 }),
          perAddress: { count: 100, period: 60 },
          perToken: { count: 50, period: 60 },
          perSubject: { count: 40, period: 60 },
          perClient: { count: 90, period: 60 },
        },
      }),
    });
    const token = await world.token();
    const answer = await world.ask('{ a: me { id } b: me { id } invoices { id } }', { token });
    assert.equal(answer.status, 200);
    assert.equal(
      answer.headers['ratelimit'],
      '"address";r=97, "token";r=47, "subject";r=37, "client";r=87, "Query.me";r=18, "Query.invoices";r=19',
    );
    assert.equal(
      answer.headers['ratelimit-policy'],
      '"address";q=100;w=60, "token";q=50;w=60, "subject";q=40;w=60, "client";q=90;w=60, "Query.me";q=20;w=60, "Query.invoices";q=20;w=60',
    );
    const invalid = await world.ask('{ nonsense }', { token });
    assert.match(String(invalid.headers['ratelimit']), /"subject";r=36/, 'what is refused counts too');
  });

  test(`S-63[graphql] R-196[graphql] ${name}: a batch is refused unless its size is bounded, and each of its operations has its event`, async () => {
    const world = await start();
    const token = await world.token();
    const one = { query: '{ me { id } }' };
    assert.equal((await world.ask(undefined, { token, body: JSON.stringify([one]) })).status, 400);
    assert.equal((await world.ask(undefined, { token, body: JSON.stringify([one, one]) })).status, 400);
    const batching = await start({ graphql: { bounds: { batch: 2 } } });
    const bearer = await batching.token();
    assert.equal((await batching.ask(undefined, { token: bearer, body: JSON.stringify([one, one, one]) })).status, 400);
    await batching.outcomes();
    const before = batching.sink.events.length;
    const both = await batching.ask(undefined, {
      token: bearer,
      body: JSON.stringify([one, { query: '{ invoice(id: 42) { id } }' }]),
    });
    assert.deepEqual(JSON.parse(both.text), [{ data: { me: { id: 'nora' } } }, { data: { invoice: null } }]);
    await batching.outcomes();
    const events = batching.sink.events.slice(before).filter((event) => event.type === 'access.decided');
    assert.deepEqual(
      events.map(({ outcome, action, object }) => [outcome, action, object]),
      [
        ['permit', 'member.read', 'member/nora'],
        ['deny', 'invoice.read', 'invoice/42'],
      ],
    );
    assert.equal(new Set(events.map(({ correlation }) => correlation)).size, 1);
  });
}

export function answers(name: string, start: Start): void {
  test(`R-200[graphql] ${name}: a POST is JSON and nothing that a form of another site can send`, async () => {
    const world = await start();
    const token = await world.token();
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/graphql',
    ];
    for (const type of types) {
      const answer = await world.ask('mutation { changeInvoice(id: 1, customer: "x") { note } }', {
        token,
        headers: { 'content-type': [type] },
      });
      assert.equal(answer.status, 415, type);
    }
    const answer = await world.ask('{ me { id } }', { token });
    assert.equal(answer.headers['content-type'], 'application/graphql-response+json; charset=utf-8');
    for (const body of [
      '{"query":"{ me { id } }","query":"{ health }"}',
      '{"query":1}',
      '{}',
      '[]',
      '1',
      '{"query":"{ health }","more":1}',
    ]) {
      assert.equal((await world.ask(undefined, { token, body })).status, 400, body);
    }
  });

  test(`R-202[graphql] ${name}: an error has a number to quote and nothing of what went wrong`, async () => {
    const world = await start();
    const answer = await world.ask('{ fails { id } }', { token: await world.token() });
    assert.equal(at(answer.data, 'fails'), null);
    const [error] = answer.errors;
    assert.equal(error?.message, 'Something went wrong here.');
    const [event] = await world.outcomes();
    assert.deepEqual(error.extensions, { code: 'server_error', status: 500, correlation: event?.correlation });
    assert.equal(/hunter2|password|stack|\.ts/.test(answer.text), false);
    assert.equal(JSON.stringify(world.sink.events).includes('hunter2'), false);
    const variables = await world.ask('query($id: Int!) { invoice(id: $id) { id } }', {
      token: await world.token(),
      variables: { id: 'hunter2' },
    });
    assert.equal(variables.status, 400);
    assert.equal(variables.text.includes('hunter2'), false);
  });

  test(`S-65[graphql] R-173 ${name}: one event for each operation says who, what and on which objects`, async () => {
    const world = await start();
    await world.ask('{ it: invoice(id: 42) { id } }', { token: await world.token() });
    const [event, ...more] = await world.outcomes();
    assert.deepEqual(more, []);
    const { route, operation, outcome, principal, client, action, object, decisions } = event ?? {};
    assert.deepEqual(
      { route, operation, outcome, principal, client, action, object },
      {
        route: 'POST /graphql',
        operation: 'query invoice',
        outcome: 'deny',
        principal: 'nora',
        client: 'web',
        action: 'invoice.read',
        object: 'invoice/42',
      },
    );
    assert.deepEqual(decisions?.at(-1), {
      action: 'invoice.read',
      effect: 'deny',
      rules: [],
      count: 1,
      objects: ['invoice/42'],
    });
  });
}
