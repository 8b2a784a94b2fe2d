import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRegistrationSchema, clientSchema, resourceRegistrationSchema, resourceSchema } from './schema.ts';

test('R-074[client-secret] an id that Basic may read as another is refused for clients and APIs, configured or stored', () => {
  const client = { name: 'Shop', kind: 'web', authentication: 'client_secret_basic', redirectUris: [], scopes: [] };
  const api = { audience: 'https://shop.example', name: 'Shop', scopes: {} };
  const isAllowed = (id: string): readonly boolean[] => [
    ...[clientSchema, clientRegistrationSchema].map((schema) => schema.safeParse({ ...client, id }).success),
    ...[resourceSchema, resourceRegistrationSchema].map((schema) => {
      const credentials = { id, authentication: 'client_secret_basic' };
      return schema.safeParse({ ...api, credentials }).success;
    }),
  ];
  for (const id of ['shop%20two', 'shop+two', 'shop:two', '%zz', 'shop two', '']) {
    assert.deepEqual(isAllowed(id), [false, false, false, false], id);
  }
  const unchanged = '!"#$&\'()*,-./09;<=>?@AZ[\\]^_`az{|}~';
  assert.deepEqual(isAllowed(unchanged), [true, true, true, true]);
  assert.equal(new URLSearchParams(`id=${unchanged.replace('&', '')}`).get('id'), unchanged.replace('&', ''));
});
