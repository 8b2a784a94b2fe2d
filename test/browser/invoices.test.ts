import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Person } from '@castellan/testkit';
import { axeFindings, type Browser, isTooWide, launch, looks, type Page, picture, skip, tabTo } from './chromium.ts';
import { collect, type Evidence } from './evidence.ts';
import { type Stack, startStack } from './stack.ts';

/** Started by the first suite that runs. */
let browser: Browser;
after(() => browser?.close());

const places = [
  ['cross-site', '127.0.0.1'],
  ['same-site', 'localhost'],
] as const;

for (const [place, webHost] of places) {
  suite(`the invoices app in Chromium, ${place}`, { skip }, () => {
    let stack: Stack;
    before(async () => {
      browser ??= await launch();
      stack = await startStack(webHost);
    });
    after(() => stack?.[Symbol.asyncDispose]());
    const nora = (): Person => stack.people['nora'] ?? assert.fail();

    test(`S-47[bff] S-78 R-203 R-204[bff,login] sign in, consent, open an invoice, be refused another's, edit, sign out: no token anywhere (${place})`, async () => {
      const context = await browser.newContext();
      const evidence = collect(context);
      const page = await context.newPage();
      await signIn(page, { stack, person: nora(), evidence });
      assert.equal(await page.textContent('#user-name'), 'Nora Lindqvist');

      await page.click('nav a[href="/invoices"]');
      await page.click('a[href="/invoices/7"]');
      await page.waitForSelector('#invoice[data-id="7"]');
      await page.fill('#note', 'Written in Chromium');
      await page.click('#invoice-form-save');
      await page.waitForSelector('.notice.good');
      await evidence.look(page);
      await page.reload();
      await page.waitForSelector('#note');
      assert.equal(await page.inputValue('#note'), 'Written in Chromium');

      await page.goto(`${stack.web}/invoices/42`);
      await page.waitForSelector('#no-invoice');
      assert.doesNotMatch((await page.textContent('body')) ?? '', /Ravensburg/);
      await page.goto(`${stack.web}/admin`);
      await page.waitForSelector('#refused');
      await evidence.look(page);

      await page.click('#sign-out');
      await page.waitForSelector('#signed-out');
      assert.match((await page.textContent('#signed-out')) ?? '', /here and at the sign-in service/);
      await evidence.look(page);
      await page.goto(`${stack.web}/invoices`);
      await page.waitForSelector('#sign-in-first');
      await page.goto(`${stack.web}/login`);
      await page.waitForSelector('#login-submit');

      await assertNoToken(evidence, stack);
      const cookies = await context.cookies();
      assert.ok(cookies.length > 0 && cookies.every(({ httpOnly }) => httpOnly));
      await context.close();
    });

    test(`R-207[bff] R-106 S-24 going back and reloading after the sign-in shows the app, and a used callback starts nothing (${place})`, async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      const callbacks: string[] = [];
      page.on('request', (request) => {
        if (request.url().startsWith(`${stack.web}/callback`)) callbacks.push(request.url());
      });
      await signIn(page, { stack, person: nora() });
      await page.reload();
      await page.waitForSelector('#user-name:not(:empty)');
      await page.goto(callbacks[0] ?? assert.fail());
      await page.waitForSelector('#error-code');
      await page.click('#home');
      await page.waitForSelector('#user-name:not(:empty)');
      await context.close();
    });

    test(`R-013[login,consent] the keyboard alone goes from the app through sign-in and consent to an invoice (${place})`, async () => {
      const page = await browser.newPage();
      await page.goto(stack.web);
      await page.waitForSelector('#sign-in');
      await tabTo(page, 'sign-in');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#login-submit');
      await tabTo(page, 'username');
      const theo = stack.people['theo'] ?? assert.fail();
      await page.keyboard.type(theo.loginName);
      await page.keyboard.press('Tab');
      await page.keyboard.type(theo.password);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#consent-allow');
      await tabTo(page, 'consent-allow');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#user-name:not(:empty)');
      assert.equal(await page.textContent('#user-name'), 'Theo Marchetti');
      await page.goto(`${stack.web}/invoices/42`);
      await page.waitForSelector('#invoice[data-id="42"]');
      await page.close();
    });
  });
}

suite('how the invoices app looks in Chromium', { skip }, () => {
  let stack: Stack;
  before(async () => {
    browser ??= await launch();
    stack = await startStack('127.0.0.1');
  });
  after(() => stack?.[Symbol.asyncDispose]());

  for (const [look, options] of Object.entries(looks)) {
    test(`R-213[bff] every page of the app is sound for axe, fits the screen and logs no error: ${look}`, async () => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      const inspect = async (name: string): Promise<void> => {
        assert.deepEqual(await axeFindings(page, look), [], `${name}, ${look}`);
        assert.equal(await isTooWide(page), false, `${name}, ${look}`);
        await picture(page, `app ${name}-${look}`);
      };
      await page.goto(stack.web);
      await page.waitForSelector('#sign-in');
      await inspect('welcome');
      await signIn(page, { stack, person: stack.people['theo'] ?? assert.fail() });
      await inspect('home');
      for (const [path, selector] of [
        ['/invoices', '#invoices table'],
        ['/invoices/12', '#invoice-form'],
        ['/invoices/42', '#invoice'],
        ['/invoices/999', '#no-invoice'],
        ['/profile', '#profile-form'],
        ['/admin', '#users'],
        ['/nowhere', '#not-found'],
      ] as const) {
        await page.goto(stack.web + path);
        await page.waitForSelector(selector);
        await inspect(path.slice(1).replaceAll('/', ' '));
      }
      await page.goto(stack.web);
      await page.click('#sign-out');
      await page.waitForSelector('#signed-out');
      await inspect('signed out');
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  test('R-205[bff] without JavaScript one reaches the app through sign-in and consent', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stack.web}/login`);
    await answerPages(page, stack.people['nora'] ?? assert.fail());
    await page.waitForURL((url) => url.href === `${stack.web}/`);
    assert.match((await page.textContent('body')) ?? '', /needs JavaScript/);
    await context.close();
  });
});

interface SignIn {
  readonly stack: Stack;
  readonly person: Person;
  readonly evidence?: Evidence;
}

/** From the app's first page to the same page, signed in. */
async function signIn(page: Page, { stack, person, evidence }: SignIn): Promise<void> {
  await page.goto(stack.web);
  await page.click('#sign-in');
  await page.waitForSelector('#login-submit');
  await evidence?.look(page);
  await answerPages(page, person);
  await page.waitForSelector('#user-name:not(:empty)');
  await page.waitForSelector('table');
  await evidence?.look(page);
}

/** Types the password, and allows when asked. */
async function answerPages(page: Page, { loginName, password }: Person): Promise<void> {
  await page.fill('#username', loginName);
  await page.fill('#password', password);
  await page.click('#login-submit');
  await page.waitForURL((url) => url.pathname !== '/login');
  // Consent is remembered: a second sign-in of the same person goes straight on.
  if (new URL(page.url()).pathname === '/consent') await page.click('#consent-allow');
}

/**
 * A code passes through the issuer's last page and the address of the callback, where it is spent. It is nowhere
 * else, and a token is nowhere at all.
 */
async function assertNoToken(evidence: Evidence, stack: Stack): Promise<void> {
  const pieces = await evidence.pieces();
  const origins = new Set(pieces.map(({ origin }) => origin));
  assert.ok(origins.has(stack.web) && origins.has(stack.issuer), 'both origins were looked at');
  assert.ok(stack.secrets.size >= 4, 'the issuer has given out a code and three tokens');
  const has = (place: string, text: string): boolean =>
    pieces.some((piece) => piece.place === place && piece.text.includes(text));
  assert.ok(
    has('answer of /api/invoices', 'INV-2026-0007') && has('html at /invoices/7', 'INV-2026-0007'),
    'bodies were read',
  );
  const isCode = (secret: string): boolean => secret.startsWith('castellan_ac_');
  for (const { place, origin, text } of pieces) {
    assert.doesNotMatch(text, /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/, `a JWT in ${place} of ${origin}`);
    assert.doesNotMatch(text, /castellan_(rt|cs|ss)_/, `a token or secret in ${place} of ${origin}`);
    for (const secret of stack.secrets) {
      if (isCode(secret) && origin === stack.issuer) continue;
      assert.ok(!text.includes(secret), `${secret.slice(0, 20)}… in ${place} of ${origin}`);
    }
  }
}
