import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';
import { type Browser, createBrowser } from './browser.ts';
import { createNetwork, type Handle } from './network.ts';
import { headerValue } from './wire.ts';

const html = (body: string, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
  body,
});
const redirect = (location: string, status = 303): HttpAnswer => ({ status, headers: { location }, body: '' });

function browse(origins: Readonly<Record<string, (request: HttpRequest) => HttpAnswer>>): Browser {
  const network = createNetwork();
  for (const [origin, answer] of Object.entries(origins)) {
    const handle: Handle = async (request) => answer(request);
    network.mount(origin, handle);
  }
  return createBrowser({ transport: network.from('203.0.113.7'), now: () => 0 });
}

const form = (action: string): string =>
  `<form method="post" action="${action}"><input type="hidden" name="csrf" value="a&amp;b">
   <input id="name" name="name"><button id="go" name="how" value="now">Go</button></form>`;

const sent = (browser: Browser, name: string): string | undefined => {
  const last = browser.trail.at(-1);
  return last && headerValue(last.request, name);
};

test('a form is sent with its hidden fields, what was typed and the clicked button', async () => {
  const browser = browse({ 'https://a.example': ({ method }) => html(method === 'GET' ? form('/post') : 'done') });
  await browser.open('https://a.example/');
  browser.fill('name', 'Ann & Bo');
  await browser.click('go');
  assert.equal(browser.trail.at(-1)?.request.body, 'csrf=a%26b&name=Ann+%26+Bo&how=now');
  assert.equal(sent(browser, 'origin'), 'https://a.example');
  assert.equal(sent(browser, 'sec-fetch-site'), 'same-origin');
});

test('a form on a no-referrer page posts with the origin null, as browsers do', async () => {
  const browser = browse({ 'https://a.example': () => html(form('/post'), { 'referrer-policy': 'no-referrer' }) });
  await browser.open('https://a.example/');
  await browser.click('go');
  assert.equal(sent(browser, 'origin'), 'null');
  assert.equal(sent(browser, 'referer'), undefined);
});

test('form-action governs the redirects after a form too', async () => {
  const browser = browse({
    'https://a.example': ({ method }) =>
      method === 'GET'
        ? html(form('/post'), { 'content-security-policy': "default-src 'none'; form-action 'self'" })
        : redirect('https://b.example/callback'),
    'https://b.example': () => html('arrived'),
  });
  await browser.open('https://a.example/');
  await assert.rejects(
    browser.click('go'),
    /form-action of https:\/\/a\.example blocks the way to https:\/\/b\.example/,
  );
});

test('a Strict cookie is not sent through a cross-site chain of redirects, but is after a page of its own site', async () => {
  const seen: string[] = [];
  const browser = browse({
    'https://start.example': () => html('<a id="go" href="https://app.example/in">go</a>'),
    'https://app.example': ({ path, headers }) => {
      seen.push(`${path} ${headers['cookie']?.[0] ?? '-'} ${headers['sec-fetch-site']?.[0]}`);
      if (path === '/set') return html('', { 'set-cookie': 's=1; SameSite=Strict' });
      if (path === '/in') return redirect('/hop');
      return path === '/hop' ? html('<meta http-equiv="refresh" content="0; url=/home">') : html('home');
    },
  });
  await browser.open('https://app.example/set');
  await browser.open('https://start.example/');
  await browser.click('go');
  assert.deepEqual(seen, ['/set - none', '/in - cross-site', '/hop - cross-site', '/home s=1 same-origin']);
});

test('a 307 keeps method and body, a 303 does not', async () => {
  const seen: string[] = [];
  const browser = browse({
    'https://a.example': ({ method, path, body }) => {
      seen.push(`${method} ${path} ${body.length > 0}`);
      if (path === '/307') return redirect('/303', 307);
      return path === '/303' ? redirect('/end') : html(form('/307'));
    },
  });
  await browser.open('https://a.example/');
  await browser.click('go');
  assert.deepEqual(seen, ['GET / false', 'POST /307 true', 'POST /303 true', 'GET /end false']);
});

test('a private-use scheme is handed over to the app', async () => {
  const browser = browse({ 'https://a.example': () => redirect('com.example.app:/callback?code=1') });
  const page = await browser.open('https://a.example/');
  assert.deepEqual([page.status, page.url.href], [0, 'com.example.app:/callback?code=1']);
});
