import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';
import { assertDiscreet, createWorld } from '@castellan/testkit';
import * as fc from 'fast-check';

const world = await createWorld({ seed: 'malformed' });
after(() => world.close());

const paths = new Set([
  ...Object.entries(world.metadata)
    .filter(([name]) => /_endpoint$|^jwks_uri$/.test(name))
    .map(([, url]) => new URL(String(url)).pathname),
  '/login',
  '/consent',
  '/.well-known/openid-configuration',
  '/',
]);

/** Texts that have broken parsers: in a query, in a form, in a header. */
const texts: readonly string[] = [
  '',
  '&',
  '&&==&',
  '=',
  '%',
  '%zz=%',
  '%c3%28=%c3%28',
  '%ff%fe=1',
  'a=%00&client_id=%00',
  'client_id[]=a&client_id[x]=b',
  '__proto__=1&constructor=2&toString=3&hasOwnProperty=4',
  'client_id=__proto__&redirect_uri=constructor',
  'client_id=web&redirect_uri=http://[::1',
  'client_id=web&redirect_uri=%09javascript:alert(1)',
  'client_id=web&redirect_uri=https://web.example/callback%0d%0aset-cookie:x=1',
  'client_id=web&state=%0d%0aLocation:%20https://evil.example&redirect_uri=https://web.example/callback',
  `client_id=web&state=${'x'.repeat(20_000)}&redirect_uri=https://web.example/callback`,
  'client_id=web&scope=%20%20openid%20%20&response_type=code&redirect_uri=https://web.example/callback',
  'client_id=web&max_age=1e999&response_type=code&redirect_uri=https://web.example/callback',
  'client_id=web&max_age=99999999999999999999&response_type=code&redirect_uri=https://web.example/callback',
  'grant_type=authorization_code&code=%F0%9F%98%80&redirect_uri=x&code_verifier=y&client_id=spa',
  'grant_type=refresh_token&client_id=spa&refresh_token=....',
  'grant_type=refresh_token&client_id=spa&refresh_token=a.-1.b.c',
  'grant_type=refresh_token&client_id=spa&refresh_token=castellan_rt_x.99999999999999999999.x.x',
  'grant_type=refresh_token&client_id=spa&refresh_token=%00',
  'id_token_hint=..&post_logout_redirect_uri=%00',
  'id_token_hint=eyJhbGciOiJub25lIn0.e30.&state=%E2%80%AE',
  'request=x&csrf=x&username=%00&password=%00',
  'a=1&'.repeat(5000),
  'a'.repeat(100_000),
  '\u0000\u0001\ufffd',
  '{"client_id":"web"}',
  '<script>alert(1)</script>',
];

const headerSets: readonly HttpRequest['headers'][] = [
  {},
  { 'content-type': ['application/x-www-form-urlencoded'] },
  { 'content-type': ['application/x-www-form-urlencoded', 'application/json'] },
  { 'content-type': ['application/x-www-form-urlencoded; charset=utf-7'] },
  { 'content-type': ['application/x-www-form-urlencoded'], origin: ['null'], cookie: ['=;;=,\u0000', 'a'] },
  { authorization: ['Basic', 'Bearer x'], cookie: [`__Host-castellan-session=${'%'.repeat(9000)}`] },
  { 'content-type': ['application/x-www-form-urlencoded'], authorization: ['Basic OjpbXQ=='] },
  { 'content-type': ['application/x-www-form-urlencoded'], authorization: ['Basic /w=='] },
  { authorization: ['Bearer ..'], origin: ['https://evil.example\r\nx: y'] },
  { authorization: [`Bearer ${'a'.repeat(30_000)}`], 'x-forwarded-for': ['\u0000, ::::, 999.1.1.1'] },
  { authorization: ['bearer eyJhbGciOiJub25lIn0.eyJpc3MiOjF9.'], 'sec-fetch-site': ['cross-site', 'none'] },
];

async function ask(message: Partial<HttpRequest>): Promise<HttpAnswer> {
  return world.server().handle({
    method: 'GET',
    path: '/',
    query: '',
    headers: {},
    body: '',
    peer: { address: '198.51.100.66' },
    ...message,
  });
}

function assertCalm(answer: HttpAnswer, what: string): void {
  assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} for ${what}`);
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as const),
  );
  for (const [name, value] of headers) assert.doesNotMatch(`${name}${value}`, /[\r\n\0]/, what);
  assertDiscreet({ status: answer.status, headers, body: String(answer.body) });
}

for (const path of paths) {
  test(`R-183 I-11 ${path} answers the whole corpus calmly`, async () => {
    for (const headers of headerSets) {
      for (const text of texts) {
        const name = `${path} ${JSON.stringify(headers).slice(0, 80)} ${JSON.stringify(text.slice(0, 60))}`;
        assertCalm(await ask({ path, query: text, headers }), `GET ${name}`);
        assertCalm(await ask({ path, method: 'POST', body: text, headers }), `POST ${name}`);
      }
    }
  });
}

test('R-183 I-11 made-up methods, paths and addresses are answered calmly too', async () => {
  const oddPaths = [
    '',
    '*',
    '//',
    '/../etc/passwd',
    '/%',
    '/\u0000',
    `/${'a'.repeat(10_000)}`,
    '/__proto__',
    '/authorize;a=b',
    'http://evil/',
  ];
  for (const path of oddPaths) assertCalm(await ask({ path }), path);
  for (const method of ['', 'get', 'GET ', 'BREW', '__proto__'])
    assertCalm(await ask({ method, path: '/token' }), method);
  for (const address of ['', 'unknown', '::ffff:1.2.3.4', '1.2.3.4.5', 'fe80::1%eth0']) {
    assertCalm(await ask({ path: '/authorize', peer: { address } }), address);
  }
});

test('R-183 I-11 hundreds of random requests, none of them a failure', async () => {
  const names = [
    'client_id',
    'redirect_uri',
    'response_type',
    'scope',
    'state',
    'code_challenge',
    'grant_type',
    'code',
    'refresh_token',
    'prompt',
    'max_age',
    'resource',
    'id_token_hint',
    'username',
    'password',
  ];
  const words = [
    'web',
    'spa',
    'https://web.example/callback',
    'code',
    'openid',
    'S256',
    'none',
    'authorization_code',
    'refresh_token',
    'x'.repeat(43),
  ];
  const value = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 40 }));
  const form = fc
    .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 9 })
    .map((pairs) => new URLSearchParams(pairs).toString());
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    path: fc.constantFrom(...paths),
    query: form,
    body: form,
    headers: fc.constantFrom(...headerSets),
  });
  await fc.assert(
    fc.asyncProperty(request, async (message) => assertCalm(await ask(message), JSON.stringify(message))),
    { seed: 20_26, numRuns: 500 },
  );
});
