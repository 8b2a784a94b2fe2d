/** Signing keys, as an administrator sees and changes them: never a private one. */
import { epochSeconds, type SignatureAlgorithm } from '@castellan/protocol';
import { createKeyRing, type KeyRing } from '../keys/key-ring.ts';
import { type KeyState, keyState } from '../keys/timetable.ts';
import { openRegistry } from '../registry/registry.ts';
import { longestAccessToken } from '../resources/resource.ts';
import type { KeyRow } from '../store/store.ts';
import type { AdministrationDeps } from './administration.ts';

/** A key and its timetable; times are seconds since the epoch. */
export interface KeyView {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly announcedAt: number;
  readonly signsFrom: number;
  /** From when on it signs no more. */
  readonly verifiesFrom: number;
  /** From when on it is gone from the key set. */
  readonly retiredAt: number;
  readonly removedAt: number | undefined;
}

export interface KeysAdministration {
  /** Every key there is or was, those that sign earlier first. */
  readonly list: () => Promise<readonly KeyView[]>;
  /** Announces a successor, which signs when every verifier has had a day to fetch it. */
  readonly rotate: (algorithm: SignatureAlgorithm) => Promise<KeyRotation>;
  /** Ends the keys of an algorithm that no client and no resource uses any more. */
  readonly retire: (kid: string) => Promise<KeyRetirement>;
  /** For a key that may be in other hands: it is gone at once, with all it has signed, and another signs. */
  readonly remove: (kid: string) => Promise<KeyRemoval>;
}

/** `already_announced`: one waits already, and no other could take over sooner. */
interface KeyRotation {
  readonly verdict: 'announced' | 'already_announced';
  readonly successor: KeyView;
}

/** `verifying`: what it has signed may still be valid until `retiredAt`. `gone`: it has retired, or was removed. */
type KeyRetirement =
  | { readonly verdict: 'ended' | 'verifying'; readonly retiredAt: number }
  | { readonly verdict: 'in_use'; readonly algorithm: string }
  | { readonly verdict: 'gone' | 'unknown' };

type KeyRemoval =
  | { readonly verdict: 'removed'; readonly successor: KeyView | undefined }
  | { readonly verdict: 'already_removed' }
  | { readonly verdict: 'unknown' };

export function administerKeys(deps: AdministrationDeps): KeysAdministration {
  const view = (row: KeyRow): KeyView => viewOf(row, epochSeconds(deps.runtime));
  return {
    list: async () => (await deps.store.listKeys()).map(view),
    rotate: async (algorithm) => {
      const { verdict, successor } = await (await openRing(deps)).rotate(algorithm);
      return { verdict, successor: view(successor) };
    },
    retire: async (kid) => (await openRing(deps)).retire(kid),
    remove: async (kid) => {
      const removal = await (await openRing(deps)).remove(kid);
      if (removal.verdict !== 'removed') return removal;
      return { verdict: 'removed', successor: removal.successor && view(removal.successor) };
    },
  };
}

/** Looking opens no key; whoever changes them must have the master key that the others are sealed under. */
async function openRing({ config, store, runtime, recorder }: AdministrationDeps): Promise<KeyRing> {
  const { algorithms } = await openRegistry({ foundation: config, store, runtime });
  const { masterKey } = config;
  const deps = { store, runtime, recorder, masterKey, longestToken: longestAccessToken };
  return createKeyRing({ ...deps, algorithms: async () => algorithms() });
}

/** INVARIANT: members are named one by one, so that nothing new of a row comes along by itself. */
function viewOf(row: KeyRow, now: number): KeyView {
  const { kid, algorithm, announcedAt, signsFrom, verifiesFrom, retiredAt, removedAt } = row;
  const state = keyState(row, now);
  return { kid, algorithm, state, announcedAt, signsFrom, verifiesFrom, retiredAt, removedAt };
}
