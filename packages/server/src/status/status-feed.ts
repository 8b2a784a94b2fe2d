import { epochSeconds, formatStatusEvent, type Runtime, refuse, statusHeartbeat } from '@castellan/protocol';
import type { StatusPosition, StatusStore } from '../store/status-store.ts';
import { listSize, listUri } from './status-claim.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

/** Tells APIs of each bit that is set, as soon as it is. */
export interface StatusFeed {
  /**
   * Begins with where the feed is, or with what happened since the place that the subscriber knows.
   *
   * @throws {Refusal} `overloaded` when there are too many feeds, `store_unavailable`
   */
  readonly open: (subscription: Subscription) => Promise<AsyncIterable<string>>;
  /** A commit of this node may have set bits: look now. */
  readonly nudge: () => void;
  /** Ends every feed. */
  readonly close: () => void;
}

/** Where a subscriber has come to. */
export type FeedPlace = Pick<StatusPosition, 'epoch' | 'version'>;

interface Subscription {
  readonly caller: string;
  readonly known: FeedPlace | undefined;
}

export interface StatusFeedDeps {
  readonly issuer: string;
  readonly store: Pick<StatusStore, 'readStatusPosition' | 'readStatusFlips'>;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'randomBytes'>;
}

/** Milliseconds after which the bits that other nodes and processes have set are seen. */
const lookInterval = 250;
/** Milliseconds without a change after which subscribers are told that there was none. */
const heartbeatInterval = 5_000;
/** Milliseconds after which a subscriber has to come again and prove itself. */
const longestFeed = 3_600_000;
/** Bits of one message; to read the lists again costs less than more. */
const largestChange = 2_000;
const mostFeeds = 1_000;
const mostFeedsOfOne = 32;

interface Listener {
  readonly subscriber: Subscriber;
  readonly caller: string;
  readonly until: number;
}

interface Feed {
  readonly deps: StatusFeedDeps;
  readonly listeners: Set<Listener>;
  /** Up to where every listener has been told; undefined while there is none. */
  place: FeedPlace | undefined;
  looking: Promise<void> | undefined;
  isNudged: boolean;
  /** When something was last said to everybody. */
  saidAt: number;
  cancel: (() => void) | undefined;
  isClosed: boolean;
}

/** The feed of one node. While nobody listens it asks the store nothing. */
export function createStatusFeed(deps: StatusFeedDeps): StatusFeed {
  const feed: Feed = {
    deps,
    listeners: new Set(),
    place: undefined,
    looking: undefined,
    isNudged: false,
    saidAt: Number.NEGATIVE_INFINITY,
    cancel: undefined,
    isClosed: false,
  };
  return {
    open: (subscription) => open(feed, subscription),
    nudge: () => {
      feed.isNudged = true;
      if (feed.looking === undefined && feed.listeners.size > 0) void tryToLook(feed);
    },
    close: () => {
      feed.isClosed = true;
      feed.cancel?.();
      for (const { subscriber } of feed.listeners) subscriber.end();
    },
  };
}

async function open(feed: Feed, { caller, known }: Subscription): Promise<AsyncIterable<string>> {
  const ofCaller = [...feed.listeners].filter((one) => one.caller === caller);
  if (feed.isClosed || feed.listeners.size >= mostFeeds || ofCaller.length >= mostFeedsOfOne) {
    refuse('overloaded', { detail: 'too many status feeds', retryAfter: 5 });
  }
  const subscriber = createSubscriber(() => leave(feed, listener));
  const listener: Listener = { caller, until: feed.deps.runtime.monotonic() + longestFeed, subscriber };
  feed.listeners.add(listener);
  try {
    await begin(feed, subscriber, known);
  } catch (error) {
    subscriber.end();
    throw error;
  }
  scheduleLook(feed);
  return subscriber.pieces;
}

function leave(feed: Feed, listener: Listener): void {
  feed.listeners.delete(listener);
  if (feed.listeners.size === 0) feed.place = undefined;
}

/**
 * INVARIANT: no change falls between what the subscriber is told first and what it is told from then on: it listens
 * before the place is taken from which its first message is made.
 */
async function begin(feed: Feed, subscriber: Subscriber, known: FeedPlace | undefined): Promise<void> {
  await look(feed);
  const { place } = feed;
  if (place === undefined) return refuse('store_unavailable', { detail: 'the subscriber has gone, or the feed ends' });
  subscriber.forget();
  subscriber.begin(`retry: 1000\n${await tell(feed, known, place)}`);
}

/** The event that brings whoever is at the one place to the other. */
async function tell({ deps }: Feed, from: FeedPlace | undefined, to: FeedPlace): Promise<string> {
  const { issuer, store, runtime } = deps;
  const message = { iss: issuer, iat: epochSeconds(runtime), jti: runtime.randomBytes(12).toString('base64url') };
  const { epoch, version } = to;
  const isBehind = from !== undefined && from.epoch === epoch && from.version <= version;
  const range = { after: from?.version ?? 0, upTo: version, limit: largestChange + 1 };
  const flipped = isBehind && from.version < version ? await store.readStatusFlips(range) : [];
  const since = isBehind && flipped.length <= largestChange ? from.version : undefined;
  const lists = new Map<string, number[]>();
  for (const index of flipped) {
    const uri = listUri(issuer, { epoch, list: Math.floor(index / listSize) });
    lists.set(uri, [...(lists.get(uri) ?? []), index % listSize]);
  }
  return formatStatusEvent(message, { epoch, version, since, lists });
}

/** One look at a time, and another one when it was nudged meanwhile. */
function look(feed: Feed): Promise<void> {
  feed.looking ??= lookWhileNudged(feed).finally(() => {
    feed.looking = undefined;
  });
  return feed.looking;
}

async function lookWhileNudged(feed: Feed): Promise<void> {
  do {
    feed.isNudged = false;
    const { epoch, version } = await feed.deps.store.readStatusPosition();
    const from = feed.place;
    const isNews = from !== undefined && (from.epoch !== epoch || from.version !== version);
    const news = isNews ? await tell(feed, from, { epoch, version }) : undefined;
    feed.place = feed.listeners.size > 0 ? { epoch, version } : undefined;
    say(feed, news);
  } while (feed.isNudged);
}

/** INVARIANT: a heartbeat follows a look that found no change, so it never says that all is well when nobody knows. */
function say(feed: Feed, news: string | undefined): void {
  const now = feed.deps.runtime.monotonic();
  if (news === undefined && now - feed.saidAt < heartbeatInterval) return;
  feed.saidAt = now;
  for (const { subscriber, until } of feed.listeners) {
    subscriber.send(news ?? statusHeartbeat);
    if (now >= until) subscriber.end();
  }
}

/** While the store is away there is nothing to say, and subscribers notice that nothing is said. */
async function tryToLook(feed: Feed): Promise<void> {
  await Promise.allSettled([look(feed)]);
}

function scheduleLook(feed: Feed): void {
  if (feed.cancel !== undefined || feed.isClosed) return;
  feed.cancel = feed.deps.runtime.schedule(lookInterval, () => {
    void tryToLook(feed).then(() => {
      feed.cancel = undefined;
      if (feed.listeners.size > 0) scheduleLook(feed);
    });
  });
}
