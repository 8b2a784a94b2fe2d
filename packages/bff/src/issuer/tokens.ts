/** What a token answer says: who the person is, and the tokens, which stay opaque. */
import { hash } from 'node:crypto';
import { type Runtime, refuse } from '@castellan/protocol';
import type * as client from 'openid-client';
import type { Identity, IssuerDeps, Tokens } from './issuer.ts';

/** What an issuer that does not say it (RFC 6749 §5.1 only recommends to) is taken to mean, in seconds. */
const assumedLifetime = 300;

type TokenAnswer = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;
type RefreshAnswer = Awaited<ReturnType<typeof client.refreshTokenGrant>>;

/** The person, from an ID token that the library has verified: issuer, audience, times, nonce and signature. */
export function identityOf(answer: TokenAnswer, { client: registered }: IssuerDeps['config']): Identity {
  const claims = answer.claims();
  if (claims === undefined) return refuse('issuer_answer_refused', { detail: 'no ID token' });
  if (claims.azp !== undefined && claims.azp !== registered.id)
    refuse('issuer_answer_refused', { detail: 'an ID token for another party (azp)' });
  if (claims.sub === '' || claims.sub.length > 255) refuse('issuer_answer_refused', { detail: 'not a subject' });
  if (claims['at_hash'] !== undefined && claims['at_hash'] !== tokenHash(answer.access_token, registered))
    refuse('issuer_answer_refused', { detail: 'at_hash does not fit the access token' });
  const amr: unknown = claims['amr'];
  return {
    issuer: claims.iss,
    subject: claims.sub,
    methods: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : [],
  };
}

/** `at_hash` of OpenID Connect Core §3.1.3.6: the left half of a hash, chosen by the algorithm of the ID token. */
function tokenHash(accessToken: string, { idTokenAlgorithm }: IssuerDeps['config']['client']): string {
  const digest = hash(idTokenAlgorithm === 'EdDSA' ? 'sha512' : 'sha256', accessToken, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

export function tokensOf(answer: TokenAnswer | RefreshAnswer, runtime: Pick<Runtime, 'now'>): Tokens {
  if (answer.token_type !== 'bearer') refuse('issuer_answer_refused', { detail: 'a token that is not a bearer token' });
  const lifetime = Math.min(answer.expires_in ?? assumedLifetime, 24 * 3600);
  return {
    accessToken: answer.access_token,
    expiresAt: Math.floor(runtime.now() / 1000 + lifetime),
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
  };
}
