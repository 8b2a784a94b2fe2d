import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type MarkStore, memoryMarkStore } from '@castellan/limits';
import { sqliteMarkStore } from '@castellan/limits/sql';
import { type FlowSpec, flow } from './flow.ts';
import { routesUnder } from './route.ts';
import { type NotesApi, notesPolicy, startNotes } from './testing/notes.ts';

type Step = 'cart' | 'address' | 'pay';

type Claims = Readonly<Record<string, unknown>>;

interface Shop extends NotesApi {
  /** The status of a step of nora's, or of somebody else's. */
  readonly step: (name: Step, claims?: Claims) => Promise<number>;
  readonly done: Step[];
  /** What the next handlers do before they answer. */
  readonly before: (work: (step: Step) => void | Promise<void>) => void;
}

const spec = { steps: ['cart', 'address', 'pay'], within: 600, quota: { count: 3, period: 3600 }, pace: 2 } as const;

async function startShop(change: Partial<FlowSpec<Step>> = {}, store: MarkStore = memoryMarkStore({ capacity: 100 })) {
  const checkout = flow<Step>('checkout', { ...spec, ...change });
  const on = routesUnder(notesPolicy);
  const done: Step[] = [];
  let before: (step: Step) => void | Promise<void> = () => undefined;
  const route = (step: Step) =>
    on.collection({
      action: 'note.list',
      input: {},
      output: 'nothing',
      limit: { count: 1000, period: 1 },
      flow: checkout.step(step),
      handle: async () => {
        await before(step);
        done.push(step);
      },
    });
  const routes = { 'POST /cart': route('cart'), 'POST /address': route('address'), 'POST /pay': route('pay') };
  const api = await startNotes(({ limits }) => ({
    routes,
    flows: store,
    limits: { ...limits, perAddress: { count: 10_000, period: 1 } },
  }));
  const shop: Shop = {
    ...api,
    done,
    before: (work) => {
      before = work;
    },
    step: async (name, claims = {}) => (await api.send('POST', `/${name}`, { token: await api.token(claims) })).status,
  };
  return shop;
}

/** A person's way through, with time to read. */
async function walkThrough({ step, clock }: Shop, claims: Claims = {}): Promise<number> {
  for (const name of ['cart', 'address'] as const) {
    assert.equal(await step(name, claims), 204, name);
    clock.advance(2);
  }
  return step('pay', claims);
}

const stores: Readonly<Record<string, () => MarkStore>> = {
  memory: () => memoryMarkStore({ capacity: 100 }),
  SQLite: () => sqliteMarkStore(new DatabaseSync(':memory:'), { namespace: 'shop' }),
};

for (const [kind, open] of Object.entries(stores)) {
  test(`R-175[guard] in ${kind} a step that is skipped, repeated or another's is refused with 409, and the flow can be begun again`, async () => {
    const shop = await startShop({}, open());
    const { step, clock, done } = shop;
    assert.equal(await step('pay'), 409, 'nothing was begun');
    assert.equal(await step('cart'), 204);
    clock.advance(5);
    assert.equal(await step('pay'), 409, 'the address was skipped');
    assert.equal(await step('address', { sub: 'theo' }), 409, 'what nora began is nothing to theo');
    assert.equal(await step('address'), 204);
    clock.advance(5);
    assert.equal(await step('address'), 409, 'taken already');
    assert.equal(await step('pay'), 204);
    assert.equal(await step('pay'), 409, 'paid already');
    assert.equal(await step('address'), 409);
    assert.deepEqual(done, ['cart', 'address', 'pay']);
    assert.equal(await walkThrough(shop), 204);
  });

  test(`R-175[guard] in ${kind} of many requests at once one takes the step`, async () => {
    const shop = await startShop({ pace: 0 }, open());
    await shop.step('cart');
    await shop.step('address');
    const statuses = await Promise.all(Array.from({ length: 20 }, () => shop.step('pay')));
    assert.equal(statuses.filter((status) => status === 204).length, 1);
    assert.equal(shop.done.filter((name) => name === 'pay').length, 1);
  });
}

test('R-175[guard] of requests that have all seen the same place one takes the step', async () => {
  const memory = memoryMarkStore({ capacity: 100 });
  const crowd = 5;
  let waiting: (() => void)[] = [];
  let isCrowded = false;
  const store: MarkStore = {
    ...memory,
    find: async (key, clock) => {
      const mark = memory.find(key, clock);
      if (isCrowded) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === crowd) for (const go of waiting) go();
        });
      }
      return mark;
    },
  };
  const shop = await startShop({ pace: 0 }, store);
  for (const name of ['cart', 'address', 'pay'] as const) {
    isCrowded = true;
    waiting = [];
    const statuses = await Promise.all(Array.from({ length: crowd }, () => shop.step(name)));
    assert.equal(statuses.filter((status) => status === 204).length, 1, name);
  }
  assert.deepEqual(shop.done, ['cart', 'address', 'pay']);
});

test('R-175[guard] whoever has used the quota up gets 429 with the time to come back, and comes back then', async () => {
  const shop = await startShop();
  for (let round = 0; round < 3; round += 1) assert.equal(await walkThrough(shop), 204);
  await shop.step('cart');
  shop.clock.advance(2);
  await shop.step('address');
  shop.clock.advance(2);
  const { status, headers } = await shop.send('POST', '/pay', { token: await shop.token() });
  assert.equal(status, 429);
  const wait = Number(headers['retry-after']);
  assert.ok(wait > 1000 && wait <= 1200, `${wait}`);
  assert.match(String(headers['ratelimit']), /"flow";r=0;t=\d+/);
  assert.match(String(headers['ratelimit-policy']), /"flow";q=3;w=3600/);
  assert.equal(await walkThrough(shop, { sub: 'theo' }), 204, "the quota is each subject's own");
  shop.clock.advance(wait);
  assert.equal(await walkThrough(shop), 204);
});

test('R-175[guard] whoever is faster than a person gets 429 with the rest of the time, and the event says so', async () => {
  const shop = await startShop();
  await shop.step('cart');
  shop.clock.advance(0.5);
  const early = await shop.send('POST', '/address', { token: await shop.token() });
  assert.deepEqual([early.status, early.headers['retry-after']], [429, '2']);
  shop.clock.advance(1.5);
  assert.equal(await shop.step('address'), 204, 'who waits goes on');
  const event = (await shop.outcomes()).find(({ reason }) => reason === 'flow_too_fast');
  assert.equal(event?.detail, 'checkout: address came 1500 ms too early');
  assert.equal(event.principal, 'nora');
});

test('R-175[guard] a flow is over in its time, counted from its first step', async () => {
  const { step, clock, outcomes } = await startShop();
  await step('cart');
  clock.advance(300);
  assert.equal(await step('address'), 204);
  clock.advance(299.999);
  assert.equal(await step('pay'), 204);
  await step('cart');
  clock.advance(300);
  await step('address');
  clock.advance(300);
  assert.equal(await step('pay'), 409);
  assert.equal((await outcomes()).at(-1)?.reason, 'flow_out_of_order');
});

test('R-175[guard] a handler that fails gives the step back; one that runs keeps it', async () => {
  const { step, before, done } = await startShop({ pace: 0 });
  await step('cart');
  await step('address');
  before(() => {
    throw new Error('the bank is away');
  });
  assert.equal(await step('pay'), 500);
  before(async () => {
    before(() => undefined);
    assert.equal(await step('pay'), 409, 'somebody is paying just now');
  });
  assert.equal(await step('pay'), 204);
  assert.deepEqual(done, ['cart', 'address', 'pay']);
});

test('R-175[guard] a step that failed is tried again no faster than a person tries it', async () => {
  const { step, before, clock, done } = await startShop();
  await step('cart');
  clock.advance(2);
  before(() => {
    throw new Error('no such voucher');
  });
  assert.equal(await step('address'), 500);
  assert.deepEqual([await step('address'), await step('address')], [429, 429]);
  clock.advance(2);
  assert.equal(await step('address'), 500);
  before(() => undefined);
  assert.equal(await step('address'), 429);
  clock.advance(2);
  assert.equal(await step('address'), 204);
  clock.advance(2);
  assert.equal(await step('pay'), 204);
  assert.deepEqual(done, ['cart', 'address', 'pay']);
});

test('R-175[guard] a step that is not done yet, or failed, does not open the next one', async () => {
  const { step, before, done } = await startShop({ pace: 0 });
  before(async () => {
    before(() => undefined);
    assert.equal(await step('address'), 409, 'the cart is still being filled');
    throw new Error('the shelf is empty');
  });
  assert.equal(await step('cart'), 500);
  assert.equal(await step('address'), 409, 'there is no cart');
  assert.deepEqual(done, []);
  await step('cart');
  before(async () => {
    before(() => undefined);
    assert.equal(await step('cart'), 204, 'who changed their mind begins anew');
  });
  await step('address');
  assert.equal(await step('pay'), 409, 'the new cart has no address yet');
  assert.equal(await step('address'), 204);
});

test('R-175[guard] a request that is refused for anything else takes no step', async () => {
  const { step } = await startShop({ pace: 0 });
  await step('cart');
  assert.equal(await step('address', { scope: 'other' }), 403);
  assert.equal(await step('address', { aud: 'https://other.example' }), 401);
  assert.equal(await step('address'), 204);
});

test('R-175[guard] R-170[guard] a store that fails or answers nonsense permits nothing', async () => {
  const away = {
    reach: 'shared' as const,
    find: () => Promise.reject(new Error('away')),
    swap: () => Promise.reject(new Error('away')),
  };
  assert.equal(await (await startShop({}, away)).step('cart'), 500);
  const nonsense = { reach: 'shared' as const, find: () => 'DROP TABLE', swap: () => true };
  assert.equal(await (await startShop({}, nonsense)).step('address'), 409);
});

test('R-175[guard] a flow that bounds nothing is no flow, and one without a store stops the start', async () => {
  const bad: readonly [string, object][] = [
    ['checkout', { steps: ['pay'] }],
    ['checkout', { steps: ['pay', 'pay'] }],
    ['checkout', { steps: ['pay', 'Done'] }],
    ['a checkout', {}],
    ['checkout', { within: 0 }],
    ['checkout', { within: Number.NaN }],
    ['checkout', { within: Number.POSITIVE_INFINITY }],
    ['checkout', { pace: -1 }],
    ['checkout', { pace: 300 }],
    ['checkout', { quota: { count: 0, period: 1 } }],
  ];
  for (const [name, change] of bad) assert.throws(() => flow(name, { ...spec, ...change }), TypeError);
  assert.throws(() => flow('checkout', spec).step('ship' as never), /no step ship/);
  await assert.rejects(startShop({}, null as never), /flows is not a store/);
  await assert.rejects(startShop({}, {} as never), /flows is not a store/);
  const { guard } = await startShop();
  assert.equal(guard.inventory.find(({ path }) => path === '/pay')?.flow, 'checkout: pay');
});
