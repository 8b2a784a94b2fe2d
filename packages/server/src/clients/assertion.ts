/**
 * Proving a client by an assertion that it signed with its private key (`private_key_jwt`).
 *
 * Owns: where the client's keys come from, which audience is ours, and that an assertion counts once.
 * Does not own: the assertion's form and signature (`protocol`).
 */
import {
  claimedClient,
  epochSeconds,
  type KeySource,
  localKeySource,
  type Runtime,
  remoteKeySource,
  verifyClientAssertion,
} from '@castellan/protocol';
import type { AssertionStore } from '../store/store.ts';
import type { ClientKeys, Credentials } from './client.ts';

/** The one `client_assertion_type` (RFC 7523 §2.2). */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Whom an assertion names; nothing of it is verified. */
export const claimedIssuer: (assertion: string) => string | undefined = claimedClient;

/** Why an assertion does not prove the party; undefined when it does, and then it is used up. */
export type CheckAssertion = (assertion: string, party: Credentials) => Promise<string | undefined>;

export interface AssertionDeps {
  readonly issuer: string;
  /** Audiences that only parties with a compatibility switch may name instead. */
  readonly endpoints: readonly string[];
  readonly store: AssertionStore;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetchUntrusted'>;
}

/**
 * Makes the check.
 *
 * INVARIANT: an assertion is used up last, when nothing else is wrong with it, or anybody could use up another's.
 *
 * @see RFC 7523 §3, OpenID Connect Core §9
 */
export function createAssertionCheck(deps: AssertionDeps): CheckAssertion {
  const sources = new WeakMap<ClientKeys, KeySource>();
  return async (assertion, party) => {
    if (party.keys === undefined) return 'a client without keys';
    const keys = sources.get(party.keys) ?? keySourceOf(party.keys, deps.runtime);
    sources.set(party.keys, keys);
    const verdict = await verifyClientAssertion(assertion, {
      client: party.id,
      audience: deps.issuer,
      keys,
      now: deps.runtime.now,
      ...(party.assertionAudience === 'compatible' ? { tolerated: deps.endpoints } : {}),
    });
    if (verdict.problem !== undefined) return verdict.problem;
    const { jti, expiresAt } = verdict;
    const use = { client: party.id, jti, expiresAt, now: epochSeconds(deps.runtime) };
    return (await deps.store.consumeAssertion(use)) === 'consumed' ? undefined : 'the assertion was used before';
  };
}

/** A key set at a client's address is fetched as an address of a stranger; an unknown `kid` fetches it again, seldom. */
function keySourceOf(keys: ClientKeys, runtime: AssertionDeps['runtime']): KeySource {
  if ('jwks' in keys) return localKeySource(keys.jwks);
  const { monotonic, schedule, fetchUntrusted: fetch } = runtime;
  return remoteKeySource({ url: keys.uri, runtime: { monotonic, schedule, fetch }, maximumKeys: 16 });
}
