/** What is fit for development and not for production: a guard that is told `production: true` does not start with it. */
import type { Sink } from '@castellan/audit';
import type { MarkStore } from '@castellan/limits';
import type { IssuerConfig } from './issuer.ts';
import type { GuardLimits } from './limits.ts';
import type { Route } from './route.ts';

/** As much of a configuration as is judged. */
export interface ProductionConfig {
  readonly production?: boolean;
  readonly nodes?: 'one' | 'several';
  readonly resource: string;
  readonly issuers: readonly IssuerConfig[];
  readonly notBefore?: unknown;
  readonly limits: GuardLimits;
  readonly flows?: MarkStore;
  readonly routes: Readonly<Record<string, Route>>;
}

/** Seconds that a token may live whose end before its time nobody could tell. */
const longestUnended = 3600;

/** Why a sound configuration is not fit for production; nothing when it does not say that it is in production. */
export function productionProblems(config: ProductionConfig, sinks: readonly Sink[]): readonly string[] {
  const { production, nodes } = config;
  if (production !== undefined && typeof production !== 'boolean') return ['production is true or false'];
  if (nodes !== undefined && nodes !== 'one' && nodes !== 'several') return ["nodes is 'one' or 'several'"];
  if (production !== true) return [];
  return [
    ...plainProblems('resource', config.resource),
    ...config.issuers.flatMap((issuer, index) => issuerProblems(`issuers[${index}]`, issuer, config)),
    ...nodesProblems(config),
    ...Object.entries(config.routes).flatMap(([name, route]) =>
      route.kind === 'operations' ? route.insecure.map((choice) => `${name}: ${choice} is for development`) : [],
    ),
    ...(sinks.length === 0 ? ['sinks is empty: in production events go somewhere'] : []),
  ];
}

function issuerProblems(where: string, issuer: IssuerConfig, { notBefore }: ProductionConfig): readonly string[] {
  const { introspection, maxLifetime = 0, revocation } = issuer;
  const isEndable = introspection !== undefined || revocation !== undefined || notBefore !== undefined;
  return [
    ...plainProblems(`${where}.issuer`, issuer.issuer),
    ...plainProblems(`${where}.jwksUri`, issuer.jwksUri),
    ...plainProblems(`${where}.introspection.endpoint`, introspection?.endpoint),
    ...plainProblems(`${where}.introspection.signed.jwksUri`, introspection?.signed?.jwksUri),
    ...(introspection !== undefined && introspection.secret.length < 32
      ? [`${where}.introspection.secret must have 32 or more characters in production`]
      : []),
    ...(maxLifetime > longestUnended && !isEndable
      ? [`${where}.maxLifetime: in production tokens of over ${longestUnended} seconds need revocation or notBefore`]
      : []),
  ];
}

function nodesProblems({ nodes, limits, flows }: ProductionConfig): readonly string[] {
  if (nodes === undefined) return ["nodes is missing: in production it must be said, 'one' or 'several'"];
  const apart = Object.entries({ 'limits.store': limits.store, flows }).filter(
    ([, store]) => nodes === 'several' && store?.reach === 'node',
  );
  return apart.map(([name]) => `${name} counts for one node: with several, in production, it must be a shared one`);
}

function plainProblems(where: string, url: string | undefined): readonly string[] {
  return url !== undefined && /^http:/i.test(url) ? [`${where} must be https in production`] : [];
}
