/** What a request demands of the sign-in holds on the consent page too: nobody gets around it by going there. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, type Browser, createWorld, type Page, signIn } from '@castellan/testkit';

const world = await createWorld({ seed: 'consent-path' });
after(() => world.close());
const { alice, bob } = world.people;
const web = world.client('web');
const more = { scope: 'openid notes:read notes:write' };

const asksToSignIn = (page: Page): boolean => page.find('login-submit') !== undefined;

/** Goes to the consent page of the request that is shown, whatever its step is. */
async function jump(browser: Browser): Promise<Page> {
  const { pathname, search } = browser.page().url;
  assert.match(pathname, /^\/(login|consent)$/);
  return browser.open(`${world.issuer}/consent${search}`);
}

async function withSession(): Promise<Browser> {
  const browser = world.browser();
  await world.tokens(web, { browser, changes: { scope: 'openid' } });
  return browser;
}

for (const [title, changes] of [
  ['prompt=login', { prompt: 'login' }],
  ['prompt=select_account', { prompt: 'select_account' }],
  ['max_age=0', { max_age: '0' }],
  ['a max_age that is over', { max_age: '5' }],
] as const) {
  test(`R-014[consent] ${title} asks to sign in, also on the address of the consent page`, async () => {
    const browser = await withSession();
    await world.clock.advance(10);
    await browser.open(web.begin({ ...more, ...changes }).url);
    assert.ok(asksToSignIn(browser.page()));
    assert.ok(asksToSignIn(await jump(browser)), browser.page().text);
    assert.equal(browser.page().find('consent-allow'), undefined);
  });
}

test('R-014[consent] a max_age that ends while the page is shown ends the page: its button signs nobody on', async () => {
  const browser = await withSession();
  await browser.open(web.begin({ ...more, max_age: '60' }).url);
  assert.notEqual(browser.page().find('consent-allow'), undefined);
  await world.clock.advance(61);
  assert.ok(asksToSignIn(await browser.click('consent-allow')), browser.page().text);
  await signIn(browser, alice);
  assert.notEqual(browser.page().find('consent-allow'), undefined, 'and what was pressed is not remembered');
});

test('R-014[consent] a hint about one person is not answered by the consent of another', async () => {
  const browser = world.browser();
  const { idToken } = assertTokens(await world.tokens(web, { browser, changes: { scope: 'openid' } }));
  await browser.open(web.begin({ ...more, id_token_hint: idToken }).url);
  const waiting = browser.page().url;
  assert.equal(waiting.pathname, '/consent');
  await world.tokens(web, { browser, person: bob, changes: { prompt: 'login', scope: 'openid' } });
  assert.ok(asksToSignIn(await browser.open(waiting)), browser.page().text);
});

test('R-014[consent] prompt=consent asks although all is remembered, and one yes is enough', async () => {
  const browser = await withSession();
  await browser.open(web.begin({ scope: 'openid', prompt: 'consent' }).url);
  const page = await browser.click('consent-allow');
  assert.notEqual(page.url.searchParams.get('code'), null, page.text);
});

test('R-015[consent] whoever is not signed in is sent to the sign-in from there, never to the client', async () => {
  const browser = world.browser();
  await browser.open(web.begin(more).url);
  const hops = browser.trail.length;
  assert.ok(asksToSignIn(await jump(browser)));
  for (const { request } of browser.trail.slice(hops)) assert.equal(request.url.origin, world.issuer);
});

test('R-015[consent] R-016[authorize] a client that may not ask any more is told on a page, and nobody is sent to it', async () => {
  const browser = await withSession();
  await browser.open(web.begin(more).url);
  const waiting = browser.page().url;
  await world.restart((config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) => (one.id === 'web' ? { ...one, scopes: ['openid'] } : one)),
  }));
  const hops = browser.trail.length;
  const page = await browser.open(waiting);
  assert.notEqual(page.find('error-code'), undefined, page.text);
  for (const { request } of browser.trail.slice(hops)) assert.equal(request.url.origin, world.issuer);
  await world.restart();
});
