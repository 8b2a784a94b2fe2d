/** The shape of each part of the configuration. The error texts say what is allowed. */
import { signatureAlgorithms } from '@castellan/protocol';
import { z } from 'zod';
import type { ClientConfig, Lifetimes, LimitSettings, ResourceConfig, SecretSource } from '../config.ts';
import { describeValue, joinKey, type ProblemList } from './problems.ts';

/** A part with its defaults filled in. */
export type ClientShape = Filled<
  ClientConfig,
  | 'grants'
  | 'postLogoutRedirectUris'
  | 'ownScopes'
  | 'resources'
  | 'idTokenAlgorithm'
  | 'consent'
  | 'subjectType'
  | 'assertionAudience'
>;
export type ResourceShape = Omit<
  Filled<ResourceConfig, 'algorithm' | 'secretOnlyClients' | 'tokenFormat'>,
  'credentials'
> & {
  readonly credentials?: Filled<NonNullable<ResourceConfig['credentials']>, 'assertionAudience'> | undefined;
};

type Filled<T, K extends keyof T> = {
  readonly [P in keyof T]: P extends K ? NonNullable<T[P]> : undefined extends T[P] ? T[P] | undefined : T[P];
} & { readonly [P in K]-?: NonNullable<T[P]> };

const day = 86_400;

function whole(least: number, most: number): z.ZodInt {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function text(longest: number): z.ZodString {
  const error = `a text of 1 to ${longest} characters`;
  return z.string({ error }).min(1, { error }).max(longest, { error });
}

/** What people are shown: nothing in it may hide, or turn the direction of writing around. */
function shown(longest: number): z.ZodString {
  const error = `a text of 1 to ${longest} characters, without control characters`;
  return text(longest).regex(/^[^\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]+$/u, { error });
}

function word<const W extends readonly [string, ...string[]]>(...words: W): z.ZodEnum<{ [K in W[number]]: K }> {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

function list<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item, { error: 'a list' });
}

function object<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = `one of the keys ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? keys : 'an object') });
}

export const issuerSchema: z.ZodType<string> = text(2000);

export const storeSchema: z.ZodType<{ readonly sqlite: string } | { readonly postgres: string }> = z.union(
  [object({ sqlite: text(4000) }), object({ postgres: text(4000) })],
  { error: '{ sqlite: path } or { postgres: connection string }' },
);

export const secretSourceSchema: z.ZodType<SecretSource> = z.union(
  [object({ file: text(4000) }), object({ env: text(200) })],
  { error: '{ file: path } or { env: name }, never the secret itself' },
);

export const lifetimesSchema: z.ZodType<Lifetimes> = object({
  code: whole(1, 60).default(60),
  accessToken: whole(60, 900).default(300),
  idToken: whole(60, 900).default(300),
  refreshIdle: whole(60, 90 * day).default(14 * day),
  refreshAbsolute: whole(60, 365 * day).default(30 * day),
  sessionIdle: whole(60, 30 * day).default(day / 2),
  sessionAbsolute: whole(60, 90 * day).default(7 * day),
  parkedRequest: whole(60, 3600).default(900),
});

export const refreshRetrySchema: z.ZodType<{ readonly window: number; readonly limit: number }> = object({
  window: whole(0, 60).default(10),
  limit: whole(1, 5).default(5),
});

function limit(count: number, period: number): z.ZodType<{ count: number; period: number }> {
  return object({ count: whole(1, 1_000_000), period: whole(1, day) }).default({ count, period });
}

export const limitsSchema: z.ZodType<LimitSettings> = object({
  signInPerAccount: limit(10, 600),
  signInPerAddress: limit(30, 300),
  tokenPerClient: limit(3000, 60),
  tokenPerAddress: limit(600, 60),
  authorizePerAddress: limit(300, 60),
  deviceCodePerAddress: limit(60, 60),
  userCodePerAddress: limit(10, 600),
  userCodePerAccount: limit(10, 600),
  userCodeOverall: limit(300, 600),
});

const hostForm = 'a host, or host:port, in small letters and without the port 443';

export const privateHostsSchema: z.ZodType<readonly string[]> = list(
  text(300).refine((host) => /^[a-z0-9.[\]:-]+$/.test(host) && URL.parse(`https://${host}/`)?.host === host, {
    error: hostForm,
  }),
);

export const trustedProxiesSchema: z.ZodType<readonly string[]> = list(text(100));

const twoSecrets = 'one or two secrets';
// Many clients put their id into Basic without encoding it: form-decoding must not change it (RFC 6749 §2.3.1), and it
// must end where the colon stands (RFC 7617 §2).
const clientIdForm = '1 to 200 visible ASCII characters other than % + and :';
const clientId = z.string({ error: clientIdForm }).regex(/^[!-$&-*,-9;-~]{1,200}$/, { error: clientIdForm });

/** Where a configuration says that secrets are. A stored registration has none of it: its secrets are drawn here. */
const secretPlaces = {
  secret: secretSourceSchema.optional(),
  secrets: list(secretSourceSchema).min(1, { error: twoSecrets }).max(2, { error: twoSecrets }).optional(),
};

/** What clients and resources prove themselves with. */
const proofs = {
  jwks: object({ keys: list(z.record(z.string(), z.unknown(), { error: 'a public key' })) }).optional(),
  jwksUri: text(2000).optional(),
  assertionAudience: word('issuer', 'compatible').default('issuer'),
};

const resourceFields = {
  audience: text(2000),
  name: shown(100),
  scopes: z.record(z.string(), shown(200), { error: 'scopes, each with what it lets a client do' }),
  algorithm: word(...signatureAlgorithms).default('ES256'),
  accessTokenLifetime: whole(60, 900).optional(),
  secretOnlyClients: z.boolean({ error: 'true or false' }).default(true),
  tokenFormat: word('jwt', 'reference').default('jwt'),
};

const credentialFields = {
  id: clientId,
  authentication: word('client_secret_basic', 'client_secret_post', 'private_key_jwt'),
  ...proofs,
};

export const resourceSchema: z.ZodType<ResourceShape> = object({
  ...resourceFields,
  credentials: object({ ...credentialFields, ...secretPlaces }).optional(),
});

/** A resource that is kept in the store. */
export const resourceRegistrationSchema: z.ZodType<ResourceShape> = object({
  ...resourceFields,
  credentials: object(credentialFields).optional(),
});

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

const clientFields = {
  id: clientId,
  name: shown(100),
  kind: word('web', 'spa', 'native'),
  authentication: word('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'),
  ...proofs,
  grants: list(word('authorization_code', 'refresh_token', 'client_credentials', deviceGrant)).default([
    'authorization_code',
  ]),
  redirectUris: list(text(2000)),
  postLogoutRedirectUris: list(text(2000)).default([]),
  responseModes: list(word('query', 'form_post')).min(1, { error: 'query, form_post or both' }).optional(),
  scopes: list(text(200)),
  ownScopes: list(text(200)).default([]),
  resources: list(text(2000)).default([]),
  defaultResource: text(2000).optional(),
  idTokenAlgorithm: word(...signatureAlgorithms).default('RS256'),
  userinfoAlgorithm: word(...signatureAlgorithms).optional(),
  pkce: word('required', 'optional').optional(),
  consent: word('ask', 'trusted').default('ask'),
  subjectType: word('public', 'pairwise').default('public'),
  sectorIdentifier: text(255).optional(),
  initiateLoginUri: text(2000).optional(),
  backchannelLogoutUri: text(2000).optional(),
  logoUri: text(2000).optional(),
  policyUri: text(2000).optional(),
  tosUri: text(2000).optional(),
};

export const clientSchema: z.ZodType<ClientShape> = object({ ...clientFields, ...secretPlaces });

/** A client that is kept in the store. */
export const clientRegistrationSchema: z.ZodType<ClientShape> = object(clientFields);

export interface Part<T> {
  readonly key: string;
  readonly schema: z.ZodType<T>;
  readonly value: unknown;
}

/** Reads one part; undefined when it is not well-formed, and then the problems say why. */
export function readPart<T>(part: Part<T>, problems: ProblemList): T | undefined {
  const result = part.schema.safeParse(part.value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) addIssue(issue, part, problems);
  // A key too many says nothing about the others: what joins them is still checked.
  return part.schema.safeParse(withoutUnknownKeys(part.value, result.error.issues)).data;
}

function withoutUnknownKeys(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !unknown.includes(key)));
}

function addIssue(issue: z.core.$ZodIssue, part: Part<unknown>, problems: ProblemList): void {
  const key = issue.path.reduce<string>(joinKey, part.key);
  if (issue.code === 'unrecognized_keys') {
    for (const unknown of issue.keys) {
      problems.add({ key: joinKey(key, unknown), found: 'a key that does not exist', allowed: issue.message });
    }
    return;
  }
  problems.add({ key, found: describeValue(key, valueAt(part.value, issue.path)), allowed: issue.message });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((current, step) => (current as Record<PropertyKey, unknown> | undefined)?.[step], value);
}
