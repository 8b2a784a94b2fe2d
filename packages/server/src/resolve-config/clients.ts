/** The rules for registered clients that join several keys. */
import { redirectUriProblem, secureUrl } from '@castellan/protocol';
import type { Client, Credentials } from '../clients/client.ts';
import { admitsAuthentication, type Resource } from '../resources/resource.ts';
import { type ReadSecrets, resolveCredentials, secretsOfConfig } from './credentials.ts';
import { describeValue, joinKey, type ProblemList } from './problems.ts';
import type { ClientShape } from './schema.ts';
import type { Environment } from './secret.ts';
import { sectorOf, sectorProblem } from './sector.ts';

export interface ClientRules {
  /** The issuer first. */
  readonly resources: readonly [Resource, ...Resource[]];
  /** Of the client, for the problems; empty when it stands alone. */
  readonly key: string;
  /** Whether somebody else proves themselves by this id. */
  readonly isTaken: (id: string) => boolean;
  readonly secrets: ReadSecrets;
  readonly problems: ProblemList;
}

/** All clients of a configuration; `undefined` stands for a part that was not well-formed and keeps the places. */
export function resolveClients(
  shapes: readonly (ClientShape | undefined)[],
  rules: Omit<ClientRules, 'key' | 'isTaken' | 'secrets'> & { readonly environment: Environment },
): readonly Client[] {
  const ids = new Set(
    rules.resources.flatMap(({ credentials }) => (credentials === undefined ? [] : [credentials.id])),
  );
  const secrets = secretsOfConfig(rules.environment);
  return shapes.flatMap((shape, index) => {
    if (shape === undefined) return [];
    const key = `clients[${index}]`;
    const client = resolveClient(shape, { ...rules, key, secrets, isTaken: (id) => ids.has(id) });
    ids.add(shape.id);
    return client ?? [];
  });
}

/** One client, wherever it is registered; undefined when it cannot be one at all. Whatever is wrong is told. */
export function resolveClient(shape: ClientShape, rules: ClientRules): Client | undefined {
  const told = teller(rules);
  if (rules.isTaken(shape.id)) {
    told('id', shape.id, 'an id that no other client has, nor a resource in its credentials');
  }
  checkUris(shape, told);
  checkSector(shape, told);
  checkLogoutUri(shape, rules, told);
  checkResponseModes(shape, told);
  checkGrants(shape, told);
  checkResources(shape, rules, told);
  checkScopes(shape, rules, told);
  if (!checkConfidential(shape, told)) return undefined;
  return toClient(shape, { ...rules, credentials: resolveCredentials(shape, rules) });
}

/** Tells a problem of this client; the value is described, never shown when it may be a secret. */
type Tell = (key: string, value: unknown, allowed: string) => void;

function teller({ key: prefix, problems }: Pick<ClientRules, 'key' | 'problems'>): Tell {
  return (key, value, allowed) => {
    const place = joinKey(prefix, key);
    problems.add({ key: place, found: describeValue(place, value), allowed });
  };
}

function toClient(
  shape: ClientShape,
  { resources, credentials }: Pick<ClientRules, 'resources'> & { readonly credentials: Credentials },
): Client {
  const issuer = resources[0].audience;
  return {
    ...credentials,
    name: shape.name,
    kind: shape.kind,
    grants: new Set(shape.grants),
    redirectUris: shape.redirectUris,
    postLogoutRedirectUris: shape.postLogoutRedirectUris,
    ...responseModesOf(shape),
    ...(shape.userinfoAlgorithm === undefined ? {} : { userinfoAlgorithm: shape.userinfoAlgorithm }),
    ...(shape.pkce === 'optional' ? { pkce: shape.pkce } : {}),
    scopes: new Set(shape.scopes),
    ownScopes: new Set(shape.ownScopes),
    resources: [...new Set([issuer, ...shape.resources])],
    defaultResource: shape.defaultResource ?? issuer,
    idTokenAlgorithm: shape.idTokenAlgorithm,
    consent: shape.consent,
    sector: sectorOf(shape),
    ...(shape.initiateLoginUri === undefined ? {} : { initiateLoginUri: shape.initiateLoginUri }),
    ...(shape.backchannelLogoutUri === undefined ? {} : { backchannelLogoutUri: shape.backchannelLogoutUri }),
    ...(shape.logoUri === undefined ? {} : { logoUri: shape.logoUri }),
    ...(shape.policyUri === undefined ? {} : { policyUri: shape.policyUri }),
    ...(shape.tosUri === undefined ? {} : { tosUri: shape.tosUri }),
  };
}

/** `web` is confidential; `spa` and `native` can keep neither a secret nor a key (RFC 6749 §2.1). */
function checkConfidential(shape: ClientShape, told: Tell): boolean {
  const confidential = shape.kind === 'web';
  // Whoever steals a public client's code could redeem it (RFC 9700 §2.1.1).
  if (shape.pkce === 'optional' && !confidential) told('pkce', shape.pkce, `required for a ${shape.kind} client`);
  if (confidential !== (shape.authentication === 'none')) return true;
  const allowed = confidential ? 'a secret or private_key_jwt for a web client' : `none for ${shape.kind}`;
  told('authentication', shape.authentication, allowed);
  return false;
}

function checkUris(shape: ClientShape, told: Tell): void {
  if (shape.redirectUris.length === 0 && shape.grants.includes('authorization_code')) {
    told('redirectUris', shape.redirectUris, 'at least one redirect URI for the grant authorization_code');
  }
  for (const list of ['redirectUris', 'postLogoutRedirectUris'] as const) {
    for (const [index, uri] of shape[list].entries()) {
      const problem = redirectUriProblem(uri, shape.kind);
      if (problem !== undefined)
        told(`${list}[${index}]`, uri, `a redirect URI for a ${shape.kind} client (${problem})`);
      else if (shape[list].indexOf(uri) !== index) told(`${list}[${index}]`, uri, 'each URI once');
    }
  }
  for (const key of ['logoUri', 'policyUri', 'tosUri', 'initiateLoginUri'] as const) {
    const uri = shape[key];
    if (uri !== undefined && !isPageUri(uri)) told(key, uri, 'an https URL, or http on a loopback host');
  }
}

/** Called by this server, so never an address of its own network, except on a developer's own machine. */
function checkLogoutUri({ backchannelLogoutUri: uri }: ClientShape, { resources }: ClientRules, told: Tell): void {
  if (uri === undefined) return;
  const isLocal = new URL(resources[0].audience).protocol === 'http:';
  const fits = isPageUri(uri) && !uri.includes('#') && (uri.startsWith('https:') || isLocal);
  const local = isLocal ? ', or http on a loopback host' : '';
  if (!fits) told('backchannelLogoutUri', uri, `an https URL without fragment${local}`);
}

function checkSector(shape: ClientShape, told: Tell): void {
  const problem = sectorProblem(shape);
  if (problem !== undefined) told(problem.key, shape[problem.key], problem.allowed);
}

function responseModesOf({ responseModes = [] }: ClientShape): Pick<Client, 'responseModes'> {
  const [first, ...more] = responseModes;
  return first === undefined ? {} : { responseModes: [first, ...more] };
}

/** A form goes to an http(s) origin that a policy can name; an IPv6 literal has no form there (CSP 3 §2.3.1). */
function checkResponseModes(shape: ClientShape, told: Tell): void {
  if (shape.responseModes?.includes('form_post') !== true) return;
  const unfit = shape.redirectUris.find((uri) => !/^https?:\/\/[^[]/.test(uri));
  if (unfit !== undefined) told('responseModes', 'form_post', `query alone, for the redirect URI ${unfit}`);
}

/** Whether a text is an address that a page of ours may link to or show. */
function isPageUri(uri: string): boolean {
  const url = secureUrl(uri);
  return url !== undefined && url.username === '' && url.password === '';
}

function checkGrants(shape: ClientShape, told: Tell): void {
  const alone = shape.grants.includes('client_credentials');
  const hasDevice = shape.grants.includes('urn:ietf:params:oauth:grant-type:device_code');
  const forPeople = hasDevice || shape.grants.includes('authorization_code');
  if (!forPeople && (!alone || shape.grants.includes('refresh_token'))) {
    const people = 'authorization_code or urn:ietf:params:oauth:grant-type:device_code';
    told('grants', shape.grants, `${people} or client_credentials, and refresh_token only beside the first two`);
  }
  // What runs in a browser can send it to the authorization endpoint (RFC 10027).
  if (hasDevice && shape.kind === 'spa') told('grants', shape.grants, 'no device codes for a spa client');
  // A public client proves nothing, so it has no identity of its own to act under (OAuth 2.1 §4.2).
  if (alone && shape.kind !== 'web') told('grants', shape.grants, `no client_credentials for a ${shape.kind} client`);
  if (alone !== shape.ownScopes.length > 0) {
    const allowed = alone ? 'at least one scope for the grant client_credentials' : 'none without client_credentials';
    told('ownScopes', shape.ownScopes, allowed);
  }
}

function checkResources(shape: ClientShape, { resources }: ClientRules, told: Tell): void {
  const [issuer] = resources;
  for (const [index, audience] of shape.resources.entries()) {
    const known = resources.find((resource) => resource.audience === audience);
    if (known === undefined) told(`resources[${index}]`, audience, 'the audience of a registered resource');
    else if (!admitsAuthentication(known, shape)) {
      told(`resources[${index}]`, audience, 'a resource that takes clients with no more than a secret');
    }
  }
  const fallback = shape.defaultResource;
  if (fallback !== undefined && fallback !== issuer.audience && !shape.resources.includes(fallback)) {
    told('defaultResource', fallback, 'the issuer or one of the resources of this client');
  }
}

function checkScopes(shape: ClientShape, { resources }: ClientRules, told: Tell): void {
  const [issuer] = resources;
  const apis = resources.filter(({ audience }) => shape.resources.includes(audience));
  // The issuer's scopes are about a person, and with client credentials there is none.
  const lists = [
    ['scopes', [issuer, ...apis], 'a scope of the issuer or of one of the resources of this client'],
    ['ownScopes', apis, 'a scope of one of the resources of this client'],
  ] as const;
  for (const [key, places, allowed] of lists) {
    for (const [index, scope] of shape[key].entries()) {
      const exists = places.some((resource) => resource.scopes.has(scope));
      if (!exists) told(`${key}[${index}]`, scope, allowed);
      else if (shape[key].indexOf(scope) !== index) told(`${key}[${index}]`, scope, 'each scope once');
    }
  }
}
