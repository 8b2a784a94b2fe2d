/** Names of people that two sectors cannot compare: the same in everything one client is told, and known to us again. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  assertTokens,
  audiences,
  basic,
  decodeJwt,
  formOf,
  type JsonAnswer,
  until,
  type WorldPerson,
} from '@castellan/testkit';
import { approved } from './device-world.ts';
import { billsApi, createMachineWorld, notesApi } from './machine-world.ts';

const pairwise = { subjectType: 'pairwise' } as const;
/** `web` and `box` share a sector, `other` has its own, `post` knows people by their ids. */
const sectors: Readonly<Record<string, object>> = {
  web: { ...pairwise, userinfoAlgorithm: 'ES256' },
  other: pairwise,
  box: { ...pairwise, sectorIdentifier: 'web.example' },
};

const scope = 'openid profile notes:read bills:read offline_access';
const resource = [audiences.notes, audiences.bills];

for (const store of ['sqlite', 'postgres'] as const) {
  const { world, introspect, close } = await createMachineWorld(`pairwise-${store}`, store, (config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) => ({ ...one, ...sectors[one.id] })),
  }));
  after(close);
  const { alice, bob } = world.people;

  const signedIn = async (id: string, person: WorldPerson = alice) => {
    const browser = world.browser();
    const client = world.client(id);
    const changes = { scope, resource, prompt: 'consent' };
    const { attempt, parameters } = await world.authorize(client, { browser, person, changes });
    const answer = await client.redeem(attempt, parameters.get('code') ?? '', { resource: audiences.notes });
    return { browser, client, ...assertTokens(answer) };
  };
  type SignedIn = Awaited<ReturnType<typeof signedIn>>;
  const next = async ({ client, refreshToken }: Pick<SignedIn, 'client' | 'refreshToken'>, audience: string) =>
    assertTokens(await client.refresh(refreshToken, { resource: audience }));
  const subject = (token: string): unknown => decodeJwt(token).claims['sub'];
  const subjectFor = async (id: string, person?: WorldPerson): Promise<unknown> =>
    subject((await signedIn(id, person)).idToken);
  const told = ({ body, json }: JsonAnswer): unknown => json['sub'] ?? subject(body);

  test(`R-103[id-token] R-076 each sector has its own name for a person, which is neither the id nor says anything (${store})`, async () => {
    const [web, other, post] = [await subjectFor('web'), await subjectFor('other'), await subjectFor('post')];
    assert.equal(post, alice.id);
    assert.equal(new Set([web, other, post]).size, 3);
    for (const name of [web, other]) assert.match(String(name), /^[A-Za-z0-9_-]{43}$/);
    assert.notEqual(await subjectFor('web', bob), web);
    await world.clock.advance(1);
    await until(() => JSON.stringify(world.events).includes(alice.id));
    assert.ok(!JSON.stringify(world.events).includes(String(web)), 'events name people by their ids');
  });

  test(`R-103[id-token,access-jwt,access-opaque,userinfo,introspect,refresh] one client is told one name everywhere, after a restart too (${store})`, async () => {
    const signed = await signedIn('web');
    const name = subject(signed.idToken);
    assert.notEqual(name, alice.id);
    assert.equal(subject(signed.accessToken), name);
    assert.equal(told(await introspect(signed.accessToken, notesApi)), name);
    const bills = await next(signed, audiences.bills);
    assert.equal(told(await introspect(bills.accessToken, billsApi)), name);
    assert.equal(subject(bills.idToken), name);
    const own = await next({ ...signed, ...bills }, world.issuer);
    assert.equal(told(await world.userinfo(own.accessToken)), name, 'signed');
    const { id, secret = '' } = signed.client;
    assert.equal(told(await introspect(own.refreshToken, basic(id, secret))), name);
    await world.restart();
    assert.equal(await subjectFor('web'), name);
    assert.equal(subject((await next({ ...signed, ...own }, world.issuer)).idToken), name);
  });

  test(`R-103[userinfo] plain UserInfo says the name of the ID token, and still knows whose data it is (${store})`, async () => {
    const signed = await signedIn('other');
    const { accessToken } = await next(signed, world.issuer);
    const { json } = await world.userinfo(accessToken);
    assert.deepEqual([json['sub'], json['name']], [subject(signed.idToken), 'Alice Archer']);
  });

  test(`R-103[device] a device has the names of its sector (${store})`, async () => {
    const { deviceCode, poll } = await approved(world, 'box');
    const { idToken, accessToken } = assertTokens(await poll(deviceCode));
    assert.equal(subject(idToken), await subjectFor('web'));
    assert.equal(subject(accessToken), subject(idToken));
  });

  test(`R-103[authorize] R-014[authorize] a pairwise hint fits the person it is about and nobody else (${store})`, async () => {
    const signed = await signedIn('web');
    const silent = { prompt: 'none', scope: 'openid', resource: undefined };
    const ask = async (id: string, hint: string): Promise<string | null> => {
      const changes = { ...silent, id_token_hint: hint };
      const { parameters } = await world.authorize(world.client(id), { browser: signed.browser, changes });
      return parameters.get('error');
    };
    assert.equal(await ask('web', signed.idToken), null);
    assert.equal(await ask('web', (await signedIn('web', bob)).idToken), 'login_required');
    assert.equal(await ask('other', signed.idToken), 'invalid_request', 'a hint of another client');
  });

  test(`R-103[logout] R-111[logout] a pairwise hint signs its person out at once, and asks anybody else (${store})`, async () => {
    const end = async (browser: SignedIn['browser'], idToken: string): Promise<boolean> => {
      const parameters = { id_token_hint: idToken, post_logout_redirect_uri: 'https://web.example/bye' };
      const page = await browser.open(`${world.metadata['end_session_endpoint']}?${formOf(parameters)}`);
      return page.find('logout-confirm') === undefined;
    };
    const [mine, theirs] = [await signedIn('web'), await signedIn('web', bob)];
    assert.equal(await end(theirs.browser, mine.idToken), false);
    assert.equal(await end(mine.browser, mine.idToken), true);
    assert.equal(mine.browser.page().url.href, 'https://web.example/bye');
  });

  test(`R-103[id-token,logout] R-113[logout] no name of a session is told to two sectors, and a hint ends it without any cookie (${store})`, async () => {
    const browser = world.browser();
    const signIn = async (id: string) => {
      const client = world.client(id);
      return {
        client,
        ...assertTokens(await world.tokens(client, { browser, changes: { scope: 'openid notes:read' } })),
      };
    };
    const [web, again, other, post] = [
      await signIn('web'),
      await signIn('web'),
      await signIn('other'),
      await signIn('post'),
    ];
    const claims = [web, other, post].map(({ idToken }) => decodeJwt(idToken).claims);
    const [atWeb, atOther, atPost] = claims.map(({ sid }) => String(sid));
    assert.equal(new Set([atWeb, atOther, atPost]).size, 3);
    assert.equal(decodeJwt(again.idToken).claims['sid'], atWeb, 'one client knows it by one name');
    for (const one of claims.slice(0, 2)) {
      const told = Buffer.from(JSON.stringify(one) + Buffer.from(String(one['jti']), 'base64url').toString('latin1'));
      assert.ok(!told.includes(String(atPost)), 'nor is its id anywhere in the token of a sector');
    }
    assert.notEqual(claims[0]?.['jti'], decodeJwt(again.idToken).claims['jti']);
    await world.browser().open(`${world.metadata['end_session_endpoint']}?${formOf({ id_token_hint: other.idToken })}`);
    for (const { client, refreshToken } of [web, other, post]) {
      assert.equal((await client.refresh(refreshToken)).json['error'], 'invalid_grant', client.id);
    }
  });

  test(`R-036 R-103[refresh] a sector that changes later changes no name within an authorization (${store})`, async () => {
    const signed = await signedIn('web');
    const name = subject(signed.idToken);
    await world.restart((config) => ({
      ...config,
      clients: (config.clients ?? []).map((one) =>
        one.id === 'web' ? { ...one, sectorIdentifier: 'shop.example' } : one,
      ),
    }));
    const later = await next(signed, world.issuer);
    assert.equal(subject(later.idToken), name);
    assert.equal(told(await world.userinfo(later.accessToken)), name);
    assert.notEqual(await subjectFor('web'), name);
    await world.restart();
  });

  test(`R-099[discovery] metadata names both kinds of subjects (${store})`, () => {
    assert.deepEqual(world.metadata['subject_types_supported'], ['public', 'pairwise']);
  });
}
