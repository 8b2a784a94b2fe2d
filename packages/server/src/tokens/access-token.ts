/**
 * Access tokens that come back: to be asked about, to be revoked, to open UserInfo.
 *
 * Each carries its authorization in its name: `jti` is the authorization's id, sealed, so that this server finds the
 * ground a token stands on, and nobody else can tell which tokens have the same.
 *
 * Owns: naming, recognising our own tokens of either format, and whether they still stand. Does not own: who may ask.
 */
import {
  createJwtVerifier,
  epochSeconds,
  hashSecret,
  type JwtVerifier,
  parseCompact,
  parsePrefixedToken,
  Refusal,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';
import type { ClientDirectory } from '../clients/client.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { seal, unseal } from '../keys/seal.ts';
import { longestAccessToken, type Resource, type ResourceDirectory } from '../resources/resource.ts';
import type { AccessTokenStore } from '../store/store.ts';

const belongsTo = 'access-token-name';

/** A new name for a token of an authorization, or of none. */
export function nameAccessToken(
  authorization: string | undefined,
  deps: { readonly nameKey: Buffer; readonly runtime: Pick<Runtime, 'randomBytes'> },
): string {
  return seal(Buffer.from(authorization ?? ''), { key: deps.nameKey, belongsTo }, deps.runtime);
}

/** An access token of ours, in time. Whether it still stands is another question. */
interface AccessToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly jti: string;
  readonly client: string;
  readonly audience: string;
  readonly expiresAt: number;
  readonly authorization: string | undefined;
}

export interface AccessTokens {
  /** The token behind a text; undefined for what is no access token of ours, or is over. */
  readonly find: (text: string) => Promise<AccessToken | undefined>;
  /** Whether neither the token nor its authorization was taken back, its person is active and its client registered. */
  readonly stands: (token: Pick<AccessToken, 'jti' | 'client' | 'authorization'>) => Promise<boolean>;
  /** The authorization in a token's name; `null` when the name is not one of ours. */
  readonly authorizationOf: (jti: string) => string | undefined | null;
}

export interface AccessTokenDeps {
  readonly issuer: string;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly keys: Pick<KeyRing, 'source'>;
  readonly store: Pick<AccessTokenStore, 'findReferenceToken' | 'accessTokenStands'>;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly nameKey: Buffer;
}

/** Recognises the tokens of one server. */
export function createAccessTokens(deps: AccessTokenDeps): AccessTokens {
  const verifierOf = createVerifiers(deps);
  const authorizationOf: AccessTokens['authorizationOf'] = (jti) => openName(jti, deps.nameKey);
  return {
    authorizationOf,
    find: async (text) => {
      const isReference = parsePrefixedToken(tokenPrefixes.accessToken, text) !== undefined;
      const found = isReference ? await findReference(text, deps) : await verify(text, verifierOf);
      if (found === undefined) return undefined;
      const { jti, client_id: client, aud: audience, exp: expiresAt } = found;
      if (typeof jti !== 'string' || typeof client !== 'string' || typeof audience !== 'string') return undefined;
      const authorization = authorizationOf(jti);
      if (authorization === null || typeof expiresAt !== 'number') return undefined;
      if (expiresAt <= epochSeconds(deps.runtime)) return undefined;
      return { claims: found, jti, client, audience, expiresAt, authorization };
    },
    stands: async ({ jti, client, authorization }) =>
      deps.clients.find(client) !== undefined && (await deps.store.accessTokenStands({ jti, authorization })),
  };
}

type Claims = Readonly<Record<string, unknown>>;

/** INVARIANT: found by the hash of the whole text, so no part of a token is one. */
async function findReference(text: string, { store }: AccessTokenDeps): Promise<Claims | undefined> {
  return (await store.findReferenceToken(hashSecret(text)))?.claims;
}

type VerifierOf = (audience: string) => JwtVerifier | undefined;

/** One for each resource as it is registered now; made when its first token comes. */
function createVerifiers(deps: AccessTokenDeps): VerifierOf {
  const verifiers = new WeakMap<Resource, JwtVerifier>();
  return (audience) => {
    const resource = deps.resources.findKnown(audience);
    if (resource === undefined) return undefined;
    const verifier = verifiers.get(resource) ?? verifierFor(resource, deps);
    verifiers.set(resource, verifier);
    return verifier;
  };
}

function verifierFor({ audience, algorithm }: Resource, { issuer, keys, runtime }: AccessTokenDeps): JwtVerifier {
  return createJwtVerifier({
    issuer,
    audience,
    algorithms: [algorithm],
    typ: 'at+jwt',
    keys: keys.source,
    now: runtime.now,
    maxLifetime: longestAccessToken,
    requiredClaims: ['sub', 'client_id', 'jti', 'scope'],
  });
}

async function verify(text: string, verifierOf: VerifierOf): Promise<Claims | undefined> {
  try {
    // Only picks the rules; whether the token is for this audience is verified with everything else.
    const { aud } = parseCompact(text).claims;
    const verified = await verifierOf(typeof aud === 'string' ? aud : '')?.verify(text);
    return verified?.claims;
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'token_invalid') return undefined;
    throw error;
  }
}

function openName(jti: string, key: Buffer): string | undefined | null {
  try {
    const authorization = unseal(jti, { key, belongsTo }).toString();
    return authorization === '' ? undefined : authorization;
  } catch {
    // A name that another key has sealed, or that was never sealed: no token of ours.
    return null;
  }
}
