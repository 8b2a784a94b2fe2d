/**
 * Changes to the keys: those that the timetable asks for, and those that an operator does.
 *
 * Each plans on the keys as they are and commits only if they still are; else it looks again. So of nodes that change
 * keys at once, each plans on what the others have done.
 *
 * Owns: what changes, with which events. Does not own: the timetable (`timetable.ts`), how keys are made and sealed.
 */
import { type EffectEvent, type NonEmpty, type Recorder, recordEvents } from '@castellan/audit';
import { epochSeconds, type Runtime, type SignatureAlgorithm } from '@castellan/protocol';
import type { KeyRow, KeyStore } from '../store/store.ts';
import {
  announcedRow,
  dueKey,
  endAt,
  keyState,
  leavesPlace,
  type Moment,
  type NewKey,
  planReplacement,
  planRotation,
  removed,
  schedule,
  signingRow,
} from './timetable.ts';

export type Rotation =
  /** The successor, and from when on it signs. */
  | { readonly verdict: 'announced'; readonly successor: KeyRow }
  /** One was announced before, and no other can take over sooner. */
  | { readonly verdict: 'already_announced'; readonly successor: KeyRow };

/** Why a key cannot be ended, or that it was. */
export type Retirement =
  | { readonly verdict: 'ended'; readonly retiredAt: number }
  /** Clients or resources use its algorithm: it has to be rotated. */
  | { readonly verdict: 'in_use'; readonly algorithm: string }
  /** It signs no more, but what it has signed may still be valid until then. */
  | { readonly verdict: 'verifying'; readonly retiredAt: number }
  | { readonly verdict: 'gone' }
  | { readonly verdict: 'unknown' };

export type Removal =
  /** With the key that took its place, if it had one to leave. */
  | { readonly verdict: 'removed'; readonly successor: KeyRow | undefined }
  | { readonly verdict: 'already_removed' }
  | { readonly verdict: 'unknown' };

export interface KeyChanges {
  /** Adds the keys that are due for these algorithms and for those that sign already; retires what is over. */
  readonly maintain: (algorithms: readonly SignatureAlgorithm[]) => Promise<void>;
  readonly rotate: (algorithm: SignatureAlgorithm) => Promise<Rotation>;
  readonly retire: (kid: string, inUse: readonly SignatureAlgorithm[]) => Promise<Retirement>;
  readonly remove: (kid: string) => Promise<Removal>;
}

export interface KeyChangeDeps {
  readonly store: KeyStore;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly recorder: Recorder;
  readonly longestToken: number;
  readonly make: (algorithm: SignatureAlgorithm) => Promise<NewKey>;
}

/** A plan: what to write, and what to tell. Without `put` nothing is to be done. */
interface Plan<V> {
  readonly verdict: V;
  readonly put?: readonly KeyRow[];
  readonly effects?: NonEmpty<EffectEvent>;
}

type Planner<V> = (rows: readonly KeyRow[], moment: Moment) => Promise<Plan<V>> | Plan<V>;

/** Each further attempt means that another node has changed the keys in between. */
const mostAttempts = 50;

export function createKeyChanges(deps: KeyChangeDeps): KeyChanges {
  return {
    maintain: (algorithms) => maintain(deps, algorithms),
    rotate: (algorithm) => {
      const make = once(deps);
      return commit(deps, (rows, moment) => rotation(rows, { algorithm, make }, moment));
    },
    retire: (kid, inUse) => commit(deps, (rows, moment) => retirement(rows, { kid, inUse }, moment)),
    remove: (kid) => {
      const make = once(deps);
      return commit(deps, (rows, moment) => removal(rows, { kid, make }, moment));
    },
  };
}

type Make = (algorithm: string) => Promise<NewKey>;

/** The one key of a change, made when it is needed and then kept, however often the change is planned. */
function once(deps: KeyChangeDeps): Make {
  let made: Promise<NewKey> | undefined;
  return (algorithm) => {
    made ??= deps.make(algorithm as SignatureAlgorithm);
    return made;
  };
}

async function commit<V>(deps: KeyChangeDeps, plan: Planner<V>): Promise<V> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const seen = await deps.store.listKeys();
    const moment = { now: epochSeconds(deps.runtime), longestToken: deps.longestToken };
    const { verdict, put, effects } = await plan(seen, moment);
    if (put === undefined || effects === undefined) return verdict;
    const events = recordEvents(deps.recorder, `keys-${put[0]?.kid}`, effects);
    if ((await deps.store.changeKeys({ seen, put }, events)) === 'changed') return verdict;
  }
  throw new Error('the signing keys were changed by others each time they were to be changed here');
}

async function maintain(deps: KeyChangeDeps, algorithms: readonly SignatureAlgorithm[]): Promise<void> {
  const rows = await deps.store.listKeys();
  const now = epochSeconds(deps.runtime);
  const signing = rows.map(({ algorithm }) => algorithm).filter((name) => signingRow(rows, name, now) !== undefined);
  for (const algorithm of new Set([...algorithms, ...(signing as SignatureAlgorithm[])])) {
    const make = once(deps);
    await commit(deps, (current, moment) => succession(current, { algorithm, make }, moment));
  }
  await commit(deps, expiry);
}

interface Making {
  readonly algorithm: SignatureAlgorithm;
  readonly make: Make;
}

async function succession(
  rows: readonly KeyRow[],
  { algorithm, make }: Making,
  moment: Moment,
): Promise<Plan<undefined>> {
  const signsFrom = dueKey(rows, algorithm, moment.now);
  if (signsFrom === undefined) return { verdict: undefined };
  const key = await make(algorithm);
  return { verdict: undefined, put: [schedule(key, signsFrom, moment)], effects: [announced(key)] };
}

/** What is over is told once: when its private half, which signs nothing any more, is erased. */
function expiry(rows: readonly KeyRow[], { now }: Moment): Plan<undefined> {
  const over = rows.filter((row) => keyState(row, now) === 'retired' && row.sealedPrivateKey !== undefined);
  const [first, ...rest] = over.map((row) => toldOf('key.retired', row));
  if (first === undefined) return { verdict: undefined };
  return {
    verdict: undefined,
    put: over.map((row) => ({ ...row, sealedPrivateKey: undefined })),
    effects: [first, ...rest],
  };
}

async function rotation(rows: readonly KeyRow[], { algorithm, make }: Making, moment: Moment): Promise<Plan<Rotation>> {
  const next = announcedRow(rows, algorithm, moment.now);
  if (next !== undefined) return { verdict: { verdict: 'already_announced', successor: next } };
  const put = planRotation(rows, await make(algorithm), moment);
  const [successor] = put;
  return { verdict: { verdict: 'announced', successor }, put, effects: [announced(successor)] };
}

interface Retiring {
  readonly kid: string;
  readonly inUse: readonly string[];
}

/**
 * INVARIANT: an algorithm that anybody uses keeps its signing key and the one that will sign: what is in the way of
 * those is a rotation or a removal.
 */
function retirement(rows: readonly KeyRow[], { kid, inUse }: Retiring, moment: Moment): Plan<Retirement> {
  const row = rows.find((candidate) => candidate.kid === kid);
  if (row === undefined) return { verdict: { verdict: 'unknown' } };
  const state = keyState(row, moment.now);
  if (state === 'removed' || state === 'retired') return { verdict: { verdict: 'gone' } };
  if (state === 'verifying') return { verdict: { verdict: 'verifying', retiredAt: row.retiredAt } };
  if (inUse.includes(row.algorithm)) return { verdict: { verdict: 'in_use', algorithm: row.algorithm } };
  const others = rows.filter(
    (other) =>
      other.kid !== kid &&
      other.algorithm === row.algorithm &&
      ['announced', 'signing'].includes(keyState(other, moment.now)),
  );
  const put = [row, ...others].map((key) => endAt(key, moment.now, moment));
  const effects = [toldOf('key.ended', row), ...others.map((key) => toldOf('key.ended', key))] as const;
  return { verdict: { verdict: 'ended', retiredAt: endAt(row, moment.now, moment).retiredAt }, put, effects };
}

interface Removing {
  readonly kid: string;
  readonly make: Make;
}

/** INVARIANT: no algorithm is without a key that signs after the commit that takes its key away. */
async function removal(rows: readonly KeyRow[], { kid, make }: Removing, moment: Moment): Promise<Plan<Removal>> {
  const row = rows.find((candidate) => candidate.kid === kid);
  if (row === undefined) return { verdict: { verdict: 'unknown' } };
  if (row.removedAt !== undefined) return { verdict: { verdict: 'already_removed' } };
  const gone = removed(row, moment.now);
  const replacement = leavesPlace(rows, row, moment.now)
    ? planReplacement(rows, { gone: row, fresh: await make(row.algorithm) }, moment)
    : [];
  const [successor] = replacement;
  const told = { ...toldOf('key.removed', row), successor: successor?.kid };
  return {
    verdict: { verdict: 'removed', successor },
    put: [gone, ...replacement],
    effects: [told, ...(successor === undefined ? [] : [announced(successor)])],
  };
}

function announced(key: NewKey): EffectEvent {
  return toldOf('key.announced', key);
}

function toldOf<const T extends string>(
  type: T,
  { kid, algorithm }: Pick<KeyRow, 'kid' | 'algorithm'>,
): { readonly type: T; readonly key: string; readonly algorithm: string } {
  return { type, key: kid, algorithm };
}
