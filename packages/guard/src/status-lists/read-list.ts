/** Getting a status list: from the issuer's own address, within bounds, verified whole. */
import {
  createJwtVerifier,
  fetchBounded,
  hasUriCharacters,
  type Runtime,
  readStatusList,
  type SignatureAlgorithm,
  type StatusList,
} from '@castellan/protocol';
import type { IssuerKeys } from '../issuer.ts';
import { keysOf } from '../issuer-keys.ts';

export interface ListRules {
  /** Compared with `iss` as a raw string; lists lie below its address. */
  readonly issuer: string;
  /** That lists are signed with; at least one. */
  readonly algorithms: readonly SignatureAlgorithm[];
}

/** When a list was made, by the issuer's own count of changes; -1 for what the issuer does not say. */
export interface Made {
  /** Counts begin anew with each epoch: a restored backup knows of fewer changes than there were. */
  readonly epoch: number;
  readonly version: number;
}

/** A list that was verified. */
interface ReadListing {
  readonly list: StatusList;
  readonly made: Made;
}

/** Undefined when there is no such list, or none that is accepted. Never rejects. */
export type ReadList = (uri: string) => Promise<ReadListing | undefined>;

/** Seconds for a fetch; whoever waits for a decision waits no longer. */
const timeout = 2;
const mediaType = 'application/statuslist+jwt';
const largestToken = 16_384;
/** Bytes of an unpacked list: a million tokens of one bit. */
const largestList = 131_072;
/** Seconds; an issuer may sign a list for a day. */
const longestLifetime = 86_400;

/** Makes the reader of an issuer's lists. @throws {TypeError} when the rules are incomplete or weak */
export function createListReader(
  rules: ListRules & IssuerKeys,
  runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch'>,
): ReadList {
  const { issuer, algorithms } = rules;
  const keys = keysOf(rules, runtime);
  const verifierOf = (uri: string) =>
    createJwtVerifier({
      issuer,
      audience: null,
      // INVARIANT: a list is for its own address, so none passes for another (§8.3).
      requiredValues: { sub: [uri] },
      requiredClaims: ['iat', 'status_list'],
      algorithms,
      typ: 'statuslist+jwt',
      keys,
      now: runtime.now,
      maxLifetime: longestLifetime,
    });
  return async (uri) => {
    if (!liesBelow(issuer, uri)) return undefined;
    const fetched = await fetchBounded({ url: uri, accept: mediaType, timeout, maximumBytes: largestToken, runtime });
    if (fetched.bytes === undefined || fetched.mediaType !== mediaType) return undefined;
    try {
      const { claims } = await verifierOf(uri).verify(Buffer.from(fetched.bytes).toString('latin1'));
      const { list } = readStatusList(claims['status_list'], largestList);
      return list && { list, made: { epoch: countOf(claims['epoch']), version: countOf(claims['version']) } };
    } catch {
      // A list that is not accepted is none; why it is not says nothing about the token that named it.
      return undefined;
    }
  };
}

/**
 * INVARIANT: nothing but an address below the issuer's is ever fetched, spelt as a URL parser would spell it: no way up,
 * no other host behind a user name, no query.
 */
function liesBelow(issuer: string, uri: string): boolean {
  const folder = issuer.endsWith('/') ? issuer : `${issuer}/`;
  return uri.startsWith(folder) && hasUriCharacters(uri) && !/[?#]/.test(uri) && URL.parse(uri)?.href === uri;
}

function countOf(claim: unknown): number {
  return typeof claim === 'number' && Number.isSafeInteger(claim) && claim >= 0 ? claim : -1;
}
