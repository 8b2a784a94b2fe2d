import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  assertRefused,
  assertTokens,
  audiences,
  type Changes,
  createWorld,
  decodeJwt,
  headerValue,
  openStores,
  type RelyingParty,
  type World,
} from '@castellan/testkit';

const { stores, close } = await openStores();
after(close);

for (const { store, skip } of stores) suite(`refresh families on ${store}`, { skip }, () => families(store));

async function firstToken(world: World, client: RelyingParty, changes: Changes = {}): Promise<string> {
  return assertTokens(await world.tokens(client, { changes })).refreshToken;
}

function families(store: 'sqlite' | 'postgres'): void {
  let world: World;
  let web: RelyingParty;
  before(async () => {
    world = await createWorld({ store, seed: 'token-refresh' });
    web = world.client('web');
  });
  after(() => world.close());
  const refreshed = async (token: string): Promise<string> => assertTokens(await web.refresh(token)).refreshToken;

  test(`R-039[refresh,${store}] R-042 S-44 S-72 each use gives a new token; the one before the last ends the family`, async () => {
    const first = await firstToken(world, web);
    const second = await refreshed(first);
    const third = await refreshed(second);
    assert.equal(new Set([first, second, third]).size, 3);
    assertRefused(await web.refresh(first), 400, 'invalid_grant');
    assertRefused(await web.refresh(third), 400, 'invalid_grant');
  });

  test(`R-041[refresh,${store}] I-2 within the window the predecessor gets the same successor again, five times`, async () => {
    const first = await firstToken(world, web);
    const second = await refreshed(first);
    for (let count = 0; count < 5; count += 1) assert.equal(await refreshed(first), second);
    assertRefused(await web.refresh(first), 400, 'invalid_grant');
    assert.notEqual(await refreshed(second), second, 'a refused retry changes nothing');
  });

  test(`R-041[refresh,${store}] R-039 the window lasts ten seconds, to the second`, async () => {
    const inside = await firstToken(world, web);
    const successor = await refreshed(inside);
    await world.clock.advance(9);
    assert.equal(await refreshed(inside), successor);
    await refreshed(successor);

    const outside = await firstToken(world, web);
    const lost = await refreshed(outside);
    await world.clock.advance(11);
    assertRefused(await web.refresh(outside), 400, 'invalid_grant');
    assertRefused(await web.refresh(lost), 400, 'invalid_grant');
  });

  test(`R-041[refresh,${store}] once the successor was used, its predecessor is an older generation, window or not`, async () => {
    const first = await firstToken(world, web);
    const third = await refreshed(await refreshed(first));
    assertRefused(await web.refresh(first), 400, 'invalid_grant');
    assertRefused(await web.refresh(third), 400, 'invalid_grant');
  });

  test(`R-040[refresh,${store}] I-2 of many uses at once all that succeed get one and the same successor`, async () => {
    const first = await firstToken(world, web);
    const answers = await Promise.all(Array.from({ length: 12 }, () => web.refresh(first)));
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 6, 'one rotation and five retries');
    const successors = new Set(won.map((answer) => answer.json['refresh_token']));
    assert.equal(successors.size, 1);
    assertTokens(await web.refresh(String([...successors][0])));
  });

  test(`R-045[refresh,${store}] I-6 another client's use is refused and harms nobody`, async () => {
    const first = await firstToken(world, web);
    assertRefused(await world.client('other').refresh(first), 400, 'invalid_grant');
    assertRefused(await world.client('spa').refresh(first), 400, 'invalid_grant');
    const unauthenticated = await web.token(
      { grant_type: 'refresh_token', refresh_token: first, client_id: 'web' },
      [],
    );
    assertRefused(unauthenticated, 401, 'invalid_client');
    const second = await refreshed(first);
    await refreshed(second);
    // Even a genuine older generation in foreign hands must not end the family.
    assertRefused(await world.client('other').refresh(first), 400, 'invalid_grant');
  });

  test(`R-034[refresh,${store}] I-6 a token with any character changed is refused and the family lives`, async () => {
    const first = await firstToken(world, web);
    const second = await refreshed(first);
    const third = await refreshed(second);
    for (let index = 0; index < first.length; index += 3) {
      const other = first[index] === 'A' ? 'B' : 'A';
      const changed = first.slice(0, index) + other + first.slice(index + 1);
      assertRefused(await web.refresh(changed), 400, 'invalid_grant');
    }
    for (const changed of [`${third}A`, third.slice(0, -1), third.toUpperCase(), `${third} `, ` ${third}`]) {
      assertRefused(await web.refresh(changed), 400, 'invalid_grant');
    }
    assertTokens(await web.refresh(third));
  });

  test(`R-043[refresh,${store}] I-4 rotation, retry and reuse are known after a restart`, async () => {
    const [kept, stolen] = [await firstToken(world, web), await firstToken(world, web)];
    const successor = await refreshed(kept);
    const later = await refreshed(await refreshed(stolen));
    await world.restart();
    assert.equal(await refreshed(kept), successor);
    assertRefused(await web.refresh(stolen), 400, 'invalid_grant');
    await world.restart();
    assertRefused(await web.refresh(later), 400, 'invalid_grant');
    await refreshed(successor);
  });

  test(`R-042[refresh,${store}] I-10 a clock that jumps back turns no reuse into a retry`, async () => {
    const first = await firstToken(world, web);
    const second = await refreshed(first);
    const third = await refreshed(second);
    world.clock.step(-3600);
    assertRefused(await web.refresh(first), 400, 'invalid_grant');
    world.clock.step(3600);
    assertRefused(await web.refresh(third), 400, 'invalid_grant');
  });

  test(`R-048[refresh,${store}] I-3 logout ends the family, unless it has offline_access`, async () => {
    const browser = world.browser();
    const online = assertTokens(await world.tokens(web, { browser }));
    const offline = await world.tokens(web, {
      browser,
      changes: { scope: 'openid notes:read offline_access', prompt: 'consent' },
    });
    const url = new URL(String(world.metadata['end_session_endpoint']));
    url.searchParams.set('id_token_hint', online.idToken);
    await browser.open(url);
    if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
    assertRefused(await web.refresh(online.refreshToken), 400, 'invalid_grant');
    assertTokens(await web.refresh(assertTokens(offline).refreshToken));
  });

  test(`R-044[refresh,${store}] refreshes that race a logout leave nothing alive`, async () => {
    const browser = world.browser();
    const { refreshToken, idToken } = assertTokens(await world.tokens(web, { browser }));
    const url = new URL(String(world.metadata['end_session_endpoint']));
    url.searchParams.set('id_token_hint', idToken);
    await browser.open(url);
    const confirm = browser.page().find('logout-confirm') !== undefined;
    const [, ...answers] = await Promise.all([
      confirm ? browser.click('logout-confirm') : Promise.resolve(),
      ...Array.from({ length: 3 }, () => web.refresh(refreshToken)),
    ]);
    const last = answers.find(({ status }) => status === 200);
    const token = last === undefined ? refreshToken : String(last.json['refresh_token']);
    assertRefused(await web.refresh(token), 400, 'invalid_grant');
  });
}

suite('what a refresh may ask for', () => {
  let world: World;
  let web: RelyingParty;
  before(async () => {
    world = await createWorld({ seed: 'refresh-scope' });
    web = world.client('web');
  });
  after(() => world.close());
  const wide: Changes = {
    scope: 'openid notes:read notes:write bills:read',
    resource: [audiences.notes, audiences.bills],
  };

  test('R-046[refresh] R-017 scope can shrink, and the next refresh may ask for all of it again', async () => {
    const first = await firstToken(world, web, wide);
    const small = await web.refresh(first, { scope: 'notes:read', resource: audiences.notes });
    assert.equal(decodeJwt(assertTokens(small).accessToken).claims['scope'], 'notes:read');
    assert.equal(small.json['scope'], 'notes:read');
    const whole = await web.refresh(assertTokens(small).refreshToken, { resource: audiences.notes });
    assert.equal(decodeJwt(assertTokens(whole).accessToken).claims['scope'], 'notes:read notes:write');
  });

  test('R-046[refresh] R-016[token] I-6[refresh] what was not granted cannot be had, and asking costs nothing', async () => {
    const first = await firstToken(world, web);
    const asks: readonly (readonly [Changes, string])[] = [
      [{ scope: 'notes:read notes:write' }, 'invalid_scope'],
      [{ scope: 'bills:read' }, 'invalid_scope'],
      [{ scope: 'notes:read "' }, 'invalid_scope'],
      [{ resource: audiences.bills }, 'invalid_target'],
      [{ resource: 'https://unknown.example' }, 'invalid_target'],
      [{ resource: [audiences.notes, world.issuer] }, 'invalid_target'],
      [{ resource: `${audiences.notes}#x` }, 'invalid_target'],
    ];
    for (const [changes, error] of asks) assertRefused(await web.refresh(first, changes), 400, error);
    const second = assertTokens(await web.refresh(first)).refreshToken;
    for (const [changes, error] of asks) assertRefused(await web.refresh(first, changes), 400, error);
    assertTokens(await web.refresh(second));
  });

  test('R-041[refresh] R-046 a retry may ask for another resource of the grant and still gets the same successor', async () => {
    const first = await firstToken(world, web, wide);
    const notes = assertTokens(await web.refresh(first, { resource: audiences.notes }));
    const bills = assertTokens(await web.refresh(first, { resource: audiences.bills }));
    assert.equal(bills.refreshToken, notes.refreshToken);
    assert.deepEqual(
      [notes, bills].map(({ accessToken }) => decodeJwt(accessToken).claims['aud']),
      [audiences.notes, audiences.bills],
    );
  });

  test('R-050[refresh-token] a refresh token is no bearer token, whatever the scheme', async () => {
    const token = await firstToken(world, web);
    for (const scheme of ['Bearer', 'bearer', 'DPoP', 'Basic']) {
      const answer = await world.userinfo('', [['authorization', `${scheme} ${token}`]]);
      assert.ok([400, 401].includes(answer.status), `${scheme}: ${answer.status}`);
    }
    assertTokens(await web.refresh(token));
  });

  test('R-045[refresh] R-039 a public client rotates too', async () => {
    const spa = world.client('spa');
    const first = await firstToken(world, spa);
    const second = assertTokens(await spa.refresh(first)).refreshToken;
    assertTokens(await spa.refresh(second));
    assertRefused(await spa.refresh(first), 400, 'invalid_grant');
  });

  test('R-094[id-token] the ID token of a refresh is new, for the same subject and sign-in, without nonce', async () => {
    const tokens = assertTokens(await world.tokens(web));
    await world.clock.advance(5);
    const before = decodeJwt(tokens.idToken).claims;
    const { idToken } = assertTokens(await web.refresh(tokens.refreshToken));
    const later = decodeJwt(idToken).claims;
    for (const name of ['iss', 'sub', 'aud', 'auth_time', 'sid']) assert.deepEqual(later[name], before[name], name);
    assert.equal(Number(later['iat']) - Number(before['iat']), 5);
    assert.equal(later['nonce'], undefined);
  });

  test('R-028[token] a refreshed answer is not cached', async () => {
    const answer = await web.refresh(await firstToken(world, web));
    assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  });

  test('R-049[refresh] a scope taken from the client is not in new tokens', async () => {
    const narrow = world.client('narrow');
    const first = await firstToken(world, narrow);
    await world.restart((config) => ({
      ...config,
      clients: (config.clients ?? []).map((one) => (one.id === 'narrow' ? { ...one, scopes: ['openid'] } : one)),
    }));
    const answer = await narrow.refresh(first);
    if (answer.status === 200) assert.doesNotMatch(String(answer.json['scope']), /notes:read/);
    else assert.match(String(answer.json['error']), /invalid_(grant|scope|target)/);
    await world.restart();
  });
});

for (const { store, skip } of stores) suite(`how long families live on ${store}`, { skip }, () => lives(store));

function lives(store: 'sqlite' | 'postgres'): void {
  let world: World;
  let web: RelyingParty;
  const day = 24 * 3600;
  before(async () => {
    world = await createWorld({ store, seed: 'refresh-life' });
    web = world.client('web');
  });
  after(() => world.close());
  const offline: Changes = { scope: 'openid notes:read offline_access', prompt: 'consent' };

  test(`R-047[refresh,${store}] fourteen days without use end it`, async () => {
    const [kept, left] = [await firstToken(world, web, offline), await firstToken(world, web, offline)];
    await world.clock.sleep(14 * day - 5);
    assertTokens(await web.refresh(kept));
    await world.clock.advance(10);
    assertRefused(await web.refresh(left), 400, 'invalid_grant');
  });

  test(`R-047[refresh,${store}] thirty days end it however often it is used`, async () => {
    let token = await firstToken(world, web, offline);
    for (let days = 0; days < 29; days += 1) {
      await world.clock.sleep(day);
      token = assertTokens(await web.refresh(token)).refreshToken;
    }
    await world.clock.sleep(day + 1);
    assertRefused(await web.refresh(token), 400, 'invalid_grant');
  });

  test(`R-048[refresh,${store}] without offline_access the family ends with its session`, async () => {
    const token = await firstToken(world, web);
    await world.clock.sleep(12 * 3600 + 60);
    assertRefused(await web.refresh(token), 400, 'invalid_grant');
  });
}
