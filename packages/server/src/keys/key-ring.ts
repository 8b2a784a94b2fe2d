/**
 * The server's signing keys.
 *
 * Owns: their sealing at rest, which of them signs, and the key set. Does not own: their timetable (`timetable.ts`), how
 * they change (`key-changes.ts`), what is signed with them.
 */
import type { KeyObject } from 'node:crypto';
import type { Recorder } from '@castellan/audit';
import {
  epochSeconds,
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  type JwkSet,
  type KeySource,
  localKeySource,
  type PublicKey,
  type Runtime,
  type SignatureAlgorithm,
  type SigningKey,
} from '@castellan/protocol';
import type { KeyRow, KeyStore } from '../store/store.ts';
import { jwkOf } from './jwk.ts';
import { createKeyChanges, type KeyChanges, type Removal, type Retirement, type Rotation } from './key-changes.ts';
import { deriveKey } from './master-key.ts';
import { type MisusedKey, misuseOf } from './misuse.ts';
import { type SealContext, seal, unseal } from './seal.ts';
import { isPublished, type NewKey, signingRow } from './timetable.ts';

export interface KeyRing {
  /** The key that signs now; the first of its algorithm is made when it is asked for. */
  readonly signer: (algorithm: SignatureAlgorithm) => Promise<SigningKey>;
  /** Announced, signing and verifying keys: public members only. The same object as long as nothing changes. */
  readonly jwks: () => Promise<JwkSet>;
  /** For verifying what this server has signed itself: the keys of the set. */
  readonly source: KeySource;
  /**
   * For what says something long after it was signed, as hints do: also keys that have retired. Never one that was
   * removed, since anybody may have signed with that.
   */
  readonly lastingSource: KeySource;
  /** Of a token that was refused: the key it was signed with though that had ended before. */
  readonly misuseOf: (token: string) => Promise<MisusedKey | undefined>;
  /** Announces the successors that are due and retires what is over; for a timer, at least daily. */
  readonly maintain: () => Promise<void>;
  /** Every key there is or was. */
  readonly list: () => Promise<readonly KeyRow[]>;
  /** Announces a successor now, which signs when it has been announced long enough. */
  readonly rotate: (algorithm: SignatureAlgorithm) => Promise<Rotation>;
  /** Ends the keys of an algorithm that nobody uses any more. */
  readonly retire: (kid: string) => Promise<Retirement>;
  /** Takes out a key that may be in other hands: at once, with all it has signed. Another signs in its place. */
  readonly remove: (kid: string) => Promise<Removal>;
}

export interface KeyRingDeps {
  readonly store: KeyStore;
  readonly masterKey: Buffer;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
  readonly recorder: Recorder;
  /** Those that clients and resources use now, besides {@link lastingAlgorithms}. */
  readonly algorithms: () => Promise<readonly SignatureAlgorithm[]>;
  /** Seconds a signature may have to be verified for: the longest life of a token. */
  readonly longestToken: number;
}

/**
 * Those that have keys before anybody uses them: RS256 is what every OpenID client can verify, ES256 what an API gets
 * unless it asks for another.
 */
const lastingAlgorithms: readonly SignatureAlgorithm[] = ['RS256', 'ES256'];

/** How stale the rows of another node may be, in milliseconds; the published bound, the same for both stores. */
const rowsMaxAge = 1000;

/** The master key is not the one that sealed the keys in the store. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
  constructor() {
    super('The master key does not open the signing keys in the store. Give the server the key it was set up with.');
  }
}

/** The rows as last read, and what is made of them. */
interface Rows {
  readonly all: readonly KeyRow[];
  readonly readAt: number;
}

interface Ring {
  readonly deps: KeyRingDeps;
  readonly sealingKey: Buffer;
  readonly changes: KeyChanges;
  /** Private keys by kid: made once. */
  readonly opened: Map<string, KeyObject>;
  rows: Rows | undefined;
  reading: Promise<Rows> | undefined;
  /** What verifies with one key, by kid: made once, so that a key stays the same object while it is in the set. */
  readonly verifiers: Map<string, KeySource>;
  published: { readonly jwks: JwkSet; readonly kids: string } | undefined;
}

/**
 * Opens the key ring; creates the first keys, or those that were missed while no server ran.
 *
 * @throws {MasterKeyError} when the keys in the store were sealed under another master key
 */
export async function createKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const sealingKey = deriveKey(deps.masterKey, 'signing-keys');
  const ring: Ring = {
    deps,
    sealingKey,
    changes: createKeyChanges({ ...deps, make: (algorithm) => makeKey(algorithm, { ...deps, sealingKey }) }),
    opened: new Map(),
    rows: undefined,
    reading: undefined,
    verifiers: new Map(),
    published: undefined,
  };
  // INVARIANT: what is there is opened before anything is added, so a wrong master key changes nothing.
  for (const row of await liveRows(ring)) openPrivateKey(ring, row);
  await maintain(ring);
  return {
    signer: (algorithm) => signer(ring, algorithm),
    jwks: async () => publish(ring, await liveRows(ring)),
    source: { find: async (kid, algorithm) => findIn(ring, await liveRows(ring), { kid, algorithm }) },
    lastingSource: {
      find: async (kid, algorithm) => {
        const standing = (await freshRows(ring)).filter(({ removedAt }) => removedAt === undefined);
        return findIn(ring, standing, { kid, algorithm });
      },
    },
    misuseOf: async (token) =>
      misuseOf(token, await freshRows(ring), { issuer: deps.recorder.source, now: deps.runtime.now }),
    maintain: () => maintain(ring),
    list: async () => (await rereadRows(ring)).all,
    rotate: (algorithm) => thenReread(ring, ring.changes.rotate(algorithm)),
    retire: async (kid) => thenReread(ring, ring.changes.retire(kid, await algorithmsInUse(ring))),
    remove: (kid) => thenReread(ring, ring.changes.remove(kid)),
  };
}

async function signer(ring: Ring, algorithm: SignatureAlgorithm): Promise<SigningKey> {
  const find = async () => signingRow(await liveRows(ring), algorithm, epochSeconds(ring.deps.runtime));
  let row = await find();
  if (row === undefined) {
    // The first token of this algorithm; or the timer has not run for a whole announcement, or the clock has jumped.
    await thenReread(ring, ring.changes.maintain([algorithm]));
    row = await find();
  }
  if (row === undefined) throw new Error(`no key signs ${algorithm}`);
  return { kid: row.kid, algorithm, privateKey: openPrivateKey(ring, row) };
}

async function maintain(ring: Ring): Promise<void> {
  await thenReread(ring, ring.changes.maintain(await algorithmsInUse(ring)));
}

async function algorithmsInUse({ deps }: Ring): Promise<readonly SignatureAlgorithm[]> {
  return [...new Set([...lastingAlgorithms, ...(await deps.algorithms())])];
}

async function makeKey(
  algorithm: SignatureAlgorithm,
  deps: Pick<KeyRingDeps, 'runtime'> & Pick<Ring, 'sealingKey'>,
): Promise<NewKey> {
  const { privateKey, publicJwk } = await generateSigningKey(algorithm);
  const { kid } = publicJwk;
  const context = sealContext(deps, { kid, algorithm });
  const sealedPrivateKey = seal(exportSigningKey(privateKey), context, deps.runtime);
  return { kid, algorithm, publicJwk: JSON.stringify(publicJwk), sealedPrivateKey };
}

/** This node sees its own change at once. */
async function thenReread<V>(ring: Ring, change: Promise<V>): Promise<V> {
  const verdict = await change;
  await rereadRows(ring);
  return verdict;
}

function sealContext({ sealingKey }: Pick<Ring, 'sealingKey'>, row: Pick<KeyRow, 'kid' | 'algorithm'>): SealContext {
  return { key: sealingKey, belongsTo: `${row.kid}.${row.algorithm}` };
}

function openPrivateKey(ring: Ring, row: KeyRow): KeyObject {
  const known = ring.opened.get(row.kid);
  if (known !== undefined) return known;
  const key = importSigningKey(openSealed(ring, row));
  ring.opened.set(row.kid, key);
  return key;
}

function openSealed(ring: Ring, row: KeyRow): Buffer {
  if (row.sealedPrivateKey === undefined) throw new Error(`the private half of the key ${row.kid} was erased`);
  try {
    return unseal(row.sealedPrivateKey, sealContext(ring, row));
  } catch {
    // Node's message names neither key nor cause; the operator needs to know which of the files is the wrong one.
    throw new MasterKeyError();
  }
}

async function liveRows(ring: Ring): Promise<readonly KeyRow[]> {
  const all = await freshRows(ring);
  const now = epochSeconds(ring.deps.runtime);
  return all.filter((row) => isPublished(row, now));
}

/**
 * All rows, at most {@link rowsMaxAge} old; older ones only while the store cannot be read, since the key set must stay
 * up then (whatever is issued needs the store anyway).
 */
async function freshRows(ring: Ring): Promise<readonly KeyRow[]> {
  const { rows, deps } = ring;
  const isFresh = rows !== undefined && deps.runtime.monotonic() - rows.readAt < rowsMaxAge;
  return (isFresh ? rows : await readOrKeep(ring)).all;
}

async function readOrKeep(ring: Ring): Promise<Rows> {
  try {
    return await readRows(ring);
  } catch (error) {
    if (ring.rows === undefined) throw error;
    return ring.rows;
  }
}

/** One read at a time, whoever asks. */
async function readRows(ring: Ring): Promise<Rows> {
  ring.reading ??= loadRows(ring).finally(() => {
    ring.reading = undefined;
  });
  return ring.reading;
}

/** A read that begins now: one that is under way may have begun before what is to be seen was committed. */
async function rereadRows(ring: Ring): Promise<Rows> {
  await Promise.allSettled([ring.reading]);
  return readRows(ring);
}

async function loadRows(ring: Ring): Promise<Rows> {
  const readAt = ring.deps.runtime.monotonic();
  const all = await ring.deps.store.listKeys();
  ring.rows = { all, readAt };
  // What was erased in the store is let go of here too.
  const signs = new Set(all.filter((row) => row.sealedPrivateKey !== undefined).map(({ kid }) => kid));
  for (const kid of ring.opened.keys()) if (!signs.has(kid)) ring.opened.delete(kid);
  return ring.rows;
}

interface Wanted {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
}

function findIn(
  ring: Ring,
  rows: readonly KeyRow[],
  { kid, algorithm }: Wanted,
): PublicKey | undefined | Promise<PublicKey | undefined> {
  const row = rows.find((candidate) => candidate.kid === kid);
  if (row === undefined) return undefined;
  const verifier = ring.verifiers.get(kid) ?? localKeySource({ keys: [jwkOf(row)] });
  ring.verifiers.set(kid, verifier);
  return verifier.find(kid, algorithm);
}

function publish(ring: Ring, rows: readonly KeyRow[]): JwkSet {
  const kids = rows.map((row) => row.kid).join(' ');
  if (ring.published?.kids !== kids) ring.published = { jwks: { keys: rows.map(jwkOf) }, kids };
  return ring.published.jwks;
}
