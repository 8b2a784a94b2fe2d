/** One refresh at the issuer and its verdict. */
import * as client from 'openid-client';
import { type FindConfiguration, unreachable } from './discovery.ts';
import type { Identity, IssuerDeps, RefreshVerdict } from './issuer.ts';
import { wordFor } from './problem.ts';
import { tokensOf } from './tokens.ts';

export interface RefreshRequest {
  readonly refreshToken: string;
  readonly identity: Pick<Identity, 'issuer' | 'subject'>;
  readonly resource: string | undefined;
}

/**
 * One refresh, asked a second time at once when no answer came: the issuer may have rotated the token, and takes its
 * predecessor for seconds only.
 */
export async function refreshTokens(
  find: FindConfiguration,
  deps: IssuerDeps,
  request: RefreshRequest,
): Promise<RefreshVerdict> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await refreshOnce(await find(), deps, request);
    } catch (error) {
      if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant')
        return { verdict: 'ended', detail: 'invalid_grant' };
      const detail = unreachable(error);
      if (detail === undefined || attempt === 2) return { verdict: 'unavailable', detail: detail ?? wordFor(error) };
    }
  }
}

async function refreshOnce(
  configuration: client.Configuration,
  { runtime }: IssuerDeps,
  { refreshToken, identity, resource }: RefreshRequest,
): Promise<RefreshVerdict> {
  const parameters: Record<string, string> = resource === undefined ? {} : { resource };
  const answer = await client.refreshTokenGrant(configuration, refreshToken, parameters);
  const claims = answer.claims();
  // OpenID Connect Core §12.2: an ID token that comes along names the same person.
  if (claims !== undefined && (claims.iss !== identity.issuer || claims.sub !== identity.subject))
    return { verdict: 'ended', detail: 'the ID token of another person' };
  const tokens = tokensOf(answer, runtime);
  return { verdict: 'refreshed', tokens: { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken } };
}
