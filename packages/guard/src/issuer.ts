/** What the guard is told about an issuer, and the check that it was told everything. */
import type { ClaimRules, SignatureAlgorithm } from '@castellan/protocol';
import { tokensWithoutAudience, untypedTokens } from './insecure.ts';
import { type IntrospectionConfig, introspectionProblems } from './introspect.ts';
import { type Revocation, revocationProblems } from './revocation.ts';

/** The name of a claim, or the names on the way to a member of one: `['realm_access', 'roles']`. */
export type ClaimPath = string | readonly string[];

/** Where an issuer keeps what RFC 9068 names `sub`, `client_id` and `scope`, and where it keeps roles. */
export interface ClaimNames {
  readonly subject?: string;
  readonly client?: string;
  /** Text parted by spaces, or a list of texts. */
  readonly scopes?: ClaimPath;
  /** What the issuer writes before the scopes of this API. It is cut off, and scopes without it do not count. */
  readonly scopePrefix?: string;
  /** Roles or groups, for the API's own `principal` to judge; none by default. */
  readonly roles?: ClaimPath;
  /** How the client authenticated, as in `private_key_jwt`; Castellan's server writes `client_auth_method`. */
  readonly clientAuthentication?: ClaimPath;
}

/** How a token says that a client calls for itself. */
export interface MachineClaims {
  readonly claim: string;
  /** One of these; without them the claim only has to be there. */
  readonly values?: readonly string[];
  /** Where the scopes of such tokens are, when not where they usually are. */
  readonly scopes?: ClaimPath;
}

interface AnyIssuer {
  /** Compared with `iss` as a raw string. */
  readonly issuer: string;
  /** This API's name at that issuer; compared with `aud` as raw strings. */
  readonly audience: string | typeof tokensWithoutAudience;
  /** Only tokens of these clients; those of all by default. */
  readonly clients?: readonly string[];
  /** Claims that must be this text, or one of these texts. */
  readonly require?: Readonly<Record<string, string | readonly string[]>>;
  /** Seconds by which clocks may differ; 0 to 60, 10 by default. */
  readonly clockTolerance?: number;
  /** Seconds a token may live at most; 900 by default. */
  readonly maxLifetime?: number;
  readonly claims?: ClaimNames;
  /** A client calls for itself when its token says so here, or when subject and client are equal (RFC 9068 §2.2). */
  readonly machine?: MachineClaims;
  /** Whether a token was revoked, by its status list (`status.status_list`). With it, every token needs that claim. */
  readonly revocation?: Revocation;
}

/** Where the issuer's keys are: at an address, or where its metadata says. */
export type IssuerKeys =
  /** https, or http on a loopback host. */
  | { readonly jwksUri: string; readonly discovery?: undefined }
  /** Which metadata document of the issuer names the `jwks_uri`; it must name the issuer exactly (RFC 8414 §3.3). */
  | { readonly jwksUri?: undefined; readonly discovery: 'openid' | 'oauth' };

/** An issuer of signed tokens, verified here. */
export type JwtIssuer = AnyIssuer &
  IssuerKeys & {
    readonly algorithms: readonly SignatureAlgorithm[];
    /** `at+jwt`, or what a foreign issuer writes. */
    readonly typ: string | typeof untypedTokens;
    readonly introspection?: undefined;
  };

/** An issuer that is asked about each token (RFC 7662), whatever the token looks like. */
export interface OpaqueIssuer extends AnyIssuer {
  readonly introspection: IntrospectionConfig;
  readonly algorithms?: undefined;
  readonly typ?: undefined;
  readonly jwksUri?: undefined;
  readonly discovery?: undefined;
}

/** One issuer whose access tokens are accepted. Nothing that decides about acceptance has a default. */
export type IssuerConfig = JwtIssuer | OpaqueIssuer;

/** The names with the defaults of RFC 9068 filled in. */
export interface CheckedNames {
  readonly subject: string;
  readonly client: string;
  readonly scopes: ClaimPath;
  readonly scopePrefix: string;
  readonly roles: ClaimPath | undefined;
  readonly clientAuthentication: ClaimPath | undefined;
}

export function namesOf({ claims }: IssuerConfig): CheckedNames {
  const none = { roles: undefined, clientAuthentication: undefined };
  return { subject: 'sub', client: 'client_id', scopes: 'scope', scopePrefix: '', ...none, ...claims };
}

/** The rules for the claims of an issuer, whether they are signed or answered. */
export function claimRulesOf(config: IssuerConfig, now: () => number): ClaimRules {
  const names = namesOf(config);
  const required = Object.entries(config.require ?? {}).map(([name, values]) => [name, [values].flat()] as const);
  const clients = config.clients === undefined ? [] : [[names.client, config.clients] as const];
  return {
    issuer: config.issuer,
    audience: config.audience === tokensWithoutAudience ? null : config.audience,
    now,
    clockTolerance: config.clockTolerance ?? 10,
    maxLifetime: config.maxLifetime ?? 900,
    requiredClaims: requiredClaims(config, names),
    requiredValues: Object.fromEntries([...required, ...clients]),
  };
}

/** RFC 9068 §2.2 for tokens that say they follow it; of others only what a decision needs. */
function requiredClaims({ typ, introspection }: IssuerConfig, { subject, client }: CheckedNames): readonly string[] {
  if (introspection !== undefined) return [subject];
  const follows = typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ);
  return follows ? [subject, client, 'iat', 'jti'] : [subject, 'iat'];
}

/** The named exceptions that an issuer's rules use. */
export function insecureChoices({ issuer, audience, typ }: IssuerConfig): readonly string[] {
  return [audience, typ].flatMap((value) => (typeof value === 'symbol' ? [`${value.description} for ${issuer}`] : []));
}

/** What is missing or contradicts itself; that the values are strong enough is the verifier's own check. */
export function issuersProblems(issuers: unknown): readonly string[] {
  if (!Array.isArray(issuers) || issuers.length === 0) return ['issuers is missing: whose tokens are accepted?'];
  const all = issuers as readonly (Partial<IssuerConfig> | undefined)[];
  const names = all.map((one) => one?.issuer);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  const prefixes = all.flatMap((one) => (one?.introspection === undefined ? [] : [one.introspection.prefix ?? '']));
  const ambiguous = prefixes.some((one, index) => prefixes.some((other, at) => at !== index && other.startsWith(one)));
  return [
    ...all.flatMap((one, index) => issuerProblems(`issuers[${index}]`, one)),
    ...repeated.map((name) => `issuers: ${name} is there twice`),
    ...(ambiguous ? ['issuers: each introspection needs a prefix of its own'] : []),
  ];
}

function issuerProblems(where: string, issuer: Partial<IssuerConfig> | undefined): readonly string[] {
  const problems: string[] = [];
  if (!isText(issuer?.issuer)) problems.push(`${where}.issuer is missing`);
  if (!isText(issuer?.audience) && issuer?.audience !== tokensWithoutAudience) {
    problems.push(`${where}.audience is missing`);
  }
  if (issuer?.audience === tokensWithoutAudience && !(isList(issuer.clients) && hasEntries(issuer.require))) {
    problems.push(`${where}.audience: without one, clients and require must say for whom tokens are`);
  }
  if (issuer?.clients !== undefined && !isList(issuer.clients)) problems.push(`${where}.clients is not a list of ids`);
  problems.push(...revocationProblems(`${where}.revocation`, issuer?.revocation));
  const own = issuer?.introspection === undefined ? jwtProblems(where, issuer) : opaqueProblems(where, issuer);
  return [...problems, ...own];
}

function jwtProblems(where: string, issuer: Partial<IssuerConfig> | undefined): readonly string[] {
  const problems: string[] = [];
  if (!Array.isArray(issuer?.algorithms) || issuer.algorithms.length === 0) {
    problems.push(`${where}.algorithms is missing`);
  }
  if (!isText(issuer?.typ) && issuer?.typ !== untypedTokens) problems.push(`${where}.typ is missing`);
  const { jwksUri, discovery } = issuer ?? {};
  if (jwksUri !== undefined && discovery !== undefined) problems.push(`${where}: jwksUri or discovery, not both`);
  else if (discovery === undefined && !isText(jwksUri)) problems.push(`${where}.jwksUri is missing`);
  else if (discovery !== undefined && discovery !== 'openid' && discovery !== 'oauth') {
    problems.push(`${where}.discovery is 'openid' or 'oauth'`);
  }
  return problems;
}

function opaqueProblems(where: string, issuer: Partial<IssuerConfig> | undefined): readonly string[] {
  const signed = (['algorithms', 'typ', 'jwksUri', 'discovery'] as const).find((name) => issuer?.[name] !== undefined);
  return [
    ...(signed === undefined ? [] : [`${where}.${signed}: an issuer that is asked about tokens needs none`]),
    ...introspectionProblems(`${where}.introspection`, issuer?.introspection),
  ];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function hasEntries(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
