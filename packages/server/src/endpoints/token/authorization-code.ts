/** The authorization code grant: what is peculiar to it (RFC 6749 §4.1.3, RFC 7636 §4.5). */
import { epochSeconds, type Runtime, refuse, verifierFits } from '@castellan/protocol';
import { codeHashOf } from '../../authorizations/authorization.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { AuthorizationRow, AuthorizationStore, CodeRow } from '../../store/store.ts';
import { type FamilyDeps, startFamily } from './start-family.ts';
import type { Grant, TokenRequest } from './token.ts';

export interface AuthorizationCodeDeps extends FamilyDeps {
  readonly store: Pick<AuthorizationStore, 'findCode' | 'redeemCode'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

export function authorizationCodeGrant(deps: AuthorizationCodeDeps): Grant {
  return {
    invalid: 'code_invalid',
    find: async (request) => {
      const { code: text } = request.parameters;
      if (text === undefined) return refuse('missing_parameter', { detail: 'no code' });
      const hash = codeHashOf(text);
      const found = hash === undefined ? undefined : await deps.store.findCode(hash);
      if (found === undefined) return undefined;
      const { code, authorization } = found;
      return {
        authorization,
        personActive: found.personActive,
        // A logout revokes what lacks `offline_access`, and a code outlives its session's limits by a minute at most.
        sessionLive: true,
        askedScope: undefined,
        nonce: code.nonce,
        check: () => checkCode(found, request, epochSeconds(deps.runtime)),
        redeem: (exchange) => redeem(deps, { code, authorization, request }, exchange),
      };
    },
  };
}

interface FoundCode {
  readonly code: CodeRow;
  readonly authorization: AuthorizationRow;
}

function checkCode(found: FoundCode, request: TokenRequest, now: number): void {
  const { code } = found;
  const { redirect_uri: redirectUri } = request.parameters;
  if (redirectUri === undefined) refuse('missing_parameter', { detail: 'no redirect_uri' });
  if (redirectUri !== code.redirectUri) refuse('code_invalid', { detail: 'redirect_uri is another' });
  if (code.codeChallenge === '') checkUnchallenged(found, request);
  else checkVerifier(code, request);
  if (now >= code.expiresAt) refuse('code_expired');
}

function checkVerifier(code: CodeRow, { parameters }: TokenRequest): void {
  const { code_verifier: verifier } = parameters;
  if (verifier === undefined) return refuse('verifier_mismatch', { detail: 'no code_verifier' });
  if (!verifierFits(verifier, code.codeChallenge)) refuse('verifier_mismatch');
}

/**
 * A code without a challenge.
 *
 * INVARIANT: a verifier here means that the challenge was taken out of the request on its way, so it is refused and
 * not ignored (R-025, RFC 9700 §4.8.2). And something must bind the code to the sign-in: without a challenge only a
 * nonce does, which only an ID token carries (OAuth 2.1 §7.5.1).
 */
function checkUnchallenged({ code, authorization }: FoundCode, { client, parameters }: TokenRequest): void {
  if (parameters.code_verifier !== undefined) refuse('verifier_mismatch', { detail: 'there was no code_challenge' });
  if (client.pkce !== 'optional') refuse('verifier_mismatch', { detail: 'PKCE is required by now' });
  const hasNonce = code.nonce !== undefined && authorization.scopes.includes('openid');
  if (!hasNonce) refuse('verifier_mismatch', { detail: 'neither code_challenge nor nonce' });
}

interface Redemption extends FoundCode {
  readonly request: TokenRequest;
}

async function redeem(
  deps: AuthorizationCodeDeps,
  { code, authorization, request }: Redemption,
  exchange: Exchange,
): Promise<string | undefined> {
  const now = epochSeconds(deps.runtime);
  const first = request.client.grants.has('refresh_token') ? startFamily(authorization, now, deps) : undefined;
  const subject = { authorization: authorization.id, client: authorization.client };
  const verdict = await deps.store.redeemCode(
    { codeHash: code.codeHash, family: first?.family, now },
    {
      redeemed: exchange.effects({ type: 'code.redeemed', ...subject }),
      replayed: exchange.effects(
        { type: 'code.replayed', ...subject },
        { type: 'authorization.revoked', ...subject, person: authorization.person, reason: 'code_replay' },
      ),
    },
  );
  return verdict === 'redeemed' ? first?.token : refuse(redemptionRefusals[verdict], { detail: 'at redemption' });
}

/** What was not redeemed, though every check had passed: somebody else was faster. */
const redemptionRefusals = {
  replayed: 'code_replayed',
  expired: 'code_expired',
  revoked: 'authorization_revoked',
  unknown: 'code_invalid',
} as const;
