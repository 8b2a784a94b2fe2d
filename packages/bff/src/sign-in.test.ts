import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { generateSigningKey, type HttpAnswer, signJwt } from '@castellan/protocol';
import { headerValue, headerValues, turn } from '@castellan/testkit';
import {
  appUrl,
  type BffWorld,
  createBffWorld,
  errorCode,
  issuerUrl,
  sessionCookie,
  sessionOf,
} from './testing/bff-world.ts';
import type { Claims } from './testing/stub-issuer.ts';

const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** Begins a sign-in and stops at the issuer's answer: the URL that brings the browser back. */
async function answerOf(
  world: BffWorld,
  browser = world.browser(),
): Promise<{ readonly url: URL; readonly cookie: string }> {
  let url: URL | undefined;
  world.network.mount(appUrl, async (request) => {
    if (request.path !== '/callback') return world.bff.handle(request);
    url = new URL(`${appUrl}${request.path}?${request.query}`);
    return { status: 200, headers: {}, body: 'held back' };
  });
  await browser.open(`${appUrl}/login`);
  world.network.mount(appUrl, world.bff.handle);
  const cookie = browser.cookies.all().find(({ name }) => name === '__Host-shop-login');
  assert.ok(url && cookie);
  return { url, cookie: `${cookie.name}=${cookie.value}` };
}

test('R-203[bff] S-29 S-75 a sign-in asks with code, S256, state, nonce and the resource, and redeems with the secret and the verifier', async () => {
  const world = await createBffWorld();
  await world.signedIn();
  const [asked] = world.issuer.asked('/authorize');
  assert.ok(asked);
  const { state, nonce, code_challenge, ...fixed } = Object.fromEntries(asked);
  assert.deepEqual(fixed, {
    client_id: 'shop-web',
    response_type: 'code',
    redirect_uri: `${appUrl}/callback`,
    scope: 'openid profile orders:read',
    code_challenge_method: 'S256',
    resource: 'https://api.example',
  });
  for (const secret of [state, nonce, code_challenge]) assert.match(secret ?? '', /^[\w-]{43}$/);
  assert.equal(new Set([state, nonce, code_challenge]).size, 3);
  const [redeemed] = world.issuer.asked('/token');
  assert.match(redeemed?.get('code_verifier') ?? '', /^[\w-]{43}$/);
  assert.equal(redeemed?.get('client_secret'), null);
});

test('R-203[bff] R-204[bff] R-126[bff] the callback answers a page that moves on by itself, so that the Strict cookie goes along', async () => {
  const world = await createBffWorld();
  const browser = world.browser();
  const page = await browser.open(`${appUrl}/login?returnTo=${encodeURIComponent('/invoices/42?x=1')}`);
  assert.equal(page.url.href, `${appUrl}/invoices/42?x=1`);
  const callback = browser.trail.find(({ request }) => request.url.pathname === '/callback');
  assert.equal(callback?.answer.status, 200);
  assert.match(callback?.answer.body ?? '', /http-equiv="refresh" content="0;url=\/invoices\/42\?x=1"/);
  const landed = browser.trail.at(-1);
  assert.match(headerValue(landed?.request ?? { headers: [] }, 'cookie') ?? '', /__Host-shop-session=/);
  assert.deepEqual(await sessionOf(world, browser).then(({ signedIn, name }) => ({ signedIn, name })), {
    signedIn: true,
    name: 'Nora Lindqvist',
  });
});

test('S-47 S-78 R-203[bff] no token, code or verifier is in anything the browser keeps or its scripts can read', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.script(browser, '/session');
  await world.script(browser, '/api/orders');
  assert.ok(world.issuer.secrets.length >= 4);
  const readable = browser.trail
    .filter(({ request }) => request.url.origin === appUrl)
    .map(({ answer }) => `${JSON.stringify(answer.headers)}${answer.body}`)
    .join('\n');
  for (const secret of world.issuer.secrets) assert.ok(!readable.includes(secret), secret.slice(0, 8));
  assert.equal(browser.cookies.script(new URL(appUrl)), '');
  assert.doesNotMatch(readable, /eyJ[\w-]+\./);
});

test('R-213[bff] R-184 S-88 the pages of the sign-in are not stored, not sniffed, not framed, and tell nobody where they are', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  for (const path of ['/login', '/callback']) {
    const answer = browser.trail.find(({ request }) => request.url.pathname === path)?.answer;
    assert.ok(answer);
    assert.equal(headerValue(answer, 'cache-control'), 'no-store', path);
    assert.equal(headerValue(answer, 'x-content-type-options'), 'nosniff');
    assert.equal(headerValue(answer, 'referrer-policy'), 'no-referrer');
    assert.match(headerValue(answer, 'content-security-policy') ?? '', /frame-ancestors 'none'/);
    assert.doesNotMatch(headerValue(answer, 'content-security-policy') ?? '', /unsafe/);
    assert.match(headerValue(answer, 'strict-transport-security') ?? '', /max-age=31536000/);
  }
});

test('R-207[bff] a callback counts once: the same answer again is refused and the session stays', async () => {
  const world = await createBffWorld();
  const browser = world.browser();
  const { url } = await answerOf(world, browser);
  await browser.open(url);
  const cookie = sessionCookie(browser);
  assert.ok(cookie);
  const again = await browser.open(url);
  assert.equal(again.status, 400);
  assert.equal(errorCode(again), 'invalid_request');
  assert.equal(sessionCookie(browser), cookie);
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
  assert.equal(world.issuer.asked('/token').filter((form) => form.has('code')).length, 1);
});

test('R-207[bff] login CSRF: an answer to somebody else’s sign-in makes no session in this browser', async () => {
  const world = await createBffWorld();
  const { url } = await answerOf(world);
  const victim = world.browser();
  const lured = await victim.open(url);
  assert.equal(lured.status, 400);
  assert.equal(sessionCookie(victim), undefined);
  // The victim has a sign-in of their own under way: still not theirs.
  await answerOf(world, victim);
  assert.equal((await victim.open(url)).status, 400);
  assert.equal(sessionCookie(victim), undefined);
  assert.equal(world.issuer.asked('/token').length, 0);
});

for (const [what, change] of [
  ['another state', (answer: URLSearchParams) => answer.set('state', 'A'.repeat(43))],
  ['no state', (answer: URLSearchParams) => answer.delete('state')],
  ['two states', (answer: URLSearchParams) => answer.append('state', answer.get('state') ?? '')],
  ['no code', (answer: URLSearchParams) => answer.delete('code')],
  ['a code that is not the issuer’s', (answer: URLSearchParams) => answer.set('code', 'forged')],
  ['two codes', (answer: URLSearchParams) => answer.append('code', 'other')],
  ['the iss of another issuer', (answer: URLSearchParams) => answer.set('iss', 'https://evil.example')],
  ['no iss, which this issuer promised', (answer: URLSearchParams) => answer.delete('iss')],
  ['two iss', (answer: URLSearchParams) => answer.append('iss', 'https://evil.example')],
  ['a token in the front channel', (answer: URLSearchParams) => answer.set('id_token', 'a.b.c')],
  ['a JWT response', (answer: URLSearchParams) => answer.set('response', 'a.b.c')],
] as const) {
  test(`R-207[bff] R-097[bff] an answer with ${what} is refused and starts no session`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.authorization = (answer) => {
      change(answer);
      return answer;
    };
    const browser = await world.signedIn();
    assert.ok(browser.page().status >= 400, String(browser.page().status));
    assert.ok(errorCode(browser.page()));
    assert.equal(sessionCookie(browser), undefined);
  });
}

test('R-097[bff] mix-up: a code that the real issuer gave, handed on by another one, never reaches a token endpoint', async () => {
  const world = await createBffWorld();
  world.issuer.hooks.authorization = (answer) => {
    answer.set('iss', `${issuerUrl}/`);
    return answer;
  };
  await world.signedIn();
  assert.equal(world.issuer.asked('/token').length, 0);
});

const without =
  (name: string) =>
  (claims: Claims): Claims =>
    Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const other = await generateSigningKey('ES256');
const forgedNone = (claims: Claims): string =>
  `${[{ alg: 'none', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

for (const [what, change] of [
  ['another nonce', (claims: Claims) => ({ ...claims, nonce: 'other' })],
  ['no nonce', without('nonce')],
  ['another issuer', (claims: Claims) => ({ ...claims, iss: 'https://evil.example' })],
  ['an issuer that differs by a slash', (claims: Claims) => ({ ...claims, iss: `${issuerUrl}/` })],
  ['another audience', (claims: Claims) => ({ ...claims, aud: 'another-app' })],
  ['the API as audience', (claims: Claims) => ({ ...claims, aud: 'https://api.example' })],
  ['two audiences and no azp', (claims: Claims) => ({ ...claims, aud: ['shop-web', 'another-app'] })],
  ['another party in azp', (claims: Claims) => ({ ...claims, azp: 'another-app' })],
  ['an end in the past', (claims: Claims) => ({ ...claims, exp: Number(claims['iat']) - 60 })],
  ['no end', without('exp')],
  ['no time of issue', without('iat')],
  ['a beginning in the future', (claims: Claims) => ({ ...claims, nbf: Number(claims['iat']) + 600 })],
  ['no subject', without('sub')],
  ['an empty subject', (claims: Claims) => ({ ...claims, sub: '' })],
  ['an at_hash of another access token', (claims: Claims) => ({ ...claims, at_hash: 'A'.repeat(22) })],
] as const) {
  test(`R-095[bff] R-094 S-30 an ID token with ${what} signs nobody in`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.idTokenClaims = change;
    const browser = await world.signedIn();
    assert.equal(browser.page().status, 502, browser.page().text);
    assert.equal(sessionCookie(browser), undefined);
    assert.equal((await sessionOf(world, browser))['signedIn'], false);
  });
}

for (const [what, make] of [
  ['no signature (alg none)', async (claims: Claims) => forgedNone(claims)],
  [
    'the signature of a key that is not the issuer’s',
    (claims: Claims) =>
      signJwt({ ...other.publicJwk, algorithm: 'ES256', privateKey: other.privateKey }, 'JWT', claims),
  ],
  [
    'an HMAC under the client secret',
    async (claims: Claims) => {
      const input = forgedNone(claims)
        .slice(0, -1)
        .replace(/^[^.]+/, Buffer.from('{"alg":"HS256"}').toString('base64url'));
      return `${input}.${createHmac('sha256', 'a-secret-of-the-app-0123456789-abcdef').update(input).digest('base64url')}`;
    },
  ],
  [
    'a changed claim under a good signature',
    async (claims: Claims, sign: (claims: Claims) => Promise<string>) => {
      const [header, , signature] = (await sign(claims)).split('.');
      return `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url')}.${signature}`;
    },
  ],
] as const) {
  test(`R-095[bff] an ID token with ${what} signs nobody in`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.idToken = make;
    const browser = await world.signedIn();
    assert.equal(browser.page().status, 502, browser.page().text);
    assert.equal(sessionCookie(browser), undefined);
  });
}

test('S-24 an access token without an ID token signs nobody in', async () => {
  const world = await createBffWorld();
  world.issuer.hooks.idToken = async () => undefined;
  const browser = await world.signedIn();
  assert.equal(browser.page().status, 502);
  assert.equal(sessionCookie(browser), undefined);
});

test('R-096[bff] people are told apart by iss and sub alone, whatever mail address or name they claim', async () => {
  const world = await createBffWorld();
  await world.signedIn();
  world.issuer.hooks.idTokenClaims = (claims) => ({
    ...claims,
    sub: 'person-2',
    email: 'nora@example.test',
    name: 'Nora',
  });
  world.issuer.hooks.userinfo = (claims) => ({ ...claims, sub: 'person-2' });
  await world.signedIn();
  await world.bff.close();
  const started = world.events.filter((event) => event.type === 'session.started');
  assert.deepEqual(
    started.map(({ person }) => person),
    ['person-1', 'person-2'],
  );
});

test('R-096[bff] a UserInfo answer about somebody else is not taken: the person has no name then', async () => {
  const world = await createBffWorld();
  world.issuer.hooks.userinfo = (claims) => ({ ...claims, sub: 'person-2', name: 'Mallory' });
  const browser = await world.signedIn();
  const session = await sessionOf(world, browser);
  assert.equal(session['signedIn'], true);
  assert.equal(session['name'], undefined);
});

test('S-28 UserInfo is asked with a token for the issuer, the API gets one for itself, and neither is looked into', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  await world.script(browser, '/api/orders');
  assert.deepEqual(
    world.issuer.asked('/token').map((form) => [form.get('grant_type'), form.get('resource')]),
    [
      ['authorization_code', 'https://api.example'],
      ['refresh_token', issuerUrl],
    ],
  );
  assert.match(world.calls[0]?.headers['authorization']?.[0] ?? '', /^Bearer access_[\w-]+$/);
});

for (const [what, change] of [
  ['names another issuer', { issuer: 'https://evil.example' }],
  ['spells the issuer with a slash more', { issuer: `${issuerUrl}/` }],
  ['leads to a token endpoint without TLS', { token_endpoint: 'http://login.example/token' }],
  ['leads to a sign-in page without TLS', { authorization_endpoint: 'http://login.example/authorize' }],
  ['leads to a sign-in page that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ['leads to keys on this machine', { jwks_uri: 'http://127.0.0.1/jwks' }],
] as const) {
  test(`R-098[bff] metadata that ${what} is not used`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.metadata = (metadata) => ({ ...metadata, ...change });
    const browser = world.browser();
    const page = await browser.open(`${appUrl}/login`);
    assert.equal(page.url.href, `${appUrl}/login`);
    assert.equal(page.status, 502);
    assert.equal(browser.cookies.all().length, 0);
    delete world.issuer.hooks.metadata;
    await browser.open(`${appUrl}/login`);
    assert.ok(sessionCookie(browser), 'the refused metadata is not remembered');
  });
}

for (const [what, answer] of [
  ['is endless', (honest: HttpAnswer) => ({ ...honest, body: `${honest.body}${' '.repeat(1024 * 1024)}` })],
  ['lies behind a redirect', () => ({ status: 302, headers: { location: 'https://evil.example/metadata' }, body: '' })],
] as const) {
  test(`R-185[bff] R-098 metadata that ${what} is not read, and nobody else is asked`, async () => {
    const world = await createBffWorld();
    let asked = 0;
    world.network.mount(issuerUrl, async (request) => answer(await world.issuer.handle(request)));
    world.network.mount('https://evil.example', async (request) => {
      asked += 1;
      return world.issuer.handle(request);
    });
    assert.ok((await world.browser().open(`${appUrl}/login`)).status >= 500);
    assert.equal(asked, 0);
  });
}

test('R-185[bff] an issuer that stays silent is given up after ten seconds', async () => {
  const world = await createBffWorld();
  world.network.mount(issuerUrl, () => new Promise(() => undefined));
  const pending = world.browser().open(`${appUrl}/login`);
  await turn();
  await world.clock.advance(10);
  assert.equal((await pending).status, 503);
});

test('R-098[bff] an issuer that cannot be reached is told to the person, stores nothing, and is asked again next time', async () => {
  const world = await createBffWorld();
  world.issuer.hooks.any = () => {
    throw new TypeError('connect ECONNREFUSED 10.0.0.1:443');
  };
  const browser = world.browser();
  const page = await browser.open(`${appUrl}/login`);
  assert.equal(page.status, 503);
  assert.equal(errorCode(page), 'temporarily_unavailable');
  assert.equal(headerValue(page.answer, 'retry-after'), '5');
  assert.doesNotMatch(page.html, /ECONN|10\.0\.0/);
  assert.equal(browser.cookies.all().length, 0);
  delete world.issuer.hooks.any;
  await browser.open(`${appUrl}/login`);
  assert.ok(sessionCookie(browser));
});

test('R-106[bff] each sign-in gets a new session, and the one before is dead although its cookie stayed away from the callback', async () => {
  const world = await createBffWorld();
  const browser = await world.signedIn();
  const first = sessionCookie(browser);
  await browser.open(`${appUrl}/login`);
  const second = sessionCookie(browser);
  assert.ok(first && second && first !== second);
  const replay = await world.send('GET', '/session', {
    cookie: `__Host-shop-session=${first}`,
    'sec-fetch-site': 'same-origin',
  });
  assert.deepEqual(JSON.parse(replay.body), { signedIn: false });
  await world.bff.close();
  assert.deepEqual(
    world.events.filter((event) => event.type === 'session.ended').map(({ reason }) => reason),
    ['replaced'],
  );
});

test('R-106[bff] a session cookie that an attacker planted is not the one that becomes signed in', async () => {
  const world = await createBffWorld();
  const browser = world.browser();
  const planted = 'B'.repeat(42) + 'A';
  browser.cookies.plant({
    name: '__Host-shop-session',
    value: planted,
    host: 'app.example',
    hostOnly: true,
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'strict',
    expiresAt: undefined,
  });
  await browser.open(`${appUrl}/login`);
  assert.notEqual(sessionCookie(browser), planted);
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
});

test('R-207[bff] two tabs may sign in side by side', async () => {
  const world = await createBffWorld();
  const browser = world.browser();
  const first = await answerOf(world, browser);
  const second = await answerOf(world, browser);
  assert.equal(first.cookie, second.cookie);
  assert.equal((await browser.open(first.url)).status, 200);
  assert.equal((await browser.open(second.url)).status, 200);
  assert.equal((await sessionOf(world, browser))['signedIn'], true);
});

test('R-207[bff] a sign-in that takes too long has to be begun again', async () => {
  const world = await createBffWorld();
  const { url, cookie } = await answerOf(world);
  await world.clock.advance(600);
  const answer = await world.send('GET', `/callback${url.search}`, { ...navigation, cookie });
  assert.equal(answer.status, 400);
  assert.deepEqual(headerValues(answer, 'set-cookie'), []);
});

for (const [error, status, code] of [
  ['access_denied', 403, 'access_denied'],
  ['login_required', 403, 'access_denied'],
  ['<script>alert(1)</script>', 403, 'access_denied'],
] as const) {
  test(`R-203[bff] the issuer’s error ${JSON.stringify(error)} is told in our words, without echo, and ends the sign-in`, async () => {
    const world = await createBffWorld();
    world.issuer.hooks.authorization = (answer) => {
      answer.delete('code');
      answer.set('error', error);
      answer.set('error_description', 'Call +1 555 0100 <b>now</b>');
      return answer;
    };
    const browser = await world.signedIn();
    assert.equal(browser.page().status, status);
    assert.equal(errorCode(browser.page()), code);
    assert.doesNotMatch(browser.page().html, /555|script>alert|login_required/);
    assert.equal(sessionCookie(browser), undefined);
    await world.bff.close();
    assert.doesNotMatch(JSON.stringify(world.events), /555|script>/);
  });
}

test('R-205[bff] another site’s link to /login asks first; nothing is begun by it', async () => {
  const world = await createBffWorld();
  for (const site of ['cross-site', 'same-site']) {
    const answer = await world.send('GET', '/login?returnTo=/a', { ...navigation, 'sec-fetch-site': site });
    assert.equal(answer.status, 200);
    assert.match(answer.body, /href="\/login\?returnTo=%2Fa"/);
    assert.deepEqual(headerValues(answer, 'set-cookie'), []);
  }
  assert.equal(world.issuer.asked('/authorize').length, 0);
});

for (const [what, headers] of [
  ['a frame', { ...navigation, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }],
  ['a script', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
  ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
] as const) {
  test(`R-205[bff] /login and /callback are not for ${what}`, async () => {
    const world = await createBffWorld();
    const { url, cookie } = await answerOf(world);
    for (const path of ['/login', `/callback${url.search}`]) {
      const answer = await world.send('GET', path, { ...headers, cookie });
      assert.equal(answer.status, 403, path);
      assert.deepEqual(headerValues(answer, 'set-cookie'), []);
    }
    const good = await world.send('GET', `/callback${url.search}`, { ...navigation, cookie });
    assert.equal(good.status, 200, 'the refused try has not spent the sign-in');
  });
}

test('R-126[bff] a sign-in that should lead to another site is refused before it begins', async () => {
  const world = await createBffWorld();
  for (const target of ['https://evil.example', '//evil.example', '/\\evil.example']) {
    const answer = await world.send('GET', `/login?returnTo=${encodeURIComponent(target)}`, {
      'sec-fetch-site': 'none',
    });
    assert.equal(answer.status, 400, target);
    assert.deepEqual(headerValues(answer, 'set-cookie'), []);
    assert.ok(!answer.body.includes('evil'));
  }
});

test('R-188[bff] S-60 S-86 R-203 sign-ins begun from one address are limited', async () => {
  const world = await createBffWorld((config) => ({ ...config, limit: { count: 3, period: 60 } }));
  const begin = () => world.send('GET', '/login', { 'sec-fetch-site': 'none' });
  for (const status of [303, 303, 303, 429]) assert.equal((await begin()).status, status);
  await world.clock.advance(60);
  assert.equal((await begin()).status, 303);
});

test('R-207[bff] /login and /callback answer GET only', async () => {
  const world = await createBffWorld();
  for (const path of ['/login', '/callback?state=x']) {
    for (const method of ['HEAD', 'POST', 'OPTIONS']) {
      const answer = await world.send(method, path, { origin: appUrl, 'sec-fetch-site': 'same-origin' });
      assert.equal(answer.status, 405);
      assert.equal(headerValue(answer, 'allow'), 'GET');
    }
  }
});
