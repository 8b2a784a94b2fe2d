import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerValue, headerValues } from '@castellan/testkit';
import { appUrl, type BffWorld, createBffWorld, issuerUrl, sessionCookie, sessionOf } from './testing/bff-world.ts';

const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign out?</h1>' };

async function signOut(world: BffWorld, browser: Awaited<ReturnType<BffWorld['signedIn']>>) {
  const answer = await world.script(browser, '/logout', { method: 'POST' });
  return { answer, body: JSON.parse(answer.body) as Readonly<Record<string, unknown>> };
}

test('R-212[bff] R-110 R-115 signing out ends the session here and at the issuer, and no token passes through the browser', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const cookie = `__Host-shop-session=${sessionCookie(browser)}`;
  const { answer, body } = await signOut(world, browser);
  assert.deepEqual(body, { next: '/signed-out', issuer: 'ended' });
  assert.equal(sessionCookie(browser), undefined);
  const replay = await world.send('GET', '/session', { cookie, 'sec-fetch-site': 'same-origin' });
  assert.deepEqual(JSON.parse(replay.body), { signedIn: false });
  const [asked] = world.issuer.asked('/logout');
  assert.equal(asked?.get('client_id'), 'shop-web');
  assert.equal(asked?.get('post_logout_redirect_uri'), `${appUrl}/signed-out`);
  assert.match(asked?.get('id_token_hint') ?? '', /^eyJ/);
  const all = `${JSON.stringify(answer.headers)}${answer.body}`;
  for (const secret of world.issuer.secrets) assert.ok(!all.includes(secret));
  assert.equal(world.issuer.asked('/revoke').length, 1);
});

test('R-212[bff] the answer clears what the browser kept, and not the cookies of siblings', async () => {
  const world = await createBffWorld();
  const { answer } = await signOut(world, await world.signedIn());
  assert.equal(headerValue(answer, 'clear-site-data'), '"cache", "storage"');
  assert.deepEqual(
    headerValues(answer, 'set-cookie').map((text) => text.replace(/; Path.*Max-Age=/, ' ')),
    ['__Host-shop-session= 0', '__Host-shop-login= 0'],
  );
});

for (const [what, endSession] of [
  ['asks the person', () => page],
  ['refuses the hint', () => ({ ...page, status: 400 })],
  [
    'sends the browser elsewhere',
    () => ({ status: 303, headers: { location: 'https://evil.example/signed-out' }, body: '' }),
  ],
  [
    'sends the browser back without our state',
    () => ({ status: 303, headers: { location: `${appUrl}/signed-out` }, body: '' }),
  ],
] as const) {
  test(`R-212[bff] an issuer that ${what} gets the browser, with an address that holds no token`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.endSession = endSession;
    const browser = await world.signedIn();
    const { body } = await signOut(world, browser);
    assert.equal(body['issuer'], 'asks');
    const next = new URL(String(body['next']));
    assert.equal(next.origin + next.pathname, `${issuerUrl}/logout`);
    assert.deepEqual([...next.searchParams.keys()].toSorted(), ['client_id', 'post_logout_redirect_uri']);
    assert.equal((await sessionOf(world, browser))['signedIn'], false);
  });
}

test('R-212[bff] an issuer that cannot be reached keeps nobody signed in here, and the page is told', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  world.issuer.hooks.any = () => {
    throw new TypeError('fetch failed');
  };
  const { answer, body } = await signOut(world, browser);
  assert.equal(answer.status, 200);
  assert.deepEqual(body, { next: '/signed-out', issuer: 'unknown' });
  assert.equal((await sessionOf(world, browser))['signedIn'], false);
});

for (const [what, headers] of [
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'x-castellan-csrf': '1' }],
  ['a sibling', { origin: 'https://blog.app.example', 'sec-fetch-site': 'same-site', 'x-castellan-csrf': '1' }],
  ['a form of our own', { origin: appUrl, 'sec-fetch-site': 'same-origin' }],
] as const) {
  test(`R-205[bff] R-212[bff] ${what} cannot sign a person out`, async () => {
    const world = await createBffWorld();
    const browser = await world.signedIn();
    const cookie = `__Host-shop-session=${sessionCookie(browser)}`;
    const answer = await world.send('POST', '/logout', { cookie, ...headers });
    assert.equal(answer.status, 403);
    assert.deepEqual(headerValues(answer, 'set-cookie'), []);
    assert.equal((await sessionOf(world, browser))['signedIn'], true);
  });
}

test('R-205[bff] a link cannot sign a person out', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await browser.open(`${appUrl}/logout`);
  assert.equal(browser.page().status, 405);
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
});

test('R-212[bff] signing out twice, or without a session, only clears up and bothers no issuer', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await signOut(world, browser);
  const { body } = await signOut(world, browser);
  assert.deepEqual(body, { next: '/signed-out', issuer: 'ended' });
  assert.equal(world.issuer.asked('/logout').length, 1);
});
