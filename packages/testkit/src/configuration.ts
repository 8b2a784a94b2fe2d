/** The configuration of a test world: one client of each kind, two resources, limits nobody meets by accident. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '@castellan/protocol';
import type { ClientConfig, Config } from '@castellan/server';
import type { Registration } from './relying-party.ts';

export const audiences = { notes: 'https://notes.example', bills: 'https://bills.example' } as const;

const bothGrants = ['authorization_code', 'refresh_token'] as const;
const ownScopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;
const allScopes = [...ownScopes, 'notes:read', 'notes:write', 'bills:read'] as const;

/** A client that may do everything, from which each client of the world differs by what its line says. */
function client(id: string, changes: Partial<ClientConfig> = {}): ClientConfig {
  return {
    id,
    name: `The ${id} app`,
    kind: 'web',
    authentication: 'client_secret_basic',
    grants: bothGrants,
    redirectUris: [`https://${id}.example/callback`],
    postLogoutRedirectUris: [`https://${id}.example/bye`],
    scopes: allScopes,
    resources: [audiences.notes, audiences.bills],
    defaultResource: audiences.notes,
    ...changes,
  };
}

const deviceClient = {
  grants: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  redirectUris: [],
  postLogoutRedirectUris: [],
} as const satisfies Partial<ClientConfig>;

const clients: readonly ClientConfig[] = [
  client('web'),
  client('other'),
  client('post', { authentication: 'client_secret_post' }),
  client('trusted', { consent: 'trusted' }),
  client('once', { grants: ['authorization_code'] }),
  client('narrow', { scopes: ['openid', 'notes:read'], resources: [audiences.notes] }),
  client('batch', {
    grants: ['client_credentials'],
    redirectUris: [],
    postLogoutRedirectUris: [],
    scopes: [],
    ownScopes: ['notes:read', 'notes:write', 'bills:read'],
  }),
  client('tv', { ...deviceClient, kind: 'native', authentication: 'none' }),
  client('box', deviceClient),
  client('spa', { kind: 'spa', authentication: 'none' }),
  client('native', {
    kind: 'native',
    authentication: 'none',
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback', 'com.example.native:/callback'],
    postLogoutRedirectUris: ['com.example.native:/bye'],
  }),
];

const plentiful = { count: 100_000, period: 60 } as const;

export interface WorldSettings {
  readonly issuer: string;
  readonly folder: string;
  readonly store: Config['store'];
  readonly randomBytes: Runtime['randomBytes'];
}

/** Writes the secrets into the folder and answers with the configuration that names them. */
export function worldConfig(settings: WorldSettings): Config {
  const secrets = join(settings.folder, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  const secret = (name: string): { readonly file: string } => {
    const file = join(secrets, name);
    writeFileSync(file, settings.randomBytes(32).toString('base64url'), { mode: 0o600 });
    return { file };
  };
  return {
    issuer: settings.issuer,
    store: settings.store,
    masterKey: secret('master-key'),
    resources: [
      {
        audience: audiences.notes,
        name: 'Notes',
        scopes: { 'notes:read': 'Read your notes', 'notes:write': 'Change your notes' },
      },
      { audience: audiences.bills, name: 'Bills', scopes: { 'bills:read': 'See your bills' }, algorithm: 'RS256' },
    ],
    clients: clients.map((one) =>
      one.authentication.startsWith('client_secret') ? { ...one, secret: secret(one.id) } : one,
    ),
    limits: {
      signInPerAccount: plentiful,
      signInPerAddress: plentiful,
      tokenPerClient: plentiful,
      tokenPerAddress: plentiful,
      authorizePerAddress: plentiful,
      deviceCodePerAddress: plentiful,
      userCodePerAddress: plentiful,
      userCodePerAccount: plentiful,
      userCodeOverall: plentiful,
    },
  };
}

/** What a client itself knows of its registration. */
export function registrationOf(config: ClientConfig, readSecret: (file: string) => string): Registration {
  const source = config.secret;
  return {
    id: config.id,
    authentication: config.authentication,
    secret: source !== undefined && 'file' in source ? readSecret(source.file) : undefined,
    redirectUri: config.redirectUris[0] ?? '',
    scope: 'openid notes:read',
  };
}
