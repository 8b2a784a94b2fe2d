import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LimitStore, memoryLimitStore } from '@castellan/limits';
import { ConfigError, createServer } from '@castellan/server';
import { createWorld, type World } from '@castellan/testkit';

const form = [['content-type', 'application/x-www-form-urlencoded']] as const;
const limits = { tokenPerAddress: { count: 3, period: 60 } };

/** Statuses of six token requests in a row. */
async function askForTokens(world: World): Promise<readonly number[]> {
  const statuses = [];
  for (let index = 0; index < 6; index += 1) {
    const { status } = await world.send('POST', '/token', { headers: form, body: 'grant_type=refresh_token' });
    statuses.push(status);
  }
  return statuses;
}

test('R-192[limits] while its shared store is away the server stays limited, and says so once', async () => {
  const away: LimitStore = { reach: 'shared', take: () => Promise.reject(new Error('redis://:secret@10.0.0.1')) };
  const world = await createWorld({ seed: 'away', config: (base) => ({ ...base, limits, limitStore: away }) });
  const statuses = await askForTokens(world);
  await world.close();
  assert.equal(statuses.filter((status) => status === 429).length, 3);
  const lost = world.events.filter(({ type }) => type.startsWith('limit_store'));
  assert.deepEqual(
    lost.map(({ type }) => type),
    ['limit_store.lost'],
  );
  assert.doesNotMatch(JSON.stringify(lost), /secret/);
});

test('R-190[limits] servers that are given one store count together', async () => {
  const memory = memoryLimitStore({ capacity: 100 });
  const limitStore: LimitStore = { reach: 'shared', take: async (key, limit, clock) => memory.take(key, limit, clock) };
  const config = { seed: 'shared', config: (base: World['config']) => ({ ...base, limits, limitStore }) };
  const [one, other] = [await createWorld(config), await createWorld({ ...config, seed: 'other' })];
  const statuses = [...(await askForTokens(one)), ...(await askForTokens(other))];
  await one.close();
  await other.close();
  assert.equal(statuses.filter((status) => status !== 429).length, 3);
});

test('R-219[config] what is no limit store stops the start', async () => {
  const world = await createWorld({ seed: 'wrong' });
  for (const limitStore of [
    {},
    { take: () => undefined },
    'redis://127.0.0.1',
    { reach: 'everywhere', take: () => {} },
  ]) {
    await assert.rejects(createServer({ ...world.config, limitStore: limitStore as never }), (error) => {
      assert.ok(error instanceof ConfigError);
      return /limitStore/.test(error.message);
    });
  }
  await world.close();
});
