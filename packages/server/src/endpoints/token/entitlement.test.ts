import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import { issuerResource, type Resource, resourceDirectory } from '../../resources/resource.ts';
import { entitlementOf } from './entitlement.ts';

const issuer = 'https://id.example';
const invoices = 'https://invoices.example/';
const reports = 'https://reports.example/';
const vault = 'https://vault.example/';

function api(audience: string, ...scopes: string[]): Resource {
  const described = new Map(scopes.map((scope) => [scope, scope]));
  return {
    audience,
    name: audience,
    scopes: described,
    algorithm: 'ES256',
    tokenFormat: 'jwt',
    accessTokenLifetime: 300,
  };
}

const directory = resourceDirectory([
  issuerResource(issuer, 300),
  api(invoices, 'invoices:read', 'invoices:write'),
  api(reports, 'reports:read'),
  { ...api(vault, 'vault:open'), secretOnlyClients: false },
]);

const granted = ['openid', 'profile', 'offline_access', 'invoices:read', 'invoices:write', 'reports:read'];

interface Case {
  readonly asked?: string;
  readonly named?: readonly string[];
  readonly granted?: readonly string[];
  readonly held?: readonly string[];
  readonly allowed?: readonly string[];
  readonly clientResources?: readonly string[];
  readonly defaultResource?: string;
  readonly authentication?: 'client_secret_basic' | 'private_key_jwt' | 'none';
}

function decide(one: Case): string {
  const found = {
    authorization: { scopes: one.granted ?? granted, resources: one.held ?? [invoices, reports, issuer] },
    askedScope: one.asked,
  };
  const client = {
    authentication: one.authentication ?? ('client_secret_basic' as const),
    scopes: new Set(one.allowed ?? granted),
    resources: one.clientResources ?? [issuer, invoices, reports],
    defaultResource: one.defaultResource ?? invoices,
  };
  try {
    const { resource, scopes } = entitlementOf(found, { client, resources: one.named ?? [] }, directory);
    return `${resource.audience} ${scopes.join(' ')}`;
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

test('S-31[access-jwt] R-032 an access token has one audience: the named resource, else the default, else the issuer', () => {
  assert.match(decide({ named: [reports] }), /^https:\/\/reports\.example\/ /);
  assert.match(decide({}), /^https:\/\/invoices\.example\/ /);
  assert.match(decide({ defaultResource: reports }), /^https:\/\/reports\.example\/ /);
  assert.match(decide({ granted: ['openid'] }), /^https:\/\/id\.example /);
  assert.match(decide({ named: [issuer] }), /^https:\/\/id\.example /);
});

test('S-31[access-jwt] two resources in one token request are refused', () => {
  assert.equal(decide({ named: [invoices, reports] }), 'resource_invalid');
  assert.equal(decide({ named: [invoices, invoices] }), 'resource_invalid');
});

test('R-046[refresh] neither scope nor resource can grow', () => {
  assert.equal(decide({ granted: ['openid'], asked: 'openid invoices:read' }), 'scope_not_allowed');
  assert.equal(decide({ asked: 'admin' }), 'scope_not_allowed');
  assert.equal(decide({ asked: 'openid  profile' }), 'scope_malformed');
  assert.equal(decide({ held: [invoices, issuer], named: [reports] }), 'resource_invalid');
  assert.equal(decide({ named: ['https://evil.example/'] }), 'resource_invalid');
  assert.equal(decide({ named: [`${invoices}x`] }), 'resource_invalid');
});

test('R-046[refresh] a smaller scope is given as asked', () => {
  assert.equal(decide({ asked: 'invoices:read' }), `${invoices} invoices:read`);
  assert.equal(decide({ asked: 'openid' }), `${issuer} openid`);
});

test('R-049[refresh] what the client has lost since is gone, and nothing left is refused', () => {
  assert.equal(decide({ allowed: ['openid', 'invoices:read'] }), `${invoices} openid invoices:read`);
  assert.equal(decide({ allowed: [] }), 'scope_not_allowed');
  assert.equal(decide({ asked: 'invoices:write', allowed: ['invoices:read'] }), 'scope_not_allowed');
  assert.equal(decide({ named: [invoices], clientResources: [issuer] }), 'resource_invalid');
  assert.match(decide({ clientResources: [issuer] }), /^https:\/\/id\.example /);
});

test('R-032[access-jwt] a resource at which no scope was granted gets no token', () => {
  assert.equal(decide({ named: [reports], granted: ['openid', 'invoices:read'] }), 'scope_not_allowed');
  assert.equal(decide({ granted: ['offline_access'] }), 'scope_not_allowed');
});

test('R-077[private-key-jwt] an API of high value opens to clients with keys only, also when it is not named', () => {
  const rights = { granted: ['vault:open'], held: [vault], allowed: ['vault:open'], clientResources: [vault] };
  assert.equal(decide({ ...rights, authentication: 'private_key_jwt' }), `${vault} vault:open`);
  assert.equal(decide({ ...rights, authentication: 'client_secret_basic' }), 'resource_invalid');
  assert.equal(decide({ ...rights, named: [vault], authentication: 'none' }), 'resource_invalid');
});
