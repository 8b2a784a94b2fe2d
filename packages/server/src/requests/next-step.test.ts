import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issuerResource, resourceDirectory } from '../resources/resource.ts';
import type { ConsentRow } from '../store/consent-store.ts';
import type { SessionRow } from '../store/store.ts';
import type { CheckedRequest, Prompt } from './check.ts';
import { type NextStep, nextStep, type Situation, wantedConsent } from './next-step.ts';

const now = 1_800_000_000;
const api = 'https://api.example';

const session: SessionRow = {
  id: 'session',
  secretHash: 'hash',
  person: 'alice',
  authTime: now - 100,
  acr: 'acr',
  amr: ['pwd'],
  createdAt: now - 100,
  idleExpiresAt: now + 1000,
  absoluteExpiresAt: now + 1000,
  endedAt: undefined,
};

const request: CheckedRequest = {
  client: 'web',
  redirectUri: 'https://web.example/callback',
  responseMode: 'query',
  scopes: ['api:read'],
  resources: [api],
  codeChallenge: 'c',
  prompt: [],
};

const remembered: ConsentRow = {
  person: 'alice',
  client: 'web',
  resource: api,
  scopes: ['api:read'],
  givenAt: now - 500,
};
const parked = { session: undefined, consentedAt: undefined, deniedAt: undefined, createdAt: now - 50 };

const situation: Situation = {
  request,
  client: { consent: 'ask', kind: 'web' },
  parked: undefined,
  session,
  subject: 'alice',
  wanted: [{ resource: api, scopes: ['api:read'] }],
  remembered: [remembered],
  now,
};

const withRequest = (changes: Partial<CheckedRequest>): Pick<Situation, 'request'> => ({
  request: { ...request, ...changes },
});
const prompt = (...values: readonly Prompt[]): Pick<Situation, 'request'> => withRequest({ prompt: values });

const appUri = (changes: Partial<CheckedRequest> = {}): Pick<Situation, 'request'> =>
  withRequest({ redirectUri: 'com.example.app:/callback', ...changes });
const native = (
  consent: 'ask' | 'trusted',
  redirectUri = 'com.example.app:/callback',
): Pick<Situation, 'client' | 'request'> => ({ client: { consent, kind: 'native' }, ...appUri({ redirectUri }) });

function word(next: NextStep): string {
  return next.step === 'refuse' ? next.reason : next.step;
}

const cases: readonly (readonly [rows: string, title: string, changes: Partial<Situation>, expected: string])[] = [
  ['R-014', 'a session and a remembered consent suffice', {}, 'respond'],
  ['R-015', 'nobody is signed in', { session: undefined }, 'login'],
  ['R-014', 'nobody is signed in, silently', { session: undefined, ...prompt('none') }, 'login_required'],
  ['R-014', 'silent and all is there', prompt('none'), 'respond'],
  ['R-014', 'silent, consent missing', { ...prompt('none'), remembered: [] }, 'consent_required'],
  ['R-011', 'consent missing', { remembered: [] }, 'consent'],
  ['R-011', 'a scope is new', { wanted: [{ resource: api, scopes: ['api:read', 'api:write'] }] }, 'consent'],
  ['R-011', 'a resource is new', { wanted: [{ resource: 'https://b.example', scopes: [] }] }, 'consent'],
  [
    'R-011',
    'a trusted client is not asked about',
    { client: { consent: 'trusted', kind: 'web' }, remembered: [] },
    'respond',
  ],
  ['R-014', 'prompt=login does not take the session that was there', prompt('login'), 'login'],
  ['R-014', 'prompt=login parked, the old session again', { ...prompt('login'), parked }, 'login'],
  [
    'R-014',
    'prompt=login, signed in for this request',
    { ...prompt('login'), parked: { ...parked, session: 'session' } },
    'respond',
  ],
  [
    'R-014',
    'prompt=login, signed in for it, then another session',
    { ...prompt('login'), parked: { ...parked, session: 'other' } },
    'login',
  ],
  ['R-014', 'prompt=select_account asks who it is', prompt('select_account'), 'login'],
  ['R-014', 'prompt=consent asks again', prompt('consent'), 'consent'],
  [
    'R-014',
    'prompt=consent asks about a trusted client too',
    { ...prompt('consent'), client: { consent: 'trusted', kind: 'web' } },
    'consent',
  ],
  [
    'R-014',
    'prompt=consent, said yes on this page',
    {
      ...prompt('consent'),
      parked: { ...parked, consentedAt: now - 1 },
      remembered: [{ ...remembered, givenAt: now - 1 }],
    },
    'respond',
  ],
  [
    'R-014',
    'prompt=consent, somebody else said yes on this page',
    { ...prompt('consent'), parked: { ...parked, consentedAt: now - 1 } },
    'consent',
  ],
  ['R-011', 'a native app with a scheme of its own is asked about though it is remembered', native('ask'), 'consent'],
  [
    'R-011',
    'a native app on a loopback port is asked about though an administrator trusts it',
    native('trusted', 'http://127.0.0.1:49152/callback'),
    'consent',
  ],
  [
    'R-014',
    'a native app is never silent',
    { ...native('trusted'), ...appUri({ prompt: ['none'] }) },
    'consent_required',
  ],
  [
    'R-011',
    'a page on a loopback port is asked about though it is remembered',
    { client: { consent: 'ask', kind: 'spa' }, ...appUri({ redirectUri: 'http://localhost:3000/callback' }) },
    'consent',
  ],
  [
    'R-011',
    'a confidential client on a loopback port is remembered, since it proves itself',
    appUri({ redirectUri: 'http://127.0.0.1:4002/callback' }),
    'respond',
  ],
  [
    'R-011',
    'a native app, said yes on this page',
    {
      ...native('ask'),
      parked: { ...parked, consentedAt: now - 1 },
      remembered: [{ ...remembered, givenAt: now - 1 }],
    },
    'respond',
  ],
  [
    'R-011',
    'a native app with an https address that only it can claim',
    { ...native('ask'), ...withRequest({ redirectUri: 'https://app.example/callback' }) },
    'respond',
  ],
  ['R-014', 'max_age not reached', withRequest({ maxAge: 100 }), 'respond'],
  ['R-014', 'max_age over', withRequest({ maxAge: 99 }), 'login'],
  ['R-014', 'max_age over, silently', withRequest({ maxAge: 99, prompt: ['none'] }), 'login_required'],
  ['R-014', 'max_age=0 asks', withRequest({ maxAge: 0 }), 'login'],
  [
    'R-014',
    'max_age=0 within the second of the sign-in',
    { ...withRequest({ maxAge: 0 }), session: { ...session, authTime: now } },
    'login',
  ],
  [
    'R-014',
    'max_age=0 within the second of the sign-in, silently',
    { ...withRequest({ maxAge: 0, prompt: ['none'] }), session: { ...session, authTime: now } },
    'login_required',
  ],
  [
    'R-014',
    'max_age=0 and signed in for it',
    { ...withRequest({ maxAge: 0 }), parked: { ...parked, session: 'session' } },
    'respond',
  ],
  ['R-014', 'max_age with a clock that went back', { ...withRequest({ maxAge: 100 }), now: now - 200 }, 'login'],
  ['R-014', 'the hinted person is here', withRequest({ subject: 'alice' }), 'respond'],
  ['R-014', 'another person is here than hinted', withRequest({ subject: 'bob' }), 'login'],
  [
    'R-014',
    'another person than hinted, silently',
    withRequest({ subject: 'bob', prompt: ['none'] }),
    'login_required',
  ],
  [
    'R-014',
    'another person than hinted signed in for it',
    { ...withRequest({ subject: 'bob' }), parked: { ...parked, session: 'session' } },
    'login_required',
  ],
  ['R-014', 'signed in as strongly as asked', withRequest({ acr: ['gold', 'acr'] }), 'respond'],
  ['R-014', 'signed in, and not as strongly as asked', withRequest({ acr: ['gold'] }), 'login'],
  ['R-014', 'not as strongly as asked, silently', withRequest({ acr: ['gold'], prompt: ['none'] }), 'login_required'],
  [
    'R-014',
    'not as strongly as asked by the sign-in for it',
    { ...withRequest({ acr: ['gold'] }), parked: { ...parked, session: 'session' } },
    'authentication_requirements_unmet',
  ],
  ['I-6', 'denied', { parked: { ...parked, deniedAt: now, session: 'session' } }, 'access_denied'],
  ['I-6', 'denied before signing in', { parked: { ...parked, deniedAt: now }, session: undefined }, 'access_denied'],
];

for (const [rows, title, changes, expected] of cases) {
  test(`${rows}[authorize,consent] ${title}: ${expected}`, () => {
    assert.equal(word(nextStep({ ...situation, ...changes })), expected);
  });
}

test('R-014[authorize] prompt=none never leads to a page, whatever else is the case', () => {
  for (const [, title, changes] of cases) {
    const silent = {
      ...situation,
      ...changes,
      request: { ...(changes.request ?? request), prompt: ['none'] as const },
    };
    assert.ok(['respond', 'refuse'].includes(nextStep(silent).step), title);
  }
});

test('R-011[consent] what is asked is what is missing, and with prompt=consent everything', () => {
  const wanted = [{ resource: api, scopes: ['api:read', 'api:write'] }];
  const missing = nextStep({ ...situation, wanted });
  assert.deepEqual(missing.step === 'consent' && missing.asked, [{ resource: api, scopes: ['api:write'] }]);
  const all = nextStep({ ...situation, wanted, ...prompt('consent') });
  assert.deepEqual(all.step === 'consent' && all.asked, wanted);
});

test('R-011[consent] a claim is within its scope, and no scope is within a claim', () => {
  const ask = (scopes: readonly string[], rememberedScopes: readonly string[]): string => {
    const wanted = [{ resource: api, scopes }];
    return word(nextStep({ ...situation, wanted, remembered: [{ ...remembered, scopes: rememberedScopes }] }));
  };
  assert.equal(ask(['claim:email'], ['email']), 'respond');
  assert.equal(ask(['claim:email'], ['claim:email']), 'respond');
  assert.equal(ask(['email'], ['claim:email', 'claim:email_verified']), 'consent');
  assert.equal(ask(['claim:email'], ['claim:email_verified']), 'consent');
  assert.equal(ask(['claim:phone_number'], ['email', 'profile']), 'consent');
});

test('R-012[account] R-011[consent] a claim within an allowed scope is granted on that scope, and ends with it', () => {
  const relied = (scopes: readonly string[], rememberedScopes: readonly string[]): unknown => {
    const wanted = [{ resource: api, scopes }];
    const next = nextStep({ ...situation, wanted, remembered: [{ ...remembered, scopes: rememberedScopes }] });
    return next.step === 'respond' && next.relied;
  };
  assert.deepEqual(relied(['claim:email'], ['email']), [{ resource: api, scopes: ['email'] }]);
  assert.deepEqual(relied(['claim:email'], ['claim:email', 'email']), [{ resource: api, scopes: ['claim:email'] }]);
});

test('R-011[consent] wanted scopes stand with their resource, and offline access with the issuer', () => {
  const issuer = issuerResource('https://id.example', 300);
  const resource = { ...issuer, audience: api, name: 'API', scopes: new Map([['api:read', 'Read']]) };
  const directory = resourceDirectory([issuer, resource]);
  const resources = [api, 'https://id.example'];
  assert.deepEqual(wantedConsent({ scopes: ['openid', 'offline_access', 'api:read'], resources }, directory), [
    { resource: 'https://id.example', scopes: ['openid', 'offline_access'] },
    { resource: api, scopes: ['api:read'] },
  ]);
  assert.deepEqual(wantedConsent({ scopes: ['offline_access', 'api:read'], resources: [api] }, directory), [
    { resource: 'https://id.example', scopes: ['offline_access'] },
    { resource: api, scopes: ['api:read'] },
  ]);
  assert.deepEqual(wantedConsent({ scopes: ['api:read'], resources: [api] }, directory), [
    { resource: api, scopes: ['api:read'] },
  ]);
});
