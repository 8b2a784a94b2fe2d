import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sectorOf, sectorProblem } from './sector.ts';

type Shape = Parameters<typeof sectorOf>[0];

function shape(change: Partial<Shape>): Shape {
  const redirectUris = ['https://shop.example/cb', 'https://shop.example:8443/two'];
  return { subjectType: 'pairwise', sectorIdentifier: undefined, redirectUris, ...change };
}

test('R-103[config] the one host of the redirect URIs is the sector, whatever the port, and a named one goes before it', () => {
  assert.equal(sectorOf(shape({})), 'shop.example');
  assert.equal(sectorOf(shape({ sectorIdentifier: 'group.example' })), 'group.example');
  assert.equal(sectorOf(shape({ subjectType: 'public' })), undefined);
  for (const change of [{}, { sectorIdentifier: 'group.example' }, { subjectType: 'public' }] as const) {
    assert.equal(sectorProblem(shape(change)), undefined);
  }
});

const shop = 'https://shop.example/cb';

for (const [title, change] of [
  ['several hosts', { redirectUris: [shop, 'https://www.shop.example/cb'] }],
  ['no redirect URI', { redirectUris: [] }],
  ['an app’s own scheme', { redirectUris: [shop, 'com.example.shop:/cb'] }],
  ['a loopback host, which every app has', { redirectUris: ['http://127.0.0.1/cb'] }],
  ['a loopback host beside its own', { redirectUris: [shop, 'http://localhost:4002/cb'] }],
  ['an address for a host', { sectorIdentifier: 'https://shop.example/' }],
  ['a host that is not in its one form', { sectorIdentifier: 'Shop.Example' }],
  ['a port', { sectorIdentifier: 'shop.example:8443' }],
  ['a host for nothing', { subjectType: 'public', sectorIdentifier: 'shop.example' }],
] as const) {
  test(`R-103[config] pairwise names for ${title} are refused`, () => {
    assert.equal(sectorProblem(shape(change))?.key, 'sectorIdentifier');
  });
}
