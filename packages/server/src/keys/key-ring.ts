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

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
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
export const rowsMaxAge = 1000;

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
  published: { readonly jwks: JwkSet; readonly source: KeySource; readonly kids: string } | undefined;
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
    published: undefined,
  };
  await maintain(ring);
  const rows = await currentRows(ring);
  for (const row of rows.filter((candidate) => keyState(candidate, epochSeconds(deps.runtime)) !== 'retired')) {
    openPrivateKey(ring, row);
  }
  return {
    signer: (algorithm) => signer(ring, algorithm),
    jwks: async () => publish(ring, await currentRows(ring)).jwks,
    source: {
      find: async (kid, algorithm) => publish(ring, await currentRows(ring)).source.find(kid, algorithm),
      has: (kid) => publish(ring, ring.rows?.all ?? []).source.has(kid),
    },
    maintain: () => maintain(ring),
  };
}

async function signer(ring: Ring, algorithm: SignatureAlgorithm): Promise<SigningKey> {
  const row = signingRow(await currentRows(ring), algorithm, epochSeconds(ring.deps.runtime));
  if (row === undefined) throw new Error(`no key signs ${algorithm} now`);
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

async function currentRows(ring: Ring): Promise<readonly KeyRow[]> {
  const { rows } = ring;
  if (rows !== undefined && ring.deps.runtime.monotonic() - rows.readAt < rowsMaxAge) return rows.all;
  return (await readRows(ring)).all;
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

function publish(ring: Ring, rows: readonly KeyRow[]): NonNullable<Ring['published']> {
  const now = epochSeconds(ring.deps.runtime);
  const live = rows.filter((row) => keyState(row, now) !== 'retired');
  const kids = live.map((row) => row.kid).join(' ');
  if (ring.published?.kids !== kids) {
    const jwks: JwkSet = { keys: live.map((row) => JSON.parse(row.publicJwk) as PublicJwk) };
    ring.published = { jwks, source: localKeySource(jwks), kids };
  }
  return ring.published;
}
