import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsentRow } from '../store/consent-store.ts';
import { missingConsent } from './consent.ts';

const api = 'https://api.example/';
const issuer = 'https://id.example';

function remembered(resource: string, scopes: readonly string[]): ConsentRow {
  return { person: 'p', client: 'c', resource, scopes, givenAt: 0 };
}

test('R-011[consent] every new scope and every new resource is asked for', () => {
  const wanted = [
    { resource: api, scopes: ['invoices:read', 'invoices:write'] },
    { resource: issuer, scopes: ['openid'] },
  ];
  assert.deepEqual(missingConsent({ consent: 'ask' }, wanted, []), wanted);
  assert.deepEqual(missingConsent({ consent: 'ask' }, wanted, [remembered(api, ['invoices:read'])]), [
    { resource: api, scopes: ['invoices:write'] },
    { resource: issuer, scopes: ['openid'] },
  ]);
});

test('R-011[consent] what is remembered is not asked for again, in any order', () => {
  const rows = [remembered(issuer, ['openid', 'email']), remembered(api, ['b', 'a'])];
  assert.deepEqual(missingConsent({ consent: 'ask' }, [{ resource: api, scopes: ['a', 'b'] }], rows), []);
});

test('R-011[consent] a consent for one resource says nothing about another', () => {
  const rows = [remembered(issuer, ['read'])];
  assert.deepEqual(missingConsent({ consent: 'ask' }, [{ resource: api, scopes: ['read'] }], rows), [
    { resource: api, scopes: ['read'] },
  ]);
  assert.deepEqual(missingConsent({ consent: 'ask' }, [{ resource: api, scopes: [] }], rows), [
    { resource: api, scopes: [] },
  ]);
});

test('R-011[consent] only a client that an administrator trusts is never asked about', () => {
  assert.deepEqual(missingConsent({ consent: 'trusted' }, [{ resource: api, scopes: ['read'] }], []), []);
});
