import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  assertDiscreet,
  assertTokens,
  audiences,
  type Browser,
  type Changes,
  createWorld,
  type Page,
  signIn,
  walk,
} from '@castellan/testkit';

const hostile = '<img src=x onerror=alert(1)>"\'&';
const world = await createWorld({
  seed: 'consent',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) => (one.id === 'other' ? { ...one, name: hostile } : one)),
  }),
});
after(() => world.close());
const web = world.client('web');

/** Signs in if asked and stays on the page after it. */
async function afterSignIn(browser: Browser, changes: Changes = {}, client = web): Promise<Page> {
  const page = await browser.open(client.begin(changes).url);
  if (page.find('login-submit') === undefined) return page;
  browser.fill('username', world.people.alice.loginName);
  browser.fill('password', world.people.alice.password);
  return browser.click('login-submit');
}

const asks = (page: Page): boolean => page.find('consent-allow') !== undefined;

test('R-011[consent] S-5[login,consent] it shows the client, the scopes, the resources, and how long it lasts', async () => {
  const page = await afterSignIn(world.browser(), {
    scope: 'openid email notes:read notes:write bills:read offline_access',
    prompt: 'consent',
    resource: [audiences.notes, audiences.bills],
  });
  assert.ok(asks(page), page.text);
  for (const text of ['The web app', 'Notes', 'Bills', 'Read your notes', 'Change your notes', 'See your bills']) {
    assert.ok(page.text.includes(text), `${text} is missing in: ${page.text}`);
  }
  assert.match(page.text, /day|minute|hour|until|sign out/i, 'it says how long');
  assert.ok(page.text.includes(world.people.alice.loginName) || page.text.includes('Alice Archer'), 'it says who');
});

test('R-011[consent] S-102 what was allowed is remembered; a scope or resource more asks again; another client asks anew', async () => {
  const browser = world.browser();
  assert.ok(asks(await afterSignIn(browser, { scope: 'openid notes:write' })));
  await browser.click('consent-allow');
  assert.ok(!asks(await afterSignIn(browser, { scope: 'openid notes:write' })));
  assert.ok(!asks(await afterSignIn(browser, { scope: 'notes:write' })), 'less needs no question');
  const more = { scope: 'openid notes:write notes:read' };
  assert.ok(asks(await afterSignIn(browser, more)));
  await browser.click('consent-allow');
  assert.ok(!asks(await afterSignIn(browser, more)), 'scopes add up');
  assert.ok(asks(await afterSignIn(browser, { scope: 'openid bills:read', resource: audiences.bills })));
  assert.ok(asks(await afterSignIn(browser, more, world.client('post'))), 'consent is per client');
});

test('R-011[consent] prompt=consent asks although it is remembered', async () => {
  const browser = world.browser();
  await world.authorize(web, { browser });
  assert.ok(!asks(await afterSignIn(browser)));
  assert.ok(asks(await afterSignIn(browser, { prompt: 'consent' })));
});

test('R-011[consent] a no is told to the client, nothing is remembered, and no code is made', async () => {
  const browser = world.browser();
  const person = world.people.bob;
  const { parameters } = await world.authorize(web, { browser, person, consent: 'deny' });
  assert.deepEqual([parameters.get('error'), parameters.get('code')], ['access_denied', null]);
  assert.ok(asks(await browser.open(web.begin().url)));
});

test("R-011[consent] one person's consent is not another's", async () => {
  await world.authorize(web, { changes: { scope: 'openid email' } });
  const browser = world.browser();
  await browser.open(web.begin({ scope: 'openid email' }).url);
  browser.fill('username', world.people.bob.loginName);
  browser.fill('password', world.people.bob.password);
  assert.ok(asks(await browser.click('login-submit')));
});

test('R-011[consent] a trusted client is not asked about, but prompt=consent still asks', async () => {
  const trusted = world.client('trusted');
  assert.ok(!asks(await afterSignIn(world.browser(), {}, trusted)));
  assert.ok(asks(await afterSignIn(world.browser(), { prompt: 'consent' }, trusted)));
});

test('R-011[consent] R-015[authorize] no program gets a code silently by standing in for a native app that was allowed before', async () => {
  const browser = world.browser();
  const native = world.client('native');
  const redirect = { redirect_uri: 'com.example.native:/callback' };
  await world.authorize(native, { browser, changes: redirect });
  for (const uri of ['com.example.native:/callback', 'http://127.0.0.1:6666/callback', 'http://[::1]:6666/callback']) {
    const asked = await browser.open(native.begin({ redirect_uri: uri }).url);
    assert.ok(asks(asked), `${uri}: ${asked.url.href}`);
  }
  const { parameters } = await world.authorize(native, { browser, changes: { ...redirect, prompt: 'none' } });
  assert.deepEqual([parameters.get('error'), parameters.get('code')], ['consent_required', null]);
});

test('R-011[consent] R-047 offline_access needs prompt=consent or a remembered consent that names it', async () => {
  const browser = world.browser();
  const asked = await afterSignIn(browser, { scope: 'openid offline_access', prompt: 'consent' }, world.client('spa'));
  assert.ok(asks(asked), asked.text);
  await browser.click('consent-allow');
  assert.ok(!asks(await afterSignIn(browser, { scope: 'openid offline_access' }, world.client('spa'))));
});

test('R-011[consent] R-106[login] «Not you?» leads to a sign-in, and the consent is then asked of whoever signed in', async () => {
  const browser = world.browser();
  await afterSignIn(browser, { prompt: 'consent' });
  assert.ok(browser.page().text.includes('Alice Archer'));
  const other = browser.page().elements.find(({ tag, text }) => tag === 'a' && text === 'Not you?');
  await browser.open(new URL(other?.attributes['href'] ?? assert.fail(), browser.page().url));
  await signIn(browser, world.people.bob);
  assert.ok(browser.page().text.includes('Bob Baker'), browser.page().text);
  await browser.click('consent-allow');
  assert.ok(browser.page().url.searchParams.get('code'), browser.page().text);
});

test("R-019[consent] R-019[login] a client's name is text, whatever it contains", async () => {
  const browser = world.browser();
  const other = world.client('other');
  const login = await browser.open(other.begin().url);
  const consent = await afterSignIn(browser, {}, other);
  for (const page of [login, consent]) {
    assert.ok(page.text.includes(hostile), page.text);
    assert.ok(!page.html.includes('<img src=x'), 'it is escaped');
  }
});

test('R-013[consent] S-97 allowing cannot be smuggled past the page, and does not widen what was asked', async () => {
  const browser = world.browser();
  const page = await afterSignIn(browser, { scope: 'openid notes:read', prompt: 'consent' });
  const form = page.elements.find(({ tag }) => tag === 'form');
  assert.equal(form?.attributes['method']?.toLowerCase(), 'post');
  const action = new URL(form.attributes['action'] ?? '', page.url);
  const widened = await browser.script(action.href, { method: 'POST', body: 'scope=notes:write&decision=allow' });
  assert.ok(widened.status >= 400, `${widened.status}`);
  assertDiscreet(widened);
  const landed = await walk(browser, world.people.alice);
  assert.ok(landed.url.searchParams.get('code'), landed.text);
});

test('R-011[consent] what was allowed is what the token carries', async () => {
  const scope = 'openid notes:read notes:write';
  const answer = await world.tokens(web, { changes: { scope } });
  assertTokens(answer);
  assert.equal(answer.json['scope'], 'notes:read notes:write');
});
