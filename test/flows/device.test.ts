import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { hashSecret } from '@castellan/protocol';
import type { Config } from '@castellan/server';
import {
  assertDiscreet,
  assertRefused,
  assertTokens,
  audiences,
  type Changes,
  createWorld,
  decodeJwt,
  headerValue,
  openStores,
  type Page,
  post,
  signIn,
  type World,
} from '@castellan/testkit';
import { approved, codesOf, decide, device, enter, grantType, scope } from './device-world.ts';
import { storedText } from './stored-text.ts';

const { stores, close } = await openStores();
after(close);

for (const { store, skip } of stores) suite(`device codes on ${store}`, { skip }, () => flow(store));

function flow(store: 'sqlite' | 'postgres'): void {
  let world: World;
  before(async () => {
    world = await createWorld({ store, seed: 'device' });
  });
  after(() => world.close());

  for (const id of ['tv', 'box']) {
    test(`S-18[device] S-6[device] R-058[device] S-19[refresh] on ${store}, ${id} asks, somebody allows, and it has tokens`, async () => {
      const { client, ask, poll } = device(world, id);
      const { deviceCode, userCode } = codesOf(await ask());
      assertRefused(await poll(deviceCode), 400, 'authorization_pending');
      await decide(world, userCode, 'allow');
      const answer = await poll(deviceCode);
      const { accessToken, idToken, refreshToken } = assertTokens(answer);
      assert.deepEqual([answer.json['token_type'], answer.json['scope']], ['Bearer', 'notes:read']);
      const { claims } = decodeJwt(accessToken);
      assert.deepEqual(
        [claims['sub'], claims['client_id'], claims['aud']],
        [world.people.alice.id, id, audiences.notes],
      );
      assert.equal(decodeJwt(idToken).claims['aud'], id);
      const next = assertTokens(await client.refresh(refreshToken));
      assertRefused(await client.refresh(next.accessToken), 400, 'invalid_grant');
    });
  }

  test(`R-056[device,${store}] I-1[device,${store}] of many polls at once after the approval one gets tokens`, async () => {
    const { deviceCode, poll, client } = await approved(world);
    const answers = await Promise.all(Array.from({ length: 12 }, () => poll(deviceCode)));
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    for (const answer of answers) if (answer.status !== 200) assertRefused(answer, 400, 'invalid_grant');
    // A device that lost the answer asks again: that is no attack, and ends nothing.
    assertTokens(await client.refresh(assertTokens(won[0] ?? assert.fail()).refreshToken));
  });

  test(`R-056[device,${store}] a denial is final: told to the device, and nothing changes it`, async () => {
    const { ask, poll } = device(world, 'tv');
    const { deviceCode, userCode } = codesOf(await ask());
    const browser = await decide(world, userCode, 'deny');
    assertRefused(await poll(deviceCode), 400, 'access_denied');
    const again = await enter(world, browser, userCode);
    assert.equal(again.find('device-allow'), undefined);
    assert.match(again.text, /not valid/);
    assertRefused(await poll(deviceCode), 400, 'access_denied');
  });

  test(`R-026[device,${store}] R-036[device] nothing that does not fit uses the device code up`, async () => {
    const { deviceCode, poll, client } = await approved(world);
    assertRefused(await poll(deviceCode, { resource: audiences.bills }), 400, 'invalid_target');
    assertRefused(await poll(deviceCode, { resource: [audiences.notes, world.issuer] }), 400, 'invalid_target');
    assertRefused(await device(world, 'box').poll(deviceCode), 400, 'invalid_grant');
    const stranger = await world.client('web').token({ grant_type: grantType, device_code: deviceCode });
    assertRefused(stranger, 400, 'unauthorized_client');
    assertRefused(
      await client.token({ grant_type: grantType, device_code: [deviceCode, deviceCode] }),
      400,
      'invalid_request',
    );
    assertTokens(await poll(deviceCode));
  });

  test(`R-033[device,${store}] R-051 neither code lies in the database, and the user code not even as a plain hash`, async () => {
    const { deviceCode, userCode } = await approved(world);
    const plain = userCode.replace('-', '');
    const stored = await storedText(world);
    assert.ok(stored.includes(hashSecret(deviceCode)), 'the right place is searched');
    for (const secret of [deviceCode, userCode, plain, hashSecret(userCode), hashSecret(plain)]) {
      assert.ok(!stored.includes(secret));
    }
  });

  test(`R-057[device] on ${store} a logout before the device has polled leaves it nothing`, async () => {
    const { deviceCode, poll, browser } = await approved(world);
    await browser.open(`${world.issuer}/logout`);
    await browser.click('logout-confirm');
    assertRefused(await poll(deviceCode), 400, 'invalid_grant');
  });
}

suite('the device page and its limits', () => {
  let world: World;
  before(async () => {
    world = await createWorld({ seed: 'device-page' });
  });
  after(() => world.close());

  test('R-051[device] the answer has a code to type and one that nobody guesses, ten minutes, five seconds, and no cache', async () => {
    const answer = await device(world, 'tv').ask();
    const { deviceCode, userCode, complete } = codesOf(answer);
    assert.match(deviceCode, /^castellan_dc_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
    assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    assert.equal(complete, `${world.issuer}/device?user_code=${userCode}`);
    assert.deepEqual(
      [answer.json['verification_uri'], answer.json['expires_in'], answer.json['interval']],
      [`${world.issuer}/device`, 600, 5],
    );
    assert.equal(headerValue(answer, 'cache-control'), 'no-store');
  });

  test('R-058[device] R-030[device] R-071[token] S-11[device] the grant is per client, which authenticates in its own way', async () => {
    const { ask, poll } = device(world, 'box');
    assertRefused(await device(world, 'web').ask(), 400, 'unauthorized_client');
    assertRefused(await device(world, 'native').ask(), 400, 'unauthorized_client');
    assertRefused(await ask({ client_id: 'box' }, []), 401, 'invalid_client');
    assertRefused(
      await ask({}, [['authorization', `Basic ${Buffer.from('box:wrong').toString('base64')}`]]),
      401,
      'invalid_client',
    );
    assertRefused(await device(world, 'tv').ask({ client_secret: 'x' }), 401, 'invalid_client');
    assertRefused(await ask({ client_id: 'tv' }), 401, 'invalid_client');
    const { deviceCode } = codesOf(await ask());
    const parameters = { grant_type: grantType, device_code: deviceCode };
    assertRefused(await world.client('box').token({ ...parameters, client_id: 'box' }, []), 401, 'invalid_client');
    // How far the person got is no other client's business.
    assertRefused(await device(world, 'tv').poll(deviceCode), 400, 'invalid_grant');
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
  });

  test('R-016[device] R-017[device] R-027[device] R-028[device] only what the client may ask for, once, in the body', async () => {
    const { ask, endpoint } = device(world, 'tv');
    const refused: readonly (readonly [Changes, string])[] = [
      [{ scope: undefined }, 'invalid_scope'],
      [{ scope: 'openid zz-marker-zz' }, 'invalid_scope'],
      [{ scope: 'openid  notes:read' }, 'invalid_scope'],
      [{ scope: 'bills:read' }, 'invalid_scope'],
      [{ resource: 'https://zz-marker-zz.example' }, 'invalid_target'],
      [{ scope: ['openid', 'openid'] }, 'invalid_request'],
      [{ client_id: undefined }, 'invalid_request'],
      [{ client_id: 'zz-marker-zz' }, 'invalid_client'],
    ];
    for (const [changes, error] of refused) {
      const answer = await ask(changes);
      assertRefused(answer, error === 'invalid_client' ? 401 : 400, error);
      assertDiscreet(answer, 'zz-marker-zz');
    }
    const from = world.network.from('198.51.100.20');
    const inUrl = await post(from, `${endpoint}?client_secret=zz-marker-zz`, { client_id: 'tv', scope });
    assertRefused(inUrl, 400, 'invalid_request');
    const path = new URL(endpoint).pathname;
    assert.equal((await world.send('GET', path)).status, 405);
    assert.equal(
      (
        await world.send('POST', '/token?device_code=zz-marker-zz', {
          headers: [['content-type', 'application/x-www-form-urlencoded']],
          body: 'grant_type=x',
        })
      ).status,
      400,
    );
  });

  test('R-017[device] R-024 the resource that was asked for stays bound, and openid brings UserInfo', async () => {
    const { deviceCode, poll, client } = await approved(world, 'tv', {
      scope: 'openid notes:read bills:read',
      resource: [audiences.notes, audiences.bills],
    });
    const answer = await poll(deviceCode, { resource: audiences.bills });
    assert.deepEqual(
      [answer.json['scope'], decodeJwt(assertTokens(answer).accessToken).claims['aud']],
      ['bills:read', audiences.bills],
    );
    const own = await client.refresh(assertTokens(answer).refreshToken, { resource: world.issuer });
    assert.equal((await world.userinfo(assertTokens(own).accessToken)).json['sub'], world.people.alice.id);
  });

  test('R-057[device] scopes are what the person saw: the poll cannot name others, and the client cannot have lost them', async () => {
    const { deviceCode, poll } = await approved(world, 'tv');
    const answer = await poll(deviceCode, { scope: 'openid notes:read notes:write' });
    assert.equal(answer.json['scope'], 'notes:read');
    const { deviceCode: second } = await approved(world, 'tv', { scope: 'openid notes:read notes:write' });
    const narrower = (config: Config): Config => ({
      ...config,
      clients: (config.clients ?? []).map((one) =>
        one.id === 'tv' ? { ...one, scopes: ['openid', 'notes:read'] } : one,
      ),
    });
    await world.restart(narrower);
    assert.equal((await poll(second)).json['scope'], 'notes:read');
    await world.restart();
  });

  test('R-036[device] R-057 a client that has lost the grant gets nothing for an approved code', async () => {
    const { deviceCode, poll } = await approved(world, 'tv');
    await world.restart((config) => ({
      ...config,
      clients: (config.clients ?? []).map((one) =>
        one.id === 'tv' ? { ...one, grants: ['authorization_code'], redirectUris: ['http://127.0.0.1/callback'] } : one,
      ),
    }));
    assertRefused(await poll(deviceCode), 400, 'unauthorized_client');
    await world.restart();
    assertTokens(await poll(deviceCode));
  });

  test('R-036[device] R-057 a person who was locked meanwhile approves nothing and gets nothing', async () => {
    const { deviceCode, poll, ask } = await approved(world, 'tv');
    const waiting = world.browser();
    await enter(world, waiting, codesOf(await ask()).userCode);
    setState(world, 'locked');
    assertRefused(await poll(deviceCode), 400, 'invalid_grant');
    await waiting.click('device-allow');
    assert.equal(waiting.page().find('device-done'), undefined);
    setState(world, 'active');
    assertTokens(await poll(deviceCode));
  });

  test('R-051[device] I-10 a code is dead after ten minutes, pending or approved, typed or polled', async () => {
    const { ask, poll } = device(world, 'tv');
    const pending = codesOf(await ask());
    const done = await approved(world, 'tv');
    await world.clock.advance(600);
    assertRefused(await poll(pending.deviceCode), 400, 'expired_token');
    assertRefused(await poll(done.deviceCode), 400, 'expired_token');
    const page = await enter(world, world.browser(), pending.userCode);
    assert.match(page.text, /not valid/);
  });

  test('R-055[device] polling too early makes the interval longer for good, up to a minute', async () => {
    const { ask, poll } = device(world, 'tv');
    const { deviceCode } = codesOf(await ask());
    const errorAfter = async (seconds: number): Promise<unknown> => {
      await world.clock.advance(seconds);
      return (await poll(deviceCode)).json['error'];
    };
    assert.equal(await errorAfter(0), 'authorization_pending');
    assert.equal(await errorAfter(5), 'authorization_pending');
    assert.equal(await errorAfter(4), 'slow_down');
    assert.equal(await errorAfter(9), 'slow_down');
    assert.equal(await errorAfter(15), 'authorization_pending');
    for (let count = 0; count < 20; count += 1) assert.equal(await errorAfter(0), 'slow_down');
    assert.equal(await errorAfter(60), 'authorization_pending');
  });

  test('R-035[device] R-050[device] R-034 no other secret passes as a device code, and a device code opens nothing else', async () => {
    const { client, deviceCode, userCode, poll } = await approved(world);
    const other = assertTokens(await world.tokens(world.client('web')));
    for (const text of [
      userCode,
      userCode.replace('-', ''),
      other.refreshToken,
      other.accessToken,
      `${deviceCode} `,
      deviceCode.slice(0, -1),
    ]) {
      assertRefused(await poll(text), 400, 'invalid_grant');
    }
    assertRefused(await client.refresh(deviceCode), 400, 'invalid_grant');
    const asCode = { grant_type: 'authorization_code', code: deviceCode, redirect_uri: 'https://web.example/callback' };
    assertRefused(await world.client('web').token({ ...asCode, code_verifier: 'v'.repeat(43) }), 400, 'invalid_grant');
    assert.equal((await world.userinfo(deviceCode)).status, 401);
    const browser = world.browser();
    await browser.open(world.client('web').begin().url);
    const parked = browser.page().url.searchParams.get('parked') ?? '';
    assert.equal(
      (await browser.open(`${world.issuer}/device?parked=${parked}`)).find('error-code')?.text,
      'parked_request_gone',
    );
    assertTokens(await poll(deviceCode));
  });

  test('R-035[device] what was parked for a device never becomes an authorization request', async () => {
    const { ask } = device(world, 'tv');
    const browser = world.browser();
    const page = await enter(world, browser, codesOf(await ask()).userCode);
    const parked = page.url.searchParams.get('parked') ?? assert.fail();
    for (const step of ['authorize', 'consent']) {
      const answer = await browser.open(`${world.issuer}/${step}?parked=${parked}`);
      assert.equal(answer.find('error-code')?.text, 'parked_request_gone', step);
    }
  });

  test('R-054[device] S-103[device] R-019 the page says who, what, from where and when, and warns; nothing of it is markup', async () => {
    const { ask } = device(world, 'tv');
    const { complete } = codesOf(await ask({ scope: 'openid notes:read notes:write offline_access' }));
    const browser = world.browser();
    const first = await browser.open(complete);
    assert.match(String(first.find('user-code')?.attributes['value']), /^[A-Z]{4}-[A-Z]{4}$/);
    assert.match(first.text, /exactly this code/);
    assert.equal(first.refresh, undefined);
    const login = await browser.click('device-continue');
    assert.match(login.text, /connect a device/);
    assert.equal(login.find('client-name'), undefined, 'whose code it is, is for people who signed in');
    const page = await signIn(browser, world.people.alice);
    const { text } = page;
    for (const words of [
      /The tv app/,
      /Read your notes/,
      /Change your notes/,
      /Know who you are/,
      /198\.51\.100\.20/,
      /UTC/,
      /30 days/,
      /somebody send/,
      /Alice Archer/,
    ]) {
      assert.match(text, words);
    }
    assert.equal(page.find('device-agent')?.text, 'television/1.0 <b>loud</b>');
    assert.doesNotMatch(page.html, /<b>loud/);
    assert.equal(headerValue(page.answer, 'cache-control'), 'no-store');
    assert.match(headerValue(page.answer, 'content-security-policy') ?? '', /frame-ancestors 'none'/);
  });

  test('R-054[device] a prefilled code is shown only when it can be one', async () => {
    for (const query of [
      'user_code=%3Cscript%3E',
      'user_code=HELLO',
      `user_code=${'B'.repeat(500)}`,
      'user_code=BCDF-GHJK&user_code=BCDF-GHJK',
    ]) {
      const page = await world.browser().open(`${world.issuer}/device?${query}`);
      assert.equal(page.find('user-code')?.attributes['value'], '', query);
    }
  });

  test('R-053[device] a remembered consent decides nothing: the person is asked each time', async () => {
    await approved(world, 'tv');
    const { ask, poll } = device(world, 'tv');
    const { deviceCode, userCode, complete } = codesOf(await ask());
    const browser = world.browser();
    await enter(world, browser, userCode);
    assert.notEqual(browser.page().find('device-allow'), undefined);
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
    await browser.open(complete);
    await world.clock.advance(5);
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
  });

  test('R-053[device] CVE-2026-45337 the session that claimed the code decides, no other session and no other browser', async () => {
    const { ask, poll } = device(world, 'tv');
    const { deviceCode, userCode } = codesOf(await ask());
    const [mallory, victim] = [world.browser(), world.browser({ address: '203.0.113.99' })];
    const question = await enter(world, mallory, userCode, world.people.bob);
    // Somebody else types the same code: it is taken.
    assert.match((await enter(world, victim, userCode)).text, /not valid/);
    // The address of the question opens in no other browser.
    assert.equal((await victim.open(question.url)).find('error-code')?.text, 'wrong_browser');
    // The form of one session is worth nothing in the next one, of the same browser.
    const stale =
      question.elements.find(({ attributes }) => attributes['name'] === 'form_token')?.attributes['value'] ?? '';
    await mallory.open(`${world.issuer}/login?parked=${question.url.searchParams.get('parked')}`);
    const fresh = await signIn(mallory, world.people.alice);
    assert.match(fresh.text, /Alice Archer/);
    const replay = await mallory.script(question.url.href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `form_token=${stale}&decision=allow`,
    });
    assert.equal(replay.status, 403);
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
  });

  for (const origin of ['https://evil.example', 'https://sibling.issuer.example']) {
    test(`R-053[device] R-205 a form on ${origin} approves nothing and types no code`, async () => {
      const { ask, poll } = device(world, 'tv');
      const { deviceCode, userCode } = codesOf(await ask());
      const browser = world.browser();
      const question = await enter(world, browser, userCode);
      const token = question.elements.find(({ attributes }) => attributes['name'] === 'form_token')?.attributes[
        'value'
      ];
      world.network.mount(origin, async () => ({
        status: 200,
        headers: { 'content-type': 'text/html', 'referrer-policy': 'unsafe-url' },
        body: `<form method="post" action="${question.url.href.replaceAll('&', '&amp;')}"><input type="hidden" name="form_token" value="${token}"><input type="hidden" name="decision" value="allow"><button id="go">You have won</button></form>`,
      }));
      await browser.open(origin);
      assert.ok([400, 403].includes((await browser.click('go')).status));
      assertRefused(await poll(deviceCode), 400, 'authorization_pending');
    });
  }

  test('R-053[device] a form without its token, and a decision that is none, change nothing', async () => {
    const { ask, poll } = device(world, 'tv');
    const { deviceCode, userCode } = codesOf(await ask());
    const browser = world.browser();
    const question = await enter(world, browser, userCode);
    const token =
      question.elements.find(({ attributes }) => attributes['name'] === 'form_token')?.attributes['value'] ?? '';
    const send = async (url: string, body: string) =>
      (
        await browser.script(url, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body,
        })
      ).status;
    assert.equal(await send(question.url.href, 'decision=allow'), 403);
    assert.equal(await send(question.url.href, `decision=maybe&form_token=${token}`), 400);
    assert.equal(await send(`${world.issuer}/device`, `user_code=${userCode}`), 403);
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
  });

  test('R-057[device] cancelling the sign-in leads back to the field and decides nothing', async () => {
    const { ask, poll } = device(world, 'tv');
    const { deviceCode, userCode } = codesOf(await ask());
    const browser = world.browser();
    await browser.open(`${world.issuer}/device`);
    browser.fill('user-code', userCode.toLowerCase());
    await browser.click('device-continue');
    const page: Page = await browser.click('login-cancel');
    assert.notEqual(page.find('user-code'), undefined);
    assertRefused(await poll(deviceCode), 400, 'authorization_pending');
  });
});

test('R-223[events] R-225[events] I-7[events] what happened to a device code is told, and no code is', async () => {
  const world = await createWorld({ seed: 'device-events' });
  const done = await approved(world, 'tv');
  assertTokens(await done.poll(done.deviceCode));
  const denied = codesOf(await done.ask());
  await decide(world, denied.userCode, 'deny');
  await world.close();
  const types = new Set(world.events.map(({ type }) => type));
  for (const type of ['authorization.granted', 'consent.given', 'device.redeemed', 'device.denied'] as const) {
    assert.ok(types.has(type), type);
  }
  const told = JSON.stringify(world.events);
  for (const code of [done.deviceCode, done.userCode, denied.deviceCode, denied.userCode]) {
    assert.ok(!told.includes(code) && !told.includes(code.replace('-', '')));
  }
});

/** Beneath the ports: no operation changes the state yet. */
function setState(world: World, state: string): void {
  const database = new DatabaseSync(join(world.folder, 'issuer.sqlite'));
  database.prepare('UPDATE persons SET state = ? WHERE id = ?').run(state, world.people.alice.id);
  database.close();
}
