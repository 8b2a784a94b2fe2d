import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../oauth/refusal.ts';
import { checkOrigin } from './origin-check.ts';

const own = 'https://login.example';
const check = (headers: Record<string, string[]>, method = 'POST') => checkOrigin({ method, headers }, own);
const rejected = (error: unknown) => error instanceof Refusal && error.reason === 'csrf_rejected';

test('R-205[protocol] a post of our own page passes', () => {
  check({ origin: [own] });
  check({ origin: [own], 'sec-fetch-site': ['same-origin'] });
  check({ 'sec-fetch-site': ['same-origin'] });
  check({ 'sec-fetch-site': ['none'] });
});

for (const [name, headers] of Object.entries<Record<string, string[]>>({
  'neither header': {},
  'another origin': { origin: ['https://evil.example'] },
  'the origin null of a sandboxed frame': { origin: ['null'] },
  'an empty origin': { origin: [''] },
  'http instead of https': { origin: ['http://login.example'] },
  'another port': { origin: ['https://login.example:8443'] },
  'the default port spelled out': { origin: ['https://login.example:443'] },
  'a host in capitals': { origin: ['https://LOGIN.example'] },
  'a subdomain': { origin: ['https://evil.login.example'] },
  'a host that begins the same': { origin: ['https://login.example.evil.example'] },
  'a slash at the end': { origin: ['https://login.example/'] },
  'the origin twice': { origin: [own, own] },
  'two origins in one header': { origin: [`${own}, https://evil.example`] },
  'a sibling site': { 'sec-fetch-site': ['same-site'] },
  'another site': { 'sec-fetch-site': ['cross-site'] },
  'our origin from another site': { origin: [own], 'sec-fetch-site': ['cross-site'] },
  'another origin from our site': { origin: ['https://evil.example'], 'sec-fetch-site': ['same-origin'] },
  'a word that does not exist': { 'sec-fetch-site': ['SAME-ORIGIN'] },
  'the site twice': { 'sec-fetch-site': ['same-origin', 'cross-site'] },
})) {
  test(`R-205[protocol] a post with ${name} is refused`, () => {
    assert.throws(() => check(headers), rejected);
    for (const method of ['PUT', 'PATCH', 'DELETE', 'post', 'get', 'ANYTHING']) {
      assert.throws(() => check(headers, method), rejected);
    }
  });
}

test('R-205[protocol] what only reads is not asked where it comes from', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) check({ origin: ['https://evil.example'] }, method);
});
