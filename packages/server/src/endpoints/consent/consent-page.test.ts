import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessDuration, inWords, type KeptFor } from '../../requests/duration.ts';
import { issuerResource, type Resource } from '../../resources/resource.ts';
import { testClient } from '../../stage.test.ts';
import type { PersonRow } from '../../store/store.ts';
import { type ConsentView, consentPage } from './consent-page.ts';

const lifetimes: KeptFor = {
  accessToken: 300,
  refreshIdle: 14 * 86_400,
  refreshAbsolute: 30 * 86_400,
};
const person: PersonRow = {
  id: 'id',
  loginName: 'anna@example.org',
  passwordHash: 'secret-hash',
  state: 'active',
  signInEpoch: 0,
  profile: { name: 'Anna Muster' },
  createdAt: 0,
};
const issuer = issuerResource('https://id.example', 300);
const api: Resource = {
  ...issuer,
  audience: 'https://api.example/v1',
  name: 'Invoices API',
  scopes: new Map([['invoices:read', 'Read your invoices']]),
};
const view: ConsentView = {
  client: testClient('web', { name: 'Invoices' }),
  request: {
    client: 'web',
    redirectUri: 'https://web.example/callback',
    responseMode: 'query',
    scopes: ['openid', 'offline_access', 'invoices:read'],
    resources: [api.audience],
    codeChallenge: 'c',
    prompt: [],
  },
  person,
  asked: [
    { resource: issuer, scopes: ['openid', 'offline_access'] },
    { resource: api, scopes: ['invoices:read'] },
  ],
  lifetimes,
  action: 'https://id.example/consent?parked=x',
  otherAccount: 'https://id.example/login?parked=x',
  account: 'https://id.example/account',
  formToken: 'token',
};

const words = (text: string): string => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

test('R-011[consent] S-102 the page says who asks, whom, for which APIs and rights, for how long, and where to', () => {
  const html = String(consentPage(view).main);
  const text = words(html);
  for (const told of [
    'Invoices',
    'Anna Muster',
    'anna@example.org',
    'Invoices API',
    'api.example',
    'Read your invoices',
    'Know who you are',
    'Keep this access when you are not signed in',
    'For up to 30 days, even after you sign out. It ends after 14 days without use.',
    'web.example',
  ]) {
    assert.ok(text.includes(told), told);
  }
  for (const id of ['consent-allow', 'consent-deny']) assert.ok(html.includes(`id="${id}"`), id);
  assert.ok(!html.includes('secret-hash'));
});

test('R-019[consent] names of client, API, right and person are text', () => {
  const hostile = '<img src=x onerror=alert(1)>';
  const html = String(
    consentPage({
      ...view,
      client: testClient('web', { name: hostile }),
      person: { ...person, profile: { name: hostile } },
      asked: [{ resource: { ...api, name: hostile, scopes: new Map([['x', hostile]]) }, scopes: ['x'] }],
    }).main,
  );
  assert.ok(!html.includes('<img'));
  assert.equal(html.match(/&lt;img/g)?.length, 4);
});

test('R-008[consent] the form may end in the app that asked, and nowhere else', () => {
  assert.deepEqual(consentPage(view).formTargets, []);
  const app = { ...view.request, redirectUri: 'com.example.app:/cb' };
  assert.deepEqual(consentPage({ ...view, request: app }).formTargets, ['com.example.app:']);
});

test('R-011[consent] how long it lasts is said for each way of keeping access', () => {
  const both = new Set(['authorization_code', 'refresh_token']);
  assert.equal(
    accessDuration({ scopes: ['openid'], grants: new Set(['authorization_code']) }, lifetimes),
    'For 5 minutes after each sign-in.',
  );
  assert.equal(
    accessDuration({ scopes: ['openid'], grants: both }, lifetimes),
    'Until you sign out, at the latest after 30 days.',
  );
  assert.match(
    accessDuration({ scopes: ['offline_access'], grants: both }, lifetimes),
    /^For up to 30 days, even after/,
  );
});

test('R-011[consent] without refresh tokens it lasts as long as the longest access token of those asked for', () => {
  const client = testClient('once', { grants: new Set(['authorization_code']) });
  const asked = [
    { resource: issuer, scopes: ['openid'] },
    { resource: { ...api, accessTokenLifetime: 900 }, scopes: ['invoices:read'] },
  ];
  assert.match(words(String(consentPage({ ...view, client, asked }).main)), /For 15 minutes after each sign-in\./);
});

test('R-011[consent] durations are whole numbers of the largest unit that fits', () => {
  assert.deepEqual([86_400, 90, 60, 5400, 7200, 1].map(inWords), [
    '1 day',
    '90 seconds',
    '1 minute',
    '90 minutes',
    '2 hours',
    '1 second',
  ]);
});
