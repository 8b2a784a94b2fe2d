import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertDiscreet, type Browser, createWorld, headerValue, signIn, walk } from '@castellan/testkit';

const world = await createWorld({ seed: 'parked-request' });
after(() => world.close());
const web = world.client('web');

async function atLogin(): Promise<Browser> {
  const browser = world.browser();
  await browser.open(web.begin().url);
  assert.notEqual(browser.page().find('login-submit'), undefined);
  return browser;
}

test('R-013[login] R-013[consent] a sign-in carried to another browser goes nowhere', async () => {
  const victim = world.browser();
  await world.authorize(web, { browser: victim });
  for (const stage of ['login', 'consent'] as const) {
    const attacker = world.browser();
    await attacker.open(web.begin({ prompt: 'consent' }).url);
    if (stage === 'consent') await signIn(attacker, world.people.bob);
    const page = await victim.open(attacker.page().url);
    assert.equal(page.find('error-code')?.text, 'wrong_browser', page.text);
    assert.equal(page.find('consent-allow'), undefined);
    assertDiscreet(page.answer);
  }
});

test('R-013[login] a form posted from another browser is refused and signs nobody in', async () => {
  const browser = await atLogin();
  const page = browser.page();
  const other = world.browser();
  await other.open(web.begin().url);
  const token = page.elements.filter(({ attributes }) => attributes['type'] === 'hidden');
  const body = new URLSearchParams(
    token.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
  );
  body.set('username', world.people.alice.loginName);
  body.set('password', world.people.alice.password);
  const form = page.elements.find(({ tag }) => tag === 'form');
  const answer = await other.script(new URL(form?.attributes['action'] ?? '', page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
  assert.ok([400, 403].includes(answer.status), `${answer.status}`);
  assert.ok(!other.cookies.all().some(({ name }) => name.includes('session')));
});

test('R-013[login] a parked request ends after fifteen minutes', async () => {
  const browser = await atLogin();
  await world.clock.sleep(901);
  const page = await signIn(browser, world.people.alice);
  assert.equal(page.find('error-code')?.text, 'parked_request_gone', page.text);
  assert.equal(page.status, 400);
});

test('R-013[login] R-013[consent] a finished request cannot be finished again by going back', async () => {
  const browser = world.browser();
  await browser.open(web.begin({ prompt: 'consent' }).url);
  const login = browser.page().url;
  await signIn(browser, world.people.alice);
  const consent = browser.page().url;
  const landed = await walk(browser, world.people.alice);
  assert.ok(landed.url.searchParams.get('code'));
  for (const url of [login, consent]) {
    const page = await browser.open(url);
    assert.equal(page.find('error-code')?.text, 'parked_request_gone', page.text);
  }
});

test('R-013[consent] the same consent form sent twice makes one code', async () => {
  const browser = world.browser();
  await browser.open(web.begin({ prompt: 'consent' }).url);
  await signIn(browser, world.people.alice);
  await browser.click('consent-allow');
  const posted = browser.trail.findLast(({ request }) => request.method === 'POST') ?? assert.fail();
  const cookie = headerValue(posted.request, 'cookie') ?? '';
  const again = await world.send('POST', posted.request.url.pathname + posted.request.url.search, {
    headers: [...posted.request.headers.filter(([name]) => name !== 'cookie'), ['cookie', cookie]],
    body: posted.request.body,
  });
  assert.ok(again.status >= 400 || !/[?&]code=/.test(`${headerValue(again, 'location')} ${again.body}`));
});

test('R-004[authorize] R-013 nothing in the browser can change a request that is under way', async () => {
  const browser = world.browser();
  const attempt = web.begin({ prompt: 'consent' });
  await browser.open(attempt.url);
  const tampered = new URL(browser.page().url);
  for (const [name, value] of Object.entries({
    redirect_uri: 'https://evil.example/',
    response_type: 'token',
    client_id: 'other',
    scope: 'openid notes:write',
    prompt: 'none',
    state: 'x',
  })) {
    tampered.searchParams.set(name, value);
  }
  const page = await browser.open(tampered);
  if (page.find('error-code') === undefined) {
    const landed = await walk(browser, world.people.alice);
    assert.equal(landed.url.origin, new URL(web.redirectUri).origin);
    assert.deepEqual([...landed.url.searchParams.keys()].sort(), ['code', 'iss', 'state']);
    assert.equal(landed.url.searchParams.get('state'), attempt.state);
    const tokens = await web.redeem(attempt, landed.url.searchParams.get('code') ?? '');
    assert.equal(tokens.json['scope'], 'notes:read');
  }
});

test('R-013[login] several sign-ins may be under way in one browser, each for its own request', async () => {
  const browser = world.browser();
  const [first, second] = [web.begin(), world.client('post').begin()];
  await browser.open(first.url);
  const waiting = browser.page().url;
  await browser.open(second.url);
  const landed = await walk(browser, world.people.alice);
  assert.equal(landed.url.origin, 'https://post.example');
  await browser.open(waiting);
  const other = await walk(browser, world.people.alice);
  assert.equal(other.url.origin, 'https://web.example');
  assert.equal(other.url.searchParams.get('state'), first.state);
});

test('R-013[login] I-1 the handle of a parked request is long, and a made-up one is refused', async () => {
  const browser = await atLogin();
  const handle = [...browser.page().url.searchParams.values()].find((value) => value.length >= 22);
  assert.match(handle ?? '', /^[A-Za-z0-9_.-]{22,}$/);
  const forged = new URL(browser.page().url.href.replace(handle ?? '', 'A'.repeat(handle?.length ?? 0)));
  const page = await browser.open(forged);
  assert.equal(page.find('error-code')?.text, 'parked_request_gone', page.text);
});

test('R-013[login] R-021 cancelling ends the request, also for a second tab', async () => {
  const browser = await atLogin();
  const url = browser.page().url;
  await browser.click('login-cancel');
  const page = await browser.open(url);
  assert.equal(page.find('login-submit'), undefined, page.text);
});
