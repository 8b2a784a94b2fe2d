/** `castellan client`: registered clients, in the shell. */
import type { Command } from 'commander';
import type { AdminDeps } from './admin.ts';
import { type Noun, registrationCommand } from './registration.ts';
import { readObject } from './registration-file.ts';

/** The commands, to be added to a program. */
export function clientCommand(deps: AdminDeps): Command {
  return registrationCommand(client, deps);
}

interface ClientOptions {
  readonly name?: string;
  readonly kind?: string;
  readonly authentication?: string;
  readonly grant?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly scope?: readonly string[];
  readonly ownScope?: readonly string[];
  readonly resource?: readonly string[];
  readonly defaultResource?: string;
  readonly jwks?: string;
  readonly jwksUri?: string;
  readonly consent?: string;
}

const client: Noun<ClientOptions> = {
  name: 'client',
  description: 'programs that ask for tokens',
  key: 'id',
  of: ({ clients }) => clients,
  withOptions: (command) =>
    command
      .option('--name <text>', 'shown on the sign-in and consent pages')
      .option('--kind <kind>', 'web (on a server), spa (in a browser) or native (on a device); web unless said')
      .option('--authentication <method>', 'client_secret_basic, client_secret_post, private_key_jwt or none')
      .option(
        '--grant <grants...>',
        'authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code',
      )
      .option('--redirect-uri <uris...>', 'where its answers go')
      .option('--post-logout-redirect-uri <uris...>', 'where people go after signing out')
      .option('--scope <scopes...>', 'all the scopes it may ask for')
      .option('--own-scope <scopes...>', 'what it may do for itself, by client_credentials')
      .option('--resource <audiences...>', 'the APIs it may ask tokens for')
      .option('--default-resource <audience>', 'the API of a request that names none')
      .option('--jwks <file>', 'its public keys, for private_key_jwt')
      .option('--jwks-uri <url>', 'where its public keys are, for private_key_jwt')
      .option('--consent <choice>', 'ask, or trusted for a first-party client'),
  read: async ({ grant, redirectUri, postLogoutRedirectUri, scope, ownScope, resource, jwks, ...options }) => {
    const { name, kind, authentication, defaultResource, jwksUri, consent } = options;
    return said({
      name,
      kind,
      authentication,
      grants: grant,
      redirectUris: redirectUri,
      postLogoutRedirectUris: postLogoutRedirectUri,
      scopes: words(scope),
      ownScopes: words(ownScope),
      resources: resource,
      defaultResource,
      jwks: jwks === undefined ? undefined : await readObject(jwks),
      jwksUri,
      consent,
    });
  },
  begin: ({ kind = 'web' }) => ({
    kind,
    authentication: kind === 'web' ? 'client_secret_basic' : 'none',
    redirectUris: [],
    scopes: [],
  }),
};

/** What was said, without what was not. */
export function said(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Scopes have no blanks, so several may stand in one argument, as in a request. */
function words(list: readonly string[] | undefined): readonly string[] | undefined {
  return list?.flatMap((item) => item.split(' ').filter((word) => word !== ''));
}
