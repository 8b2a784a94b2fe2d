/** The rules for registered APIs that join several keys. */
import { isScopeToken, resourceProblem } from '@castellan/protocol';
import { issuerResource, type Resource } from '../resources/resource.ts';
import { resolveCredentials } from './credentials.ts';
import { describeValue, type ProblemList } from './problems.ts';
import type { ResourceShape } from './schema.ts';
import type { Environment } from './secret.ts';

export interface ResourceRules {
  readonly issuer: string;
  /** Seconds, for resources that do not say. */
  readonly accessToken: number;
  readonly environment: Environment;
  readonly problems: ProblemList;
}

/** All resources, the issuer first. `undefined` stands for a part that was not well-formed; it keeps the places. */
export function resolveResources(
  shapes: readonly (ResourceShape | undefined)[],
  rules: ResourceRules,
): readonly [Resource, ...Resource[]] {
  const issuer = issuerResource(rules.issuer, rules.accessToken);
  const audiences = new Set([issuer.audience]);
  const callers = new Set<string>();
  const owners = new Map([...issuer.scopes.keys()].map((scope) => [scope, issuer.name]));
  const resources: Resource[] = [];
  for (const [index, shape] of shapes.entries()) {
    if (shape === undefined) continue;
    const key = `resources[${index}]`;
    checkAudience(shape, { key, audiences, problems: rules.problems });
    checkScopes(shape, { key, owners, problems: rules.problems });
    audiences.add(shape.audience);
    checkCaller(shape, { key, callers, problems: rules.problems });
    resources.push(toResource(shape, key, rules));
  }
  return [issuer, ...resources];
}

function toResource(shape: ResourceShape, key: string, rules: ResourceRules): Resource {
  const place = { ...rules, key: `${key}.credentials` };
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

interface AudienceCheck {
  readonly key: string;
  readonly audiences: ReadonlySet<string>;
  readonly problems: ProblemList;
}

function checkAudience(shape: ResourceShape, { key, audiences, problems }: AudienceCheck): void {
  const place = `${key}.audience`;
  const problem = resourceProblem(shape.audience);
  if (problem !== undefined) {
    const allowed = `an absolute URI without fragment (${problem})`;
    problems.add({ key: place, found: describeValue(place, shape.audience), allowed });
  } else if (audiences.has(shape.audience)) {
    const allowed = 'an audience that neither the issuer nor another resource has';
    problems.add({ key: place, found: describeValue(place, shape.audience), allowed });
  }
}

interface CallerCheck {
  readonly key: string;
  /** The ids of the credentials so far. */
  readonly callers: Set<string>;
  readonly problems: ProblemList;
}

function checkCaller(shape: ResourceShape, { key, callers, problems }: CallerCheck): void {
  const id = shape.credentials?.id;
  if (id === undefined) return;
  const place = `${key}.credentials.id`;
  const allowed = 'an id that no other resource has';
  if (callers.has(id)) problems.add({ key: place, found: describeValue(place, id), allowed });
  callers.add(id);
}

interface ScopeCheck {
  readonly key: string;
  /** Scope -> the name of the resource it belongs to. */
  readonly owners: Map<string, string>;
  readonly problems: ProblemList;
}

/** A scope name belongs to one resource only, so that a request's scopes say which API they are meant for. */
function checkScopes(shape: ResourceShape, { key, owners, problems }: ScopeCheck): void {
  const scopes = Object.keys(shape.scopes);
  if (scopes.length === 0) {
    problems.add({ key: `${key}.scopes`, found: 'no scope', allowed: 'at least one scope' });
  }
  for (const scope of scopes) {
    const place = `${key}.scopes.${scope}`;
    const owner = owners.get(scope);
    if (!isScopeToken(scope)) {
      problems.add({ key: place, found: 'a malformed scope', allowed: 'a scope of RFC 6749 section 3.3' });
    } else if (owner !== undefined) {
      const found = `a scope that belongs to ${JSON.stringify(owner)} already`;
      problems.add({ key: place, found, allowed: 'a scope of one resource only' });
    } else {
      owners.set(scope, shape.name);
    }
  }
}
