import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerValue, headerValues } from '@castellan/testkit';
import { appUrl, createBffWorld, sessionCookie, sessionOf } from './testing/bff-world.ts';

const own = { 'sec-fetch-site': 'same-origin' };

test('R-213[bff] the page learns whether somebody is signed in, a name and an end, and the answer is not stored', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const answer = await world.script(browser, '/session');
  const ends = new Date(world.clock.now() + 12 * 3600_000).toISOString();
  assert.deepEqual(JSON.parse(answer.body), { signedIn: true, name: 'Nora Lindqvist', expires: ends });
  assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  assert.equal(headerValue(answer, 'content-type'), 'application/json; charset=utf-8');
  const stranger = world.browser();
  await stranger.open(appUrl);
  assert.deepEqual(await sessionOf(world, stranger), { signedIn: false });
});

test('R-108[bff] a session that is not used for an hour is over; one that is used goes on to the absolute limit', async () => {
  const world = await createBffWorld();
  const [idle, busy] = [await world.signedIn(), await world.signedIn()];
  for (let hours = 0; hours < 23; hours += 1) {
    assert.equal((await sessionOf(world, busy))['signedIn'], true, `after ${hours} half hours`);
    await world.clock.advance(1800);
  }
  assert.equal((await sessionOf(world, idle))['signedIn'], false);
  assert.equal((await sessionOf(world, busy))['signedIn'], true);
  await world.clock.advance(1800);
  assert.equal((await sessionOf(world, busy))['signedIn'], false);
});

test('R-208[bff] R-115 tossed, doubled, forged and foreign cookies mean that nobody is signed in', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const value = sessionCookie(browser) ?? '';
  const forged = `${value.slice(0, 10)}${value[10] === 'x' ? 'y' : 'x'}${value.slice(11)}`;
  const good = `__Host-shop-session=${value}`;
  for (const cookie of [
    `__Host-shop-session=${forged}`,
    `${good}; ${good}`,
    `${good}; __Host-shop-session=${forged}`,
    `shop-session=${value}`,
    `__Host-shop-login=${value}`,
    `__Host-shop-session=${'A'.repeat(4000)}`,
    '__Host-shop-session=%00',
  ]) {
    const answer = await world.send('GET', '/session', { ...own, cookie });
    assert.deepEqual(JSON.parse(answer.body), { signedIn: false }, cookie.slice(0, 60));
  }
  assert.equal(JSON.parse((await world.send('GET', '/session', { ...own, cookie: good })).body).signedIn, true);
});

test('R-208[bff] a sibling host cannot put its cookie in place of ours', async () => {
  const world = await createBffWorld();
  const attacker = await world.signedIn();
  const browser = await world.signedIn();
  const shape = { path: '/', secure: true, httpOnly: true, sameSite: 'lax', expiresAt: undefined } as const;
  const value = sessionCookie(attacker) ?? '';
  // Browsers keep no __Host- cookie with a Domain; the plain name and a look-alike are what a sibling can set.
  for (const name of ['shop-session', '__host-shop-session'])
    browser.cookies.plant({ ...shape, name, value, host: 'app.example', hostOnly: false });
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
  browser.cookies.plant({
    ...shape,
    name: '__Host-shop-session',
    value,
    host: 'app.example',
    hostOnly: false,
    path: '/session',
  });
  assert.equal((await sessionOf(world, browser))['signedIn'], false);
});

test('R-205[bff] R-206[bff] other origins are not told who is signed in', async () => {
  const world = await createBffWorld();
  const cookie = `__Host-shop-session=${sessionCookie(await world.signedIn())}`;
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
    { origin: 'http://app.example' },
    {},
  ]) {
    const answer = await world.send('GET', '/session', { ...headers, cookie });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.equal(answer.body.includes('Nora'), false);
    assert.deepEqual(headerValues(answer, 'access-control-allow-origin'), []);
  }
});

test('R-209[bff] a row that somebody changed in the database is no session', async () => {
  const world = await createBffWorld();
  const [browser, other] = [await world.signedIn(), await world.signedIn()];
  const { sealOf } = await import('./seal.ts');
  const hashOf = (value: string | undefined): string => sealOf('session', value ?? '', world.runtime).secretHash;
  const [mine, theirs] = [hashOf(sessionCookie(browser)), hashOf(sessionCookie(other))];
  const row = await world.sessions.findSession(theirs, Math.floor(world.clock.now() / 1000));
  await world.sessions.updateSession({ secretHash: mine, version: 1, sealed: row?.sealed ?? '' });
  assert.equal((await sessionOf(world, browser))['signedIn'], false);
  assert.equal((await sessionOf(world, other))['signedIn'], true);
});
