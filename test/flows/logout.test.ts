import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import {
  assertDiscreet,
  assertTokens,
  type Browser,
  type Changes,
  createWorld,
  formOf,
  type Page,
} from '@castellan/testkit';

const world = await createWorld({ seed: 'logout' });
after(() => world.close());
const web = world.client('web');
const bye = 'https://web.example/bye';
const endpoint = String(world.metadata['end_session_endpoint']);

async function signedIn(): Promise<{
  readonly browser: Browser;
  readonly idToken: string;
  readonly refreshToken: string;
}> {
  const browser = world.browser();
  return { browser, ...assertTokens(await world.tokens(web, { browser })) };
}

async function logout(browser: Browser, parameters: Changes, confirm = true): Promise<Page> {
  await browser.open(`${endpoint}?${formOf(parameters)}`);
  if (confirm && browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  return browser.page();
}

async function isSignedIn(browser: Browser): Promise<boolean> {
  const { parameters } = await world.authorize(web, { browser, changes: { prompt: 'none' } });
  return parameters.get('code') !== null;
}

test('R-110[logout] R-111 with hint and registered URI the browser goes back with its state, and the session is over', async () => {
  const { browser, idToken, refreshToken } = await signedIn();
  const state = 'a b&c=ü';
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: bye, state });
  assert.equal(page.url.origin + page.url.pathname, bye, page.text);
  assert.deepEqual([...page.url.searchParams], [['state', state]]);
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await web.refresh(refreshToken)).status, 400);
});

test('R-111[logout] without state in the request there is none in the answer', async () => {
  const { browser, idToken } = await signedIn();
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: bye });
  assert.equal(page.url.href, bye);
});

test('R-111[logout] an expired hint still counts', async () => {
  const { browser, idToken } = await signedIn();
  await world.clock.sleep(3600);
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: bye });
  assert.equal(page.url.href, bye);
});

test('R-111[logout] the form works by POST as well', async () => {
  const { browser, idToken } = await signedIn();
  const body = formOf({ id_token_hint: idToken, post_logout_redirect_uri: bye, state: 's' });
  world.network.mount('https://rp.example', async () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<form method="post" action="${endpoint}">${[...new URLSearchParams(body)]
      .map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
      .join('')}<button id="go">Out</button></form>`,
  }));
  await browser.open('https://rp.example');
  await browser.click('go');
  if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  assert.equal(browser.page().url.href, `${bye}?state=s`, browser.page().text);
});

const badUris = [
  'https://web.example/bye?x=1',
  'https://web.example/bye/',
  'https://web.example/',
  'https://web.example/callback',
  'https://other.example/bye',
  'https://evil.example/',
  'javascript:alert(1)',
  '//evil.example',
];
for (const uri of badUris) {
  test(`R-111[logout] ${uri} is not where this client goes after logout: an error page, no redirect`, async () => {
    const { browser, idToken } = await signedIn();
    const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: uri, state: 'x' });
    assert.equal(page.find('error-code')?.text, 'invalid_post_logout_redirect_uri', page.text);
    assert.deepEqual([page.status, page.url.pathname], [400, '/logout']);
    assert.ok(!page.elements.some(({ attributes }) => attributes['href']?.includes('evil')));
    assert.ok(await isSignedIn(browser), 'a refused request changes nothing');
  });
}

function forgedHints(idToken: string): Readonly<Record<string, string>> {
  const [head = '', body = '', signature = ''] = idToken.split('.');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, unknown>;
  const hs = `${encode({ alg: 'HS256', typ: 'JWT' })}.${body}`;
  return {
    'no token at all': 'x',
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'a changed claim': `${head}.${encode({ ...claims, sub: 'somebody' })}.${signature}`,
    'a signature under a secret everybody knows': `${hs}.${createHmac('sha256', 'secret').update(hs).digest('base64url')}`,
    'a cut signature': `${head}.${body}.${signature.slice(0, -4)}`,
  };
}

test('R-111[logout] R-143 a forged hint gets an error page, no redirect, and ends nothing', async () => {
  const { browser, idToken } = await signedIn();
  for (const [title, hint] of Object.entries(forgedHints(idToken))) {
    const page = await logout(browser, { id_token_hint: hint, post_logout_redirect_uri: bye });
    assert.equal(page.find('error-code')?.text, 'invalid_id_token_hint', `${title}: ${page.text}`);
    assert.deepEqual([page.status, page.url.pathname], [400, '/logout'], title);
    assertDiscreet(page.answer);
  }
  assert.ok(await isSignedIn(browser));
});

test('R-111[logout] R-148 an access token is no hint', async () => {
  const { browser } = await signedIn();
  const { accessToken } = assertTokens(await world.tokens(web, { browser }));
  const page = await logout(browser, { id_token_hint: accessToken });
  assert.equal(page.find('error-code')?.text, 'invalid_id_token_hint', page.text);
});

test('R-111[logout] without a hint there is no redirect, even after confirming', async () => {
  for (const parameters of [{ post_logout_redirect_uri: bye }, { post_logout_redirect_uri: bye, client_id: 'web' }]) {
    const { browser } = await signedIn();
    const page = await logout(browser, { ...parameters, state: 'x' });
    assert.equal(page.url.origin, world.issuer, page.text);
    assert.equal(page.refresh, undefined);
  }
});

test('R-111[logout] without parameters the person is asked, and told when it is done', async () => {
  for (const parameters of [{}, { state: 'x' }, { client_id: 'web' }] as const) {
    const { browser } = await signedIn();
    const asked = await logout(browser, parameters, false);
    assert.equal(asked.find('logout-confirm')?.text, 'Sign out', asked.text);
    assert.ok(await isSignedIn(browser));
    const done = await logout(browser, parameters);
    assert.match(done.text, /You are signed out/);
    assert.equal(await isSignedIn(browser), false);
  }
});

test('R-111[logout] without a session it says so, and a registered URI with a hint still leads back', async () => {
  const { idToken } = await signedIn();
  const stranger = world.browser();
  assert.match((await logout(stranger, {})).text, /You are signed out/);
  const back = await logout(stranger, { id_token_hint: idToken, post_logout_redirect_uri: bye });
  assert.equal(back.url.href, bye, back.text);
});

test('R-113[logout] R-110 the hint alone ends the session it names, when the browser sends no cookie', async () => {
  const { browser, idToken, refreshToken } = await signedIn();
  await logout(world.browser(), { id_token_hint: idToken });
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await web.refresh(refreshToken)).status, 400);
});

test('R-113[logout] R-110 I-3 a hint that names a session of before the last sign-in ends what took over', async () => {
  const { browser, idToken, refreshToken } = await signedIn();
  await world.clock.advance(5);
  const again = assertTokens(await world.tokens(world.client('other'), { browser, changes: { prompt: 'login' } }));
  await logout(world.browser(), { id_token_hint: idToken });
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await web.refresh(refreshToken)).status, 400);
  assert.equal((await world.client('other').refresh(again.refreshToken)).status, 400);
});

test('R-113[logout] R-110 I-3 a hint ends its own session also when another person took the browser over', async () => {
  const { browser, idToken, refreshToken } = await signedIn();
  const bob = { browser, person: world.people.bob, changes: { prompt: 'login' } };
  const taken = assertTokens(await world.tokens(web, bob));
  await logout(world.browser(), { id_token_hint: idToken });
  assert.equal((await web.refresh(refreshToken)).status, 400);
  assert.ok(await isSignedIn(browser), 'the other person stays');
  assertTokens(await web.refresh(taken.refreshToken));
});

test('R-111[logout] a hint of another person than the one signed in: ask', async () => {
  const { browser } = await signedIn();
  const bob = assertTokens(await world.tokens(web, { person: world.people.bob }));
  const page = await logout(browser, { id_token_hint: bob.idToken, post_logout_redirect_uri: bye }, false);
  assert.notEqual(page.find('logout-confirm'), undefined, page.text);
  assert.ok(await isSignedIn(browser));
});

test("R-111[logout] a client_id that is not the hint's client is refused", async () => {
  const { browser, idToken } = await signedIn();
  const page = await logout(browser, { id_token_hint: idToken, client_id: 'other', post_logout_redirect_uri: bye });
  assert.notEqual(page.find('error-code'), undefined, page.text);
  assert.ok(await isSignedIn(browser));
});

test('R-111[logout] R-006 a repeated parameter is refused', async () => {
  const { browser, idToken } = await signedIn();
  const page = await logout(browser, { id_token_hint: idToken, post_logout_redirect_uri: [bye, bye] });
  assert.equal(page.find('error-code')?.text, 'invalid_request', page.text);
});

test('R-110[logout] I-3 the cookie of an ended session is worth nothing, also after a restart', async () => {
  const { browser, idToken } = await signedIn();
  const cookies = browser.cookies.all();
  await logout(browser, { id_token_hint: idToken });
  await world.restart();
  for (const cookie of cookies) browser.cookies.plant(cookie);
  assert.equal(await isSignedIn(browser), false);
});

test('R-110[logout] other sessions of the same person stay', async () => {
  const [one, other] = [await signedIn(), await signedIn()];
  await logout(one.browser, { id_token_hint: one.idToken });
  assert.ok(await isSignedIn(other.browser));
  assertTokens(await web.refresh(other.refreshToken));
});
