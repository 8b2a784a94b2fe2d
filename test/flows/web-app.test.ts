import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Browser, decodeJwt, headerValue, headerValues, walk } from '@castellan/testkit';
import { appUrl, createInvoicesWorld } from './invoices-world.ts';

const invoices = await createInvoicesWorld('web-app');
const { world, nora, script } = invoices;
after(() => invoices[Symbol.asyncDispose]());

const sessionOf = async (browser: Browser): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse((await script(browser, 'GET /session')).body) as Record<string, unknown>;

/** All that a script of the page could read: what the app's origin answered, and what the browser shows of cookies. */
function readable(browser: Browser): string {
  const answers = browser.trail
    .filter(({ request }) => request.url.origin === appUrl)
    .map(({ answer }) => {
      const headers = answer.headers.filter(([name]) => name.toLowerCase() !== 'set-cookie');
      return `${headers.join('\n')}\n${answer.body}`;
    });
  return [...answers, browser.cookies.script(new URL(appUrl))].join('\n');
}

test('S-24[bff] S-47 S-78 R-203 a person signs in, reads and changes an invoice, signs out, and no token reaches the page', async () => {
  const browser = await invoices.atApp(nora);
  assert.equal(browser.page().find('app')?.text, 'Hello');
  assert.equal((await sessionOf(browser))['signedIn'], true);
  const list = await script(browser, 'GET /api/invoices');
  assert.match(list.body, /INV-2026-0007/);
  assert.equal((await script(browser, 'GET /api/invoices/42')).status, 404);
  const changed = await script(browser, 'PATCH /api/invoices/7', { note: 'From the page' });
  assert.match(changed.body, /From the page/);
  assert.equal((await script(browser, 'GET /api/admin/users')).status, 403);
  const out = JSON.parse((await script(browser, 'POST /logout')).body) as { readonly next: string };
  await browser.open(new URL(out.next, appUrl));
  assert.equal((await script(browser, 'GET /api/invoices')).status, 401);
  assert.doesNotMatch(
    readable(browser),
    /eyJ[\w-]+\.[\w-]+\.|castellan_(rt|ac|at)_|access_token|refresh_token|id_token/,
  );
});

test('R-110[bff] R-212 signing out at the app ends the session at the issuer too', async () => {
  const browser = await invoices.atApp(nora);
  await script(browser, 'POST /logout');
  const silent = await world.authorize(world.client('web'), { browser, changes: { prompt: 'none' } });
  assert.equal(silent.parameters.get('error'), 'login_required');
});

test('R-211[bff] S-19[refresh] after five minutes the next calls go on with one refresh, also many at once', async () => {
  const browser = await invoices.atApp(nora);
  await world.clock.advance(310);
  const answers = await Promise.all(Array.from({ length: 8 }, () => script(browser, 'GET /api/invoices')));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
});

test('R-204[bff] S-48 its cookies are closed to scripts, to other sites, and to other hosts', async () => {
  const browser = await invoices.atApp(nora);
  const texts = browser.trail
    .filter(({ request }) => request.url.origin === appUrl)
    .flatMap(({ answer }) => headerValues(answer, 'set-cookie'));
  assert.ok(texts.some((text) => /session=.*SameSite=Strict/.test(text)));
  for (const text of texts) {
    assert.match(text, /^__Host-/);
    for (const attribute of [/; Secure/, /; HttpOnly/, /; SameSite=(Lax|Strict)/, /; Path=\/(;|$)/])
      assert.match(text, attribute);
    assert.doesNotMatch(text, /domain=/i);
  }
});

test('R-205[bff] S-49 another site cannot call the API, sign the person out, or sign them in as somebody else', async () => {
  const browser = await invoices.atApp(nora);
  const forms = ['/logout', '/api/invoices/7'].map(
    (path, index) => `<form method="post" action="${appUrl}${path}"><button id="go${index}">x</button></form>`,
  );
  world.network.mount('https://evil.example', async () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `${forms.join('')}<a id="link" href="${appUrl}/logout">x</a>`,
  }));
  for (const id of ['go0', 'go1', 'link']) {
    await browser.open('https://evil.example');
    const page = await browser.click(id);
    assert.ok(page.status >= 400, `${id}: ${page.status}`);
  }
  await browser.open('https://evil.example');
  const read = await browser.script(`${appUrl}/api/invoices`, { headers: { 'x-castellan-csrf': '1' } });
  assert.ok(read.status >= 400);
  assert.equal(headerValue(read, 'access-control-allow-origin'), undefined);
  await browser.open(appUrl);
  assert.equal((await sessionOf(browser))['signedIn'], true);
});

test('R-207[bff] R-013[login] an answer of the issuer that another browser began, or that comes twice, starts no session', async () => {
  const attacker = world.browser();
  await attacker.open(`${appUrl}/login`);
  await walk(attacker, invoices.theo);
  const callback =
    attacker.trail.find(({ request }) => request.url.pathname === '/callback')?.request.url ?? assert.fail();
  for (const browser of [world.browser(), attacker]) {
    const page = await browser.open(callback);
    assert.ok(page.status >= 400, `${page.status}`);
  }
  const victim = world.browser();
  await victim.open(callback);
  assert.notEqual((await sessionOf(victim))['signedIn'], true);
});

test('R-210[bff] the proxy reaches its own API with its own token, and passes nothing of the page’s along', async () => {
  const browser = await invoices.atApp(nora);
  await browser.open(appUrl);
  const answer = await browser.script('/api/users/me', {
    headers: {
      'x-castellan-csrf': '1',
      authorization: 'Bearer x',
      'x-forwarded-user': invoices.theo.id,
      'x-user-id': invoices.theo.id,
    },
  });
  assert.match(answer.body, new RegExp(nora.id));
  for (const path of ['/api/../session', '/api//evil.example/', '/api/%2e%2e/admin', '/apis', '/api\\evil']) {
    const other = await script(browser, `GET ${path}`);
    assert.doesNotMatch(other.body, /INV-2026/, path);
  }
});

test('R-103[access-jwt] S-28[bff] the token the app uses names the person and the app, and nothing about them', async () => {
  const { claims } = decodeJwt(await invoices.token(nora));
  const known = [
    'iss',
    'aud',
    'sub',
    'client_id',
    'iat',
    'exp',
    'jti',
    'scope',
    'auth_time',
    'acr',
    'amr',
    'sid',
    'status',
  ];
  assert.deepEqual(
    Object.keys(claims).filter((name) => !known.includes(name)),
    [],
  );
});
