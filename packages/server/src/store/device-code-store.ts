/** The port of device codes; what holds for all ports stands in `store.ts`. */
import type { RecordedEffects } from '@castellan/audit';
import type { ConsentRow } from './consent-store.ts';
import type { AuthorizationRow, RefreshFamilyRow } from './store.ts';

/** What a device asked for (RFC 8628 §3.1), and how far a person got with it. */
export interface DeviceCodeRow {
  readonly deviceCodeHash: string;
  /** An HMAC under a derived key: the code itself is short enough to be found by trying. */
  readonly userCodeHash: string;
  readonly client: string;
  /** Fixed when the device asked; the person allows all of them or none. */
  readonly scopes: readonly string[];
  /** Audiences. */
  readonly resources: readonly string[];
  /** Where the device asked from. */
  readonly address: string;
  /** What it called itself, cut; empty when it said nothing. */
  readonly userAgent: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Seconds between two polls at least. */
  readonly interval: number;
  readonly polledAt: number | undefined;
  /** The `idHash` of the parked claim that holds the code. */
  readonly claim: string | undefined;
  /** The public id of the session that claimed it. */
  readonly session: string | undefined;
  /** Set once it was approved. */
  readonly authorization: string | undefined;
  readonly deniedAt: number | undefined;
  readonly redeemedAt: number | undefined;
}

export interface FoundDeviceCode {
  readonly code: DeviceCodeRow;
  /** Undefined while nobody has approved, and when the approval is of another life of the database. */
  readonly authorization: AuthorizationRow | undefined;
  /** Whether whoever approved may still act. */
  readonly personActive: boolean;
}

/** A person's hold on a code: by the parked claim of their browser, and by their session. */
export interface DeviceClaim {
  readonly userCodeHash: string;
  /** The claim's `idHash`. */
  readonly parked: string;
  /** The session's public id. */
  readonly session: string;
  readonly now: number;
}

export interface DeviceCodeStore {
  readonly createDeviceCode: (code: DeviceCodeRow) => Promise<'created' | 'user_code_taken'>;
  readonly findDeviceCode: (deviceCodeHash: string) => Promise<FoundDeviceCode | undefined>;
  readonly findUserCode: (userCodeHash: string) => Promise<DeviceCodeRow | undefined>;
  /** Notes a poll; one before its time makes the interval `step` seconds longer, up to `most`. */
  readonly pollDeviceCode: (poll: {
    readonly deviceCodeHash: string;
    readonly step: number;
    readonly most: number;
    readonly now: number;
  }) => Promise<'pending' | 'slow_down'>;
  /** Takes hold of a code that nobody has decided about and no other claim holds. */
  readonly claimDeviceCode: (claim: DeviceClaim) => Promise<'claimed' | 'gone'>;
  /**
   * Stores the authorization and the consents and ends the parked claim, in one commit; only for the session that
   * claimed the code, while that lives and the client is not switched off. The epoch is the database's, whatever the row says.
   */
  readonly approveDeviceCode: (
    approval: {
      readonly claim: DeviceClaim;
      readonly authorization: AuthorizationRow;
      readonly consents: readonly ConsentRow[];
    },
    events: RecordedEffects,
  ) => Promise<'approved' | 'gone'>;
  /** Final: a denied code is never approved. Only for the session that claimed it. */
  readonly denyDeviceCode: (claim: DeviceClaim, events: RecordedEffects) => Promise<'denied' | 'gone'>;
  /**
   * Redeems an approved code by compare-and-swap and starts the refresh family, if any. A second redemption is refused
   * and revokes nothing: a device that lost the answer asks again.
   *
   * INVARIANT: call it only after every check has passed.
   */
  readonly redeemDeviceCode: (
    redeem: { readonly deviceCodeHash: string; readonly family: RefreshFamilyRow | undefined; readonly now: number },
    events: RecordedEffects,
  ) => Promise<'redeemed' | 'used' | 'expired' | 'revoked' | 'unknown'>;
}
