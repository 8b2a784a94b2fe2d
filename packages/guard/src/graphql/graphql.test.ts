import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecutionResult, execute, graphql, subscribe } from 'graphql';
import { graphqlConformance } from '../testing/graphql-conformance.ts';
import { startWorld } from '../testing/graphql-world.ts';

graphqlConformance('graphql 17');

test('R-202[graphql] what runs operations, and every plugin in it, sees no more of an error than the client', async () => {
  const results: ExecutionResult[] = [];
  const engine = {
    execute: async (args: Parameters<typeof execute>[0]) => {
      const result = await execute(args);
      results.push(result);
      return result;
    },
    subscribe,
  };
  const world = await startWorld({ graphql: { engine } });
  await world.ask('{ fails { id } invoice(id: 1) { secret } }', { token: await world.token() });
  const errors = results.flatMap((result) => result.errors ?? []);
  assert.deepEqual(errors.map(({ message }) => message).sort(), ['Something went wrong here.', 'This is not allowed.']);
  for (const { originalError } of errors) assert.equal(String(originalError?.stack).includes('hunter2'), false);
});

test('R-199[graphql] S-64[graphql] S-67 the schema answers nobody who runs it past the guard', async () => {
  const { schema } = await startWorld();
  for (const contextValue of [undefined, {}, { principal: { kind: 'person', id: 'theo', role: 'keeper' } }]) {
    const source = '{ health invoice(id: 1) { id } me { id } }';
    const { data, errors } = await graphql({ schema, source, contextValue });
    assert.equal(data?.['invoice'] ?? null, null);
    assert.ok((errors?.length ?? 0) > 0);
    assert.equal(JSON.stringify(data ?? {}).includes('ok'), false);
  }
});
