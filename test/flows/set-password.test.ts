/** The link by which a person sets a password: for one use, for an hour, by its holder alone, and it signs nobody in. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashSecret } from '@castellan/protocol';
import { openAdministration } from '@castellan/server';
import {
  assertDiscreet,
  type Browser,
  createWorld,
  headerValue,
  headerValues,
  type Page,
  signIn,
} from '@castellan/testkit';
import { storedText } from './stored-text.ts';

const world = await createWorld({ seed: 'set-password' });
after(() => world.close());
const { people: admin, close } = await openAdministration(world.config, world.runtime);
after(close);

const words = 'seven quiet lamps on a hill';
let count = 0;

/** A person who was just added, and their link. */
async function added(): Promise<{ readonly id: string; readonly loginName: string; readonly url: string }> {
  count += 1;
  const loginName = `person-${count}`;
  const person = await admin.add({ loginName, profile: {} });
  assert.ok(typeof person !== 'string');
  return { id: person.id, loginName, url: await linkFor(person.id) };
}

async function linkFor(id: string): Promise<string> {
  const link = await admin.issuePasswordLink(id);
  assert.ok(link !== 'not_allowed');
  return link.url;
}

async function choose(browser: Browser, password: string, repeated = password): Promise<Page> {
  browser.fill('new-password', password);
  browser.fill('repeated-password', repeated);
  return browser.click('password-submit');
}

async function signsIn(loginName: string, password: string): Promise<boolean> {
  const browser = world.browser({ address: `198.51.100.${(count += 1)}` });
  await browser.open(world.client('web').begin().url);
  await signIn(browser, { loginName, password });
  return browser.page().find('login-submit') === undefined;
}

const isGone = (page: Page): boolean => page.status === 410 && page.find('link-gone') !== undefined;

test('R-127[account] R-136[cli] R-117[account] a new person sets their password by the link, once, and signs in with it', async () => {
  const { loginName, url } = await added();
  assert.equal(await signsIn(loginName, ''), false);
  const browser = world.browser();
  const page = await browser.open(url);
  assert.equal(page.find('login-name')?.attributes['value'], loginName);
  assert.equal(page.url.search, '');
  const done = await choose(browser, words);
  assert.deepEqual([done.status, done.find('password-submit')], [200, undefined], done.text);
  assert.ok(!browser.cookies.all().some(({ name }) => /session/.test(name)), 'it signed somebody in');
  assert.ok(!browser.cookies.all().some(({ name }) => /link/.test(name)), 'the link stays with the browser');
  assert.equal(await signsIn(loginName, words), true);
  for (const again of [browser, world.browser()]) assert.ok(isGone(await again.open(url)));
});

test('R-127[account] the token is in no page, no address after the first, no event, and not in the store', async () => {
  const { url } = await added();
  const token = new URL(url).searchParams.get('token') ?? '';
  assert.match(token, /^castellan_pl_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
  const browser = world.browser();
  await browser.open(url);
  const [first, second] = browser.trail;
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([first.answer.status, first.answer.body], [303, '']);
  assert.equal(headerValue(first.answer, 'location'), `${world.issuer}/set-password`);
  for (const hop of [first, second]) {
    assert.equal(headerValue(hop.answer, 'cache-control'), 'no-store');
    assertDiscreet(hop.answer, hop === first ? 'castellan_at' : token);
  }
  assert.equal(headerValue(first.answer, 'referrer-policy'), 'no-referrer');
  for (const cookie of headerValues(first.answer, 'set-cookie')) {
    assert.match(cookie, /^__Host-castellan-password-link=/);
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/', 'Max-Age=900'])
      assert.ok(cookie.includes(part), part);
  }
  await choose(browser, words);
  await world.clock.advance(61);
  assert.ok(!JSON.stringify(world.events).includes(token));
  const stored = await storedText(world);
  assert.ok(!stored.includes(token));
  assert.ok(!stored.includes(words));
});

test('R-127[account] only the newest link works, for an hour; the password of before is over at once', async () => {
  const { id, loginName, url } = await added();
  const newer = await linkFor(id);
  const browser = world.browser();
  assert.ok(isGone(await browser.open(url)));
  await browser.open(newer);
  await choose(browser, words);
  const last = await linkFor(id);
  assert.equal(await signsIn(loginName, words), false);
  await world.clock.advance(3599);
  await browser.open(last);
  assert.notEqual(browser.page().find('password-submit'), undefined);
  await world.clock.advance(1);
  assert.ok(isGone(await choose(browser, 'another seven quiet lamps')));
  assert.equal(await signsIn(loginName, 'another seven quiet lamps'), false);
});

test('R-117[account] no character is refused, and each counts', async () => {
  const { loginName, url } = await added();
  const password = ' Zwölf Boxkämpfer & <b>🐦</b> "jagen\' ';
  const browser = world.browser();
  await browser.open(url);
  assert.equal((await choose(browser, password)).status, 200);
  assert.equal(await signsIn(loginName, password.trim()), false);
  assert.equal(await signsIn(loginName, password), true);
});

test('R-117[account] R-127 what is too short or typed wrong is told, and does not use the link up', async () => {
  const { loginName, url } = await added();
  const browser = world.browser();
  await browser.open(url);
  for (const [password, repeated, told] of [
    ['tiny-word', 'tiny-word', 'The password is shorter than 15 characters.'],
    [words, `${words} `, 'The two passwords are not the same.'],
    ['', '', 'The password is shorter than 15 characters.'],
  ] as const) {
    const page = await choose(browser, password, repeated);
    assert.equal(page.status, 422);
    assert.ok(page.text.includes(told), page.text);
    if (password !== '') assertDiscreet(page.answer, password);
  }
  await choose(browser, words);
  assert.equal(await signsIn(loginName, words), true);
});

test('R-127[account] S-45 what is no link, or a token of another kind, opens nothing', async () => {
  const { url } = await added();
  const token = new URL(url).searchParams.get('token') ?? '';
  for (const other of ['', 'x', `${token}x`, token.slice(0, -1), token.replace('_pl_', '_ss_'), hashSecret(token)]) {
    const browser = world.browser();
    assert.ok(isGone(await browser.open(`${world.issuer}/set-password?token=${encodeURIComponent(other)}`)), other);
  }
  assert.ok(isGone(await world.browser().open(`${world.issuer}/set-password`)));
});

test('R-125[account] R-205 a form of another site, or of another browser, sets no password', async () => {
  const { loginName, url } = await added();
  const victim = world.browser();
  await victim.open(url);
  const formToken =
    victim.page().elements.find(({ attributes }) => attributes['name'] === 'form_token')?.attributes['value'] ?? '';
  const fields = (token: string): string =>
    new URLSearchParams({ form_token: token, password: words, repeated: words }).toString();
  world.network.mount('https://sibling.issuer.example', async () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<form method="post" action="${world.issuer}/set-password"><input name="form_token" value="${formToken}">
      <input name="password" value="${words}"><input name="repeated" value="${words}"><button id="go"></button></form>`,
  }));
  const attacked = world.browser();
  // Of the same site, so that the cookies come along, and with the very token of this browser's form.
  await victim.open('https://sibling.issuer.example');
  assert.equal((await victim.click('go')).status, 403);
  await attacked.open(url);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await attacked.open(`${world.issuer}/set-password`);
  for (const token of ['', 'x', formToken]) {
    const answer = await attacked.script(`${world.issuer}/set-password`, {
      method: 'POST',
      headers,
      body: fields(token),
    });
    assert.equal(answer.status, 403, token);
  }
  assert.equal(await signsIn(loginName, words), false);
});

test('R-188 R-127[account] posting to the page is limited by address', async () => {
  const own = await createWorld({
    seed: 'set-password-limit',
    config: (config) => ({ ...config, limits: { ...config.limits, signInPerAddress: { count: 2, period: 60 } } }),
  });
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
  const statuses: number[] = [];
  for (let tries = 0; tries < 3; tries += 1) {
    statuses.push((await own.send('POST', '/set-password', { headers, body: 'password=x' })).status);
  }
  assert.deepEqual(statuses, [410, 410, 429]);
  await own.close();
});

test('R-127[account] R-114 a lock voids the link; a disabled person gets none', async () => {
  const { id, url } = await added();
  assert.equal(await admin.change(id, 'lock'), 'changed');
  assert.ok(isGone(await world.browser().open(url)));
  const later = await linkFor(id);
  assert.equal(await admin.change(id, 'disable'), 'changed');
  assert.ok(isGone(await world.browser().open(later)));
  assert.equal(await admin.issuePasswordLink(id), 'not_allowed');
});
