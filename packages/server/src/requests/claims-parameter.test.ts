import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import { profileClaims } from '../resources/claims.ts';
import { testClient } from '../stage.test.ts';
import { parseClaims } from './claims-parameter.ts';

const client = testClient('web', { scopes: new Set(['openid', 'profile', 'email']) });
const parse = (value: unknown) => parseClaims(JSON.stringify(value), client);

test('R-014[authorize] S-25 single claims are read by place, with the values that will do', () => {
  const demand = parse({
    userinfo: { name: null, email: { essential: true }, nickname: { value: 'al' } },
    id_token: { email: { values: ['a@b.example', 'c@d.example'] }, email_verified: { essential: false } },
  });
  assert.deepEqual(demand, {
    claims: {
      userinfo: [{ name: 'name' }, { name: 'email' }, { name: 'nickname', values: ['al'] }],
      idToken: [{ name: 'email', values: ['a@b.example', 'c@d.example'] }, { name: 'email_verified' }],
    },
  });
});

test('R-014[authorize] what is not known is ignored, wherever it stands', () => {
  const claims = {
    'http://example.org/claim': { value: 1 },
    'name#ja': null,
    iss: null,
    auth_time: { essential: true },
  };
  assert.deepEqual(parse({ userinfo: claims, id_token: claims, other: { name: null } }), {});
  const demand = parse({ userinfo: { name: { essential: true, purpose: 'x' } } });
  assert.deepEqual(demand.claims?.userinfo, [{ name: 'name' }]);
});

test('R-016[authorize] a claim of a scope that the client may not ask for is not asked for', () => {
  const all = Object.fromEntries(profileClaims.map((claim) => [claim, { essential: true }]));
  const asked = parse({ userinfo: all, id_token: all }).claims;
  for (const place of ['userinfo', 'idToken'] as const) {
    const names = asked?.[place].map(({ name }) => name) ?? [];
    assert.equal(names.length, 16);
    assert.deepEqual(
      names.filter((name) => /address|phone/.test(name)),
      [],
    );
  }
});

test('R-014[authorize] a sign-in is demanded by sub with a value, or by an essential acr', () => {
  assert.deepEqual(parse({ id_token: { sub: { value: 'alice' } } }), { subject: 'alice' });
  assert.deepEqual(parse({ id_token: { sub: { value: 'alice' } }, userinfo: { sub: { values: ['alice'] } } }), {
    subject: 'alice',
  });
  assert.deepEqual(parse({ id_token: { sub: null } }), {});
  assert.deepEqual(parse({ id_token: { acr: { essential: true, values: ['b', 'a'] } } }), { acr: ['b', 'a'] });
  assert.deepEqual(parse({ id_token: { acr: { essential: true, value: 'a' } } }), { acr: ['a'] });
  for (const acr of [null, { values: ['a'] }, { essential: true }]) assert.deepEqual(parse({ id_token: { acr } }), {});
  assert.deepEqual(parse({ userinfo: { acr: { essential: true, value: 'a' } } }), {}, 'UserInfo has none');
});

const wrong: readonly (readonly [title: string, text: string])[] = [
  ['no JSON', 'name'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a place twice', '{"userinfo":{},"userinfo":{"name":null}}'],
  ['a claim twice', '{"id_token":{"sub":{"value":"a"},"sub":{"value":"b"}}}'],
  ['a claim twice, once escaped', '{"id_token":{"email":null,"\\u0065mail":{"essential":true}}}'],
  ['a member of prototypes', '{"userinfo":{"__proto__":null}}'],
  ['a place that is null', '{"userinfo":null}'],
  ['a place that is a list', '{"id_token":["name"]}'],
  ['a claim that is true', '{"userinfo":{"name":true}}'],
  ['a claim that is a list', '{"userinfo":{"name":[]}}'],
  ['essential as text', '{"userinfo":{"name":{"essential":"true"}}}'],
  ['value beside values', '{"userinfo":{"name":{"value":"a","values":["a"]}}}'],
  ['values as text', '{"userinfo":{"name":{"values":"a"}}}'],
  ['no values', '{"userinfo":{"name":{"values":[]}}}'],
  ['two people', '{"id_token":{"sub":{"values":["a","b"]}}}'],
  ['two people in two places', '{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}'],
  ['a sub that is no text', '{"id_token":{"sub":{"value":{"$ne":""}}}}'],
  ['an acr that is no text', '{"id_token":{"acr":{"essential":true,"values":["a",1]}}}'],
  ['too deep', `{"userinfo":{"name":{"value":${'['.repeat(9)}${']'.repeat(9)}}}}`],
  ['too long', JSON.stringify({ userinfo: { name: { value: 'x'.repeat(4096) } } })],
];

for (const [title, text] of wrong) {
  test(`R-178[protocol] R-014[authorize] claims with ${title} are refused whole`, () => {
    assert.throws(
      () => parseClaims(text, client),
      (error) => error instanceof Refusal && error.reason === 'invalid_parameter',
    );
  });
}
