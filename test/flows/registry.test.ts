/** Clients and APIs that an administrator registers, changes and switches off while the server runs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { basic, type JsonAnswer, openStores, type TestedStore } from '@castellan/testkit';
import { deviceGrant, openShop, orders, ordersApi, shop } from './registry-world.ts';

const { stores, close } = await openStores();
after(close);

/** One test for each store. */
function each(title: (store: string) => string, body: (store: TestedStore['store']) => Promise<void>): void {
  for (const { store, skip } of stores) {
    void test(title(store), { skip }, () => body(store));
  }
}

function assertUnknownClient(answer: JsonAnswer): void {
  assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client'], answer.body);
}

each(
  (store) => `S-104[${store}] S-106[admin] what is registered beside a running server works there, in every grant`,
  async (store) => {
    await using registry = await openShop(store, `registered-${store}`);
    const { world, client, secret, tokens, isActive, call } = registry;
    const { access, refresh } = await tokens();
    assert.equal(await isActive(access), true);
    const refreshed = await client.refresh(refresh, { resource: world.issuer });
    assert.equal((await world.userinfo(String(refreshed.json['access_token']))).status, 200);
    const own = await client.token({ grant_type: 'client_credentials' });
    assert.equal(own.json['scope'], 'orders:read');
    assert.equal(await isActive(String(own.json['access_token'])), true);
    const device = await call('/device_authorization', { scope: 'openid' }, basic(shop.id, secret));
    assert.equal(device.status, 200);
    const document = await world.send('GET', '/.well-known/openid-configuration');
    assert.ok(document.body.includes('"orders:write"'));
  },
);

each(
  (store) =>
    `R-036[authorize,code,refresh,device,client-credentials,userinfo,introspect,revoke,${store}] a client that is disabled is refused everywhere, from the next request on where looking is cheap, and else within a second`,
  async (store) => {
    await using registry = await openShop(store, `disabled-${store}`);
    const { world, client, secret, tokens, isActive, call, setClient } = registry;
    const own = String((await client.token({ grant_type: 'client_credentials' })).json['access_token']);
    const held = await tokens();
    const issuerToken = String((await client.refresh(held.refresh, { resource: world.issuer })).json['access_token']);
    const another = await tokens();
    const authentication = basic(shop.id, secret);
    const device = await call('/device_authorization', { scope: 'openid' }, authentication);
    const waiting = await world.authorize(client);
    const browser = world.browser();
    await browser.open(client.begin().url);
    assert.notEqual(browser.page().find('login-submit'), undefined);

    await setClient('disabled');
    assertUnknownClient(await client.redeem(waiting.attempt, waiting.parameters.get('code') ?? ''));
    assertUnknownClient(await client.refresh(another.refresh));
    assertUnknownClient(await client.token({ grant_type: 'client_credentials' }));
    const deviceCode = String(device.json['device_code']);
    assertUnknownClient(await client.token({ grant_type: deviceGrant, device_code: deviceCode }));
    assertUnknownClient(await call('/device_authorization', { scope: 'openid' }, authentication));
    assertUnknownClient(await call('/revoke', { token: another.refresh }, authentication));
    assertUnknownClient(await call('/introspect', { token: another.refresh }, authentication));
    assert.equal((await world.userinfo(issuerToken)).status, 401);
    for (const token of [own, held.access, another.access]) assert.equal(await isActive(token), false);
    const start = await world.authorize(client);
    assert.deepEqual([start.page.status, start.page.url.origin], [400, world.issuer]);
    browser.fill('username', world.people.alice.loginName);
    browser.fill('password', world.people.alice.password);
    const after = await browser.click('login-submit');
    assert.deepEqual([after.status, after.url.origin], [400, world.issuer]);

    await setClient('active');
    for (const token of [own, held.access, another.access]) assert.equal(await isActive(token), false);
    const again = await client.refresh(another.refresh);
    assert.deepEqual([again.status, again.json['error']], [400, 'invalid_grant']);
    const code = await client.redeem(waiting.attempt, waiting.parameters.get('code') ?? '');
    assert.deepEqual([code.status, code.json['error']], [400, 'invalid_grant']);
    assert.equal(await isActive((await tokens()).access), true);
    await setClient('removed');
    assertUnknownClient(await client.token({ grant_type: 'client_credentials' }));
    await world.server().close();
    const told = world.events.filter(({ type }) => type === 'client.disabled' || type === 'client.removed');
    assert.deepEqual(
      told.map(({ type, actor }) => [type, actor]),
      [
        ['client.disabled', 'administrator'],
        ['client.removed', 'administrator'],
      ],
    );
  },
);

each(
  (store) => `R-073[client-secret] S-98[client-secret] on ${store} both secrets are good while one takes over`,
  async (store) => {
    await using registry = await openShop(store, `rotated-${store}`);
    const { administration, party, secret, settle, api, call, tokens } = registry;
    const works = async (one: string): Promise<boolean> =>
      (await party(shop, one).token({ grant_type: 'client_credentials' })).status === 200;
    const rotated = await administration.clients.rotateSecret(shop.id);
    const next = (rotated.verdict === 'done' ? rotated.secret : undefined) ?? '';
    await settle();
    assert.deepEqual([await works(secret), await works(next)], [true, true]);
    assert.equal((await administration.clients.dropOldSecret(shop.id)).verdict, 'done');
    await settle();
    assert.deepEqual([await works(secret), await works(next), await works('')], [false, true, false]);

    const { access } = await tokens().catch(() => ({ access: '' }));
    const apiRotated = await administration.resources.rotateSecret(orders);
    const apiNext = basic('orders-api', (apiRotated.verdict === 'done' ? apiRotated.secret : undefined) ?? '');
    await settle();
    for (const headers of [api, apiNext])
      assert.equal((await call('/introspect', { token: access || 'x' }, headers)).status, 200);
    await administration.resources.dropOldSecret(orders);
    await settle();
    assertUnknownClient(await call('/introspect', { token: access || 'x' }, api));
    assert.equal((await call('/introspect', { token: access || 'x' }, apiNext)).status, 200);
  },
);

each(
  (store) =>
    `R-049[refresh] R-068[${store}] R-016[token] R-002[authorize] a changed registration counts for what was given before`,
  async (store) => {
    await using registry = await openShop(store, `changed-${store}`);
    const { administration, client, settle, tokens, world } = registry;
    const { refresh } = await tokens();
    const redirectUris = ['https://shop.example/next'];
    const scopes = shop.scopes.filter((scope) => scope !== 'orders:write');
    const { verdict } = await administration.clients.change(shop.id, { ...shop, scopes, redirectUris });
    assert.equal(verdict, 'done');
    await settle();
    const narrowed = await client.refresh(refresh, { resource: orders });
    assert.deepEqual([narrowed.status, narrowed.json['scope']], [200, 'orders:read']);
    const { page } = await world.authorize(client);
    assert.deepEqual([page.status, page.url.origin], [400, world.issuer]);
  },
);

each(
  (store) =>
    `R-017[token,authorize] R-059[introspect] on ${store} nothing new is issued for a disabled API, it may not ask, and other APIs go on`,
  async (store) => {
    await using registry = await openShop(store, `api-${store}`);
    const { administration, client, settle, tokens, world, api, call } = registry;
    const { access, refresh } = await tokens();
    assert.equal((await administration.resources.setState(orders, 'disabled')).verdict, 'done');
    await settle();
    const named = await client.refresh(refresh, { resource: orders });
    assert.deepEqual([named.status, named.json['error']], [400, 'invalid_target']);
    const own = await client.token({ grant_type: 'client_credentials' });
    assert.deepEqual([own.status, own.json['access_token']], [400, undefined]);
    const asked = await world.authorize(client, { changes: { resource: orders } });
    assert.deepEqual([asked.page.status, asked.page.url.origin], [400, world.issuer]);
    assertUnknownClient(await call('/introspect', { token: access }, api));
    const profile = await client.refresh(refresh, { resource: world.issuer });
    assert.equal(profile.status, 200, profile.body);
    assert.equal((await administration.resources.setState(orders, 'active')).verdict, 'done');
    await settle();
    assert.equal((await call('/introspect', { token: access }, api)).json['active'], true);
  },
);

each(
  (store) => `R-076[config] on ${store} a configuration that takes an id of the store over stops the start`,
  async (store) => {
    await using registry = await openShop(store, `clash-${store}`);
    const { world } = registry;
    await assert.rejects(
      world.restart((config) => {
        const { credentials: _, ...api } = ordersApi;
        return { ...config, resources: [...(config.resources ?? []), api] };
      }),
      /resources\[2\]\.audience: found "https:\/\/orders\.example"; allowed is what the store has not registered/,
    );
  },
);
