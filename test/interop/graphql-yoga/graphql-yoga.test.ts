/** GraphQL Yoga with its own engine and plugins behind the guard, and Yoga alone with the same schema. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { registerHooks } from 'node:module';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

const testing = new URL('../../../packages/guard/src/testing/', import.meta.url);
// Whatever imports graphql from here on is given the version of this folder.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, specifier === 'graphql' ? { ...context, parentURL: import.meta.url } : context),
});

const { createYoga } = await import('graphql-yoga');
const { graphqlConformance } = await import(new URL('graphql-conformance.ts', testing).href);
const { startWorld } = await import(new URL('graphql-world.ts', testing).href);

/** How an API keeps Yoga, and all plugins it has there: the guard reads requests, Yoga runs operations. */
function yogaEngine(schema, executed = () => undefined) {
  const plugin = { onExecute: executed, onSubscribe: executed };
  const yoga = createYoga({ schema, logging: false, plugins: [plugin] });
  return {
    execute: (args) => yoga.getEnveloped(args.contextValue).execute(args),
    subscribe: (args) => yoga.getEnveloped(args.contextValue).subscribe(args),
  };
}

graphqlConformance('Yoga 5', (schema) => yogaEngine(schema));

test('R-199[graphql] it is Yoga that runs operations, plugins and all', async () => {
  let count = 0;
  const engine = (schema) => yogaEngine(schema, () => void (count += 1));
  const world = await startWorld({ engine });
  await world.ask('{ me { id } }', { token: await world.token() });
  assert.equal(count, 1);
});

test('S-64[graphql] R-199[graphql] S-67 Yoga that serves the guarded schema by itself shows nothing, to anybody, on any path', async (t) => {
  const world = await startWorld();
  const server = createServer(createYoga({ schema: world.schema, logging: false })).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const token = await world.token({ sub: 'theo' });
  for (const query of [
    '{ health }',
    '{ invoices { id } }',
    '{ node(id: "1") { __typename id } }',
    'mutation { signIn(name: "x") }',
  ]) {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection: 'close' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = await response.json();
    assert.equal(
      Object.values(data ?? {}).some((value) => value !== null),
      false,
      query,
    );
    assert.equal(errors[0].message, 'Something went wrong here.');
  }
  assert.equal(world.ran(), 0);
});
