/** How a client or a resource proves itself: secrets or keys, never both, and exactly those its method needs. */
import { readJwkSet, secureUrl } from '@castellan/protocol';
import type { ClientAuthentication, ClientKeys, Credentials } from '../clients/client.ts';
import type { SecretSource } from '../config.ts';
import { describeValue, joinKey, type ProblemList } from './problems.ts';
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

/** The hashes of the secrets, wherever they are. Tells what is missing, of another method, or weak. */
export type ReadSecrets = (
  shape: CredentialsShape,
  place: Pick<CredentialRules, 'key' | 'problems'>,
) => readonly string[];

interface CredentialRules {
  /** Of the part they stand in. */
  readonly key: string;
  readonly secrets: ReadSecrets;
  readonly problems: ProblemList;
}

const mostKeys = 16;

/** The credentials; what is missing, of another method, or weak is told as a problem. */
export function resolveCredentials(shape: CredentialsShape, rules: CredentialRules): Credentials {
  const keys = resolveKeys(shape, rules);
  return {
    id: shape.id,
    authentication: shape.authentication,
    secretHashes: rules.secrets(shape, rules),
    ...(keys === undefined ? {} : { keys }),
    ...(shape.assertionAudience === 'compatible' ? { assertionAudience: 'compatible' as const } : {}),
  };
}

/** Whether the method is one that needs a secret. */
export function isBySecret({ authentication }: Pick<CredentialsShape, 'authentication'>): boolean {
  return authentication === 'client_secret_basic' || authentication === 'client_secret_post';
}

/** Secrets of which a store keeps the hashes: there they are always strong, since the server draws them itself. */
export function storedSecrets(hashes: readonly string[]): ReadSecrets {
  return (shape, { key, problems }) => {
    if (!isBySecret(shape)) return [];
    const place = joinKey(key, 'secret');
    if (hashes.length === 0) problems.add({ key: place, found: 'nothing', allowed: 'a secret that was generated' });
    return hashes;
  };
}

/** Secrets in the places that a configuration names. */
export function secretsOfConfig(environment: Environment): ReadSecrets {
  return (shape, place) => resolveSecrets(shape, { ...place, environment });
}

function resolveSecrets(
  shape: CredentialsShape,
  { key, environment, problems }: Omit<CredentialRules, 'secrets'> & { readonly environment: Environment },
): readonly string[] {
  const { authentication, secret, secrets } = shape;
  const sources: readonly (readonly [string, SecretSource])[] = [
    ...(secret === undefined ? [] : [[`${key}.secret`, secret] as const]),
    ...(secrets ?? []).map((source, index) => [`${key}.secrets[${index}]`, source] as const),
  ];
  const place = secrets === undefined ? `${key}.secret` : `${key}.secrets`;
  if (!isBySecret(shape)) {
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
  const place = joinKey(key, jwks === undefined && jwksUri !== undefined ? 'jwksUri' : 'jwks');
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
