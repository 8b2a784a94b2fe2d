/**
 * Device codes: asked for, claimed by the session of a person who typed the user code, decided by it, redeemed once.
 *
 * INVARIANT: every change names the state it starts from, so that of two at once one finds it gone: a denial is final,
 * an approval too, and nobody decides about a code that another session has claimed.
 */
import type { RecordedEffects } from '@castellan/audit';
import type { ConsentRow } from '../consent-store.ts';
import { changes, lockedRow, type Operation, row } from '../database.ts';
import type { DeviceClaim, DeviceCodeRow, FoundDeviceCode } from '../device-code-store.ts';
import { readInteger } from '../shape.ts';
import { authorizations, deviceCodes, refreshFamilies, storedAuthorizations } from '../shapes.ts';
import type { AuthorizationRow, RefreshFamilyRow } from '../store.ts';
import { lockConsents, rememberConsent } from './consents.ts';
import { currentEpoch, readEpoch } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';
import { takeParkedRequest } from './parked-requests.ts';
import { holdSessionChain } from './sessions.ts';
import { personActive } from './standing.ts';
import { holdIfSwitchedOn } from './switched-off.ts';

const withAuthorization = `SELECT ${deviceCodes.select('d')}, ${authorizations.select('a')}, ${personActive('a.person_id')}
  FROM device_codes d LEFT JOIN authorizations a ON a.id = d.authorization_id AND a.epoch = ${currentEpoch}
  WHERE d.device_code_hash = $1`;
const byDeviceCode = `SELECT ${deviceCodes.select('d')} FROM device_codes d WHERE d.device_code_hash = $1`;
const byUserCode = `SELECT ${deviceCodes.select('d')} FROM device_codes d WHERE d.user_code_hash = $1`;
const ofAuthorization = `SELECT ${authorizations.select('a')} FROM authorizations a
  WHERE a.id = (SELECT authorization_id FROM device_codes WHERE device_code_hash = $1) AND a.epoch = ${currentEpoch}`;

/** Nobody has decided, and there is time left at `$2`. */
const undecided = 'authorization_id IS NULL AND denied_at IS NULL AND expires_at > $2';
const claimed = `user_code_hash = $1 AND claim_hash = $3 AND session_id = $4 AND ${undecided}`;

export function* createDeviceCode(code: DeviceCodeRow): Operation<'created' | 'user_code_taken'> {
  const created = yield* changes(`${deviceCodes.insert} ON CONFLICT DO NOTHING`, deviceCodes.values(code));
  return created === 1 ? 'created' : 'user_code_taken';
}

export function* findDeviceCode(deviceCodeHash: string): Operation<FoundDeviceCode | undefined> {
  const found = yield* row(withAuthorization, [deviceCodeHash]);
  if (found === undefined) return undefined;
  const authorization = found['a_id'] === null ? undefined : authorizations.read(found, 'a');
  return {
    code: deviceCodes.read(found, 'd'),
    authorization,
    personActive: readInteger(found['person_active']) === 1,
  };
}

export function* findUserCode(userCodeHash: string): Operation<DeviceCodeRow | undefined> {
  const found = yield* row(byUserCode, [userCodeHash]);
  return found && deviceCodes.read(found, 'd');
}

export interface DevicePoll {
  readonly deviceCodeHash: string;
  /** Seconds that the interval grows by when a poll comes too early, and its end. */
  readonly step: number;
  readonly most: number;
  readonly now: number;
}

/** At the largest interval a poll that comes too early writes nothing: so a code costs a bounded number of writes. */
export function* pollDeviceCode(poll: DevicePoll): Operation<'pending' | 'slow_down'> {
  const { deviceCodeHash, step, most, now } = poll;
  const locked = yield* lockedRow(byDeviceCode, [deviceCodeHash]);
  if (locked === undefined) return 'pending';
  const { polledAt, interval } = deviceCodes.read(locked, 'd');
  const isEarly = polledAt !== undefined && now - polledAt < interval;
  if (isEarly && interval >= most) return 'slow_down';
  yield* changes('UPDATE device_codes SET polled_at = $2, poll_interval = $3 WHERE device_code_hash = $1', [
    deviceCodeHash,
    now,
    isEarly ? Math.min(interval + step, most) : interval,
  ]);
  return isEarly ? 'slow_down' : 'pending';
}

/** The first claim holds until the code ends; the same claim may go over to another session of its browser. */
export function* claimDeviceCode(claim: DeviceClaim): Operation<'claimed' | 'gone'> {
  const taken = yield* changes(
    `UPDATE device_codes SET claim_hash = $3, session_id = $4
      WHERE user_code_hash = $1 AND (claim_hash IS NULL OR claim_hash = $3) AND ${undecided}`,
    [claim.userCodeHash, claim.now, claim.parked, claim.session],
  );
  return taken === 1 ? 'claimed' : 'gone';
}

export interface DeviceApproval {
  readonly claim: DeviceClaim;
  readonly authorization: AuthorizationRow;
  readonly consents: readonly ConsentRow[];
}

export function* approveDeviceCode(
  { claim, authorization, consents }: DeviceApproval,
  events: RecordedEffects,
): Operation<'approved' | 'gone'> {
  if (authorization.person !== undefined) yield* lockConsents(authorization.person);
  const sessionChain = yield* holdSessionChain(claim.session);
  const held = yield* lockedRow(`SELECT device_code_hash FROM device_codes WHERE ${claimed}`, claimValues(claim));
  if (sessionChain === undefined || held === undefined) return 'gone';
  if (!(yield* holdIfSwitchedOn(authorization.client))) return 'gone';
  if (!(yield* takeParkedRequest(claim.parked, claim.now))) return 'gone';
  for (const consent of consents) yield* rememberConsent(consent);
  const epoch = yield* readEpoch();
  yield* changes(
    storedAuthorizations.insert,
    storedAuthorizations.values({ ...authorization, epoch, sessionChain, revokedReason: undefined }),
  );
  yield* changes(`UPDATE device_codes SET authorization_id = $5 WHERE ${claimed}`, [
    ...claimValues(claim),
    authorization.id,
  ]);
  yield* putIntoOutbox(events);
  return 'approved';
}

export function* denyDeviceCode(claim: DeviceClaim, events: RecordedEffects): Operation<'denied' | 'gone'> {
  const denied = yield* changes(`UPDATE device_codes SET denied_at = $2 WHERE ${claimed}`, claimValues(claim));
  if (denied === 0) return 'gone';
  yield* takeParkedRequest(claim.parked, claim.now);
  yield* putIntoOutbox(events);
  return 'denied';
}

function claimValues(claim: DeviceClaim): readonly [string, number, string, string] {
  return [claim.userCodeHash, claim.now, claim.parked, claim.session];
}

export interface DeviceRedemption {
  readonly deviceCodeHash: string;
  readonly family: RefreshFamilyRow | undefined;
  readonly now: number;
}

/** INVARIANT: the authorization's row is locked first, as for every change of an authorization. */
export function* redeemDeviceCode(
  redeem: DeviceRedemption,
  events: RecordedEffects,
): Operation<'redeemed' | 'used' | 'expired' | 'revoked' | 'unknown'> {
  const { deviceCodeHash, family, now } = redeem;
  const locked = yield* lockedRow(ofAuthorization, [deviceCodeHash]);
  const found = yield* row(byDeviceCode, [deviceCodeHash]);
  if (locked === undefined || found === undefined) return 'unknown';
  if (authorizations.read(locked, 'a').revokedAt !== undefined) return 'revoked';
  if (now >= deviceCodes.read(found, 'd').expiresAt) return 'expired';
  const taken = yield* changes(
    'UPDATE device_codes SET redeemed_at = $2 WHERE device_code_hash = $1 AND redeemed_at IS NULL',
    [deviceCodeHash, now],
  );
  if (taken === 0) return 'used';
  if (family !== undefined) yield* changes(refreshFamilies.insert, refreshFamilies.values(family));
  yield* putIntoOutbox(events);
  return 'redeemed';
}
