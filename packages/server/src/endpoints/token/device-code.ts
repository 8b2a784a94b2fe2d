/** The device code grant: what is peculiar to it (RFC 8628 §3.4, §3.5). */
import { epochSeconds, hashSecret, parsePrefixedToken, type Runtime, refuse, tokenPrefixes } from '@castellan/protocol';
import type { Exchange } from '../../http/exchange.ts';
import type { DeviceCodeRow, DeviceCodeStore, FoundDeviceCode } from '../../store/device-code-store.ts';
import type { AuthorizationRow } from '../../store/store.ts';
import { type FamilyDeps, startFamily } from './start-family.ts';
import type { Grant, TokenRequest } from './token.ts';

export interface DeviceCodeDeps extends FamilyDeps {
  readonly store: Pick<DeviceCodeStore, 'findDeviceCode' | 'pollDeviceCode' | 'redeemDeviceCode'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** Seconds that one early poll costs (RFC 8628 §3.5), and where that ends. */
const slowDown = { step: 5, most: 60 } as const;

export function deviceCodeGrant(deps: DeviceCodeDeps): Grant {
  return {
    invalid: 'device_code_invalid',
    find: async (request) => {
      const { device_code: text } = request.parameters;
      if (text === undefined) return refuse('missing_parameter', { detail: 'no device_code' });
      if (parsePrefixedToken(tokenPrefixes.deviceCode, text) === undefined) return undefined;
      const found = await deps.store.findDeviceCode(hashSecret(text));
      // INVARIANT: how far the person got is told to the client that asked, and to no other.
      if (found === undefined || found.code.client !== request.client.id) return undefined;
      const authorization = found.authorization ?? (await refuseUndecided(deps, found));
      return {
        authorization,
        personActive: found.personActive,
        // A logout revokes what lacks `offline_access`, and a code outlives its session's limits by minutes at most.
        sessionLive: true,
        askedScope: undefined,
        nonce: undefined,
        check: () => checkCode(found.code, epochSeconds(deps.runtime)),
        redeem: (exchange) => redeem(deps, { code: found.code, authorization, request }, exchange),
      };
    },
  };
}

function checkCode(code: DeviceCodeRow, now: number): void {
  if (code.redeemedAt !== undefined) refuse('device_code_used');
  if (now >= code.expiresAt) refuse('device_code_expired');
}

/** Nobody has approved: denied, too late, or a poll, which is counted. */
async function refuseUndecided(deps: DeviceCodeDeps, { code }: FoundDeviceCode): Promise<never> {
  const now = epochSeconds(deps.runtime);
  if (code.deniedAt !== undefined) refuse('device_denied');
  // Approved in an earlier life of the database.
  if (code.authorization !== undefined) refuse('device_code_invalid', { detail: 'the approval is not of this epoch' });
  if (now >= code.expiresAt) refuse('device_code_expired');
  const verdict = await deps.store.pollDeviceCode({ deviceCodeHash: code.deviceCodeHash, ...slowDown, now });
  return refuse(verdict === 'slow_down' ? 'slow_down' : 'authorization_pending');
}

interface Redemption {
  readonly code: DeviceCodeRow;
  readonly authorization: AuthorizationRow;
  readonly request: TokenRequest;
}

async function redeem(
  deps: DeviceCodeDeps,
  { code, authorization, request }: Redemption,
  exchange: Exchange,
): Promise<string | undefined> {
  const now = epochSeconds(deps.runtime);
  const first = request.client.grants.has('refresh_token') ? startFamily(authorization, now, deps) : undefined;
  const verdict = await deps.store.redeemDeviceCode(
    { deviceCodeHash: code.deviceCodeHash, family: first?.family, now },
    exchange.effects({ type: 'device.redeemed', authorization: authorization.id, client: authorization.client }),
  );
  return verdict === 'redeemed' ? first?.token : refuse(redemptionRefusals[verdict], { detail: 'at redemption' });
}

/** What was not redeemed, though every check had passed: somebody else was faster. */
const redemptionRefusals = {
  used: 'device_code_used',
  expired: 'device_code_expired',
  revoked: 'authorization_revoked',
  unknown: 'device_code_invalid',
} as const;
