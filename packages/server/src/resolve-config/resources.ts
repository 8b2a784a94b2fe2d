/** The rules for registered APIs that join several keys. */
import { isScopeToken, resourceProblem } from '@castellan/protocol';
import { issuerResource, type Resource } from '../resources/resource.ts';
import { type ReadSecrets, resolveCredentials, secretsOfConfig } from './credentials.ts';
import { describeValue, joinKey, type ProblemList } from './problems.ts';
import type { ResourceShape } from './schema.ts';
import type { Environment } from './secret.ts';

interface ConfigRules {
  readonly issuer: string;
  /** Seconds, for resources that do not say. */
  readonly accessToken: number;
  readonly environment: Environment;
  readonly problems: ProblemList;
}

export interface ResourceRules {
  /** All the others, the issuer among them. */
  readonly others: readonly Resource[];
  /** Of the resource, for the problems; empty when it stands alone. */
  readonly key: string;
  /** Whether somebody else proves themselves by this id. */
  readonly isTaken: (id: string) => boolean;
  readonly secrets: ReadSecrets;
  /** Seconds, for a resource that does not say. */
  readonly accessToken: number;
  readonly problems: ProblemList;
}

/**
 * All resources of a configuration, the issuer first. `undefined` stands for a part that was not well-formed; it keeps
 * the places.
 */
export function resolveResources(
  shapes: readonly (ResourceShape | undefined)[],
  rules: ConfigRules,
): readonly [Resource, ...Resource[]] {
  const issuer = issuerResource(rules.issuer, rules.accessToken);
  const resources: [Resource, ...Resource[]] = [issuer];
  const isTaken = (id: string): boolean => resources.some(({ credentials }) => credentials?.id === id);
  const secrets = secretsOfConfig(rules.environment);
  for (const [index, shape] of shapes.entries()) {
    if (shape === undefined) continue;
    const key = `resources[${index}]`;
    resources.push(resolveResource(shape, { ...rules, others: resources, key, isTaken, secrets }));
  }
  return resources;
}

/** One resource, wherever it is registered. Whatever is wrong is told. */
export function resolveResource(shape: ResourceShape, rules: ResourceRules): Resource {
  checkAudience(shape, rules);
  checkScopes(shape, rules);
  checkCaller(shape, rules);
  const place = { ...rules, key: joinKey(rules.key, 'credentials') };
  const credentials = shape.credentials && resolveCredentials(shape.credentials, place);
  return {
    audience: shape.audience,
    name: shape.name,
    scopes: new Map(Object.entries(shape.scopes)),
    algorithm: shape.algorithm,
    accessTokenLifetime: shape.accessTokenLifetime ?? rules.accessToken,
    tokenFormat: shape.tokenFormat,
    ...(credentials === undefined ? {} : { credentials }),
    ...(shape.secretOnlyClients ? {} : { secretOnlyClients: false as const }),
  };
}

type Check = Pick<ResourceRules, 'key' | 'others' | 'isTaken' | 'problems'>;

function checkAudience(shape: ResourceShape, { key, others, problems }: Check): void {
  const place = joinKey(key, 'audience');
  const problem = resourceProblem(shape.audience);
  if (problem !== undefined) {
    const allowed = `an absolute URI without fragment (${problem})`;
    problems.add({ key: place, found: describeValue(place, shape.audience), allowed });
  } else if (others.some(({ audience }) => audience === shape.audience)) {
    const allowed = 'an audience that neither the issuer nor another resource has';
    problems.add({ key: place, found: describeValue(place, shape.audience), allowed });
  }
}

function checkCaller(shape: ResourceShape, { key, isTaken, problems }: Check): void {
  const id = shape.credentials?.id;
  if (id === undefined || !isTaken(id)) return;
  const place = joinKey(key, 'credentials.id');
  problems.add({ key: place, found: describeValue(place, id), allowed: 'an id that no other resource has' });
}

/** A scope name belongs to one resource only, so that a request's scopes say which API they are meant for. */
function checkScopes(shape: ResourceShape, { key, others, problems }: Check): void {
  const scopes = Object.keys(shape.scopes);
  if (scopes.length === 0) {
    problems.add({ key: joinKey(key, 'scopes'), found: 'no scope', allowed: 'at least one scope' });
  }
  for (const scope of scopes) {
    const place = joinKey(key, `scopes.${scope}`);
    const owner = others.find((resource) => resource.scopes.has(scope));
    if (!isScopeToken(scope)) {
      problems.add({ key: place, found: 'a malformed scope', allowed: 'a scope of RFC 6749 section 3.3' });
    } else if (owner !== undefined) {
      const found = `a scope that belongs to ${JSON.stringify(owner.name)} already`;
      problems.add({ key: place, found, allowed: 'a scope of one resource only' });
    }
  }
}
