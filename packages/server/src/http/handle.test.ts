import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecorder, type RecordedEvent } from '@castellan/audit';
import { memoryLimitStore } from '@castellan/limits';
import { type HttpAnswer, type RefusalContext, type RefusalReason, refuse } from '@castellan/protocol';
import { createClock } from '../../../testkit/src/clock.ts';
import { seededRandom } from '../../../testkit/src/random.ts';
import type { Endpoint } from './exchange.ts';
import { type CarriedRequest, createHandle, type Handle } from './handle.ts';
import { createPages } from './page.ts';
import type { Route } from './route.ts';

const issuer = 'https://id.example';
const answer: HttpAnswer = { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' };
const page: Route = {
  method: 'GET',
  path: '/page',
  name: 'page',
  endpoint: async () => answer,
  effect: 'read',
  cors: 'none',
  cache: 'no-store',
  limit: undefined,
  channel: 'page',
  form: 'none',
};
const api: Route = {
  ...page,
  method: 'POST',
  path: '/api',
  name: 'api',
  channel: 'json',
  cors: 'clients',
  form: 'required',
};
const formType = { 'content-type': ['application/x-www-form-urlencoded'] };

interface Stage {
  readonly handle: Handle;
  readonly events: RecordedEvent[];
  readonly counts: { committed: number };
  /** What happens when clients and resources are brought up to date. */
  readonly registry: { refresh: () => Promise<void> };
  readonly send: (method: string, path: string, more?: Partial<CarriedRequest>) => Promise<HttpAnswer>;
}

function setUp(...routes: readonly Route[]): Stage {
  const events: RecordedEvent[] = [];
  const counts = { committed: 0 };
  const registry: Stage['registry'] = { refresh: async () => {} };
  const clock = createClock(1_800_000_000_000);
  const randomBytes = seededRandom('handle');
  const plenty = { count: 1000, period: 60 };
  const handle = createHandle({
    issuer,
    routes,
    pages: createPages(issuer),
    runtime: { ...clock, randomBytes },
    recorder: createRecorder({ source: issuer }, { now: clock.now, randomBytes }),
    limitStore: memoryLimitStore({ capacity: 100 }),
    limits: {
      signInPerAccount: plenty,
      signInPerAddress: plenty,
      tokenPerClient: plenty,
      tokenPerAddress: { count: 2, period: 60 },
      authorizePerAddress: plenty,
      deviceCodePerAddress: plenty,
      userCodePerAddress: plenty,
      userCodePerAccount: plenty,
      userCodeOverall: plenty,
    },
    trustedProxies: ['10.0.0.1'],
    clientOrigins: new Set(['https://spa.example']),
    refresh: () => registry.refresh(),
    startAgain: () => undefined,
    record: (event) => events.push(event),
    committed: () => {
      counts.committed += 1;
    },
  });
  const send: Stage['send'] = (method, path, more) =>
    handle({ method, path, query: '', headers: {}, body: '', peer: { address: '192.0.2.1' }, ...more });
  return { handle, events, counts, registry, send };
}

const refusing =
  (reason: RefusalReason, context?: RefusalContext): Endpoint =>
  async () =>
    refuse(reason, context);

const target = {
  redirectUri: 'https://web.example/cb?a=1',
  state: 's&"<',
  responseMode: 'query',
  automatic: true,
} as const;

test('R-005[authorize] a refusal with a target goes there by 303 with error, description, state and iss', async () => {
  const { send } = setUp({ ...page, endpoint: refusing('login_required', { target }) });
  const { status, headers, body } = await send('GET', '/page');
  assert.deepEqual([status, body], [303, '']);
  const location = new URL(String(headers['location']));
  assert.equal(location.origin + location.pathname, 'https://web.example/cb');
  assert.deepEqual(Object.fromEntries(location.searchParams), {
    a: '1',
    error: 'login_required',
    error_description: 'The person must sign in.',
    state: 's&"<',
    iss: issuer,
  });
  assert.equal(headers['cache-control'], 'no-store');
});

test('R-015[authorize] R-005 where nobody is signed in the same answer is a link on a page with status 400', async () => {
  const { send } = setUp({
    ...page,
    endpoint: refusing('scope_not_allowed', { target: { ...target, automatic: false } }),
  });
  const { status, headers, body } = await send('GET', '/page');
  assert.equal(status, 400);
  assert.equal(headers['location'], undefined);
  const text = String(body);
  assert.doesNotMatch(text, /http-equiv="refresh"/);
  assert.match(text, /<code id="error-code">invalid_scope<\/code>/);
  const link = /id="error-continue" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  assert.deepEqual([...new URL(link).searchParams.keys()], ['a', 'error', 'error_description', 'state', 'iss']);
});

test('R-008[login,consent] after a form of ours the answer is a page that navigates, for an app a redirect', async () => {
  const web = setUp({ ...page, endpoint: refusing('access_denied', { target: { ...target, afterForm: true } }) });
  const told = await web.send('GET', '/page');
  assert.equal(told.status, 200);
  assert.match(
    String(told.body),
    /<meta http-equiv="refresh" content="0; url=https:\/\/web\.example\/cb\?a=1&amp;error=access_denied/,
  );
  assert.equal(told.headers['referrer-policy'], 'no-referrer');
  const redirectUri = 'com.example.app:/cb';
  const app = setUp({
    ...page,
    endpoint: refusing('access_denied', { target: { ...target, redirectUri, afterForm: true } }),
  });
  const handed = await app.send('GET', '/page');
  assert.equal(handed.status, 303);
  assert.match(String(handed.headers['location']), /^com\.example\.app:\/cb\?error=access_denied&/);
});

const pageWords: readonly (readonly [RefusalReason, number, string])[] = [
  ['redirect_uri_mismatch', 400, 'invalid_redirect_uri'],
  ['unknown_client', 400, 'invalid_client'],
  ['id_token_hint_invalid', 400, 'invalid_id_token_hint'],
  ['post_logout_redirect_uri_mismatch', 400, 'invalid_post_logout_redirect_uri'],
  ['wrong_browser', 400, 'wrong_browser'],
  ['parked_request_gone', 400, 'parked_request_gone'],
  ['csrf_rejected', 403, 'csrf_rejected'],
];

for (const [reason, status, word] of pageWords) {
  test(`R-002[authorize] the page for ${reason} says ${word}, at its own address, and leads nowhere`, async () => {
    const { send, events } = setUp({ ...page, endpoint: refusing(reason, { detail: 'the private detail' }) });
    const told = await send('GET', '/page');
    assert.equal(told.status, status);
    assert.equal(told.headers['location'], undefined);
    assert.match(String(told.body), new RegExp(`<code id="error-code">${word}</code>`));
    assert.ok(!String(told.body).includes('private'));
    const [event] = events;
    assert.ok(event?.type === 'request.answered' && event.detail === 'the private detail' && event.reason === reason);
    assert.ok(String(told.body).includes(event.correlation), 'the page names the number to quote');
  });
}

test('R-028[token] a refusal to a program is JSON with constants, uncached, and challenged where it has to be', async () => {
  const { send } = setUp({
    ...api,
    endpoint: refusing('client_authentication_failed', { detail: 'x', challenge: 'Basic' }),
  });
  const told = await send('POST', '/api', { headers: formType });
  assert.equal(told.status, 401);
  assert.equal(told.headers['content-type'], 'application/json');
  assert.equal(told.headers['cache-control'], 'no-store');
  assert.match(String(told.headers['www-authenticate']), /^Basic realm="castellan"/);
  assert.deepEqual(JSON.parse(String(told.body)), {
    error: 'invalid_client',
    error_description: 'Client authentication failed.',
  });
});

test('R-158[userinfo] challenges: bare without credentials, named with a bad token or a missing scope', async () => {
  const cases: readonly (readonly [RefusalReason, RefusalContext, number, string])[] = [
    ['credentials_missing', {}, 401, 'Bearer'],
    ['token_invalid', {}, 401, 'Bearer error="invalid_token", error_description="The access token is not valid here."'],
    [
      'insufficient_scope',
      { scope: 'openid' },
      403,
      'Bearer error="insufficient_scope", error_description="The access token lacks a scope.", scope="openid"',
    ],
    [
      'credentials_malformed',
      {},
      400,
      'Bearer error="invalid_request", error_description="The credentials are malformed."',
    ],
  ];
  for (const [reason, context, status, challenge] of cases) {
    const { send } = setUp({ ...api, endpoint: refusing(reason, context) });
    const told = await send('POST', '/api', { headers: formType });
    assert.deepEqual([told.status, told.headers['www-authenticate']], [status, challenge]);
  }
});

const thrown: readonly unknown[] = [
  new Error('the password is hunter2hunter2'),
  Object.assign(new SyntaxError('Unexpected token hunter2 in JSON'), { code: 'ERR_X' }),
  'hunter2',
  undefined,
  Object.assign(new Error('x'), { name: 'hunter2 hunter2', code: 'hunter2 hunter2' }),
];

for (const [index, error] of thrown.entries()) {
  for (const route of [page, { ...api, form: 'optional' as const }]) {
    test(`R-183[node] I-11 R-225 thrown value ${index} becomes a ${route.channel} server_error and a failure event without its text`, async () => {
      const { send, events } = setUp({
        ...route,
        endpoint: async () => {
          throw error;
        },
      });
      const told = await send(route.method, route.path);
      assert.equal(told.status, 500);
      assert.match(String(told.body), /server_error/);
      assert.ok(!`${told.body} ${JSON.stringify(events)}`.includes('hunter2'));
      assert.deepEqual(
        events.map((event) => [event.type, event.correlation === events[0]?.correlation]),
        [
          ['failure', true],
          ['request.answered', true],
        ],
      );
      if (error instanceof SyntaxError)
        assert.match(JSON.stringify(events[0]), /SyntaxError ERR_X at handle\.test\.ts:\d+/);
    });
  }
}

test('R-180[node] methods: HEAD where a GET only reads, OPTIONS where CORS is, everything else 405 with Allow', async () => {
  const { send } = setUp(page, { ...page, path: '/act', effect: 'act' }, api);
  const head = await send('HEAD', '/page');
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '2']);
  for (const method of ['TRACE', 'PUT', 'DELETE', 'POST', 'OPTIONS', 'get', 'CONNECT', 'X']) {
    const told = await send(method, '/page');
    assert.deepEqual([told.status, told.headers['allow']], [405, 'GET, HEAD'], method);
  }
  const acting = await send('HEAD', '/act');
  assert.deepEqual([acting.status, acting.headers['allow']], [405, 'GET']);
  assert.equal((await send('GET', '/api')).headers['allow'], 'POST, OPTIONS');
});

test('R-180[node] a path is compared as it was sent: no other spelling reaches an endpoint', async () => {
  const { send, events } = setUp(page);
  for (const path of [
    '/page/',
    '//page',
    '/PAGE',
    '/%70age',
    '/x/../page',
    '/page;x',
    '/page%00',
    'http://id.example/page',
    '*',
    '',
  ]) {
    assert.equal((await send('GET', path)).status, 404, path);
  }
  assert.ok(events.every((event) => event.type === 'request.answered' && event.endpoint === 'none'));
  const browser = await send('GET', '/nowhere', { headers: { accept: ['text/html,*/*'] } });
  assert.match(String(browser.body), /<code id="error-code">not_found<\/code>/);
  assert.deepEqual(JSON.parse(String((await send('GET', '/nowhere')).body)).error, 'not_found');
});

const badTypes: readonly Readonly<Record<string, readonly string[]>>[] = [
  {},
  { 'content-type': ['application/json'] },
  { 'content-type': ['text/plain'] },
  { 'content-type': ['multipart/form-data; boundary=x'] },
  { 'content-type': ['application/x-www-form-urlencoded; charset=utf-16'] },
  { ...formType, 'content-encoding': ['gzip'] },
  { ...formType, 'content-encoding': ['identity'] },
];

test('R-179[node,fetch] a POST takes one form, unencoded, and nothing else', async () => {
  const { send } = setUp(api, { ...api, path: '/optional', form: 'optional' });
  for (const headers of badTypes) {
    assert.equal((await send('POST', '/api', { headers, body: 'a=b' })).status, 415, JSON.stringify(headers));
  }
  assert.equal((await send('POST', '/api', { headers: formType, body: 'a=b' })).status, 200);
  assert.equal((await send('POST', '/optional')).status, 200);
  assert.equal((await send('POST', '/optional', { body: 'a=b' })).status, 415);
  for (const name of ['content-type', 'content-length', 'host', 'transfer-encoding']) {
    const twice = { ...formType, [name]: ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'] };
    assert.equal((await send('POST', '/api', { headers: twice, body: 'a=b' })).status, 400, name);
  }
  assert.equal((await send('POST', '/api', { unread: 'body_too_large' })).status, 413);
});

test('R-038[token] R-206 origins on the list may read, others and null may not, credentials never', async () => {
  const { send } = setUp(api, { ...page, path: '/open', cors: 'any', channel: 'json' }, page);
  for (const [origin, expected] of [
    ['https://spa.example', 'https://spa.example'],
    ['https://SPA.example', undefined],
    ['https://spa.example.evil.example', undefined],
    ['null', undefined],
  ] as const) {
    for (const method of ['POST', 'OPTIONS']) {
      const told = await send(method, '/api', { headers: { ...formType, origin: [origin] } });
      assert.equal(told.headers['access-control-allow-origin'], expected, `${method} ${origin}`);
      assert.equal(told.headers['vary'], 'Origin');
      assert.equal(told.headers['access-control-allow-credentials'], undefined);
    }
  }
  assert.equal((await send('GET', '/open')).headers['access-control-allow-origin'], '*');
  const closed = await send('GET', '/page', { headers: { origin: ['https://spa.example'] } });
  assert.ok(!Object.keys(closed.headers).some((name) => name.startsWith('access-control-')));
});

test('R-188[token] R-193 beyond the limit of an address: 429, when to come back, and an event', async () => {
  const { send, events } = setUp({ ...api, limit: 'tokenPerAddress', form: 'optional' });
  const from = (address: string): Promise<HttpAnswer> => send('POST', '/api', { peer: { address } });
  assert.deepEqual([(await from('192.0.2.1')).status, (await from('192.0.2.1')).status], [200, 200]);
  const limited = await from('192.0.2.1');
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.headers['retry-after']) >= 1);
  assert.ok(events.some((event) => event.type === 'limit.hit' && event.limit === 'tokenPerAddress'));
  assert.equal((await from('192.0.2.2')).status, 200);
  await from('2001:db8::1');
  await from('2001:db8::2');
  assert.equal((await from('2001:db8::ffff:3')).status, 429, 'one /64 is one address');
  const forged = await send('POST', '/api', { headers: { 'x-forwarded-for': ['203.0.113.9'] } });
  assert.equal(forged.status, 429, 'a header of a stranger changes nothing');
});

test('I-7[events] R-224 each request has exactly one outcome, with who and how long; effects nudge the outbox', async () => {
  const acting: Endpoint = async (_request, exchange) => {
    exchange.identify({ client: 'web' });
    exchange.identify({ person: 'alice' });
    exchange.effects({ type: 'person.created', person: 'alice' });
    return answer;
  };
  const { send, events, counts } = setUp(page, { ...page, path: '/act', endpoint: acting });
  await send('GET', '/page');
  assert.equal(counts.committed, 0);
  await send('GET', '/act', {
    peer: { address: '10.0.0.1' },
    headers: { 'x-forwarded-for': ['1.1.1.1, 203.0.113.9'] },
  });
  assert.equal(counts.committed, 1);
  await send('PROPFIND', '/nowhere');
  assert.equal(events.length, 3);
  const told = events.map((event) => (event.type === 'request.answered' ? event : assert.fail()));
  assert.deepEqual(
    told.map(({ endpoint, method, outcome, status }) => [endpoint, method, outcome, status]),
    [
      ['page', 'GET', 'success', 200],
      ['page', 'GET', 'success', 200],
      ['none', '(other)', 'refusal', 404],
    ],
  );
  assert.deepEqual([told[1]?.client, told[1]?.person, told[1]?.address], ['web', 'alice', '203.0.113.9']);
  assert.equal(new Set(told.map(({ correlation }) => correlation)).size, 3);
});

test('R-184[node] R-010[login] R-213 every answer carries the security headers, whatever became of it', async () => {
  const { send } = setUp(page, { ...api, endpoint: refusing('server_error') });
  for (const told of [
    await send('GET', '/page'),
    await send('POST', '/api'),
    await send('GET', '/nowhere'),
    await send('PUT', '/page'),
  ]) {
    const { headers } = told;
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.match(String(headers['referrer-policy']), /^(no-referrer|same-origin)$/);
    assert.match(String(headers['strict-transport-security']), /max-age=31536000; includeSubDomains/);
    assert.match(String(headers['content-type']), /^(text\/(plain|html); charset=utf-8|application\/json)$/);
  }
});

test('R-036[authorize,code,userinfo,introspect,revoke] every request looks who is registered, before its endpoint and its preflight', async () => {
  const order: string[] = [];
  const endpoint: Endpoint = async () => {
    order.push('endpoint');
    return answer;
  };
  const { registry, send } = setUp({ ...page, endpoint }, { ...api, endpoint });
  registry.refresh = async () => {
    order.push('looks');
  };
  await send('GET', '/page');
  await send('POST', '/api', { headers: formType });
  await send('OPTIONS', '/api', { headers: { origin: ['https://spa.example'] } });
  assert.deepEqual(order, ['looks', 'endpoint', 'looks', 'endpoint', 'looks']);
});

test('R-036[authorize,code,userinfo,introspect,revoke] while the store is away only public documents are answered', async () => {
  const document: Route = { ...page, path: '/document', channel: 'json', cors: 'any', outage: 'serve' };
  const { registry, send } = setUp(page, api, document);
  registry.refresh = () => refuse('store_unavailable');
  assert.equal((await send('GET', '/page')).status, 503);
  assert.equal((await send('POST', '/api', { headers: formType })).status, 503);
  assert.equal((await send('GET', '/document')).status, 200);
  registry.refresh = () => Promise.reject(new TypeError('a bug'));
  assert.equal((await send('GET', '/document')).status, 500);
});
