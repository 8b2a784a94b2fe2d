import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from 'hono/html';
import { testClient } from '../stage.test.ts';
import { assets } from './assets.ts';
import { clientFooter, clientLogo, formTargets, logoOrigins } from './client-identity.ts';
import { createPages, hostOf } from './page.ts';

const pages = createPages('https://id.example/tenant');
const hostile = `"><script>alert(1)</script>&'`;

function policy(answer: ReturnType<typeof pages.page>): ReadonlyMap<string, string> {
  const text = String(answer.headers['content-security-policy']);
  return new Map(text.split('; ').map((part) => [part.split(' ')[0] ?? '', part.split(' ').slice(1).join(' ')]));
}

test('R-010[login] S-88 nothing runs on our pages, nothing is loaded from elsewhere, and only our forms go anywhere', () => {
  const plain = policy(pages.page({ status: 200, title: 'x', main: html`x` }));
  assert.equal(plain.get('default-src'), "'none'");
  assert.equal(plain.get('script-src'), undefined);
  assert.equal(plain.get('style-src'), "'self'");
  assert.equal(plain.get('form-action'), "'none'");
  assert.equal(plain.get('frame-ancestors'), "'none'");
  assert.equal(plain.get('base-uri'), "'none'");
  assert.equal(plain.get('require-trusted-types-for'), "'script'");
  const form = policy(
    pages.page({ status: 200, title: 'x', main: html`x`, hasForm: true, formTargets: ['com.example.app:'] }),
  );
  assert.equal(form.get('form-action'), "'self' com.example.app:");
});

test('R-010[authorize] a page without a form sends no referrer; one with a form must send its origin, to us alone', () => {
  const page = { status: 200, title: 'x', main: html`x` };
  assert.equal(pages.page(page).headers['referrer-policy'], 'no-referrer');
  assert.equal(pages.page({ ...page, hasForm: true }).headers['referrer-policy'], 'same-origin');
});

test('R-019[login,consent] text from outside is text, in the title, the body, attributes and addresses', () => {
  const answer = pages.page({
    status: 200,
    title: hostile,
    main: html`<p title="${hostile}">${hostile}</p>`,
    goOn: `https://web.example/cb?state=${hostile}`,
  });
  const body = String(answer.body);
  assert.ok(!body.includes('<script'));
  assert.equal(body.match(/&quot;&gt;&lt;script&gt;/g)?.length, 4);
});

test('R-019[login,consent] what a client says of itself is shown as text, and its logo alone adds a source of images', () => {
  const client = testClient('web', {
    name: hostile,
    logoUri: 'https://cdn.example/logo.png?x=1',
    policyUri: 'https://web.example/privacy',
    tosUri: 'https://web.example/terms',
  });
  const text = `${clientLogo(client)}${clientFooter(client)}`;
  assert.ok(!text.includes('<script'));
  for (const id of ['client-logo', 'client-policy', 'client-tos']) assert.ok(text.includes(`id="${id}"`));
  assert.deepEqual(logoOrigins(client), ['https://cdn.example']);
  assert.deepEqual(logoOrigins(testClient('web')), []);
  assert.equal(clientFooter(testClient('web')), undefined);
});

test('R-008[login] a form may end in an app of its own scheme, never on another web site', () => {
  assert.deepEqual(formTargets('com.example.app:/cb'), ['com.example.app:']);
  for (const uri of ['https://web.example/cb', 'http://127.0.0.1:1/cb']) assert.deepEqual(formTargets(uri), []);
});

test('R-020[login] addresses in pages come from the issuer, its path included', () => {
  const body = String(pages.page({ status: 200, title: 'x', main: html`x` }).body);
  assert.ok(body.includes(`href="/tenant${assets.stylesheet.path}"`));
  assert.ok(body.includes(`src="/tenant${assets.mark.path}"`));
  assert.match(assets.stylesheet.path, /^\/assets\/castellan\.[\w-]{16}\.css$/);
});

test('R-011[consent] what is shown of an address is where it leads, not what it pretends', () => {
  assert.equal(hostOf('https://bank.example.evil.example/bank.example'), 'bank.example.evil.example');
  assert.equal(hostOf('http://127.0.0.1:4002/callback'), '127.0.0.1:4002');
  assert.equal(hostOf('com.example.app:/bank.example'), 'an app (com.example.app:)');
});
