/**
 * The status lists of an issuer, held in memory: whether a token was revoked is one bit, looked up without waiting.
 *
 * Owns: what is known of each list, how old that knowledge is, and what a change of the feed makes of it; getting a list
 * (`read-list.ts`) and listening (`follow-feed.ts`).
 * Does not own: what follows from not knowing (`../revocation.ts`).
 */
import { type Runtime, type StatusChange, type StatusList, setStatusBit, statusAt } from '@castellan/protocol';
import { GuardConfigError } from '../config.ts';
import type { IssuerKeys } from '../issuer.ts';
import type { Revocation, StatusReference } from '../revocation.ts';
import { type FeedConfig, followFeed } from './follow-feed.ts';
import { createListReader, type ListRules, type Made, type ReadList } from './read-list.ts';
import { statusListsProblems } from './status-lists-problems.ts';

/** Whose lists, and how they are kept up to date. Nothing that decides about acceptance has a default. */
export type StatusListsConfig = ListRules &
  IssuerKeys & {
    /** Seconds that knowledge may be old: 1 to 300, with a feed at least 15; 15 by default. Older knowledge is none. */
    readonly staleness?: number;
    /**
     * A feed of changes, by which a revocation counts at once. Without it, and while it is away, lists are fetched
     * again when half of `staleness` is over.
     */
    readonly feed?: FeedConfig;
  };

/** The lists of one issuer, as the source of revocations of its tokens. */
export interface StatusLists extends Revocation {
  /** Whether changes arrive as they happen; false while lists are only fetched again. */
  readonly isFollowing: () => boolean;
  /** Stops listening. */
  readonly close: () => void;
}

export type StatusListsRuntime = Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch' | 'randomBytes'>;

/** What is known of a list. */
interface KnownList {
  readonly list: StatusList;
  /** Everything up to and with this version of this epoch is in it. */
  made: Made;
  /** When it was known to be so, on the monotonic clock. */
  knownAt: number;
}

interface Known {
  readonly config: StatusListsConfig;
  readonly runtime: StatusListsRuntime;
  readonly readList: ReadList;
  readonly lists: Map<string, KnownList>;
  /** Reads under way, by the address of the list. */
  readonly reading: Map<string, Promise<void>>;
  /** When a list that could not be read may be tried again. */
  readonly notBefore: Map<string, number>;
  /** Where the feed is; `heardAt` is undefined while there is none. */
  feed: Made & { heardAt: number | undefined };
}

/** Lists that are held, and reads at once; a token that was verified names each of them. */
const mostLists = 256;
const mostReads = 16;
/** Milliseconds after a read that failed. */
const cooldown = 1_000;

/**
 * Begins to follow the lists of an issuer; hand it to the guard as `revocation` of that issuer, and close it with the
 * guard.
 *
 * Lists are fetched from below the issuer's own address only, when the first token names them.
 *
 * @throws {GuardConfigError} naming everything that is missing or weak
 * @example
 * const revocation = statusLists({ issuer, algorithms: ['ES256'], jwksUri, feed: { endpoint, client, secret } }, runtime);
 * @see draft-ietf-oauth-status-list §8.3
 */
export function statusLists(config: StatusListsConfig, runtime: StatusListsRuntime): StatusLists {
  const problems = statusListsProblems(config);
  if (problems.length > 0) throw new GuardConfigError(problems);
  const known: Known = {
    config,
    runtime,
    readList: createListReader(config, runtime),
    lists: new Map(),
    reading: new Map(),
    notBefore: new Map(),
    feed: { epoch: -1, version: -1, heardAt: undefined },
  };
  const { feed, issuer } = config;
  const stop =
    feed === undefined
      ? () => {}
      : followFeed({ issuer, feed, silence: stalenessOf(config) }, listener(known), runtime);
  return {
    staleness: stalenessOf(config),
    isRevoked: (status) => isRevoked(known, status),
    isFollowing: () => known.feed.heardAt !== undefined,
    close: stop,
  };
}

function stalenessOf({ staleness = 15 }: StatusListsConfig): number {
  return staleness;
}

function listener(known: Known): Parameters<typeof followFeed>[1] {
  return {
    changed: (change) => apply(known, change),
    heard: () => {
      if (known.feed.heardAt !== undefined) known.feed.heardAt = known.runtime.monotonic();
    },
    lost: () => {
      // What was known while the feed was there stays known from that moment on, no longer.
      for (const list of known.lists.values()) list.knownAt = knownAt(known, list);
      known.feed.heardAt = undefined;
    },
  };
}

function isRevoked(known: Known, { issuer, uri, index }: StatusReference): ReturnType<Revocation['isRevoked']> {
  if (issuer !== known.config.issuer) return undefined;
  const held = known.lists.get(uri);
  if (held === undefined || isOld(known, held)) return readFirst(known, { uri, index });
  if (isOld(known, held, 0.5)) void read(known, uri);
  return bitOf(held, index);
}

async function readFirst(
  known: Known,
  { uri, index }: Pick<StatusReference, 'uri' | 'index'>,
): Promise<boolean | undefined> {
  await read(known, uri);
  const held = known.lists.get(uri);
  return held === undefined || isOld(known, held) ? undefined : bitOf(held, index);
}

/** Whether what is known of a list is older than `share` of what is allowed. */
function isOld(known: Known, held: KnownList, share = 1): boolean {
  return known.runtime.monotonic() - knownAt(known, held) > stalenessOf(known.config) * 1000 * share;
}

/** INVARIANT: only 0 says that a token was not revoked; the others are revoked or suspended (§7.1). */
function bitOf({ list }: KnownList, index: number): boolean | undefined {
  const status = statusAt(list, index);
  return status === undefined ? undefined : status !== 0;
}

/** While the feed is there, a list that has all its changes is as new as what was last heard. */
function knownAt({ feed }: Known, { made, knownAt: own }: KnownList): number {
  return feed.heardAt !== undefined && hasAll(made, feed) ? Math.max(own, feed.heardAt) : own;
}

/**
 * Whether a list has all changes up to a place of the feed.
 *
 * INVARIANT: versions of two epochs are not compared. A copy from before a backup was restored has the higher version,
 * and bits that are worth nothing.
 */
function hasAll(made: Made, feed: Made): boolean {
  return made.epoch === feed.epoch && made.version >= feed.version;
}

/** One read of a list at a time. Never rejects: what cannot be read is not known. */
function read(known: Known, uri: string): Promise<void> {
  const pending = known.reading.get(uri);
  if (pending !== undefined) return pending;
  const now = known.runtime.monotonic();
  if (known.reading.size >= mostReads || now < (known.notBefore.get(uri) ?? 0)) return Promise.resolve();
  const reading = readNew(known, uri).finally(() => known.reading.delete(uri));
  known.reading.set(uri, reading);
  return reading;
}

/**
 * INVARIANT: a list that is older than what the feed has told is never used: a copy of it was kept on the way, or a
 * change came while it was on its way. Either is better the next time.
 */
async function readNew(known: Known, uri: string): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    const askedAt = known.runtime.monotonic();
    const found = await known.readList(uri);
    if (found === undefined) break;
    if (isOlder(known, uri, found.made)) continue;
    known.notBefore.delete(uri);
    known.lists.delete(uri);
    makeRoom(known.lists, mostLists);
    known.lists.set(uri, { ...found, knownAt: askedAt });
    return;
  }
  makeRoom(known.notBefore, mostLists);
  known.notBefore.set(uri, known.runtime.monotonic() + cooldown);
}

function isOlder(known: Known, uri: string, made: Made): boolean {
  if (known.feed.heardAt !== undefined && !hasAll(made, known.feed)) return true;
  const held = known.lists.get(uri);
  // What nobody has confirmed for so long counts no more, or an issuer that began anew would never be believed.
  return held !== undefined && isBefore(made, held.made) && !isOld(known, held);
}

function isBefore(one: Made, other: Made): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.version < other.version);
}

function makeRoom(map: Map<string, unknown>, capacity: number): void {
  const [oldest] = map.keys();
  if (map.size >= capacity && oldest !== undefined) map.delete(oldest);
}

/** A list that does not follow from the change, or has missed one, is forgotten and read again when it is needed. */
function apply(known: Known, change: StatusChange): void {
  const { epoch, version, since } = change;
  const goesOn = version >= known.feed.version;
  for (const [uri, held] of known.lists) {
    if (goesOn && hasAll(held.made, change)) continue;
    const told = change.lists.get(uri) ?? [];
    const follows = goesOn && held.made.epoch === epoch && since !== undefined && since <= held.made.version;
    // Where a status has several bits, one that was set says nothing of where it lies.
    if (follows && (told.length === 0 || held.list.bits === 1)) {
      for (const index of told) setStatusBit(held.list, index);
      held.made = { epoch, version };
    } else {
      known.lists.delete(uri);
    }
  }
  known.notBefore.clear();
  known.feed = { epoch, version, heardAt: known.runtime.monotonic() };
}
