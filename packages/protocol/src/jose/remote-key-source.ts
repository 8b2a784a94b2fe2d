/**
 * The key set of an issuer, fetched from its own address or from the one that the issuer's metadata names, and kept.
 *
 * One fetch at a time. A set is fresh for `maxAge`, which bounds how long a removed key still verifies; after it the
 * next request waits for a new set, and while the issuer does not answer the old one serves for `staleIfError` more.
 * An unknown `kid` fetches early, at most once in `cooldown`, so made-up names cost the issuer nothing.
 */
import { KeyObject } from 'node:crypto';
import { fetchBounded } from '../http/bounded-fetch.ts';
import { refuse } from '../oauth/refusal.ts';
import { secureUrl } from '../oauth/uri.ts';
import type { Runtime } from '../runtime.ts';
import { isJsonObject, type JsonReading, readJson } from '../strict-json.ts';
import { type JwkSetReading, type PublicKey, readJwkSet, type VerificationKey } from './key-set.ts';
import { type KeySource, keyFor } from './key-source.ts';

/** Where the keys lie, and the bounds. Times are seconds. */
export interface RemoteKeySourceOptions {
  /** https, or http on a loopback host. */
  readonly url: string;
  readonly runtime: Pick<Runtime, 'fetch' | 'monotonic' | 'schedule'>;
  /** 300 by default. */
  readonly maxAge?: number;
  /** 3600 by default. */
  readonly staleIfError?: number;
  /** 30 by default. */
  readonly cooldown?: number;
  /** 5 by default. */
  readonly timeout?: number;
  /** 256 KiB by default. */
  readonly maximumBytes?: number;
  /** 64 by default. */
  readonly maximumKeys?: number;
}

/** After a failure with nothing to serve, the next try comes sooner than `cooldown`. */
const firstRetry = 1;

/**
 * A source over the key set at a configured address.
 *
 * @throws {TypeError} when the address is not https (or http on loopback), or a bound is not a positive number
 * @example const keys = remoteKeySource({ url: 'https://login.example/jwks', runtime: systemRuntime });
 * @see RFC 8725 §3.8, §3.10
 */
export function remoteKeySource(options: RemoteKeySourceOptions): KeySource {
  const bounds = checkOptions(options);
  return refreshedKeySource(() => fetchKeySet(bounds.url, bounds), bounds);
}

/**
 * A source over the key set that an issuer's metadata names.
 *
 * The metadata is read anew before each fetch of the keys, so an issuer may move them; it must name the issuer that
 * is expected, character for character, and its `jwks_uri` may not be less protected than the metadata itself.
 *
 * @throws {TypeError} as {@link remoteKeySource}
 * @example const keys = discoveredKeySource({ issuer, url: `${issuer}/.well-known/openid-configuration`, runtime });
 * @see RFC 8414 §3.3
 */
export function discoveredKeySource(options: RemoteKeySourceOptions & { readonly issuer: string }): KeySource {
  const bounds = checkOptions(options);
  return refreshedKeySource(async () => {
    const { url, problem } = await findKeySet(options.issuer, bounds);
    return url === undefined ? { problem } : fetchKeySet(url, bounds);
  }, bounds);
}

function refreshedKeySource(load: () => Promise<JwkSetReading>, bounds: Required<RemoteKeySourceOptions>): KeySource {
  const { monotonic } = bounds.runtime;
  let keys: ReadonlyMap<string, VerificationKey> | undefined;
  let fetchedAt = -Infinity;
  let attemptedAt = -Infinity;
  let pending: Promise<void> | undefined;
  let problem = '';

  const since = (moment: number): number => (monotonic() - moment) / 1000;
  const refresh = async (): Promise<void> => {
    attemptedAt = monotonic();
    const reading = await load();
    if (reading.keys === undefined) {
      problem = reading.problem;
      return;
    }
    keys = keepObjects(reading.keys, keys);
    fetchedAt = attemptedAt;
  };
  const refreshed: KeySource['find'] = async (kid, algorithm) => {
    const pause = keys === undefined ? Math.min(firstRetry, bounds.cooldown) : bounds.cooldown;
    if (pending === undefined && since(attemptedAt) >= pause) {
      pending = refresh().finally(() => {
        pending = undefined;
      });
    }
    await pending;
    if (keys === undefined || since(fetchedAt) >= bounds.maxAge + bounds.staleIfError) {
      refuse('store_unavailable', { detail: `no key set of the issuer: ${problem}` });
    }
    return keyFor(keys.get(kid), algorithm);
  };
  return {
    find: (kid, algorithm) => {
      const known = since(fetchedAt) < bounds.maxAge ? keys?.get(kid) : undefined;
      return known === undefined ? refreshed(kid, algorithm) : keyFor(known, algorithm);
    },
  };
}

/** A key that did not change stays the same object, so that what was verified with it stays remembered. */
function keepObjects(
  fetched: ReadonlyMap<string, VerificationKey>,
  known: ReadonlyMap<string, VerificationKey> | undefined,
): ReadonlyMap<string, VerificationKey> {
  const kept = new Map<string, VerificationKey>();
  for (const [kid, key] of fetched) {
    const old = known?.get(kid);
    kept.set(kid, old?.algorithm === key.algorithm && equalKeys(old.key, key.key) ? old : key);
  }
  return kept;
}

function equalKeys(a: PublicKey, b: PublicKey): boolean {
  return KeyObject.from(a).equals(KeyObject.from(b));
}

async function fetchKeySet(url: string, bounds: Required<RemoteKeySourceOptions>): Promise<JwkSetReading> {
  const { value, problem } = await fetchJson(url, 'application/jwk-set+json, application/json', bounds);
  return problem === undefined ? readJwkSet(value, bounds.maximumKeys) : { problem };
}

type Found =
  | { readonly url: string; readonly problem?: undefined }
  | { readonly url?: undefined; readonly problem: string };

async function findKeySet(issuer: string, bounds: Required<RemoteKeySourceOptions>): Promise<Found> {
  const { value, problem } = await fetchJson(bounds.url, 'application/json', bounds);
  if (problem !== undefined) return { problem };
  if (!isJsonObject(value)) return { problem: 'the metadata is not an object' };
  // RFC 8414 §3.3: metadata of anybody else would bring keys of anybody else.
  if (value['issuer'] !== issuer) return { problem: 'the metadata is of another issuer' };
  const { jwks_uri: url } = value;
  const parsed = typeof url === 'string' ? secureUrl(url) : undefined;
  if (typeof url !== 'string' || parsed === undefined) return { problem: 'the metadata names no usable jwks_uri' };
  const downgraded = bounds.url.startsWith('https:') && parsed.protocol !== 'https:';
  return downgraded ? { problem: 'the metadata names a jwks_uri without https' } : { url };
}

async function fetchJson(url: string, accept: string, bounds: Required<RemoteKeySourceOptions>): Promise<JsonReading> {
  const { bytes, problem } = await fetchBounded({ ...bounds, url, accept });
  return bytes === undefined ? { problem } : readJson(bytes, { maxLength: bounds.maximumBytes, maxDepth: 8 });
}

function checkOptions(options: RemoteKeySourceOptions): Required<RemoteKeySourceOptions> {
  if (secureUrl(options.url) === undefined) {
    throw new TypeError('The address of a key set is https, or http on a loopback host.');
  }
  const { url, runtime, maxAge = 300, staleIfError = 3600, cooldown = 30, timeout = 5 } = options;
  const { maximumBytes = 262_144, maximumKeys = 64 } = options;
  const bounds = { maxAge, staleIfError, cooldown, timeout, maximumBytes, maximumKeys };
  for (const [name, value] of Object.entries(bounds)) {
    if (!Number.isFinite(value) || value <= 0 || value > 86_400_000) {
      throw new TypeError(`The ${name} of a key source must be a positive number.`);
    }
  }
  return { url, runtime, ...bounds };
}
