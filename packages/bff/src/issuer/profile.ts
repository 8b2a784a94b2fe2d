/** What the issuer calls a person; for display only. */
import * as client from 'openid-client';
import type { FindConfiguration } from './discovery.ts';
import type { Identity, IssuerDeps, Tokens } from './issuer.ts';
import { refreshTokens } from './refresh-tokens.ts';

/**
 * Asks UserInfo. A token has one audience, so where the API's is another than the issuer's, one more token is asked
 * for by refresh, used here and dropped.
 */
export async function findProfile(
  find: FindConfiguration,
  deps: IssuerDeps,
  { tokens, identity }: { readonly tokens: Tokens; readonly identity: Identity },
): Promise<{ readonly name?: string; readonly tokens: Tokens }> {
  const { resource, issuer } = deps.config;
  let kept = tokens;
  let accessToken = tokens.accessToken;
  try {
    const configuration = await find();
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return { tokens };
    if (resource !== undefined) {
      if (tokens.refreshToken === undefined) return { tokens };
      const found = await refreshTokens(find, deps, { refreshToken: tokens.refreshToken, identity, resource: issuer });
      if (found.verdict !== 'refreshed') return { tokens };
      accessToken = found.tokens.accessToken;
      kept = { ...tokens, refreshToken: found.tokens.refreshToken };
    }
    const claims = await client.fetchUserInfo(configuration, accessToken, identity.subject);
    const name = [claims.name, claims.preferred_username, claims.given_name].map(readable).find((text) => text !== '');
    return name === undefined ? { tokens: kept } : { name, tokens: kept };
  } catch {
    return { tokens: kept };
  }
}

function readable(claim: unknown): string {
  return typeof claim === 'string'
    ? claim
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
        .trim()
        .slice(0, 120)
    : '';
}
