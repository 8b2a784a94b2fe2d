/** The authorization code grant: what is peculiar to it (RFC 6749 §4.1.3, RFC 7636 §4.5). */
import { epochSeconds, type Runtime, refuse, verifierFits } from '@castellan/protocol';
import { codeHashOf } from '../../authorizations/authorization.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { AuthorizationRow, AuthorizationStore, CodeRow, PersonState, PersonStore } from '../../store/store.ts';
import { type FamilyDeps, startFamily } from './start-family.ts';
import type { Grant, TokenRequest } from './token.ts';

export interface AuthorizationCodeDeps extends FamilyDeps {
  readonly store: Pick<AuthorizationStore, 'findCode' | 'redeemCode'> & Pick<PersonStore, 'findPerson'>;
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
        personState: await personStateOf(deps, authorization),
        // A logout revokes what lacks `offline_access`, and a code outlives its session's limits by a minute at most.
        sessionLive: true,
        askedScope: undefined,
        nonce: code.nonce,
        check: () => checkCode(code, request, epochSeconds(deps.runtime)),
        redeem: (exchange) => redeem(deps, { code, authorization, request }, exchange),
      };
    },
  };
}

async function personStateOf(
  deps: AuthorizationCodeDeps,
  { person }: AuthorizationRow,
): Promise<PersonState | undefined> {
  return person === undefined ? undefined : (await deps.store.findPerson(person))?.state;
}

function checkCode(code: CodeRow, { parameters }: TokenRequest, now: number): void {
  const { redirect_uri: redirectUri, code_verifier: verifier } = parameters;
  if (redirectUri === undefined) refuse('missing_parameter', { detail: 'no redirect_uri' });
  if (redirectUri !== code.redirectUri) refuse('code_invalid', { detail: 'redirect_uri is another' });
  // Every code has a challenge, so a verifier is always due.
  if (verifier === undefined) return refuse('verifier_mismatch', { detail: 'no code_verifier' });
  if (!verifierFits(verifier, code.codeChallenge)) refuse('verifier_mismatch');
  if (now >= code.expiresAt) refuse('code_expired');
}

interface Redemption {
  readonly code: CodeRow;
  readonly authorization: AuthorizationRow;
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
