/**
 * The server's signing keys.
 *
 * Owns: their timetable (announced -> signing -> verifying -> retired), their sealing at rest, and the key set.
 * Does not own: what is signed with them.
 */
import type { KeyObject } from 'node:crypto';
import { type Recorder, recordEvents } from '@castellan/audit';
import {
  epochSeconds,
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  type JwkSet,
  type KeySource,
  localKeySource,
  type PublicJwk,
  type Runtime,
  type SignatureAlgorithm,
  type SigningKey,
} from '@castellan/protocol';
import type { KeyRow, KeyStore } from '../store/store.ts';
import { deriveKey } from './master-key.ts';
import { type SealContext, seal, unseal } from './seal.ts';
import { dueKey, keyState, longestSkew, signingLife, signingRow } from './timetable.ts';

export interface KeyRing {
  /** The key that signs now. */
  readonly signer: (algorithm: SignatureAlgorithm) => Promise<SigningKey>;
  /** Announced, signing and verifying keys: public members only. The same object as long as nothing changes. */
  readonly jwks: () => Promise<JwkSet>;
  /** For verifying what this server has signed itself. */
  readonly source: KeySource;
  /** Announces the successors that are due; for a timer, at least daily. */
  readonly maintain: () => Promise<void>;
}

export interface KeyRingDeps {
  readonly store: KeyStore;
  readonly masterKey: Buffer;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
  readonly recorder: Recorder;
  /** Those that clients and resources need. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Seconds a signature may have to be verified for: the longest life of a token. */
  readonly longestToken: number;
}

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
  const ring: Ring = {
    deps,
    sealingKey: deriveKey(deps.masterKey, 'signing-keys'),
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
    source: { find: (kid, algorithm) => findVerifying(ring, kid, algorithm) },
    maintain: () => maintain(ring),
  };
}

async function signer(ring: Ring, algorithm: SignatureAlgorithm): Promise<SigningKey> {
  const find = async () => signingRow(await liveRows(ring), algorithm, epochSeconds(ring.deps.runtime));
  let row = await find();
  if (row === undefined) {
    // The timer has not run for a whole announcement, or the clock has jumped.
    await maintain(ring);
    row = await find();
  }
  if (row === undefined) throw new Error(`no key signs ${algorithm}`);
  return { kid: row.kid, algorithm, privateKey: openPrivateKey(ring, row) };
}

async function maintain(ring: Ring): Promise<void> {
  for (const algorithm of ring.deps.algorithms) {
    const rows = await readRows(ring);
    const signsFrom = dueKey(rows.all, algorithm, epochSeconds(ring.deps.runtime));
    if (signsFrom !== undefined) await addKey(ring, algorithm, signsFrom);
  }
}

/** Either this node's key is stored, or another node's was there first: both are read back. */
async function addKey(ring: Ring, algorithm: SignatureAlgorithm, signsFrom: number): Promise<void> {
  const { deps } = ring;
  const { privateKey, publicJwk } = await generateSigningKey(algorithm);
  const { kid } = publicJwk;
  const verifiesFrom = signsFrom + signingLife;
  const row: KeyRow = {
    kid,
    algorithm,
    publicJwk: JSON.stringify(publicJwk),
    sealedPrivateKey: seal(exportSigningKey(privateKey), sealContext(ring, { kid, algorithm }), deps.runtime),
    announcedAt: epochSeconds(deps.runtime),
    signsFrom,
    verifiesFrom,
    retiredAt: verifiesFrom + deps.longestToken + longestSkew,
  };
  const event = { type: 'key.announced', key: kid, algorithm } as const;
  await deps.store.addKey(row, recordEvents(deps.recorder, `keys-${kid}`, [event]));
  await readRows(ring);
}

function sealContext(ring: Ring, row: Pick<KeyRow, 'kid' | 'algorithm'>): SealContext {
  return { key: ring.sealingKey, belongsTo: `${row.kid}.${row.algorithm}` };
}

function openPrivateKey(ring: Ring, row: KeyRow): KeyObject {
  const known = ring.opened.get(row.kid);
  if (known !== undefined) return known;
  const key = importSigningKey(openSealed(ring, row));
  ring.opened.set(row.kid, key);
  return key;
}

function openSealed(ring: Ring, row: KeyRow): Buffer {
  try {
    return unseal(row.sealedPrivateKey, sealContext(ring, row));
  } catch {
    // Node's message names neither key nor cause; the operator needs to know which of the files is the wrong one.
    throw new MasterKeyError();
  }
}

/**
 * The rows that are not retired, at most {@link rowsMaxAge} old; older ones only while the store cannot be read, since
 * the key set must stay up then (whatever is issued needs the store anyway).
 */
async function liveRows(ring: Ring): Promise<readonly KeyRow[]> {
  const { rows, deps } = ring;
  const isFresh = rows !== undefined && deps.runtime.monotonic() - rows.readAt < rowsMaxAge;
  const { all } = isFresh ? rows : await readOrKeep(ring);
  const now = epochSeconds(deps.runtime);
  return all.filter((row) => keyState(row, now) !== 'retired');
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

async function loadRows(ring: Ring): Promise<Rows> {
  const readAt = ring.deps.runtime.monotonic();
  ring.rows = { all: await ring.deps.store.listKeys(), readAt };
  return ring.rows;
}

async function findVerifying(ring: Ring, kid: string, algorithm: SignatureAlgorithm): Promise<KeyObject | undefined> {
  const row = (await liveRows(ring)).find((candidate) => candidate.kid === kid);
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

function jwkOf(row: KeyRow): PublicJwk {
  return JSON.parse(row.publicJwk) as PublicJwk;
}
