/** How a client or a resource proves itself: secrets or keys, never both, and exactly those its method needs. */
import { readJwkSet, secureUrl } from '@castellan/protocol';
import type { ClientAuthentication, ClientKeys, Credentials } from '../clients/client.ts';
import type { SecretSource } from '../config.ts';
import { describeValue, type ProblemList } from './problems.ts';
import { type Environment, readClientSecretHash } from './secret.ts';

/** What an operator says of it. */
export interface CredentialsShape {
  readonly id: string;
  readonly authentication: ClientAuthentication;
  readonly secret?: SecretSource | undefined;
  readonly secrets?: readonly SecretSource[] | undefined;
  readonly jwks?: { readonly keys: readonly object[] } | undefined;
  readonly jwksUri?: string | undefined;
  readonly assertionAudience: 'issuer' | 'compatible';
}

interface CredentialRules {
  /** Of the part they stand in. */
  readonly key: string;
  readonly environment: Environment;
  readonly problems: ProblemList;
}

const mostKeys = 16;

/** The credentials; what is missing, of another method, or weak is told as a problem. */
export function resolveCredentials(shape: CredentialsShape, rules: CredentialRules): Credentials {
  const keys = resolveKeys(shape, rules);
  return {
    id: shape.id,
    authentication: shape.authentication,
    secretHashes: resolveSecrets(shape, rules),
    ...(keys === undefined ? {} : { keys }),
    ...(shape.assertionAudience === 'compatible' ? { assertionAudience: 'compatible' as const } : {}),
  };
}

function resolveSecrets(shape: CredentialsShape, rules: CredentialRules): readonly string[] {
  const { key, environment, problems } = rules;
  const { authentication, secret, secrets } = shape;
  const sources: readonly (readonly [string, SecretSource])[] = [
    ...(secret === undefined ? [] : [[`${key}.secret`, secret] as const]),
    ...(secrets ?? []).map((source, index) => [`${key}.secrets[${index}]`, source] as const),
  ];
  const isBySecret = authentication === 'client_secret_basic' || authentication === 'client_secret_post';
  const place = secrets === undefined ? `${key}.secret` : `${key}.secrets`;
  if (!isBySecret) {
    const allowed = `no secret with the method ${authentication}`;
    if (sources.length > 0) problems.add({ key: place, found: 'a secret', allowed });
    return [];
  }
  if (sources.length === 0) problems.add({ key: place, found: 'nothing', allowed: '{ file: path } or { env: name }' });
  if (secret !== undefined && secrets !== undefined) {
    problems.add({ key: place, found: 'a list beside secret', allowed: 'either secret or secrets' });
  }
  const read = sources.map(([at, source]) => readClientSecretHash({ key: at, source, environment, problems }));
  return [...new Set(read.filter((hash) => hash !== undefined))];
}

function resolveKeys(shape: CredentialsShape, { key, problems }: CredentialRules): ClientKeys | undefined {
  const { authentication, jwks, jwksUri } = shape;
  const place = jwks === undefined && jwksUri !== undefined ? `${key}.jwksUri` : `${key}.jwks`;
  if (authentication !== 'private_key_jwt') {
    if (jwks === undefined && jwksUri === undefined) return undefined;
    problems.add({ key: place, found: 'keys', allowed: `no keys with the method ${authentication}` });
    return undefined;
  }
  if ((jwks === undefined) === (jwksUri === undefined)) {
    problems.add({ key: place, found: jwks === undefined ? 'nothing' : 'both', allowed: 'either jwks or jwksUri' });
    return undefined;
  }
  if (jwksUri !== undefined) {
    const isHttps = secureUrl(jwksUri)?.protocol === 'https:';
    const allowed = 'an https URL on the public internet';
    if (!isHttps) problems.add({ key: place, found: describeValue(place, jwksUri), allowed });
    return { uri: jwksUri };
  }
  // INVARIANT: what holds a private key is refused and never shown; only what the reading found is used.
  const reading = readJwkSet(jwks, mostKeys);
  const problem = reading.problem ?? (reading.keys.size === 0 ? 'it has no key with a kid that can verify' : undefined);
  if (problem === undefined) return { jwks: jwks as ClientKeys extends { jwks: infer J } ? J : never };
  problems.add({ key: place, found: 'another key set', allowed: `a set of public asymmetric keys (${problem})` });
  return undefined;
}
