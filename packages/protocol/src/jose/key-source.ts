/** Where a verifier takes keys from. One source belongs to one issuer: nothing in a token can name another. */
import type { SignatureAlgorithm } from './algorithms.ts';
import { type JwkSet, type PublicKey, readJwkSet, type VerificationKey } from './key-set.ts';

/** The keys of one issuer. */
export interface KeySource {
  /**
   * The key with this name, if it is in the set now and is one for this algorithm.
   *
   * INVARIANT: the same key is the same object for as long as it stays in the set. A verifier asks again for each
   * remembered token and compares, so a key that was removed or replaced ends what it signed.
   *
   * @throws {Refusal} `store_unavailable` when no set can be had
   */
  readonly find: (kid: string, algorithm: SignatureAlgorithm) => PublicKey | undefined | Promise<PublicKey | undefined>;
}

/**
 * A source over a set that does not change.
 *
 * @throws {TypeError} when the set has a private or symmetric key, a repeated `kid`, or no usable key
 * @example const keys = localKeySource({ keys: [publicJwk] });
 */
export function localKeySource(jwks: JwkSet): KeySource {
  const { keys, problem } = readJwkSet(jwks, 1000);
  if (keys === undefined) throw new TypeError(`The key set cannot be used: ${problem}.`);
  if (keys.size === 0) throw new TypeError('The key set cannot be used: it has no key that can verify.');
  return { find: (kid, algorithm) => keyFor(keys.get(kid), algorithm) };
}

/** The key, when it is one for this algorithm. */
export function keyFor(found: VerificationKey | undefined, algorithm: SignatureAlgorithm): PublicKey | undefined {
  return found?.algorithm === algorithm ? found.key : undefined;
}
