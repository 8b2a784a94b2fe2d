import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { openAdministration } from '@castellan/server';
import { formOf, type LiveIssuer, startLiveIssuer } from '@castellan/testkit';
import { axeFindings, type Browser, isTooWide, launch, looks, type Page, picture, skip, tabTo } from './chromium.ts';

suite('the issuer’s own pages in Chromium', { skip }, () => {
  let live: LiveIssuer;
  let browser: Browser;
  before(async () => {
    // First what may be missing: a server that is left listening would keep the run from ending.
    browser = await launch();
    live = await startLiveIssuer();
  });
  after(async () => {
    await browser?.close();
    await live?.[Symbol.asyncDispose]();
  });

  const request = (changes: Readonly<Record<string, string>> = {}): string =>
    `${live.issuer}/authorize?${formOf({
      response_type: 'code',
      client_id: 'web',
      redirect_uri: live.registration('web').redirectUri,
      scope: 'openid profile email offline_access notes:read notes:write',
      prompt: 'consent',
      state: 'state',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      ...changes,
    })}`;

  const signIn = async (page: Page): Promise<void> => {
    await page.fill('#username', live.person.loginName);
    await page.fill('#password', live.person.password);
    await page.click('#login-submit');
  };

  const deviceAddress = async (): Promise<string> => {
    const body = new URLSearchParams({
      client_id: 'tv',
      scope: 'openid profile offline_access notes:read notes:write',
    });
    const answer = await systemRuntime.fetch(`${live.issuer}/device_authorization`, { method: 'POST', body });
    const codes = (await answer.json()) as { readonly verification_uri_complete: string };
    return codes.verification_uri_complete;
  };

  /** For somebody who is new, so that it ends nothing of the person of these pages. */
  const passwordLink = async (): Promise<string> => {
    const { people, close } = await openAdministration(live.config);
    const added = await people.add({ loginName: `new-${(newcomers += 1)}`, profile: {} });
    const link = typeof added === 'string' ? assert.fail(added) : await people.issuePasswordLink(added.id);
    await close();
    return link === 'not_allowed' ? assert.fail(link) : link.url;
  };
  let newcomers = 0;

  /** Every page of the issuer, in the order in which a person meets them. */
  const pages: readonly (readonly [name: string, open: (page: Page) => Promise<unknown>])[] = [
    ['error', (page) => page.goto(request({ redirect_uri: 'https://evil.example/' }))],
    ['error with a way back', (page) => page.goto(request({ response_type: 'token' }))],
    ['sign-in', (page) => page.goto(request())],
    [
      'sign-in after a wrong password',
      async (page) => {
        await page.fill('#username', live.person.loginName);
        await page.fill('#password', 'not the right one');
        await page.click('#login-submit');
      },
    ],
    ['consent', signIn],
    ['device code', async (page) => page.goto(await deviceAddress())],
    [
      'device code that is none',
      async (page) => {
        await page.fill('#user-code', 'BCDF-GHJK');
        await page.click('#device-continue');
      },
    ],
    [
      'device question',
      async (page) => {
        await page.goto(await deviceAddress());
        await page.click('#device-continue');
      },
    ],
    ['device connected', (page) => page.click('#device-allow')],
    ['account', (page) => page.goto(`${live.issuer}/account`)],
    ['account after a withdrawal', (page) => page.click('#app-1-withdraw')],
    ['set a password', async (page) => page.goto(await passwordLink())],
    [
      'set a password: typed wrong',
      async (page) => {
        await page.fill('#new-password', 'too short');
        await page.fill('#repeated-password', 'too short');
        await page.click('#password-submit');
      },
    ],
    [
      'password set',
      async (page) => {
        await page.fill('#new-password', 'seven quiet lamps on a hill');
        await page.fill('#repeated-password', 'seven quiet lamps on a hill');
        await page.click('#password-submit');
      },
    ],
    ['password link that is used', (page) => page.goto(`${live.issuer}/set-password`)],
    ['sign-out', (page) => page.goto(`${live.issuer}/logout`)],
    ['signed out', (page) => page.click('#logout-confirm')],
  ];

  for (const [look, options] of Object.entries(looks)) {
    test(`R-010[authorize,login,consent,logout] every page is sound for axe, fits the screen and logs no error: ${look}`, async () => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        // A page with status 400 or 401 is logged as a failed load by Chromium itself.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          complaints.push(message.text());
      });
      for (const [name, open] of pages) {
        await open(page);
        assert.deepEqual(await axeFindings(page, look), [], `${name}, ${look}`);
        assert.equal(await isTooWide(page), false, `${name}, ${look}`);
        await picture(page, `${name}-${look}`);
      }
      assert.deepEqual(complaints, [], 'the policy of a page blocks nothing the page needs');
      await context.close();
    });
  }

  test('R-013[login,consent] the keyboard alone signs in and consents, and Enter submits the form', async () => {
    const page = await browser.newPage();
    await page.goto(request());
    await tabTo(page, 'username');
    await page.keyboard.type(live.person.loginName);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'password');
    await page.keyboard.type(live.person.password);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/consent/);
    await tabTo(page, 'consent-allow');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/callback\?.*code=/);
    await page.close();
  });

  test('R-013[login,consent] R-010[login] without JavaScript the sign-in reaches the client, and so does a no', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(request());
    await signIn(page);
    await page.click('#consent-allow');
    await page.waitForURL(/\/callback\?.*code=/);
    await page.goto(request());
    await page.click('#consent-deny');
    await page.waitForURL(/\/callback\?.*error=access_denied/);
    await context.close();
  });

  test('R-053[device] R-054[device] the keyboard alone, without JavaScript, connects a device; nothing goes on by itself', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(await deviceAddress());
    assert.match(page.url(), /user_code=/);
    await page.focus('#user-code');
    await page.keyboard.press('Enter');
    await signIn(page);
    await page.waitForURL(/\/device\?parked=/);
    assert.match((await page.textContent('#device-warning')) ?? '', /deny/);
    await page.focus('#device-deny');
    await page.keyboard.press('Enter');
    assert.match((await page.textContent('#device-done')) ?? '', /denied/);
    await context.close();
  });

  test('R-109[account] R-012[account] without JavaScript a person looks at their account and takes a consent back', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(request());
    await signIn(page);
    await page.click('#consent-allow');
    // Another page asked for meanwhile would take the form back on its way.
    await page.waitForURL(/\/callback\?.*code=/);
    await page.goto(`${live.issuer}/account`);
    const before = await page.locator('#apps > li').count();
    await page.focus('#app-1-withdraw');
    await page.keyboard.press('Enter');
    assert.match((await page.textContent('#outcome')) ?? '', /no access/);
    assert.equal(await page.locator('#apps > li').count(), before - 1);
    await page.click('#sign-out');
    await page.waitForURL((url) => url.pathname !== '/account');
    await page.goto(`${live.issuer}/account`);
    assert.match(page.url(), /\/login\?parked=/);
    await context.close();
  });

  test('R-127[account] the link to set a password leaves the address bar before anything is loaded', async () => {
    const page = await browser.newPage();
    const link = await passwordLink();
    const told: string[] = [];
    page.on('request', (one) => told.push(`${one.url()} from ${one.headers()['referer'] ?? 'nowhere'}`));
    await page.goto(link);
    assert.equal(page.url(), `${live.issuer}/set-password`);
    const token = new URL(link).searchParams.get('token') ?? assert.fail();
    assert.ok(told.length > 1 && told.filter((one) => one.includes(token)).length === 1, told.join('\n'));
    await page.close();
  });

  test('R-010[login] the sign-in page cannot be framed, and password managers know its fields', async () => {
    const page = await browser.newPage();
    await page.goto(request());
    assert.equal(await page.getAttribute('#username', 'autocomplete'), 'username');
    assert.equal(await page.getAttribute('#password', 'autocomplete'), 'current-password');
    assert.equal(await page.getAttribute('#password', 'type'), 'password');
    const outside = await browser.newPage();
    await outside.route('https://evil.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${request()}"></iframe>` }),
    );
    await outside.goto('https://evil.example/');
    const frame = outside.frames().find((one) => one !== outside.mainFrame());
    assert.equal(await frame?.locator('#username').count(), 0);
    await Promise.all([page.close(), outside.close()]);
  });

  test('R-204[login] Chromium keeps the session on http://localhost and shows it to no script', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(request());
    await signIn(page);
    assert.equal(await page.evaluate(() => document.cookie), '');
    const cookies = await context.cookies();
    assert.ok(cookies.some(({ name, secure }) => name === '__Host-castellan-session' && secure));
    assert.ok(cookies.every(({ httpOnly }) => httpOnly));
    await context.close();
  });
});
