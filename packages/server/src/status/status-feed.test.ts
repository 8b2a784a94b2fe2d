import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, turn } from '../../../testkit/src/clock.ts';
import { seededRandom } from '../../../testkit/src/random.ts';
import { createStatusFeed, type FeedPlace } from './status-feed.ts';

const issuer = 'https://id.example';

/** A feed over a store that the test fills, and breaks. */
function start() {
  const clock = createClock(1_800_000_000_000);
  const flips: number[][] = [];
  const state = { epoch: 1, isDown: false, looks: 0 };
  const feed = createStatusFeed({
    issuer,
    runtime: { ...clock, randomBytes: seededRandom('feed') },
    store: {
      readStatusPosition: async () => {
        state.looks += 1;
        if (state.isDown) throw new Error('down');
        return { epoch: state.epoch, version: flips.length, endOfIndexes: 1_000_000 };
      },
      readStatusFlips: async ({ after, upTo, limit }) => flips.slice(after, upTo).flat().slice(0, limit),
    },
  });
  const open = async (known?: FeedPlace) => {
    const heard: string[] = [];
    const pieces = await feed.open({ caller: 'api', known });
    const reading = (async () => {
      for await (const piece of pieces) heard.push(piece);
    })();
    await turn();
    return { heard, reading };
  };
  return { clock, flips, state, feed, open };
}

/** What an event tells; undefined for a comment. */
function told(piece: string | undefined): Record<string, unknown> | undefined {
  const line = piece?.split('\n').find((one) => one.startsWith('data: '));
  if (line === undefined) return undefined;
  const { events } = JSON.parse(line.slice('data: '.length)) as { events: Record<string, Record<string, unknown>> };
  return Object.values(events)[0];
}

test('R-064[status] a sign of life is the outcome of a look: while the store is away nothing is said', async () => {
  const { clock, state, open } = start();
  const { heard } = await open();
  await clock.advance(6);
  const alive = heard.length;
  assert.ok(alive >= 2);
  state.isDown = true;
  await clock.advance(30);
  assert.equal(heard.length, alive);
  state.isDown = false;
  await clock.advance(0.25);
  assert.equal(heard.at(-1), ':\n\n');
});

test('R-064[status] several commits between two looks are told as one change, without a gap', async () => {
  const { flips, feed, open } = start();
  flips.push([1]);
  const { heard } = await open({ epoch: 1, version: 0 });
  assert.deepEqual(told(heard[0]), { epoch: 1, version: 1, since: 0, lists: { [`${issuer}/status/1.0`]: [1] } });
  flips.push([2], [65_536 + 3, 4]);
  feed.nudge();
  await turn();
  await turn();
  assert.deepEqual(told(heard[1]), {
    epoch: 1,
    version: 3,
    since: 1,
    lists: { [`${issuer}/status/1.0`]: [2, 4], [`${issuer}/status/1.1`]: [3] },
  });
});

test('R-064[status] R-180 more bits than a message should have are not told: the lists are to be read again', async () => {
  const { flips, feed, open } = start();
  const { heard } = await open();
  flips.push(Array.from({ length: 2001 }, (_, at) => at));
  feed.nudge();
  await turn();
  await turn();
  assert.deepEqual(told(heard[1]), { epoch: 1, version: 1 });
  const again = await open({ epoch: 1, version: 0 });
  assert.deepEqual(told(again.heard[0]), { epoch: 1, version: 1 });
});

test('R-064[status] nobody is asked while nobody listens, and a feed that is closed ends who listens', async () => {
  const { clock, state, feed, open } = start();
  feed.nudge();
  await clock.advance(10);
  assert.equal(state.looks, 0);
  const { reading } = await open();
  feed.close();
  await reading;
  const { looks } = state;
  await clock.advance(10);
  assert.equal(state.looks, looks);
  await assert.rejects(feed.open({ caller: 'api', known: undefined }), { reason: 'overloaded' });
});

test('R-064[status] whoever cannot be told where the feed is gets none', async () => {
  const { state, open } = start();
  state.isDown = true;
  await assert.rejects(open());
  state.isDown = false;
  for (let count = 0; count < 32; count += 1) await open();
  await assert.rejects(open(), { reason: 'overloaded' }, 'the one that failed holds no place');
});
