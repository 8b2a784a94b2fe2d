import {
  epochSeconds,
  packStatusBits,
  type Runtime,
  type SigningKey,
  type StatusListClaim,
  signJwt,
} from '@castellan/protocol';
import type { KeyRing } from '../keys/key-ring.ts';
import type { StatusPosition, StatusStore } from '../store/status-store.ts';
import { type ListName, listSize, listUri } from './status-claim.ts';

/** A list as it is published. */
export interface PublishedList {
  /** The signed token. */
  readonly token: string;
  /** Another one as soon as the token is. */
  readonly etag: string;
}

export interface StatusListDeps {
  readonly issuer: string;
  readonly keys: Pick<KeyRing, 'signer'>;
  readonly store: Pick<StatusStore, 'readStatusPosition' | 'readFlippedIndexes'>;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** Seconds. Short, so that an old list that somebody kept is soon worth nothing. */
const lifetime = 60;
/** Seconds after which a list is signed anew though no bit was set. */
const signedAnew = 20;
/** Seconds after which whoever has no feed asks again. */
const ttl = 10;
/** Lists that are kept ready; others are made each time. */
const capacity = 64;
/** Every bit set. */
const allRevoked = packStatusBits(listSize, Array(listSize).keys());

interface Made {
  readonly version: number;
  readonly kid: string;
  readonly signedAt: number;
  readonly published: PublishedList;
}

export interface StatusLists {
  /** The list as it is now; undefined when there is none of this name. */
  readonly find: (name: ListName) => Promise<PublishedList | undefined>;
}

/**
 * The lists of one issuer.
 *
 * A list of an epoch that is over has every bit set: what was issued before a backup was restored is over too, whether
 * the backup knew of it or not.
 *
 * @see draft-ietf-oauth-status-list §5.1
 */
export function createStatusLists(deps: StatusListDeps): StatusLists {
  const made = new Map<string, Made>();
  return {
    find: async (name) => {
      const position = await deps.store.readStatusPosition();
      if (!exists(name, position)) return undefined;
      const uri = listUri(deps.issuer, name);
      const now = epochSeconds(deps.runtime);
      const key = await deps.keys.signer('ES256');
      const known = made.get(uri);
      if (known?.version === position.version && known.kid === key.kid && isRecent(known, now)) return known.published;
      const published = await publish(deps, { name, uri, position, now, key });
      if (made.size >= capacity) made.clear();
      made.set(uri, { version: position.version, kid: key.kid, signedAt: now, published });
      return published;
    },
  };
}

/** Of an epoch that is over the database may not know how many there were. */
function exists({ epoch, list }: ListName, position: StatusPosition): boolean {
  return epoch < position.epoch || (epoch === position.epoch && list * listSize <= position.endOfIndexes);
}

/** A clock that was set back makes a list anew too. */
function isRecent({ signedAt }: Made, now: number): boolean {
  return now >= signedAt && now < signedAt + signedAnew;
}

interface Publication {
  readonly name: ListName;
  readonly uri: string;
  readonly position: StatusPosition;
  readonly now: number;
  readonly key: SigningKey;
}

/**
 * INVARIANT: the version was read before the bits, so it never claims a bit that is not there; one that is newer may be.
 */
async function publish(deps: StatusListDeps, publication: Publication): Promise<PublishedList> {
  const { name, uri, position, now, key } = publication;
  const claims = {
    iss: deps.issuer,
    sub: uri,
    iat: now,
    exp: now + lifetime,
    ttl,
    epoch: position.epoch,
    version: position.version,
    status_list: await statuses(deps, name, position),
  };
  const token = await signJwt(key, 'statuslist+jwt', claims);
  return { token, etag: `"${position.epoch}.${position.version}.${now}.${key.kid.slice(0, 8)}"` };
}

async function statuses(
  { store }: StatusListDeps,
  { epoch, list }: ListName,
  position: StatusPosition,
): Promise<StatusListClaim> {
  if (epoch < position.epoch) return allRevoked;
  const first = list * listSize;
  const flipped = await store.readFlippedIndexes(first, first + listSize);
  return packStatusBits(
    listSize,
    flipped.map((index) => index - first),
  );
}
