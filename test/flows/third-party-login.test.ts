/** People who have lost the way are offered a link to where their client begins a sign-in (OpenID Connect Core §4). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertDiscreet, type Browser, createWorld, headerValue, type Page, signIn } from '@castellan/testkit';

const start = 'https://web.example/start?from=issuer';
const world = await createWorld({
  seed: 'third-party-login',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((client) =>
      client.id === 'web' ? { ...client, name: 'Web & <Co>', initiateLoginUri: start } : client,
    ),
  }),
});
after(() => world.close());
const web = world.client('web');
const expected = `${start}&iss=${encodeURIComponent(world.issuer)}`;

async function atLogin(client = web): Promise<Browser> {
  const browser = world.browser();
  await browser.open(client.begin({ prompt: 'consent' }).url);
  assert.notEqual(browser.page().find('login-submit'), undefined);
  return browser;
}

/** A link, which nothing follows by itself, to a page that is told who we are and nothing else. */
function assertOffered(page: Page, code: string): void {
  assert.deepEqual(
    [page.status, page.find('error-code')?.text],
    [code === 'parked_request_gone' ? 400 : page.status, code],
  );
  assert.ok(page.status >= 400);
  const link = page.find('start-again');
  assert.deepEqual(
    [link?.tag, link?.attributes['href'], link?.attributes['rel']],
    ['a', expected, 'noreferrer'],
    page.text,
  );
  assert.match(page.text, /Start again at Web & <Co>/);
  assert.equal(headerValue(page.answer, 'location'), undefined);
  assert.doesNotMatch(page.answer.body, /http-equiv|<script/i);
  assertDiscreet(page.answer);
}

test('R-013[login] a sign-in that took too long ends with a link to where it began', async () => {
  const browser = await atLogin();
  const bookmark = browser.page().url.href;
  await world.clock.sleep(901);
  assertOffered(await signIn(browser, world.people.alice), 'parked_request_gone');
  assertOffered(await browser.open(bookmark), 'parked_request_gone');
  // Erased long ago, and in a browser that has forgotten everything.
  await world.clock.sleep(30 * 86_400);
  assertOffered(await world.browser().open(bookmark), 'parked_request_gone');
});

test('R-013[consent] so does a consent that took too long, and one that was given before', async () => {
  const browser = await atLogin();
  const page = await signIn(browser, world.people.alice);
  assert.notEqual(page.find('consent-allow'), undefined);
  const address = page.url.href;
  await world.clock.sleep(901);
  assertOffered(await browser.click('consent-allow'), 'parked_request_gone');
  assertOffered(await browser.open(address), 'parked_request_gone');
});

test('R-013[login] R-013[consent] an address that was carried to another browser offers that browser a start of its own', async () => {
  const browser = await atLogin();
  assertOffered(await world.browser().open(browser.page().url.href), 'wrong_browser');
});

test('a client that has registered no such place, or is none, gets no link', async () => {
  const browser = await atLogin(world.client('other'));
  const { href } = browser.page().url;
  await world.clock.sleep(901);
  for (const address of [href, href.replace('client_id=other', 'client_id=nobody'), href.split('&')[0] ?? '']) {
    const page = await browser.open(address);
    assert.equal(page.find('error-code')?.text, 'parked_request_gone');
    assert.equal(page.find('start-again'), undefined);
    assert.match(page.text, /Go back to where you came from/);
  }
});

test('R-013[authorize] the name of a client in an address changes nothing of a request that waits', async () => {
  const browser = await atLogin(world.client('other'));
  await browser.open(browser.page().url.href.replace('client_id=other', 'client_id=web'));
  assert.match(browser.page().text, /The other app/);
  assert.doesNotMatch(browser.page().text, /Web & <Co>/);
});
