/** What ends a person's access, seen from every way that leads to some. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Administration, openAdministration } from '@castellan/server';
import {
  assertRefused,
  assertTokens,
  audiences,
  decodeJwt,
  type Page,
  signIn,
  until,
  type World,
  type WorldPerson,
} from '@castellan/testkit';
import { approved, codesOf, device, enter } from './device-world.ts';
import { assertInactive, billsApi, createMachineWorld, type MachineWorld, notesApi } from './machine-world.ts';

const webBasic = (world: World): readonly (readonly [string, string])[] => {
  const { id, secret } = world.client('web');
  return [['authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`]];
};

/** Everything that a person has open, before it ends. */
async function settle({ world }: MachineWorld, person: WorldPerson) {
  const web = world.client('web');
  const browser = world.browser();
  const scope = 'openid profile notes:read bills:read offline_access';
  const changes = { scope, prompt: 'consent', resource: [audiences.notes, audiences.bills] };
  const tokens = async (resource: string) => {
    const { attempt, parameters } = await world.authorize(web, { browser, person, changes });
    return assertTokens(await web.redeem(attempt, parameters.get('code') ?? '', { resource }));
  };
  const jwt = await tokens(audiences.notes);
  const opaque = await tokens(audiences.bills);
  const info = assertTokens(await web.refresh(jwt.refreshToken, { resource: world.issuer }));
  const landing = await world.authorize(web, { browser, person });
  const tv = await approved(world, 'tv');
  const own = device(world, 'tv');
  const codes = codesOf(await own.ask());
  const waiting = world.browser();
  await enter(world, waiting, codes.userCode, person);
  const asked = world.browser();
  await asked.open(web.begin({ prompt: 'consent' }).url);
  await signIn(asked, person);
  return { web, browser, jwt, opaque, info, landing, tv, own, codes, waiting, asked };
}

type Settled = Awaited<ReturnType<typeof settle>>;

/** INVARIANT of these tests: a way that is added to the server is added here. */
async function assertAllDead(machine: MachineWorld, settled: Settled): Promise<void> {
  const { world, introspect } = machine;
  const { web, browser, jwt, opaque, info, landing, tv, own, codes, waiting, asked } = settled;
  assertRefused(await web.redeem(landing.attempt, landing.parameters.get('code') ?? ''), 400, 'invalid_grant');
  for (const token of [info.refreshToken, opaque.refreshToken]) {
    assertRefused(await web.refresh(token), 400, 'invalid_grant');
    assertInactive(await introspect(token, webBasic(world)));
  }
  assertRefused(await tv.poll(tv.deviceCode), 400, 'invalid_grant');
  assert.equal((await world.userinfo(info.accessToken)).status, 401);
  assertInactive(await introspect(jwt.accessToken, notesApi));
  assertInactive(await introspect(opaque.accessToken, billsApi));
  const silent = await world.authorize(web, { browser, changes: { prompt: 'none' } });
  assert.equal(silent.parameters.get('error'), 'login_required');
  const isAsked = (page: Page): boolean => page.find('login-submit') !== undefined || page.status >= 400;
  assert.ok(isAsked(await asked.click('consent-allow')), 'a parked request goes on');
  assert.ok(isAsked(await waiting.click('device-allow')), 'a claimed device goes on');
  assertRefused(await own.poll(codes.deviceCode), 400, 'authorization_pending');
}

const words = 'seven quiet lamps on a hill';

const ends: readonly (readonly [string, string, (admin: Administration, world: World) => Promise<void>])[] = [
  [
    'person_locked',
    'R-121[login] locking',
    async ({ people }, { people: { alice } }) => assert.equal(await people.change(alice.id, 'lock'), 'changed'),
  ],
  [
    'person_disabled',
    'disabling',
    async ({ people }, { people: { alice } }) => assert.equal(await people.change(alice.id, 'disable'), 'changed'),
  ],
  [
    'password_changed',
    'a new password',
    async ({ people }, world) => {
      const link = await people.issuePasswordLink(world.people.alice.id);
      const browser = world.browser();
      await browser.open(link === 'not_allowed' ? assert.fail() : link.url);
      browser.fill('new-password', words);
      browser.fill('repeated-password', words);
      assert.equal((await browser.click('password-submit')).status, 200);
    },
  ],
];

for (const store of ['sqlite', 'postgres'] as const) {
  for (const [reason, title, end] of ends) {
    test(`${title} R-048[refresh,${store}] R-114[admin,session] R-122[code,refresh,device,userinfo,introspect] R-036[code,refresh,device,userinfo,introspect,${store}] R-057[device] R-021[authorize] R-115[userinfo] R-104[${store}] I-3 ends every way of one person, and of nobody else`, async () => {
      const machine = await createMachineWorld(`${reason}-${store}`, store);
      const { world } = machine;
      const admin = await openAdministration(world.config, world.runtime);
      after(async () => {
        await admin.close();
        await machine.close();
      });
      const settled = await settle(machine, world.people.alice);
      const bob = await world.tokens(world.client('web'), { person: world.people.bob });
      const before = settled.jwt.accessToken;
      await end(admin, world);
      await assertAllDead(machine, settled);
      assertTokens(await world.client('web').refresh(assertTokens(bob).refreshToken));

      // Whatever is undone, nothing comes back, and the person is the same as before (R-104).
      const { alice } = world.people;
      for (const change of ['unlock', 'enable'] as const) await admin.people.change(alice.id, change);
      await world.clock.advance(61);
      assert.equal((await admin.people.find(alice.loginName))?.state, 'active');
      assertInactive(await machine.introspect(before, notesApi));
      assertRefused(await settled.web.refresh(settled.info.refreshToken), 400, 'invalid_grant');
      const silent = await world.authorize(settled.web, { browser: settled.browser, changes: { prompt: 'none' } });
      assert.equal(silent.parameters.get('error'), 'login_required');
      const person = reason === 'password_changed' ? { ...alice, password: words } : alice;
      const again = assertTokens(await world.tokens(settled.web, { person, changes: { prompt: 'consent' } }));
      assert.equal(decodeJwt(again.accessToken).claims['sub'], alice.id);

      // Two sessions, and every authorization that lived then.
      const told = () => world.events.filter((event) => 'reason' in event && event.reason === reason);
      const sessions = () => told().filter(({ type }) => type === 'session.ended');
      await until(() => sessions().length >= 2 && told().length - sessions().length >= 4);
      const byAdministrator = reason !== 'password_changed';
      assert.ok(told().every((event) => event.actor === (byAdministrator ? 'administrator' : undefined)));
    });
  }
}
