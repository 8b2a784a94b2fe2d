import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import {
  assertDiscreet,
  assertRefused,
  assertTokens,
  type Browser,
  createWorld,
  headerValue,
  type Page,
  type World,
  walk,
} from '@castellan/testkit';

const world = await createWorld({ seed: 'sign-in' });
after(() => world.close());
const web = world.client('web');

async function tryPassword(world: World, loginName: string, password: string, browser: Browser): Promise<Page> {
  await browser.open(world.client('web').begin().url);
  browser.fill('username', loginName);
  browser.fill('password', password);
  return browser.click('login-submit');
}

/** The page without what differs from request to request. */
function gist(page: Page): string {
  const withoutName = page.text.replaceAll(/(alice|nobody)@example\.org/g, 'NAME');
  return `${page.status} ${page.url.pathname} ${withoutName}`;
}

function disable(world: World, person: string, state: string): void {
  const database = new DatabaseSync(join(world.folder, 'issuer.sqlite'));
  const table = database
    .prepare("select name from sqlite_master where type = 'table' and sql like '%login_name%'")
    .get() as { readonly name: string };
  database.prepare(`update ${table.name} set state = ? where id = ?`).run(state, person);
  database.close();
}

test('R-123[login] a wrong password and an unknown name get the same status and the same text', async () => {
  const wrong = await tryPassword(world, 'alice@example.org', 'not the right password', world.browser());
  const unknown = await tryPassword(world, 'nobody@example.org', 'not the right password', world.browser());
  assert.equal(gist(wrong), gist(unknown));
  assert.notEqual(wrong.find('login-submit'), undefined, 'one may try again at once');
  for (const page of [wrong, unknown]) assertDiscreet(page.answer, 'not the right password');
});

test('R-124[login] the login name is one name in any letter case and width', async () => {
  for (const loginName of ['ALICE@Example.ORG', ' alice@example.org ', 'ａlice@example.org']) {
    const page = await tryPassword(world, loginName, world.people.alice.password, world.browser());
    assert.equal(page.find('login-submit'), undefined, `${loginName}: ${page.text}`);
  }
});

test('R-117[login] the password counts whole: no trimming, no folding, no cutting', async () => {
  const { password } = world.people.alice;
  for (const other of [`${password} `, password.toUpperCase(), password.slice(0, -1), `${password}x`, '']) {
    const page = await tryPassword(world, 'alice@example.org', other, world.browser());
    assert.notEqual(page.find('login-submit'), undefined, other);
  }
});

test('R-021[authorize] R-114[session] R-122[login] a disabled person cannot sign in, and looks like a wrong password', async () => {
  const own = await createWorld({ seed: 'disabled' });
  const before = await tryPassword(own, 'alice@example.org', 'not the right password', own.browser());
  disable(own, own.people.alice.id, 'disabled');
  const page = await tryPassword(own, 'alice@example.org', own.people.alice.password, own.browser());
  assert.equal(gist(page), gist(before));
  await own.close();
});

test('R-036[code,refresh] I-3[refresh] R-122[code,refresh] R-048 R-114[session] R-115[userinfo] R-021[authorize] disabling a person ends codes, refreshes, UserInfo and silent sign-in', async () => {
  const own = await createWorld({ seed: 'disabled-later' });
  const client = own.client('web');
  const browser = own.browser();
  const tokens = assertTokens(await own.tokens(client, { browser }));
  const info = assertTokens(await client.refresh(tokens.refreshToken, { resource: own.issuer }));
  const landing = await own.authorize(client, { browser });
  disable(own, own.people.alice.id, 'disabled');
  await own.clock.advance(1);
  assertRefused(await client.redeem(landing.attempt, landing.parameters.get('code') ?? ''), 400, 'invalid_grant');
  assertRefused(await client.refresh(info.refreshToken), 400, 'invalid_grant');
  assert.equal((await own.userinfo(info.accessToken)).status, 401);
  const silent = await own.authorize(client, { browser, changes: { prompt: 'none' } });
  assert.equal(silent.parameters.get('error'), 'login_required');
  await own.close();
});

test('R-121[login] R-188 R-193 S-60 S-87 guessing at one account is stopped for it, told with 429 and Retry-After, and ends', async () => {
  const own = await createWorld({
    seed: 'account-limit',
    config: (config) => ({ ...config, limits: { ...config.limits, signInPerAccount: { count: 3, period: 60 } } }),
  });
  const guess = (address: string, password: string): Promise<Page> =>
    tryPassword(own, 'Alice@example.org', password, own.browser({ address }));
  const pages: Page[] = [];
  for (let count = 0; count < 4; count += 1)
    pages.push(await guess(`198.51.100.${100 + count}`, 'wrong password here'));
  const last = pages.at(-1) ?? assert.fail();
  assert.deepEqual(
    pages
      .map(({ status }) => status)
      .slice(0, 3)
      .includes(429),
    false,
  );
  assert.equal(last.status, 429);
  assert.match(headerValue(last.answer, 'retry-after') ?? '', /^[1-9]\d*$/);
  const right = await guess('198.51.100.120', own.people.alice.password);
  assert.equal(right.status, 429, 'the right password gets no further meanwhile');
  const bob = await tryPassword(own, 'bob@example.org', own.people.bob.password, own.browser());
  assert.equal(bob.find('login-submit'), undefined, 'nobody else is hindered');
  await own.clock.advance(61);
  const later = await guess('198.51.100.121', own.people.alice.password);
  assert.equal(later.find('login-submit'), undefined, 'the lock is soft');
  await own.close();
});

test('R-188[login] R-123 guessing from one address is stopped across accounts, known or not; IPv6 counts by /64', async () => {
  const own = await createWorld({
    seed: 'address-limit',
    config: (config) => ({ ...config, limits: { ...config.limits, signInPerAddress: { count: 3, period: 60 } } }),
  });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    const browser = own.browser({ address: `2001:db8:1:2::${count + 1}` });
    statuses.push((await tryPassword(own, `person${count}@example.org`, 'wrong password here', browser)).status);
  }
  assert.equal(statuses.at(-1), 429);
  const elsewhere = own.browser({ address: '2001:db8:1:3::1' });
  const page = await tryPassword(own, 'alice@example.org', own.people.alice.password, elsewhere);
  assert.equal(page.find('login-submit'), undefined);
  await own.close();
});

test('R-189[limits] X-Forwarded-For counts for nothing without a configured proxy', async () => {
  const own = await createWorld({
    seed: 'forwarded',
    config: (config) => ({ ...config, limits: { ...config.limits, tokenPerAddress: { count: 3, period: 60 } } }),
  });
  const statuses: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const headers = [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['x-forwarded-for', `192.0.2.${count}`],
    ] as const;
    statuses.push((await own.send('POST', '/token', { headers, body: 'grant_type=x' })).status);
  }
  assert.equal(statuses.at(-1), 429);
  await own.close();
});

test('R-139[limits] R-189 behind a configured proxy an address that cannot be read counts for the proxy itself', async () => {
  const own = await createWorld({
    seed: 'proxy',
    config: (config) => ({
      ...config,
      trustedProxies: ['198.51.100.0/24'],
      limits: { ...config.limits, tokenPerAddress: { count: 3, period: 60 } },
    }),
  });
  const ask = async (forwarded: string): Promise<number> => {
    const headers = [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['x-forwarded-for', forwarded],
    ] as const;
    return (await own.send('POST', '/token', { headers, body: 'grant_type=x' })).status;
  };
  for (let count = 0; count < 6; count += 1)
    assert.notEqual(await ask(`192.0.2.${count}`), 429, 'each client counts alone');
  const statuses: number[] = [];
  for (const garbage of ['unknown', '1.2.3', '::::', '<script>', '1.1.1.1, garbage']) statuses.push(await ask(garbage));
  assert.equal(statuses.at(-1), 429);
  await own.close();
});

test('R-008[login,consent] after a form the browser is sent on with 303, and the password goes no further', async () => {
  const browser = world.browser();
  await world.authorize(web, { browser, changes: { prompt: 'consent' } });
  const posts = browser.trail.filter(({ request }) => request.method === 'POST');
  assert.deepEqual(
    posts.map(({ request, answer }) => [request.url.pathname, answer.status]),
    [
      ['/login', 303],
      ['/consent', 303],
    ],
  );
  const password = encodeURIComponent(world.people.alice.password).replaceAll('%20', '+');
  const carrying = browser.trail.filter(
    ({ request }) => request.body.includes(password) || request.url.search.includes(password),
  );
  assert.deepEqual(carrying, posts.slice(0, 1));
});

test('R-126[login] no parameter of the sign-in page decides where one lands', async () => {
  const browser = world.browser();
  await browser.open(web.begin().url);
  const url = new URL(browser.page().url);
  const evil = 'https://evil.example/';
  for (const name of ['return_to', 'redirect', 'redirect_uri', 'next', 'continue', 'url', 'goto'])
    url.searchParams.set(name, evil);
  await browser.open(url);
  await walk(browser, world.people.alice);
  assert.ok(!browser.trail.some(({ request }) => request.url.href.startsWith(evil)));
  assert.ok(!browser.page().elements.some(({ attributes }) => Object.values(attributes).includes(evil)));
});

test('R-106[login] R-107 a session planted in the browser beforehand is not taken over by the sign-in', async () => {
  const attacker = world.browser();
  await world.authorize(web, { browser: attacker, person: world.people.bob });
  const planted = attacker.cookies.all().find(({ name }) => name.includes('session')) ?? assert.fail();
  const victim = world.browser();
  victim.cookies.plant(planted);
  await victim.open(web.begin({ prompt: 'login' }).url);
  victim.fill('username', world.people.alice.loginName);
  victim.fill('password', world.people.alice.password);
  await victim.click('login-submit');
  const own = victim.cookies.all().find(({ name }) => name === planted.name);
  assert.notEqual(own?.value, planted.value);
  const silent = await world.authorize(web, { browser: attacker, changes: { prompt: 'none' } });
  assert.equal(silent.parameters.get('error'), 'login_required', 'the replaced session is dead');
});

test('R-108[session] twelve idle hours and seven days end a session', async () => {
  const own = await createWorld({ seed: 'session-life' });
  const client = own.client('web');
  const [idle, busy] = [own.browser(), own.browser()];
  await own.authorize(client, { browser: idle });
  await own.authorize(client, { browser: busy });
  const silent = async (browser: Browser): Promise<string | null> =>
    (await own.authorize(client, { browser, changes: { prompt: 'none' } })).parameters.get('error');
  for (let hours = 0; hours < 160; hours += 10) {
    await own.clock.sleep(10 * 3600);
    assert.equal(await silent(busy), null, `${hours + 10} h`);
    if (hours === 10) assert.equal(await silent(idle), 'login_required');
  }
  await own.clock.sleep(9 * 3600);
  assert.equal(await silent(busy), 'login_required');
  await own.close();
});

test('R-208[login] R-107 malformed, repeated and made-up session cookies mean no session', async () => {
  const browser = world.browser();
  await world.authorize(web, { browser });
  const session = browser.cookies.all().find(({ name }) => name.includes('session')) ?? assert.fail();
  const { pathname, search } = web.begin({ prompt: 'none' }).url;
  const good = `${session.name}=${session.value}`;
  const ask = async (cookie: string): Promise<string> =>
    headerValue(await world.send('GET', pathname + search, { headers: [['cookie', cookie]] }), 'location') ?? '';
  assert.match(await ask(good), /[?&]code=/);
  const bad = [
    `${good}; ${session.name}=x`,
    `${session.name}=x; ${good}`,
    `${good}x`,
    `${session.name}="${session.value}"`,
    `${session.name.toLowerCase()}=${session.value}`,
    `${session.name.replace('__Host-', '')}=${session.value}`,
    `${session.name}=`,
    `${session.name}=${'A'.repeat(5000)}`,
  ];
  for (const cookie of bad) assert.match(await ask(cookie), /error=login_required/, cookie.slice(0, 80));
});

test('R-204[login] S-48 S-77 cookies are __Host-, Secure, HttpOnly, Lax, for the whole host, and without Domain', async () => {
  const browser = world.browser();
  await world.authorize(web, { browser });
  const texts = browser.trail
    .filter(({ request }) => request.url.origin === world.issuer)
    .flatMap(({ answer }) => answer.headers.filter(([name]) => name.toLowerCase() === 'set-cookie'))
    .map(([, value]) => value);
  assert.ok(texts.length > 0);
  for (const text of texts) {
    assert.match(text, /^__Host-/);
    for (const attribute of [/; Secure/, /; HttpOnly/, /; SameSite=(Lax|Strict)/, /; Path=\/(;|$)/]) {
      assert.match(text, attribute);
    }
    assert.doesNotMatch(text, /domain=/i);
    assert.ok(text.length < 4096);
  }
  assert.equal(browser.cookies.script(new URL(world.issuer)), '');
});

for (const secureOnLoopback of [true, false]) {
  test(`R-204[login] on http://localhost it works in a browser that ${secureOnLoopback ? 'keeps' : 'drops'} Secure cookies`, async () => {
    const own = await createWorld({ seed: 'loopback', issuer: 'http://localhost:4000' });
    const browser = own.browser({ secureOnLoopback });
    const { parameters } = await own.authorize(own.client('web'), { browser });
    assert.ok(parameters.get('code'), parameters.toString());
    const silent = await own.authorize(own.client('web'), { browser, changes: { prompt: 'none' } });
    assert.ok(silent.parameters.get('code'));
    await own.close();
  });
}
