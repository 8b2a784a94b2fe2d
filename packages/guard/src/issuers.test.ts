/** Foreign issuers by configuration only: their real shapes pass, and nothing of one passes for another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from './access.ts';
import type { IssuerConfig } from './issuer.ts';
import { entraTenants, type ForeignIssuer, foreignIssuers, signAs } from './testing/foreign-issuers.ts';
import { startNotes } from './testing/notes.ts';

const all = foreignIssuers();
const named = (name: string): ForeignIssuer => {
  const found = all.find((one) => one.name === name);
  assert.ok(found);
  return found;
};

/** An API that accepts these issuers besides its own, and what it learned of each caller. */
async function startWith(issuers: readonly ForeignIssuer[], more: readonly IssuerConfig[] = []) {
  const seen: Access[] = [];
  const api = await startNotes((config) => ({
    issuers: [...config.issuers, ...issuers.map(({ config }) => config), ...more],
    principal: (access: Access) => {
      seen.push(access);
      return access.kind === 'client'
        ? { kind: 'client', id: access.subject }
        : { kind: 'person', id: 'nora', role: 'writer' };
    },
  }));
  for (const { documents } of issuers) {
    for (const [url, document] of Object.entries(documents)) api.serveAt(url, () => Response.json(document));
  }
  const now = Math.floor(api.clock.now() / 1000);
  const times = { iat: now, nbf: now, exp: now + 900 };
  const make = ({ privateKey, header }: ForeignIssuer, claims: object, otherHeader: object = {}): string =>
    signAs(privateKey, { ...header, ...otherHeader }, { ...times, ...claims });
  const call = async (token: string): Promise<number> => (await api.send('GET', '/notes', { token })).status;
  return { ...api, seen, make, call, now };
}

const expected: Readonly<Record<string, { readonly person: object; readonly client: string }>> = {
  Auth0: {
    person: {
      subject: 'auth0|5f7c8ec7c33c6c004bbafe82',
      scopes: ['openid', 'profile', 'notes:read'],
      roles: ['read:notes'],
    },
    client: 'ZvBkuVFdDXtJ8pv0iVjV6hYP0kTGV7aE',
  },
  Okta: {
    person: { subject: 'nora@example.test', scopes: ['openid', 'notes:read'], roles: ['Everyone', 'Note Takers'] },
    client: '0oa47pffxbHFJLdtk0h7',
  },
  'Entra ID': {
    person: { subject: 'HKZpfaHyWadeOouYlitjrI', scopes: ['notes:read', 'profile'], roles: ['Taker'] },
    client: 'f4a9cc2e-1f2d-4f9a-9f6f-0d8b1f0a2b3c',
  },
  Keycloak: {
    person: {
      subject: 'b3b2f7b5-2c8b-4a2f-8a8d-3f1f2c7d5e6f',
      scopes: ['openid', 'notes:read'],
      roles: ['note-taker', 'offline_access'],
    },
    client: 'notes-web',
  },
  Cognito: {
    person: { subject: '7dd2f0a2-4b9c-4b58-9f4e-0d9f6b1c2a3e', scopes: ['notes:read'], roles: ['note takers'] },
    client: '1example23456789',
  },
};

for (const foreign of all) {
  const { name, config, person, machine, others } = foreign;

  test(`S-9[verifier] S-110[verifier] S-36 a person's token of ${name} is accepted by configuration, for what it says`, async () => {
    const { call, make, seen } = await startWith([foreign]);
    assert.equal(await call(make(foreign, person)), 200);
    const access = { ...seen[0] };
    assert.deepEqual(
      { subject: access.subject, scopes: access.scopes, roles: access.roles },
      expected[name]?.person,
      'claims are read under the names of the issuer',
    );
    assert.deepEqual([access.issuer, access.kind, access.client], [config.issuer, 'person', expected[name]?.client]);
  });

  test(`S-9[verifier] R-168[guard] a client that ${name} gave a token for itself is no person`, async () => {
    const { call, make, seen } = await startWith([foreign]);
    assert.equal(await call(make(foreign, machine)), 403, 'no rule permits clients');
    assert.equal(seen[0]?.kind, 'client');
    assert.ok(seen[0]?.scopes.includes('notes:read'));
  });

  test(`S-9[verifier] S-45 R-148 R-160 genuine tokens of ${name} that are not for this API are refused`, async () => {
    const { call, make } = await startWith([foreign]);
    for (const [what, { header, claims }] of Object.entries(others)) {
      assert.equal(await call(make(foreign, claims, header)), 401, what);
    }
    assert.equal(await call(make(foreign, person, { typ: 'id_token+jwt' })), 401, 'another type');
    assert.equal(await call(make(foreign, { ...person, exp: undefined })), 401, 'no end');
    assert.equal(await call(make(foreign, { ...person, iat: undefined })), 401, 'no beginning');
    assert.equal(await call(make(foreign, person, { alg: 'HS256' })), 401, 'another algorithm');
  });
}

test('R-160[verifier] S-45[verifier] R-151 no key of one issuer signs for another, whatever kid and iss it writes', async () => {
  const { call, make } = await startWith(all);
  for (const foreign of all) assert.equal(await call(make(foreign, foreign.person)), 200, foreign.name);
  for (const victim of all) {
    for (const attacker of all) {
      if (attacker === victim) continue;
      const forged = make({ ...victim, privateKey: attacker.privateKey }, victim.person);
      assert.equal(await call(forged), 401, `${attacker.name} as ${victim.name}`);
      const named = make(attacker, victim.person, { ...victim.header, kid: attacker.header['kid'] });
      assert.equal(await call(named), 401, `${attacker.name} as ${victim.name}, under its own kid`);
      assert.equal(await call(make(attacker, { ...attacker.person, iss: victim.config.issuer })), 401);
    }
  }
});

test('R-160[verifier] S-9 tenants that share their keys stay apart', async () => {
  const entra = named('Entra ID');
  const [ours, theirs] = entraTenants;
  const otherIssuer = entra.config.issuer.replace(ours, theirs);
  const { call, make } = await startWith([entra]);
  const foreignTenant = { ...entra.person, iss: otherIssuer, tid: theirs };
  assert.equal(await call(make(entra, foreignTenant)), 401, 'a tenant that is not configured');
  const second = { ...entra.config, issuer: otherIssuer, require: { tid: theirs, ver: '2.0' } } as IssuerConfig;
  const both = await startWith([entra], [second]);
  assert.equal(await both.call(both.make(entra, foreignTenant)), 200);
  assert.equal(await both.call(both.make(entra, { ...entra.person, tid: theirs })), 401, 'iss and tid disagree');
  assert.equal(await both.call(both.make(entra, { ...foreignTenant, tid: ours })), 401);
});

test('S-9[verifier] R-155 claims that cannot be read as configured are refused, never guessed', async () => {
  const keycloak = named('Keycloak');
  const { call, make } = await startWith([keycloak]);
  const odd: readonly object[] = [
    { realm_access: 'admin' },
    { realm_access: { roles: [1] } },
    { realm_access: { roles: { admin: true } } },
    { realm_access: ['roles'] },
    { scope: 7 },
    { azp: '' },
    { azp: ['notes-web'] },
    { sub: 7 },
    { cnf: { 'x5t#S256': 'x' } },
    { cnf: {} },
    { cnf: { unheard: 'of' } },
  ];
  for (const claims of odd)
    assert.equal(await call(make(keycloak, { ...keycloak.person, ...claims })), 401, JSON.stringify(claims));
  assert.equal(
    await call(make(keycloak, { ...keycloak.person, realm_access: undefined })),
    200,
    'roles may be missing',
  );
});

test('S-107[guard] each named exception is told at every start, with the issuer it is for', async () => {
  const { guard, sink } = await startWith(all);
  await guard.flush();
  const told = sink.events.filter((event) => event.type === 'insecure.used').map(({ choice }) => choice);
  assert.deepEqual(told, [
    'untypedTokens for https://acme.okta.com/oauth2/default',
    `tokensWithoutAudience for ${named('Cognito').config.issuer}`,
    `untypedTokens for ${named('Cognito').config.issuer}`,
  ]);
});
