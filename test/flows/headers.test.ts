import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createWorld, headerValue, signIn, type WireAnswer } from '@castellan/testkit';

const world = await createWorld({ seed: 'headers' });
after(() => world.close());
const web = world.client('web');
const form = [['content-type', 'application/x-www-form-urlencoded']] as const;
const at = (name: string): string => new URL(String(world.metadata[name])).pathname;

/** An answer of every route, and of every kind: page, redirect, JSON, refusal, preflight, nothing there. */
async function everyKindOfAnswer(): Promise<ReadonlyMap<string, WireAnswer>> {
  const browser = world.browser();
  await browser.open(web.begin({ prompt: 'consent' }).url);
  await signIn(browser, world.people.alice);
  await browser.click('consent-allow');
  await browser.open(String(world.metadata['end_session_endpoint']));
  if (browser.page().find('logout-confirm') !== undefined) await browser.click('logout-confirm');
  const answers = new Map(
    browser.trail
      .filter(({ request }) => request.url.origin === world.issuer)
      .map(({ request, answer }) => [`${request.method} ${request.url.pathname} ${answer.status}`, answer]),
  );
  const { search } = web.begin().url;
  const more: readonly (readonly [string, string, { headers?: typeof form; body?: string }?])[] = [
    ['GET', at('authorization_endpoint')],
    ['GET', at('authorization_endpoint') + search],
    ['GET', `${at('authorization_endpoint')}${web.begin({ prompt: 'none' }).url.search}`],
    ['POST', at('authorization_endpoint'), { headers: form, body: search.slice(1) }],
    ['PUT', at('authorization_endpoint')],
    ['POST', at('token_endpoint'), { headers: form, body: 'grant_type=password' }],
    ['GET', at('token_endpoint')],
    ['OPTIONS', at('token_endpoint')],
    ['GET', at('userinfo_endpoint')],
    ['POST', at('userinfo_endpoint')],
    ['GET', at('jwks_uri')],
    ['HEAD', at('jwks_uri')],
    ['GET', '/.well-known/openid-configuration'],
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', at('end_session_endpoint')],
    ['GET', `${at('end_session_endpoint')}?id_token_hint=x`],
    ['GET', '/'],
    ['GET', '/nothing/here'],
    ['GET', '/login'],
    ['POST', '/login', { headers: form, body: '' }],
    ['GET', '/consent'],
    ['POST', '/consent', { headers: form, body: '' }],
  ];
  for (const [method, path, message] of more) {
    const answer = await world.send(method, path, message);
    answers.set(`${method} ${path.split('?')[0]} ${answer.status}`, answer);
  }
  return answers;
}

const answers = await everyKindOfAnswer();

test('R-184 every answer says nosniff and what it is, text with its charset', () => {
  assert.ok(answers.size > 20, `${answers.size}`);
  for (const [name, answer] of answers) {
    assert.equal(headerValue(answer, 'x-content-type-options'), 'nosniff', name);
    const type = headerValue(answer, 'content-type');
    // JSON has no charset parameter: it is UTF-8 by definition (RFC 8259 §8.1 and §11).
    const known = /^(application\/json|[a-z]+\/[a-z+-]+; ?charset=utf-8)$/;
    if (answer.body !== '') assert.match(type ?? '', known, name);
  }
});

test('R-010[authorize,login,consent,logout] pages cannot be framed, run nothing, and tell nobody where one was', () => {
  const pages = [...answers].filter(([, answer]) =>
    (headerValue(answer, 'content-type') ?? '').startsWith('text/html'),
  );
  assert.ok(pages.length >= 6, `${pages.length}`);
  for (const [name, answer] of pages) {
    const policy = headerValue(answer, 'content-security-policy') ?? '';
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", 'form-action']) {
      assert.ok(policy.includes(directive), `${name}: ${directive} is missing in ${policy}`);
    }
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*/, name);
    assert.equal(headerValue(answer, 'x-frame-options'), 'DENY', name);
    assert.match(headerValue(answer, 'referrer-policy') ?? '', /^(no-referrer|same-origin)$/, name);
    assert.doesNotMatch(
      answer.body,
      /<script|\son[a-z]+=|style=|javascript:/i,
      `${name} has no script and no inline style`,
    );
  }
});

test('R-010[authorize,login,consent,logout] R-028[token] R-213[login] what is personal is not stored by any cache', () => {
  for (const [name, answer] of answers) {
    if (/jwks|well-known|assets/.test(name) && answer.status === 200) continue;
    assert.match(headerValue(answer, 'cache-control') ?? '', /\bno-store\b/, name);
  }
});

test('R-009[authorize] R-206 no page, and no refusal of one, names an origin that may read it', () => {
  for (const [name, answer] of answers) {
    if (!/ \/(authorize|login|consent|logout)\b/.test(name)) continue;
    assert.equal(headerValue(answer, 'access-control-allow-origin'), undefined, name);
  }
});

test('R-187 an https issuer says HSTS for a year with its subdomains; an http one on loopback does not', async () => {
  for (const [name, answer] of answers) {
    const [, seconds] =
      /^max-age=(\d+); includeSubDomains/.exec(headerValue(answer, 'strict-transport-security') ?? '') ?? [];
    assert.ok(Number(seconds) >= 31_536_000, name);
  }
  const local = await createWorld({ seed: 'headers-local', issuer: 'http://localhost:4000' });
  const answer = await local.send('GET', '/.well-known/openid-configuration');
  assert.equal(headerValue(answer, 'strict-transport-security'), undefined);
  await local.close();
});

test('R-180 R-186 other methods are refused with the list of those allowed', async () => {
  for (const name of [
    'authorization_endpoint',
    'token_endpoint',
    'userinfo_endpoint',
    'jwks_uri',
    'end_session_endpoint',
  ]) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND']) {
      const answer = await world.send(method, at(name));
      assert.equal(answer.status, 405, `${method} ${name}`);
      assert.match(headerValue(answer, 'allow') ?? '', /GET|POST/);
    }
  }
});

test('R-180 a header that overrides the method has no effect', async () => {
  const headers = [['x-http-method-override', 'POST'], ...form] as const;
  const answer = await world.send('GET', at('token_endpoint'), { headers, body: 'grant_type=password' });
  assert.equal(answer.status, 405);
});

test('R-186[discovery] what is not there is not there, in any spelling of a path', async () => {
  for (const path of [
    '/AUTHORIZE',
    '/authorize/',
    '//authorize',
    '/%61uthorize',
    '/authorize%00',
    '/token/..;/authorize',
    '/.git/config',
    '/metrics',
    '/debug',
  ]) {
    const answer = await world.send('GET', path);
    assert.equal(answer.status, 404, path);
  }
});
