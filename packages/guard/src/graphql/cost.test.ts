import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type ExecutionResult, execute, subscribe } from 'graphql';
import { countFields, randomQueries } from '../testing/graphql-random.ts';
import { startWorld, worldTable } from '../testing/graphql-world.ts';
import { defaultBounds } from './bounds.ts';
import { costOf } from './cost.ts';
import { createPreparer } from './document.ts';

test('S-61[graphql] R-196[graphql] no answer has more fields than its operation was said to cost', async () => {
  const bounds = { ...defaultBounds, aliases: 1000, breadth: 1000, fragments: 1000, depth: 100, cost: 1_000_000 };
  const results: ExecutionResult[] = [];
  const run: typeof execute = async (args) => {
    const result = await execute(args);
    results.push(result);
    return result;
  };
  const world = await startWorld({
    graphql: { bounds, engine: { execute: run, subscribe } },
    guard: ({ limits }) => ({ limits: { ...limits, perAddress: { count: 100_000, period: 60 } } }),
  });
  const judging = { schema: world.schema, table: worldTable, bounds, isVisible: false };
  const { prepare } = createPreparer(judging);
  let most = 0;
  await fc.assert(
    fc.asyncProperty(randomQueries(world.schema, 6), async (text) => {
      world.clock.advance(60);
      const { data } = await world.ask(text, { token: await world.token({ sub: 'theo' }) });
      const prepared = prepare({ text, operationName: undefined, variables: {} });
      const cost = costOf({ ...judging, ...prepared });
      const count = countFields(data);
      most = Math.max(most, count);
      assert.ok(count <= cost, `${count} fields at a cost of ${cost}: ${text}`);
    }),
    { numRuns: 300 },
  );
  assert.ok(most > 20, `the largest answer had ${most} fields`);
});
