import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testClient } from '../../stage.test.ts';
import { type LoginView, loginPage } from './login-page.ts';

const hostile = `"><img src=x onerror=alert(1)>`;
const view: LoginView = {
  client: testClient('web', { name: 'Invoices' }),
  from: 'authorize',
  redirectUri: 'https://web.example/cb',
  action: 'https://id.example/login?parked=x',
  formToken: 'token',
  username: '',
  verdict: undefined,
};

const textOf = (changes: Partial<LoginView> = {}): string => String(loginPage({ ...view, ...changes }).main);

test('S-7[authorize] R-013[login] the page has the fields and buttons that people, password managers and suites look for', () => {
  const text = textOf();
  for (const id of ['username', 'password', 'login-submit', 'login-cancel']) assert.ok(text.includes(`id="${id}"`), id);
  assert.match(text, /<h1>Sign in<\/h1>/);
  assert.match(text, /<label for="username">/);
  assert.match(text, /<label for="password">/);
  assert.match(text, /autocomplete="username"/);
  assert.match(text, /type="password" autocomplete="current-password"/);
  assert.match(text, /<form method="post" action="https:\/\/id\.example\/login\?parked=x">/);
  // Enter in a field presses the first button.
  assert.ok(text.indexOf('login-submit') < text.indexOf('login-cancel'));
});

test('R-019[login] client name, hint and login name are text', () => {
  const text = textOf({ client: testClient('web', { name: hostile }), username: hostile });
  assert.ok(!text.includes('<img'));
  assert.ok(text.includes('value="&quot;&gt;&lt;img'));
});

test('R-123[login] a failure is one alert with one text, in 403, and keeps what was typed', () => {
  const page = loginPage({ ...view, username: 'alice', verdict: { verdict: 'refused' } });
  const text = String(page.main);
  assert.equal(page.status, 403);
  assert.match(text, /<p class="alert" role="alert" id="login-error">Login name or password is wrong\.<\/p>/);
  assert.match(text, /aria-describedby="login-error"/);
  assert.match(text, /value="alice"/);
  assert.doesNotMatch(text, /type="password"[^>]*value=/);
});

test('R-193[login] too many attempts: 429, when to come back, in words and in the header', () => {
  const page = loginPage({ ...view, verdict: { verdict: 'rate_limited', retryAfter: 61.2 } });
  assert.equal(page.status, 429);
  assert.deepEqual(page.headers, { 'retry-after': '62' });
  assert.match(String(page.main), /Try again in 2 minutes\./);
});

test('R-019[login] logo, policy and terms of a client are shown by their ids when it has them', () => {
  const uris = {
    logoUri: 'https://cdn.example/logo.svg',
    policyUri: 'https://web.example/privacy',
    tosUri: 'https://web.example/terms',
  };
  const page = loginPage({ ...view, client: testClient('web', uris) });
  const text = `${page.main}${page.footer}`;
  for (const id of ['client-logo', 'client-policy', 'client-tos']) assert.ok(text.includes(`id="${id}"`), id);
  assert.deepEqual(page.imageOrigins, ['https://cdn.example']);
  assert.equal(loginPage(view).footer, undefined);
});
