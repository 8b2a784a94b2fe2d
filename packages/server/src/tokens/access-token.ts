/**
 * Access tokens that come back: to be asked about, to be revoked, to open UserInfo.
 *
 * Each carries its authorization in its name: `jti` is the authorization's id, sealed, so that this server finds the
 * ground a token stands on, and nobody else can tell which tokens have the same.
 *
 * Owns: naming, recognising our own tokens of either format, and whether they still stand. Does not own: who may ask.
 */
import {
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
import { type TellRefused, watchedVerifier } from '../keys/misuse.ts';
import { seal, unseal } from '../keys/seal.ts';
import { longestAccessToken, type Resource, type ResourceDirectory } from '../resources/resource.ts';
import { readStatusClaim } from '../status/status-claim.ts';
import type { AccessTokenGround, AccessTokenStore } from '../store/store.ts';

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
  readonly claims: Claims;
  readonly ground: AccessTokenGround;
}

export interface AccessTokens {
  /** The token behind a text; undefined for what is no access token of ours, or is over. */
  readonly find: (text: string) => Promise<AccessToken | undefined>;
  /** What a token with these claims stands on; undefined when they are not those of a token of ours. */
  readonly groundOf: (claims: Claims) => AccessTokenGround | undefined;
  /** Whether neither the token nor its authorization was taken back, its person is active and its client registered. */
  readonly stands: (ground: AccessTokenGround) => Promise<boolean>;
}

export interface AccessTokenDeps {
  readonly issuer: string;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly keys: Pick<KeyRing, 'source'>;
  readonly store: Pick<AccessTokenStore, 'findReferenceToken' | 'accessTokenStands'>;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly nameKey: Buffer;
  readonly refused: TellRefused;
}

/** Recognises the tokens of one server. */
export function createAccessTokens(deps: AccessTokenDeps): AccessTokens {
  const verifierOf = createVerifiers(deps);
  const groundOf: AccessTokens['groundOf'] = (claims) => readGround(claims, deps);
  return {
    groundOf,
    find: async (text) => {
      const isReference = parsePrefixedToken(tokenPrefixes.accessToken, text) !== undefined;
      const claims = isReference ? await findReference(text, deps) : await verify(text, verifierOf);
      const ground = claims && groundOf(claims);
      if (claims === undefined || ground === undefined) return undefined;
      const { exp } = claims;
      return typeof exp === 'number' && exp > epochSeconds(deps.runtime) ? { claims, ground } : undefined;
    },
    stands: async (ground) =>
      deps.clients.find(ground.client) !== undefined && (await deps.store.accessTokenStands(ground)),
  };
}

type Claims = Readonly<Record<string, unknown>>;

function readGround(claims: Claims, { issuer, nameKey }: AccessTokenDeps): AccessTokenGround | undefined {
  const { jti, client_id: client, aud: resource } = claims;
  if (typeof jti !== 'string' || typeof client !== 'string' || typeof resource !== 'string') return undefined;
  const authorization = openName(jti, nameKey);
  const status = readStatusClaim(issuer, claims['status']);
  return authorization === null || status === undefined ? undefined : { client, resource, authorization, ...status };
}

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

function verifierFor(
  { audience, algorithm }: Resource,
  { issuer, keys, runtime, refused }: AccessTokenDeps,
): JwtVerifier {
  const rules = {
    issuer,
    audience,
    algorithms: [algorithm],
    typ: 'at+jwt',
    keys: keys.source,
    now: runtime.now,
    maxLifetime: longestAccessToken,
    requiredClaims: ['sub', 'client_id', 'jti', 'scope'],
  };
  return watchedVerifier(rules, refused);
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
