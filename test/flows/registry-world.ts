/** A world whose administrator registers clients and APIs beside the running server. */
import assert from 'node:assert/strict';
import {
  type Administration,
  type ClientRegistration,
  openAdministration,
  type ResourceRegistration,
} from '@castellan/server';
import {
  basic,
  createRelyingParty,
  createWorld,
  type HeaderPairs,
  type JsonAnswer,
  post,
  type RelyingParty,
  type World,
  type WorldOptions,
} from '@castellan/testkit';

export const orders = 'https://orders.example';
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** A client that may do everything a confidential one can. */
export const shop: ClientRegistration = {
  id: 'shop',
  name: 'The shop',
  kind: 'web',
  authentication: 'client_secret_basic',
  grants: ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant],
  redirectUris: ['https://shop.example/callback'],
  scopes: ['openid', 'profile', 'offline_access', 'orders:read', 'orders:write'],
  ownScopes: ['orders:read'],
  resources: [orders],
  defaultResource: orders,
};

export const ordersApi: ResourceRegistration = {
  audience: orders,
  name: 'Orders',
  scopes: { 'orders:read': 'See your orders', 'orders:write': 'Order things' },
  credentials: { id: 'orders-api', authentication: 'client_secret_basic' },
};

interface RegistryWorld extends AsyncDisposable {
  readonly world: World;
  readonly administration: Administration;
  /** Lets a change be seen where the store is looked at once a second: the published bound. */
  readonly settle: () => Promise<void>;
  /** A registered client, with one of its secrets. */
  readonly party: (registration: ClientRegistration, secret?: string) => RelyingParty;
  /** Registers and answers with the secret. */
  readonly add: (kind: 'clients' | 'resources', registration: unknown) => Promise<string>;
  /** A request to an endpoint of the back channel. */
  readonly call: (
    path: '/introspect' | '/revoke' | '/device_authorization',
    parameters: Readonly<Record<string, string>>,
    headers: HeaderPairs,
  ) => Promise<JsonAnswer>;
}

async function createRegistryWorld(store: NonNullable<WorldOptions['store']>, seed: string): Promise<RegistryWorld> {
  const world = await createWorld({ store, seed });
  const administration = await openAdministration(world.config, world.runtime);
  for (const origin of ['https://shop.example']) {
    const body = '<!doctype html><title>client</title><p id="arrived">Arrived</p>';
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    world.network.mount(origin, async () => ({ status: 200, headers, body }));
  }
  const transport = world.network.from('198.51.100.40');
  return {
    world,
    administration,
    settle: () => world.clock.advance(store === 'postgres' ? 1 : 0),
    party: ({ id, authentication, redirectUris: [redirectUri = ''] }, secret) =>
      createRelyingParty({
        registration: { id, authentication, secret, redirectUri, scope: 'openid profile orders:read' },
        authorizationEndpoint: String(world.metadata['authorization_endpoint']),
        tokenEndpoint: String(world.metadata['token_endpoint']),
        transport,
        randomBytes: world.runtime.randomBytes,
      }),
    add: async (kind, registration) => {
      const verdict = await administration[kind].add(registration);
      assert.ok(verdict.verdict === 'done', JSON.stringify(verdict));
      return verdict.secret ?? '';
    },
    call: (path, parameters, headers) => post(transport, world.issuer + path, parameters, headers),
    [Symbol.asyncDispose]: async () => {
      await administration.close();
      await world.close();
    },
  };
}

export interface ShopWorld extends RegistryWorld {
  readonly client: RelyingParty;
  readonly secret: string;
  /** The credentials of the API. */
  readonly api: HeaderPairs;
  /** What a person gives the shop for the API. */
  readonly tokens: () => Promise<{ readonly access: string; readonly refresh: string }>;
  /** What the API is told of a token. */
  readonly isActive: (token: string) => Promise<unknown>;
  readonly setClient: (state: 'active' | 'disabled' | 'removed') => Promise<void>;
}

/** The shop and its API, registered beside the running server. */
export async function openShop(store: NonNullable<WorldOptions['store']>, seed: string): Promise<ShopWorld> {
  const registry = await createRegistryWorld(store, seed);
  const { world, add, settle, party, administration } = registry;
  const apiSecret = await add('resources', ordersApi);
  const secret = await add('clients', shop);
  await settle();
  const client = party(shop, secret);
  const api = basic('orders-api', apiSecret);
  const scope = 'openid profile offline_access orders:read orders:write';
  const tokens: ShopWorld['tokens'] = async () => {
    const { attempt, parameters } = await world.authorize(client, { changes: { scope, prompt: 'consent' } });
    const { json, body } = await client.redeem(attempt, parameters.get('code') ?? '');
    assert.equal(typeof json['access_token'], 'string', body);
    return { access: String(json['access_token']), refresh: String(json['refresh_token']) };
  };
  const isActive: ShopWorld['isActive'] = async (token) =>
    (await registry.call('/introspect', { token }, api)).json['active'];
  const setClient: ShopWorld['setClient'] = async (state) => {
    const { verdict } = await administration.clients.setState(shop.id, state);
    assert.equal(verdict, 'done');
    await settle();
  };
  return { ...registry, client, secret, api, tokens, isActive, setClient };
}
