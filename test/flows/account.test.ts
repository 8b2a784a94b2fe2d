/** The account page: people see and take back what is theirs, nothing else, and whatever they take back is dead. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openAdministration } from '@castellan/server';
import {
  assertRefused,
  assertTokens,
  audiences,
  type Browser,
  basic,
  createWorld,
  type Page,
  signIn,
  until,
  type WireAnswer,
  type World,
  type WorldPerson,
} from '@castellan/testkit';
import { approved } from './device-world.ts';
import { assertInactive, billsApi, createMachineWorld, notesApi } from './machine-world.ts';

const world = await createWorld({ seed: 'account' });
after(() => world.close());
const { alice, bob } = world.people;
const web = world.client('web');

async function open(own: World, person: WorldPerson = own.people.alice, browser = own.browser()): Promise<Browser> {
  await browser.open(`${own.issuer}/account`);
  if (browser.page().find('login-submit') !== undefined) await signIn(browser, person);
  assert.equal(browser.page().url.href, `${own.issuer}/account`, browser.page().text);
  return browser;
}

/** The id of a button in the list of apps, by the client that its form names. */
function withdrawOf(page: Page, client: string): string {
  const form = page.elements.find(
    ({ attributes }) => attributes['name'] === 'withdraw' && attributes['value'] === client,
  )?.form;
  return (
    page.elements.find((one) => one.tag === 'button' && one.form === form)?.attributes['id'] ?? assert.fail(page.text)
  );
}

const outcome = (page: Page): string => page.find('outcome')?.text ?? assert.fail(page.text);
const gone = 'That was not there any more.';

function formToken(page: Page): string {
  const form = page.elements.find(({ attributes }) => ['withdraw', 'end'].includes(attributes['name'] ?? ''))?.form;
  const field = page.elements.find((one) => one.form === form && one.attributes['name'] === 'form_token');
  return field?.attributes['value'] ?? assert.fail('no form token');
}

/** Sends what a form of the page would, with other fields. */
function post(browser: Browser, fields: Readonly<Record<string, string>>): Promise<WireAnswer> {
  return browser.script(`${world.issuer}/account`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
}

async function sessionsOf(person: WorldPerson, own = world): Promise<readonly string[]> {
  const admin = await openAdministration(own.config, own.runtime);
  const found = await admin.sessions.list({ person: person.id, after: '', limit: 50 });
  await admin.close();
  return found.map(({ id }) => id);
}

for (const store of ['sqlite', 'postgres'] as const) {
  test(`R-012[account] S-102[account] R-048[refresh,${store}] I-3[refresh,${store}] a withdrawn consent ends every token of that app, and of no other`, async () => {
    const machine = await createMachineWorld(`withdraw-${store}`, store);
    const own = machine.world;
    after(machine.close);
    const client = own.client('web');
    const browser = own.browser();
    const scope = 'openid profile notes:read bills:read offline_access';
    const changes = { scope, prompt: 'consent', resource: [audiences.notes, audiences.bills] };
    const tokens = async (resource: string) => {
      const { attempt, parameters } = await own.authorize(client, { browser, changes });
      return assertTokens(await client.redeem(attempt, parameters.get('code') ?? '', { resource }));
    };
    const jwt = await tokens(audiences.notes);
    const opaque = await tokens(audiences.bills);
    const info = assertTokens(await client.refresh(jwt.refreshToken, { resource: own.issuer }));
    const landing = await own.authorize(client, { browser });
    const others = [
      [own.client('other'), assertTokens(await own.tokens(own.client('other'), { browser }))],
      [client, assertTokens(await own.tokens(client, { person: own.people.bob }))],
    ] as const;
    const tv = await approved(own, 'tv');

    await open(own, own.people.alice, browser);
    for (const shown of ['Alice Archer', client.id, 'Notes', 'Bills']) {
      assert.ok(browser.page().text.toLowerCase().includes(shown.toLowerCase()), `${shown}: ${browser.page().text}`);
    }
    await browser.click(withdrawOf(browser.page(), 'web'));
    assert.equal(outcome(browser.page()), 'The app has no access to your account any more.');
    assert.throws(() => withdrawOf(browser.page(), 'web'));

    assertRefused(await client.redeem(landing.attempt, landing.parameters.get('code') ?? ''), 400, 'invalid_grant');
    for (const { refreshToken } of [info, opaque]) {
      assertRefused(await client.refresh(refreshToken), 400, 'invalid_grant');
      assertInactive(await machine.introspect(refreshToken, basic('web', client.secret ?? '')));
    }
    assert.equal((await own.userinfo(info.accessToken)).status, 401);
    assertInactive(await machine.introspect(jwt.accessToken, notesApi));
    assertInactive(await machine.introspect(opaque.accessToken, billsApi));
    const silent = await own.authorize(client, { browser, changes: { prompt: 'none' } });
    assert.equal(silent.parameters.get('error'), 'consent_required');
    for (const [one, { refreshToken }] of others) assertTokens(await one.refresh(refreshToken));
    assertTokens(await tv.poll(tv.deviceCode));
    const told = () => own.events.filter((event) => 'reason' in event && event.reason === 'consent_withdrawn');
    await own.clock.advance(61);
    await until(() => told().length === 3);
    assert.ok(told().every((event) => event.actor === undefined));
    assert.equal(own.events.filter(({ type }) => type === 'consent.withdrawn').length, 1);
  });
}

test('R-012[account] S-102[account] R-057[device] an approved device is dead before its first poll, once its app may do nothing', async () => {
  const tv = await approved(world, 'tv');
  const browser = await open(world);
  await browser.click(withdrawOf(browser.page(), 'tv'));
  assertRefused(await tv.poll(tv.deviceCode), 400, 'invalid_grant');
});

test('R-109[account] a person ends a session of another browser of theirs, and it is dead there', async () => {
  const here = await open(world);
  const there = await open(world);
  const [own] = there.cookies.all().filter(({ name }) => name.includes('session'));
  assert.ok(own !== undefined);
  const buttons = (): readonly string[] =>
    here
      .page()
      .elements.flatMap(({ tag, attributes: { id = '' } }) =>
        tag === 'button' && /^session-.+-end$/.test(id) ? [id] : [],
      );
  await here.open(`${world.issuer}/account`);
  assert.notEqual(here.page().find('this-session'), undefined);
  for (const button of buttons()) {
    await here.click(button);
    assert.equal(outcome(here.page()), 'You are signed out there.');
  }
  assert.deepEqual(buttons(), []);
  await there.open(`${world.issuer}/account`);
  assert.notEqual(there.page().find('login-submit'), undefined);
  await here.open(`${world.issuer}/account`);
  assert.notEqual(here.page().find('this-session'), undefined);
});

test('R-109[account] this browser comes first, and then the newest of the others', async () => {
  await using own = await createWorld({ seed: 'account in order' });
  const signedIn: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    await open(own);
    const sessions = await sessionsOf(own.people.alice, own);
    signedIn.push(sessions.find((id) => !signedIn.includes(id)) ?? assert.fail());
    await own.clock.advance(5);
  }
  const here = await open(own);
  const names = here
    .page()
    .elements.map(({ attributes: { id = '' } }) => id)
    .filter((id) => id === 'this-session' || /^session-.+-name$/.test(id));
  assert.deepEqual(names, ['this-session', ...signedIn.toReversed().map((id) => `session-${id}-name`)]);
});

test('R-109[account] R-138[account] R-012[account] what is not theirs is answered as what does not exist, and stays', async () => {
  const bobs = await open(world, bob);
  assertTokens(await world.tokens(web, { browser: bobs, person: bob }));
  await bobs.open(`${world.issuer}/account`);
  const session = (await sessionsOf(bob))[0] ?? assert.fail();
  const browser = await open(world);
  assertTokens(await world.tokens(web, { browser }));
  await browser.open(`${world.issuer}/account`);
  const token = formToken(browser.page());
  const answers: string[] = [];
  for (const end of [session, 'nothing-at-all']) {
    const answer = await post(browser, { form_token: token, end });
    answers.push(`${answer.status} ${answer.headers.find(([name]) => name === 'location')?.[1]}`);
  }
  assert.equal(new Set(answers).size, 1, answers.join());
  assert.match(answers[0] ?? '', /^303 .*outcome=not_there$/);
  await browser.open(`${world.issuer}/account?outcome=not_there`);
  assert.equal(outcome(browser.page()), gone);
  // Whoever the fields name, it is the session that says who acts.
  for (const named of ['person', 'user', 'sub', 'loginName', 'login_name']) {
    await post(browser, { form_token: token, withdraw: 'web', [named]: bob.id });
  }
  await browser.script(`${world.issuer}/account?person=${bob.id}`, { headers: { 'x-user': bob.loginName } });
  assert.deepEqual(await sessionsOf(bob), [session]);
  await bobs.open(`${world.issuer}/account`);
  assert.doesNotThrow(() => withdrawOf(bobs.page(), 'web'));
  assert.ok(!browser.page().text.includes('Bob'));
});

test('R-138[account] R-122[account] R-021 who is not signed in, or not any more, is asked first and comes back', async () => {
  const own = await createWorld({ seed: 'account-asked' });
  const browser = await open(own);
  await browser.click('sign-out');
  await browser.open(`${own.issuer}/account`);
  assert.notEqual(browser.page().find('login-submit'), undefined);
  const cancelled = await browser.click('login-cancel');
  assert.equal(cancelled.url.pathname, '/account');
  assert.ok(!cancelled.text.includes('Alice'));
  await browser.click('sign-in');
  await signIn(browser, own.people.alice);
  assert.notEqual(browser.page().find('account-person'), undefined);
  const admin = await openAdministration(own.config, own.runtime);
  await admin.people.change(own.people.alice.id, 'lock');
  await browser.open(`${own.issuer}/account`);
  assert.notEqual(browser.page().find('login-submit'), undefined);
  await admin.close();
  await own.close();
});

test('R-035[code,device] R-013 what was parked for the account page becomes neither a code nor a device, nor the other way', async () => {
  const browser = world.browser();
  await browser.open(`${world.issuer}/account`);
  const parked = browser.page().url.searchParams.get('parked') ?? assert.fail();
  for (const path of ['authorize', 'device', 'consent']) {
    const page = await browser.open(`${world.issuer}/${path}?parked=${parked}`);
    assert.equal(page.status, 400, `${path}: ${page.text}`);
  }
  await browser.open(web.begin().url);
  const request = browser.page().url.searchParams.get('parked') ?? assert.fail();
  assert.equal((await browser.open(`${world.issuer}/account?parked=${request}`)).status, 400);
  const elsewhere = await world.browser().open(`${world.issuer}/account?parked=${parked}`);
  assert.notEqual(elsewhere.status, 200);
});

test('R-125[account] R-205 forms of another site, browser or session change nothing', async () => {
  const victim = await open(world);
  assertTokens(await world.tokens(web, { browser: victim }));
  await victim.open(`${world.issuer}/account`);
  const token = formToken(victim.page());
  const other = await open(world);
  for (const [browser, fields] of [
    [victim, { withdraw: 'web' }],
    [victim, { form_token: 'x', withdraw: 'web' }],
    [other, { form_token: token, withdraw: 'web' }],
  ] as const) {
    assert.equal((await post(browser, fields)).status, 403);
  }
  world.network.mount('https://sibling.issuer.example', async () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<form method="post" action="${world.issuer}/account"><input name="form_token" value="${token}">
      <input name="withdraw" value="web"><button id="go"></button></form>`,
  }));
  // Of the same site, so that the cookies come along, and with the very token of this browser's form.
  await victim.open('https://sibling.issuer.example');
  assert.equal((await victim.click('go')).status, 403);
  await victim.open(`${world.issuer}/account`);
  assert.doesNotThrow(() => withdrawOf(victim.page(), 'web'));
  assert.equal((await post(victim, { form_token: formToken(victim.page()) })).status, 400);
});

test('R-012[account] a client that is not registered any more is listed by its id, and can be taken back', async () => {
  const own = await createWorld({ seed: 'account-gone' });
  assertTokens(await own.tokens(own.client('narrow')));
  await own.restart((config) => ({ ...config, clients: (config.clients ?? []).filter(({ id }) => id !== 'narrow') }));
  const browser = await open(own);
  await browser.click(withdrawOf(browser.page(), 'narrow'));
  assert.notEqual(browser.page().find('no-apps'), undefined);
  await own.close();
});

test('R-012[account] the page names who is signed in', async () => {
  const browser = await open(world, alice);
  assert.equal(browser.page().find('account-person')?.text, 'Alice Archer');
});
