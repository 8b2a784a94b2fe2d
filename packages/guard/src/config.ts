/** What a guard must be told, and the check that it was told everything. */
import type { Sink } from '@castellan/audit';
import type { LimitStore, MarkStore } from '@castellan/limits';
import type { ContextOf, Policy, PrincipalOf, Vocabulary } from '@castellan/policy';
import { secureUrl, trustedProxyProblem } from '@castellan/protocol';
import type { Access } from './access.ts';
import { type IssuerConfig, issuersProblems } from './issuer.ts';
import type { GuardLimits } from './limits.ts';
import { notBeforeProblems, type SubjectNotBefore } from './not-before.ts';
import { productionProblems } from './production.ts';
import type { GuardedRoute, Route } from './route.ts';
import { limitProblems, tableProblems } from './route-table.ts';

/** The configuration of one guarded API. */
export interface GuardConfig<V extends Vocabulary> {
  /** Who writes the events, and the API's name in its metadata. */
  readonly name: string;
  /** The API's identifier: its https address (http on a loopback host), without query and fragment (RFC 9728 §1.2). */
  readonly resource: string;
  /** At least one. */
  readonly issuers: readonly IssuerConfig[];
  /** From when on the tokens of a subject count: for password changes and «sign out everywhere». */
  readonly notBefore?: SubjectNotBefore;
  readonly policy: Policy<V>;
  /**
   * Who calls, loaded from the API's own data by issuer and subject; undefined refuses. Its `kind` must be that of the
   * access: a client never becomes a person.
   */
  readonly principal: (access: Access) => PrincipalOf<V> | undefined | Promise<PrincipalOf<V> | undefined>;
  /** What the policy declares as context; may be left out when that is nothing. */
  readonly context?: (access: Access) => ContextOf<V> | Promise<ContextOf<V>>;
  /** `'GET /invoices/:id'` -> the route. */
  readonly routes: Readonly<Record<string, Route>>;
  readonly limits: GuardLimits;
  /** Where subjects stand in business flows; needed when a route is a step of one. */
  readonly flows?: MarkStore;
  /** Addresses or CIDR ranges of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Bytes of a body at most; 65536 by default. */
  readonly bodyLimit?: number;
  /** Refuses to start with what is fit for development only. Said here, never guessed from the environment. */
  readonly production?: boolean;
  /** How many processes serve this API; must be said in production. With several, what is counted must be shared. */
  readonly nodes?: 'one' | 'several';
  /** Where a developer reads about this API (RFC 9728 §2). */
  readonly documentation?: string;
}

/** A guard that cannot be built; `problems` has one sentence for each thing that is missing or wrong. */
export class GuardConfigError extends Error {
  override readonly name = 'GuardConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The guard cannot start:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** @throws {GuardConfigError} naming everything that is missing or wrong, at once */
export function checkGuardConfig<V extends Vocabulary>(config: GuardConfig<V>, sinks: readonly Sink[]): void {
  const problems = [
    ...(isText(config.name) ? [] : ['name is missing']),
    ...resourceProblems(config.resource),
    ...issuersProblems(config.issuers),
    ...notBeforeProblems(config.notBefore),
    ...(typeof config.policy?.decide === 'function' ? [] : ['policy is missing']),
    ...(typeof config.principal === 'function' ? [] : ['principal is missing: how is the caller found?']),
    ...contextProblems(config),
    ...limitsProblems(config.limits),
    ...proxyProblems(config.trustedProxies ?? []),
    ...bodyLimitProblems(config.bodyLimit),
    ...flowsProblems(config),
    ...clientKeyProblems(config),
  ];
  if (typeof config.routes !== 'object' || config.routes === null) problems.push('routes is missing');
  else if (typeof config.policy?.decide === 'function') problems.push(...tableProblems(config.routes, config.policy));
  // Only what is sound in itself can be judged further.
  if (problems.length === 0) problems.push(...productionProblems(config, sinks));
  if (problems.length > 0) throw new GuardConfigError(problems);
}

function limitsProblems(limits: GuardLimits | undefined): readonly string[] {
  const optional = (['perToken', 'perSubject', 'perClient'] as const).flatMap((name) =>
    limits?.[name] === undefined ? [] : limitProblems(`limits.${name}`, limits[name]),
  );
  return [...limitProblems('limits.perAddress', limits?.perAddress), ...storeProblems(limits?.store), ...optional];
}

function storeProblems(store: Partial<LimitStore> | undefined): readonly string[] {
  if (typeof store?.take !== 'function') return ['limits.store is missing'];
  return store.reach === 'node' || store.reach === 'shared' ? [] : ["limits.store.reach is 'node' or 'shared'"];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function resourceProblems(resource: unknown): readonly string[] {
  if (!isText(resource)) return ['resource is missing: the address of this API'];
  const url = secureUrl(resource);
  const sound = url !== undefined && !/[?#]/.test(resource) && url.username === '' && url.password === '';
  return sound ? [] : ['resource must be https (http on a loopback host), without query and fragment'];
}

function contextProblems<V extends Vocabulary>(config: GuardConfig<V>): readonly string[] {
  const declared = Object.keys(config.policy?.vocabulary?.context ?? {});
  if (declared.length === 0 || typeof config.context === 'function') return [];
  return [`context is missing: the policy asks for ${declared.join(', ')}`];
}

function proxyProblems(proxies: readonly string[]): readonly string[] {
  return proxies.flatMap((proxy) => {
    const problem = trustedProxyProblem(proxy);
    return problem === undefined ? [] : [`trustedProxies: ${JSON.stringify(proxy)} ${problem}`];
  });
}

/** A route that no token can open was meant otherwise. */
function clientKeyProblems<V extends Vocabulary>({ issuers, routes }: GuardConfig<V>): readonly string[] {
  const all: readonly (Partial<IssuerConfig> | null)[] = Array.isArray(issuers) ? issuers : [];
  const isTold = all.some((issuer) => issuer?.claims?.clientAuthentication !== undefined);
  return Object.entries(routes ?? {}).flatMap(([name, route]) => {
    const { clientKey } = (route ?? {}) as { readonly clientKey?: unknown };
    if (clientKey === undefined) return [];
    if (clientKey !== true) return [`${name}: clientKey is left out, or true`];
    return isTold ? [] : [`${name}: clientKey needs an issuer with claims.clientAuthentication`];
  });
}

function flowsProblems<V extends Vocabulary>({ flows, routes }: GuardConfig<V>): readonly string[] {
  const sound = typeof flows?.find === 'function' && typeof flows.swap === 'function';
  if (flows !== undefined) return sound ? [] : ['flows is not a store of marks'];
  const steps = Object.entries(routes ?? {}).filter(([, route]) => (route as Partial<GuardedRoute> | null)?.flow);
  return steps.map(([name]) => `flows is missing: ${name} is a step of a flow`);
}

function bodyLimitProblems(limit: unknown): readonly string[] {
  if (limit === undefined) return [];
  const sound = Number.isSafeInteger(limit) && (limit as number) > 0 && (limit as number) <= 16_777_216;
  return sound ? [] : ['bodyLimit must be 1 to 16777216 bytes'];
}
