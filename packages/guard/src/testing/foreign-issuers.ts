/**
 * For tests: five foreign issuers as their documentation shows their tokens and key sets, with keys of our own; and
 * the configuration that `docs/guard-issuers.md` gives for each.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { tokensWithoutAudience, untypedTokens } from '../insecure.ts';
import type { IssuerConfig } from '../issuer.ts';

type Members = Readonly<Record<string, unknown>>;

export interface ForeignIssuer {
  readonly name: string;
  readonly config: IssuerConfig;
  /** Where its documents lie, and what they hold. */
  readonly documents: Readonly<Record<string, object>>;
  readonly header: Members;
  /** Claims of a person's access token, without times. */
  readonly person: Members;
  /** Claims of a token that a client got for itself. */
  readonly machine: Members;
  /** Genuine tokens of the same issuer that are no access tokens for this API. */
  readonly others: Readonly<Record<string, { readonly header?: Members; readonly claims: Members }>>;
  readonly privateKey: KeyObject;
}

/** Signs with RS256, which all five use, under any header. */
export function signAs(privateKey: KeyObject, header: object, claims: object): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function makeKey(): { readonly privateKey: KeyObject; readonly n: string; readonly e: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, n, e };
}

const certificate = { x5c: ['MIIDBTCCAe2gAwIBAgIQ'], x5t: 'aWdub3JlZCBoZXJl' };

function auth0(): ForeignIssuer {
  const { privateKey, n, e } = makeKey();
  const issuer = 'https://acme.eu.auth0.com/';
  const kid = 'NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg';
  return {
    name: 'Auth0',
    config: {
      issuer,
      audience: 'https://api.example',
      algorithms: ['RS256'],
      typ: 'JWT',
      discovery: 'openid',
      maxLifetime: 86_400,
      claims: { client: 'azp', roles: 'permissions' },
      machine: { claim: 'gty', values: ['client-credentials'] },
    },
    documents: {
      [`${issuer}.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}.well-known/jwks.json` },
      [`${issuer}.well-known/jwks.json`]: {
        keys: [{ kty: 'RSA', use: 'sig', n, e, kid, alg: 'RS256', ...certificate }],
      },
    },
    header: { alg: 'RS256', typ: 'JWT', kid },
    person: {
      iss: issuer,
      sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
      aud: ['https://api.example', `${issuer}userinfo`],
      azp: 'ZvBkuVFdDXtJ8pv0iVjV6hYP0kTGV7aE',
      scope: 'openid profile notes:read',
      permissions: ['read:notes'],
    },
    machine: {
      iss: issuer,
      sub: 'ZvBkuVFdDXtJ8pv0iVjV6hYP0kTGV7aE@clients',
      aud: 'https://api.example',
      azp: 'ZvBkuVFdDXtJ8pv0iVjV6hYP0kTGV7aE',
      gty: 'client-credentials',
      scope: 'notes:read',
    },
    others: {
      'an ID token': {
        claims: {
          iss: issuer,
          sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
          aud: 'ZvBkuVFdDXtJ8pv0iVjV6hYP0kTGV7aE',
          nickname: 'nora',
          nonce: 'n',
          sid: 's',
        },
      },
      'a token for another API of the tenant': {
        claims: { iss: issuer, sub: 'auth0|1', aud: 'https://other.example', azp: 'a', scope: 'notes:read' },
      },
    },
    privateKey,
  };
}

function okta(): ForeignIssuer {
  const { privateKey, n, e } = makeKey();
  const issuer = 'https://acme.okta.com/oauth2/default';
  const kid = 'pXtXTRZLFkKaAqz1dGqTJtzGJlBsPqoJvSVTfPyFrLQ';
  const person = {
    ver: 1,
    jti: 'AT.uvCVvqCVJLfNLXbPkGJTYoOkGXpyzkOZPBpb_3zNcqk',
    iss: issuer,
    aud: 'api://default',
    cid: '0oa47pffxbHFJLdtk0h7',
    uid: '00u47jmcjqsGkqPkT0h7',
    scp: ['openid', 'notes:read'],
    auth_time: 1_799_999_900,
    sub: 'nora@example.test',
    groups: ['Everyone', 'Note Takers'],
  };
  const { uid: _, auth_time: __, groups: ___, ...rest } = person;
  return {
    name: 'Okta',
    config: {
      issuer,
      audience: 'api://default',
      algorithms: ['RS256'],
      typ: untypedTokens,
      jwksUri: `${issuer}/v1/keys`,
      maxLifetime: 3600,
      claims: { subject: 'sub', client: 'cid', scopes: 'scp', roles: 'groups' },
    },
    documents: { [`${issuer}/v1/keys`]: { keys: [{ kty: 'RSA', alg: 'RS256', kid, use: 'sig', e, n }] } },
    header: { kid, alg: 'RS256' },
    person,
    machine: { ...rest, sub: '0oa47pffxbHFJLdtk0h7', scp: ['notes:read'] },
    others: {
      'an ID token': {
        claims: {
          ver: 1,
          jti: 'ID.x',
          iss: issuer,
          aud: '0oa47pffxbHFJLdtk0h7',
          sub: '00u47jmcjqsGkqPkT0h7',
          at_hash: 'h',
          amr: ['pwd'],
        },
      },
    },
    privateKey,
  };
}

export const entraTenants: readonly [string, string] = [
  '11111111-2222-4333-8444-555555555555',
  '99999999-8888-4777-8666-555555555555',
];

function entra(): ForeignIssuer {
  const { privateKey, n, e } = makeKey();
  const [tenant] = entraTenants;
  const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`;
  const kid = 'kWbkFQVpQyWdpZlxL5ZJxqDMM7s';
  const api = '6e74172b-be56-4843-9ff4-e66a39bb12e3';
  const web = 'f4a9cc2e-1f2d-4f9a-9f6f-0d8b1f0a2b3c';
  const common = {
    aud: api,
    iss: issuer,
    aio: 'AWQAm/8aAAAA',
    azpacr: '1',
    oid: '4f9a9f6f-0d8b-4f0a-8b3c-f4a9cc2e1f2d',
    rh: '0.AYEA',
    tid: tenant,
    uti: 'uti',
    ver: '2.0',
  };
  return {
    name: 'Entra ID',
    config: {
      issuer,
      audience: api,
      algorithms: ['RS256'],
      typ: 'JWT',
      jwksUri: `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
      maxLifetime: 5400,
      // ID tokens have no azp, so an allow-list of clients keeps them out even where API and client are one app.
      clients: [web],
      require: { tid: tenant, ver: '2.0' },
      claims: { client: 'azp', scopes: 'scp', roles: 'roles' },
      machine: { claim: 'idtyp', values: ['app'], scopes: 'roles' },
    },
    documents: {
      [`https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`]: {
        keys: [
          { kty: 'RSA', use: 'sig', kid, n, e, ...certificate, cloud_instance_name: 'microsoftonline.com', issuer },
        ],
      },
    },
    header: { typ: 'JWT', alg: 'RS256', kid },
    person: {
      ...common,
      azp: web,
      name: 'Nora',
      scp: 'notes:read profile',
      sub: 'HKZpfaHyWadeOouYlitjrI',
      roles: ['Taker'],
    },
    machine: { ...common, azp: web, idtyp: 'app', sub: common.oid, roles: ['notes:read'] },
    others: {
      'an ID token of the same app': { claims: { ...common, nonce: 'n', sub: 'HKZpfaHyWadeOouYlitjrI', name: 'Nora' } },
      'a token of version 1.0': {
        claims: { ...common, azp: undefined, appid: web, ver: '1.0', scp: 'notes:read', sub: 's' },
      },
      'a token that names another tenant': {
        claims: { ...common, azp: web, tid: entraTenants[1], scp: 'a', sub: 's' },
      },
    },
    privateKey,
  };
}

function keycloak(): ForeignIssuer {
  const { privateKey, n, e } = makeKey();
  const issuer = 'https://id.example/realms/acme';
  const certs = `${issuer}/protocol/openid-connect/certs`;
  const kid = 'FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE';
  const person = {
    jti: 'onrtac:8a7e6b4c-0f10-4f0b-93ba-2b2c2a3f8d11',
    iss: issuer,
    aud: ['notes-api', 'account'],
    sub: 'b3b2f7b5-2c8b-4a2f-8a8d-3f1f2c7d5e6f',
    typ: 'Bearer',
    azp: 'notes-web',
    sid: '0f10',
    acr: '1',
    'allowed-origins': ['https://notes.example'],
    realm_access: { roles: ['note-taker', 'offline_access'] },
    resource_access: { account: { roles: ['manage-account'] } },
    scope: 'openid notes:read',
    preferred_username: 'nora',
  };
  return {
    name: 'Keycloak',
    config: {
      issuer,
      audience: 'notes-api',
      algorithms: ['RS256'],
      typ: 'JWT',
      discovery: 'openid',
      // The header types ID tokens and access tokens alike; this claim tells them apart.
      require: { typ: 'Bearer' },
      claims: { client: 'azp', roles: ['realm_access', 'roles'] },
      machine: { claim: 'client_id' },
    },
    documents: {
      [`${issuer}/.well-known/openid-configuration`]: {
        issuer,
        jwks_uri: certs,
        introspection_endpoint: `${issuer}/i`,
      },
      [certs]: {
        keys: [
          { kid, kty: 'RSA', alg: 'RS256', use: 'sig', n, e, ...certificate, 'x5t#S256': 'x' },
          { kid: 'enc', kty: 'RSA', alg: 'RSA-OAEP', use: 'enc', n, e, ...certificate },
        ],
      },
    },
    header: { alg: 'RS256', typ: 'JWT', kid },
    person,
    machine: { ...person, sub: 'service-id', azp: 'notes-job', client_id: 'notes-job', clientHost: '192.0.2.9' },
    others: {
      'an ID token': { claims: { ...person, aud: 'notes-api', typ: 'ID', scope: undefined } },
      'a refresh token': { claims: { ...person, aud: issuer, typ: 'Refresh' } },
    },
    privateKey,
  };
}

function cognito(): ForeignIssuer {
  const { privateKey, n, e } = makeKey();
  const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A1b2C3d4E';
  const kid = 'KO4U2Ddr5vPkTnEzTIC7TyeUy8YzDBNyUaDwkb4LqzI=';
  const client = '1example23456789';
  const person = {
    sub: '7dd2f0a2-4b9c-4b58-9f4e-0d9f6b1c2a3e',
    'cognito:groups': ['note takers'],
    iss: issuer,
    version: 2,
    client_id: client,
    origin_jti: 'origin',
    event_id: 'event',
    token_use: 'access',
    scope: 'openid https://api.example/notes:read',
    auth_time: 1_799_999_900,
    jti: 'jti',
    username: 'nora',
  };
  return {
    name: 'Cognito',
    config: {
      issuer,
      audience: tokensWithoutAudience,
      clients: [client],
      require: { token_use: 'access' },
      algorithms: ['RS256'],
      typ: untypedTokens,
      jwksUri: `${issuer}/.well-known/jwks.json`,
      maxLifetime: 3600,
      claims: { scopePrefix: 'https://api.example/', roles: 'cognito:groups' },
    },
    documents: {
      [`${issuer}/.well-known/jwks.json`]: { keys: [{ alg: 'RS256', e, kid, kty: 'RSA', n, use: 'sig' }] },
    },
    header: { kid, alg: 'RS256' },
    person,
    machine: {
      sub: client,
      token_use: 'access',
      scope: 'https://api.example/notes:read',
      auth_time: 1_799_999_900,
      iss: issuer,
      version: 2,
      jti: 'jti',
      client_id: client,
    },
    others: {
      'an ID token': { claims: { ...person, aud: client, client_id: undefined, token_use: 'id', at_hash: 'h' } },
      'an ID token that names the client': { claims: { ...person, token_use: 'id' } },
      'a token of another app client': { claims: { ...person, client_id: 'other' } },
      'a token with an audience': { claims: { ...person, aud: 'https://other.example' } },
    },
    privateKey,
  };
}

export function foreignIssuers(): readonly ForeignIssuer[] {
  return [auth0(), okta(), entra(), keycloak(), cognito()];
}
