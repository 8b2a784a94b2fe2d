/** P-17: one take for one of many keys, and what a key costs in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryLimitStore } from '@castellan/limits';
import { systemRuntime } from '@castellan/protocol';
import { type Contestant, type Line, linesOf, type Measured, measure, optional, timeOfLane } from './lanes.ts';

const keys = Array.from({ length: 5000 }, (_, index) => `subject https://login.example person-${index}`);
const limit = { count: 1_000_000, period: 60 };
const bare = 'a bare token bucket';
const ours = 'guard, memory store';

type TakeOne = (key: string) => unknown;

/** What has to be done in any case: the time, a look, two numbers. It forgets nobody. */
function bareBucket(): TakeOne {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const rate = limit.count / (limit.period * 1000);
  return (key) => {
    const now = systemRuntime.monotonic();
    const bucket = buckets.get(key);
    if (bucket === undefined) return void buckets.set(key, { tokens: limit.count - 1, at: now });
    bucket.tokens = Math.min(limit.count, bucket.tokens + (now - bucket.at) * rate) - 1;
    bucket.at = now;
    if (bucket.tokens < 0) throw new Error('the limit was not meant to be reached');
  };
}

function memoryStore(): TakeOne {
  const store = memoryLimitStore({ capacity: 10_000 });
  return (key) => store.take(key, limit, systemRuntime);
}

function lane(name: string, take: TakeOne): Contestant {
  let next = 0;
  return {
    name,
    run: (count) => {
      for (let index = 0; index < count; index += 1) {
        take(keys[next] as string);
        next = (next + 1) % keys.length;
      }
    },
  };
}

/** Two of them, as in a process with two guards: code that knows the one it serves would not do for both. */
function inTurns(one: TakeOne, other: TakeOne): TakeOne {
  let isOther = false;
  return (key) => {
    isOther = !isOther;
    return isOther ? other(key) : one(key);
  };
}

/** The same for what answers with a promise. */
function waitingLane(name: string, take: (key: string) => Promise<unknown>): Contestant {
  let next = 0;
  return {
    name,
    run: async (count) => {
      for (let index = 0; index < count; index += 1) {
        await take(keys[next] as string);
        next = (next + 1) % keys.length;
      }
    },
  };
}

interface Flexible {
  readonly RateLimiterMemory: new (options: object) => { readonly consume: (key: string) => Promise<unknown> };
}
interface ExpressRateLimit {
  readonly MemoryStore: new () => {
    readonly init: (options: object) => void;
    readonly increment: (key: string) => Promise<unknown>;
    readonly shutdown: () => void;
  };
}

export async function section(): Promise<readonly Line[]> {
  const contestants = [lane(bare, bareBucket()), lane(ours, memoryStore())];
  const express = await optional<ExpressRateLimit>('express-rate-limit');
  if (express !== undefined) {
    const memory = new express.MemoryStore();
    memory.init({ windowMs: 60_000 });
    contestants.push(waitingLane('express-rate-limit, its store', (key) => memory.increment(key)));
  }
  const flexible = await optional<Flexible>('rate-limiter-flexible');
  if (flexible !== undefined) {
    const limiter = new flexible.RateLimiterMemory({ points: limit.count, duration: limit.period });
    contestants.push(waitingLane('rate-limiter-flexible', (key) => limiter.consume(key)));
  }
  const measured = await measure(contestants);
  const pairs = await measure([
    lane(bare, inTurns(bareBucket(), bareBucket())),
    lane(ours, inTurns(memoryStore(), memoryStore())),
  ]);
  const share = shareOf(measured);
  const bytes = bytesOfKey();
  return [
    ...linesOf('P-17', measured),
    { row: 'P-17', name: '→ share of the bucket', measured: share.toFixed(2), goal: '.80', met: share >= 0.8 },
    { row: 'P-17', name: '→ share of the bucket, two of each in turns', measured: shareOf(pairs).toFixed(2) },
    {
      row: 'P-17',
      name: '→ memory of a key, without its text',
      measured: `${bytes.toFixed(0)} B`,
      goal: '100 B',
      met: bytes <= 100,
    },
  ];
}

function shareOf(measured: readonly Measured[]): number {
  return timeOfLane(measured, bare) / timeOfLane(measured, ours);
}

/** With the texts already there: they are the caller's. */
function bytesOfKey(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const many = Array.from({ length: 100_000 }, (_, index) => `subject https://login.example person-${index}`);
  const hashed = new Set(many);
  collect();
  const before = heldBytes();
  const store = memoryLimitStore({ capacity: 1_000_000 });
  for (const key of many) store.take(key, limit, systemRuntime);
  collect();
  const bytes = (heldBytes() - before) / many.length;
  if (store.size() !== hashed.size) throw new Error('keys were lost');
  return bytes;
}

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
