import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, type Browser, type Changes, createWorld, decodeJwt, signIn, walk } from '@castellan/testkit';

const world = await createWorld({ seed: 'prompt' });
after(() => world.close());
const web = world.client('web');

async function claimsOf(browser: Browser, changes: Changes = {}): Promise<Readonly<Record<string, unknown>>> {
  return decodeJwt(assertTokens(await world.tokens(web, { browser, changes })).idToken).claims;
}

/** Which page a request shows first. */
async function firstPage(browser: Browser, changes: Changes): Promise<'login' | 'consent' | 'client' | 'other'> {
  const page = await browser.open(web.begin(changes).url);
  if (page.find('login-submit') !== undefined) return 'login';
  if (page.find('consent-allow') !== undefined) return 'consent';
  return page.find('arrived') === undefined ? 'other' : 'client';
}

test('R-014[authorize] S-7 prompt=none without a session answers login_required, without showing anything', async () => {
  const browser = world.browser();
  const state = 's'.repeat(128);
  const { parameters } = await world.authorize(web, { browser, changes: { prompt: 'none', state } });
  assert.deepEqual([parameters.get('error'), parameters.get('state')], ['login_required', state]);
  assert.equal(browser.trail.filter(({ request }) => request.url.origin === world.issuer).length, 1);
});

test('R-014[authorize] prompt=none with session and consent is silent, for the same subject and sign-in', async () => {
  const browser = world.browser();
  const first = await claimsOf(browser);
  await world.clock.advance(20);
  const hops = browser.trail.length;
  const silent = await claimsOf(browser, { prompt: 'none' });
  assert.deepEqual([silent['sub'], silent['auth_time']], [first['sub'], first['auth_time']]);
  const answers = browser.trail.slice(hops).filter(({ request }) => request.url.origin === world.issuer);
  assert.deepEqual(
    answers.map(({ answer }) => answer.status),
    [303],
    'without interaction the answer is one plain redirect',
  );
});

test('R-014[authorize] S-7 prompt=none with a session but without consent answers consent_required', async () => {
  const browser = world.browser();
  await claimsOf(browser);
  const { parameters } = await world.authorize(web, {
    browser,
    changes: { prompt: 'none', scope: 'openid notes:read notes:write' },
  });
  assert.equal(parameters.get('error'), 'consent_required');
});

test('R-014[authorize] prompt=login asks again, and auth_time moves', async () => {
  const browser = world.browser();
  const first = await claimsOf(browser);
  await world.clock.advance(5);
  const again = await claimsOf(browser, { prompt: 'login' });
  assert.equal(Number(again['auth_time']) - Number(first['auth_time']), 5);
});

test('R-014[authorize] prompt=login cannot be satisfied by a sign-in for another request', async () => {
  const browser = world.browser();
  const attempt = web.begin({ prompt: 'login' });
  await browser.open(attempt.url);
  const waiting = browser.page().url;
  await world.authorize(web, { browser });
  const page = await browser.open(waiting);
  assert.notEqual(page.find('login-submit'), undefined, page.text);
});

test('R-014[authorize] max_age asks again exactly when the sign-in is older', async () => {
  const browser = world.browser();
  const first = await claimsOf(browser);
  await world.clock.advance(100);
  assert.equal(await firstPage(browser, { max_age: '10000' }), 'client');
  assert.equal((await claimsOf(browser, { max_age: '10000' }))['auth_time'], first['auth_time']);
  assert.equal(await firstPage(browser, { max_age: '99' }), 'login');
  assert.equal(await firstPage(browser, { max_age: '0' }), 'login');
  const again = await claimsOf(browser, { max_age: '1' });
  assert.equal(Number(again['auth_time']) - Number(first['auth_time']), 100);
});

test('R-014[authorize] max_age=0 asks also within the second of the sign-in before', async () => {
  const browser = world.browser();
  await claimsOf(browser);
  assert.equal(await firstPage(browser, { max_age: '0' }), 'login');
});

test('R-014[authorize] max_age=0 is satisfied by one sign-in and does not ask for ever', async () => {
  const browser = world.browser();
  await claimsOf(browser);
  await browser.open(web.begin({ max_age: '0' }).url);
  const page = await walk(browser, world.people.alice);
  assert.notEqual(page.find('arrived'), undefined, page.text);
});

test('R-014[authorize] prompt=none with a sign-in that is too old answers login_required', async () => {
  const browser = world.browser();
  await claimsOf(browser);
  await world.clock.advance(10);
  const { parameters } = await world.authorize(web, { browser, changes: { prompt: 'none', max_age: '5' } });
  assert.equal(parameters.get('error'), 'login_required');
});

test('R-014[authorize] id_token_hint of the person signed in is silent, also when it has expired', async () => {
  const browser = world.browser();
  const { idToken } = assertTokens(await world.tokens(web, { browser }));
  for (const seconds of [0, 3600]) {
    await world.clock.sleep(seconds);
    const { parameters } = await world.authorize(web, { browser, changes: { prompt: 'none', id_token_hint: idToken } });
    assert.ok(parameters.get('code'), parameters.toString());
  }
});

test('R-014[authorize] id_token_hint of another person is not answered for the one signed in', async () => {
  const browser = world.browser();
  await claimsOf(browser);
  const bob = assertTokens(await world.tokens(web, { person: world.people.bob }));
  const { parameters } = await world.authorize(web, {
    browser,
    changes: { prompt: 'none', id_token_hint: bob.idToken },
  });
  assert.equal(parameters.get('error'), 'login_required');
});

test('R-014[authorize] R-126 display, login_hint, ui_locales, claims_locales and acr_values do no harm', async () => {
  const changes = {
    display: 'popup',
    ui_locales: 'de fr',
    claims_locales: 'se',
    acr_values: '1 2',
    login_hint: 'alice@example.org"><script>',
  };
  const browser = world.browser();
  const page = await browser.open(web.begin(changes).url);
  assert.doesNotMatch(page.html, /"><script>/);
  assert.notEqual((await walk(browser, world.people.alice)).find('arrived'), undefined);
});

test('R-106[login] R-014 another person may take the browser over; their session replaces the first', async () => {
  const browser = world.browser();
  const alice = await claimsOf(browser);
  await browser.open(web.begin({ prompt: 'login' }).url);
  const before = browser.cookies.all().find(({ name }) => name.includes('session'))?.value;
  await signIn(browser, world.people.bob);
  const page = await walk(browser, world.people.bob);
  assert.notEqual(page.find('arrived'), undefined, page.text);
  assert.notEqual(browser.cookies.all().find(({ name }) => name.includes('session'))?.value, before);
  assert.notEqual((await claimsOf(browser))['sub'], alice['sub']);
});
