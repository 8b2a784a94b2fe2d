import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issuerProblem, wellKnownPaths } from './metadata.ts';
import { resourceProblem } from './resource.ts';
import { isLoopbackHost } from './uri.ts';

test('R-005[protocol] an issuer has one spelling', () => {
  for (const issuer of [
    'https://login.example',
    'https://login.example/tenant',
    'https://login.example:8443',
    'http://localhost:4000',
    'http://127.0.0.1:4000/a/b',
    'http://[::1]:4000',
  ]) {
    assert.equal(issuerProblem(issuer), undefined, issuer);
  }
});

for (const issuer of [
  '',
  'login.example',
  'https:login.example',
  'https://',
  'http://login.example',
  'http://localhost.evil.example',
  'http://0.0.0.0:4000',
  'https://login.example/',
  'https://login.example/tenant/',
  'https://login.example?x=y',
  'https://login.example#x',
  'https://user@login.example',
  'https://@login.example',
  'https://LOGIN.example',
  'HTTPS://login.example',
  'https://login.example:443',
  'https://login.example/a/../b',
  'https://login.example/%2e%2e/b',
  'https://login.example\\b',
  'https://login.example/ b',
  ' https://login.example',
  'https://löwe.example',
  'javascript:alert(1)',
]) {
  test(`R-005[protocol] ${JSON.stringify(issuer)} cannot be an issuer`, () => {
    assert.notEqual(issuerProblem(issuer), undefined);
  });
}

test('R-005[protocol] documents of an issuer with a path lie where each specification looks', () => {
  assert.deepEqual(wellKnownPaths('https://login.example'), {
    openid: ['/.well-known/openid-configuration'],
    oauth: ['/.well-known/oauth-authorization-server'],
  });
  assert.deepEqual(wellKnownPaths('https://login.example/'), wellKnownPaths('https://login.example'));
  assert.deepEqual(wellKnownPaths('https://login.example/t'), {
    openid: ['/t/.well-known/openid-configuration', '/.well-known/openid-configuration/t'],
    oauth: ['/.well-known/oauth-authorization-server/t'],
  });
});

test('R-151[protocol] a resource is an absolute URI without fragment', () => {
  for (const good of ['https://api.example', 'https://api.example/v1?x=y', 'urn:example:api', 'api://invoices']) {
    assert.equal(resourceProblem(good), undefined, good);
  }
  for (const bad of [
    '',
    'api',
    '/api',
    '//api.example',
    'https:',
    'https://',
    'https:///x',
    'https:api.example',
    'https://api.example/#',
    'https://api.example#x',
    'https://user@api.example',
    'https://api.example/ x',
    'https://api.example/%',
    `https://api.example/${'a'.repeat(2048)}`,
  ]) {
    assert.notEqual(resourceProblem(bad), undefined, bad);
  }
});

test('R-067[protocol] only this machine is loopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) assert.ok(isLoopbackHost(host), host);
  for (const host of ['', 'localhost.', 'a.localhost', '127.0.0.1.evil.example', '128.0.0.1', '0.0.0.0', '[::]']) {
    assert.ok(!isLoopbackHost(host), host);
  }
});
