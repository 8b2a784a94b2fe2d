import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memorySink } from '@castellan/audit';
import { type HttpAnswer, systemRuntime } from '@castellan/protocol';
import { createInvoicesWeb } from './web.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-web-'));
const web = createInvoicesWeb(
  {
    issuer: 'http://localhost:4000',
    apiUrl: 'http://127.0.0.1:4001',
    url: 'http://127.0.0.1:4002',
    folder,
    clientId: 'invoices-web',
    clientSecret: 'a-secret-for-this-test-only-0123456789',
  },
  { ...systemRuntime, fetch: () => Promise.reject(new TypeError('fetch failed')) },
  [memorySink()],
);
after(async () => {
  await web.close();
  rmSync(folder, { recursive: true });
});

const request = (path: string, method = 'GET', query = ''): Promise<HttpAnswer> =>
  web.handle({ method, path, query, headers: {}, body: '', peer: { address: '127.0.0.1' } });
const text = (answer: HttpAnswer): string => Buffer.from(answer.body as string).toString('utf8');
const pages = ['/', '/invoices', '/invoices/42', '/profile', '/admin', '/signed-out'];

test('R-213[bff] R-184 every page is complete, has nothing inline, and says who may load what', async () => {
  for (const path of pages) {
    const answer = await request(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    const policy = String(answer.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
    const html = text(answer);
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style=| on[a-z]+=|javascript:/i, path);
    assert.match(html, /<html lang="en">[\s\S]*<title>[^<]+<\/title>[\s\S]*<main id="main">/);
  }
});

test('R-213[bff] every file a page names is there, with its type, and may be kept for good', async () => {
  const html = (await Promise.all(pages.map(async (path) => text(await request(path))))).join('\n');
  const named = new Set([...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? ''));
  assert.ok(named.size >= 10);
  for (const path of named) {
    const answer = await request(path);
    assert.equal(answer.status, 200, path);
    assert.match(
      String(answer.headers['content-type']),
      /^(?:text\/(?:css|javascript)|image\/svg\+xml); charset=utf-8$/,
    );
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
  }
});

test('R-126[bff] R-184 nothing but the known pages and files is served', async () => {
  const [, base] = /href="(\/assets\/[0-9a-f]{16})\//.exec(text(await request('/'))) ?? [];
  for (const path of [
    '/nothing',
    '/invoices/',
    '/invoices/abc',
    '/invoices/42/x',
    '/assets/app.css',
    `${base}/../web.ts`,
    `${base}/..%2fweb.ts`,
    `${base}/`,
    '/web.ts',
    '/constructor',
    '/__proto__',
    '/.castellan/demo-people.txt',
  ]) {
    const answer = await request(path);
    assert.equal(answer.status, 404, path);
    assert.match(text(answer), /id="not-found"/);
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  const refused = await request('/invoices', 'POST');
  assert.equal(refused.status, 405);
  assert.equal(refused.headers['allow'], 'GET, HEAD');
});

test('R-213[bff] the pages are the same for everybody and say nothing about anybody', async () => {
  const plain = text(await request('/invoices'));
  const answer = await web.handle({
    method: 'GET',
    path: '/invoices',
    query: '',
    headers: { cookie: ['__Host-invoices-web-session=x'], 'accept-language': ['de'], host: ['evil.example'] },
    body: '',
    peer: { address: '127.0.0.1' },
  });
  assert.equal(text(answer), plain);
});

test('S-47[bff] S-78 no script of the app stores anything, builds HTML from text, or talks to anybody else', () => {
  const assets = fileURLToPath(new URL('./assets', import.meta.url));
  const scripts = readdirSync(assets, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  assert.ok(scripts.length > 8);
  for (const name of scripts) {
    const source = readFileSync(join(assets, name), 'utf8');
    assert.doesNotMatch(
      source,
      /localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?:\/\//,
      name,
    );
  }
});

test('R-212[bff] the page after signing out says what is known of the sign-in service', async () => {
  assert.match(text(await request('/signed-out')), /here and at the sign-in service/);
  assert.match(text(await request('/signed-out', 'GET', 'still=1')), /may still be signed in there/);
});

test('R-107[bff] the sessions lie in a file that only its owner can read', () => {
  assert.equal(statSync(join(folder, 'web.sqlite')).mode & 0o077, 0);
});

test('R-098[bff] an issuer that is away is told on a page with the app’s own style', async () => {
  const answer = await request('/login');
  assert.equal(answer.status, 503);
  assert.match(text(answer), /cannot be reached[\s\S]*id="error-code"/);
  assert.match(text(answer), /<link rel="stylesheet" href="\/assets\/[0-9a-f]{16}\/app\.css">/);
});
