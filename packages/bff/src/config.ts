/**
 * What an operator may say: `BffConfig`. `resolveConfig` checks it whole, fills the defaults in and freezes the
 * result; nothing else reads `BffConfig`.
 */
import type { LimitStore } from '@castellan/limits';
import { type HttpAnswer, type HttpRequest, secureUrl, trustedProxyProblem } from '@castellan/protocol';
import type { SessionPort } from './session-port.ts';

/** The configuration of one web app's backend. Times are seconds. */
export interface BffConfig {
  /** Names cookies and events: 1 to 32 of `a-z 0-9 -`. */
  readonly name: string;
  /** The app's own origin, as browsers see it: https, or http on a loopback host. Never taken from a request. */
  readonly url: string;
  /** The one issuer people sign in at, exactly as its metadata spells it. */
  readonly issuer: string;
  readonly client: BffClient;
  /** What to ask for; `openid` must be among it. */
  readonly scopes: readonly string[];
  /** The audience of the access token the proxied APIs get (RFC 8707); the issuer's default when absent. */
  readonly resource?: string;
  readonly sessions: SessionPort;
  /** Which requests of the page reach which API. What is not named here is not forwarded. */
  readonly proxy: readonly ProxyRoute[];
  /** Answers what is none of the BFF's own paths: pages and assets. Their security headers are set here. */
  readonly app: (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer;
  readonly lifetimes?: Partial<BffLifetimes>;
  /** Where a person lands after signing out, a path of this app; register it with the issuer. */
  readonly signedOutPath?: string;
  /** A style sheet of the app for the few pages the BFF shows itself, a path of this app. */
  readonly stylesheet?: string;
  /** Sign-ins begun per address, 30 in 60 seconds unless said otherwise; shared between nodes by its store. */
  readonly limit?: { readonly store?: LimitStore; readonly count?: number; readonly period?: number };
  /** Addresses or CIDR ranges of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Refuses what is good for development only: http, even on a loopback host. */
  readonly production?: boolean;
}

/** The registration of the app at the issuer: a confidential client. */
export interface BffClient {
  readonly id: string;
  readonly secret: string;
  readonly authentication?: 'client_secret_basic' | 'client_secret_post';
  /** The one algorithm ID tokens may be signed with; RS256 when absent. */
  readonly idTokenAlgorithm?: IdTokenAlgorithm;
}

export type IdTokenAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export interface ProxyRoute {
  /** The first part of the path, such as `/api`; the rest is appended to the target. */
  readonly path: string;
  /** The API's base URL: https, or http on a loopback host. */
  readonly target: string;
  /** Upper case; GET includes HEAD. */
  readonly methods: readonly string[];
}

export interface BffLifetimes {
  /** A session ends when it was not used for so long; 1 hour unless said otherwise. */
  readonly sessionIdle: number;
  /** A session ends so long after the sign-in, whatever happens; 12 hours unless said otherwise. */
  readonly sessionAbsolute: number;
  /** A sign-in under way must be finished within; 10 minutes unless said otherwise. */
  readonly login: number;
}

/** A checked configuration with nothing left open. */
export interface ResolvedBffConfig {
  readonly name: string;
  /** An origin without a slash at its end. */
  readonly origin: string;
  readonly secure: boolean;
  readonly issuer: string;
  readonly client: Required<BffClient>;
  readonly scope: string;
  readonly resource: string | undefined;
  readonly sessions: SessionPort;
  readonly proxy: readonly ProxyRoute[];
  readonly app: (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer;
  readonly lifetimes: BffLifetimes;
  readonly signedOutPath: string;
  readonly stylesheet: string | undefined;
  readonly limit: { readonly store: LimitStore | undefined; readonly count: number; readonly period: number };
  readonly trustedProxies: readonly string[];
}

/** One thing wrong with a configuration. */
export interface BffConfigProblem {
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
}

/** The configuration cannot be used; names everything that is wrong with it, and no secret. */
export class BffConfigError extends Error {
  override readonly name = 'BffConfigError';
  readonly problems: readonly BffConfigProblem[];

  constructor(problems: readonly BffConfigProblem[]) {
    super(problems.map(({ key, found, allowed }) => `${key}: found ${found}; allowed: ${allowed}`).join('\n'));
    this.problems = problems;
  }
}

const defaultLifetimes: BffLifetimes = { sessionIdle: 3600, sessionAbsolute: 12 * 3600, login: 600 };
const lifetimeCaps: BffLifetimes = { sessionIdle: 24 * 3600, sessionAbsolute: 30 * 24 * 3600, login: 3600 };
const ownPaths = ['/login', '/callback', '/logout', '/session'];
const idTokenAlgorithms: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA'] satisfies IdTokenAlgorithm[];
const knownMethods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Checks a configuration whole.
 *
 * @throws {BffConfigError} with all problems at once
 */
export function resolveConfig(config: BffConfig): ResolvedBffConfig {
  const lifetimes = { ...defaultLifetimes, ...config.lifetimes };
  const problems = [
    ...namesProblems(config),
    ...urlProblems(config),
    ...clientProblems(config),
    ...lifetimeProblems(lifetimes),
    ...config.proxy.flatMap(routeProblems),
    ...pathProblems(config),
    ...proxyAddressProblems(config),
  ];
  if (problems.length > 0) throw new BffConfigError(problems);
  const url = new URL(config.url);
  return Object.freeze({
    name: config.name,
    origin: url.origin,
    secure: url.protocol === 'https:',
    issuer: config.issuer,
    client: { authentication: 'client_secret_basic', idTokenAlgorithm: 'RS256', ...config.client } as const,
    scope: config.scopes.join(' '),
    resource: config.resource,
    sessions: config.sessions,
    // The longest prefix first, so that /api/v2 is not taken for a path below /api.
    proxy: config.proxy.toSorted((a, b) => b.path.length - a.path.length),
    app: config.app,
    lifetimes,
    signedOutPath: config.signedOutPath ?? '/',
    stylesheet: config.stylesheet,
    limit: { store: config.limit?.store, count: config.limit?.count ?? 30, period: config.limit?.period ?? 60 },
    trustedProxies: config.trustedProxies ?? [],
  });
}

function namesProblems({ name, scopes }: BffConfig): BffConfigProblem[] {
  const problems: BffConfigProblem[] = [];
  if (!/^[a-z0-9-]{1,32}$/.test(name)) problems.push(problem('name', name, '1 to 32 of a-z 0-9 -'));
  // Possession of an access token proves nothing about who sits there (OpenID Connect, not OAuth, signs people in).
  if (!scopes.includes('openid')) problems.push(problem('scopes', scopes.join(' '), 'a list with openid in it'));
  if (!scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
    problems.push(problem('scopes', scopes.join(' '), 'scopes of RFC 6749 §3.3, one in each member'));
  return problems;
}

function urlProblems(config: BffConfig): BffConfigProblem[] {
  const problems: BffConfigProblem[] = [];
  const production = config.production === true;
  const url = secureUrl(config.url);
  if (url === undefined || url.pathname !== '/' || url.search + url.hash + url.username !== '')
    problems.push(problem('url', config.url, 'an https origin, or http on a loopback host'));
  const issuer = secureUrl(config.issuer);
  if (issuer === undefined || issuer.search + issuer.hash + issuer.username !== '')
    problems.push(problem('issuer', config.issuer, 'an https URL without query, or http on a loopback host'));
  for (const key of ['url', 'issuer'] as const) {
    if (production && config[key].startsWith('http:')) problems.push(problem(key, config[key], 'https in production'));
  }
  if (config.resource !== undefined && (!URL.canParse(config.resource) || config.resource.includes('#')))
    problems.push(problem('resource', config.resource, 'an absolute URI without fragment (RFC 8707 §2)'));
  return problems;
}

function clientProblems({ client }: BffConfig): BffConfigProblem[] {
  const problems: BffConfigProblem[] = [];
  if (client.id === '') problems.push(problem('client.id', 'nothing', 'the id the issuer gave'));
  if (client.secret.length < 32)
    problems.push(problem('client.secret', `${client.secret.length} characters`, '32 or more characters'));
  if (client.idTokenAlgorithm !== undefined && !idTokenAlgorithms.includes(client.idTokenAlgorithm))
    problems.push(problem('client.idTokenAlgorithm', client.idTokenAlgorithm, idTokenAlgorithms.join(', ')));
  return problems;
}

function lifetimeProblems(lifetimes: BffLifetimes): BffConfigProblem[] {
  return (Object.keys(lifetimeCaps) as (keyof BffLifetimes)[])
    .filter((key) => {
      const value = lifetimes[key];
      return !Number.isInteger(value) || value < 60 || value > lifetimeCaps[key];
    })
    .map((key) => problem(`lifetimes.${key}`, String(lifetimes[key]), `60 to ${lifetimeCaps[key]} seconds`));
}

function routeProblems(route: ProxyRoute): BffConfigProblem[] {
  const problems: BffConfigProblem[] = [];
  if (!/^(?:\/[a-z0-9-]+)+$/.test(route.path) || ownPaths.includes(route.path))
    problems.push(problem('proxy path', route.path, 'lower-case segments such as /api, none of the BFF itself'));
  const target = secureUrl(route.target);
  if (target === undefined || target.search + target.hash + target.username !== '')
    problems.push(problem(`proxy ${route.path}`, route.target, 'an https URL, or http on a loopback host'));
  const unknown = route.methods.filter((method) => !knownMethods.has(method));
  if (route.methods.length === 0 || unknown.length > 0)
    problems.push(problem(`proxy ${route.path}`, unknown.join(' ') || 'no method', [...knownMethods].join(', ')));
  return problems;
}

function pathProblems(config: BffConfig): BffConfigProblem[] {
  return (['signedOutPath', 'stylesheet'] as const)
    .map((key) => [key, config[key]] as const)
    .filter(([, path]) => path !== undefined && !/^\/(?:[A-Za-z0-9._-]+\/?)*$/.test(path))
    .map(([key, path]) => problem(key, String(path), 'a path of this app'));
}

function proxyAddressProblems({ trustedProxies = [] }: BffConfig): BffConfigProblem[] {
  return trustedProxies
    .filter((proxy) => trustedProxyProblem(proxy) !== undefined)
    .map((proxy) => problem('trustedProxies', proxy, 'addresses and CIDR ranges'));
}

function problem(key: string, found: string, allowed: string): BffConfigProblem {
  return { key, found, allowed };
}
